//! Why a prompt has no pair, found again from its rows.

use srlm_artifact::Counts;

use super::TracedResponse;
use super::ranking::{Candidate, Couple, Settings};

/// The names of the counts, in the order in which the selection looks for them: of several, the
/// last is given.
pub(super) const REASONS: [&str; 8] = [
    "unscored",
    "unfinished",
    "tied",
    "not_lower",
    "below_gap",
    "identical",
    "chosen_too_long",
    "length_ratio",
];

/// The reason by the name of its count, and in words.
pub(super) fn no_pair(
    responses: &[TracedResponse],
    settings: &Settings,
    t: u32,
    counts: &Counts,
) -> (String, String) {
    let (name, told) = match reason(responses, settings, t) {
        Some((name, told)) => (name.to_owned(), told),
        None => from_counts(counts),
    };
    let is_counted = counts.get(&name).is_none_or(|n| *n > 0);
    let doubt = if is_counted {
        ""
    } else {
        "; the manifest of the pairs counts no prompt under this reason"
    };
    (name, told + doubt)
}

/// Where the rows and the settings would give a pair.
fn from_counts(counts: &Counts) -> (String, String) {
    let counted: Vec<&str> =
        REASONS.into_iter().filter(|name| counts.get(*name).is_some_and(|n| *n > 0)).collect();
    let told = "its rows and the settings would give a pair, yet there is none";
    match counted[..] {
        [only] => (
            only.to_owned(),
            format!("{told}; {only} is the only reason that the manifest of the pairs counts"),
        ),
        _ => ("unknown".to_owned(), told.to_owned()),
    }
}

fn reason(
    responses: &[TracedResponse],
    settings: &Settings,
    t: u32,
) -> Option<(&'static str, String)> {
    let of = |folder| responses.iter().filter(|one| one.folder == folder).collect::<Vec<_>>();
    let own = of("responses");
    if !settings.anchored_rejection {
        let candidates = match enough(settings, &own, 2, "") {
            Ok(candidates) => candidates,
            Err(reason) => return Some(reason),
        };
        return against(&settings.proposed(&candidates, t), &candidates, settings, t);
    }
    let anchors = of("anchor-responses");
    let both = enough(settings, &own, 1, "")
        .and_then(|own| Ok((own, enough(settings, &anchors, 1, " of M0")?)));
    match both {
        Ok((own, anchors)) => against(&settings.anchored(&own, &anchors, t), &own, settings, t),
        Err(reason) => Some(reason),
    }
}

/// The candidates that may stand in a pair, if there are enough of them.
fn enough<'a>(
    settings: &Settings,
    responses: &[&'a TracedResponse],
    at_least: usize,
    whose: &str,
) -> Result<Vec<Candidate<'a>>, (&'static str, String)> {
    let plural = if responses.len() == 1 { "" } else { "s" };
    let of = format!("{} response{plural}{whose}", responses.len());
    let scored = settings.scored(responses);
    let n_scored = scored.len();
    if n_scored < at_least {
        return Err((
            "unscored",
            format!("{n_scored} of {of} with a score; a pair needs {at_least}"),
        ));
    }
    let usable = settings.usable(scored);
    if usable.len() < at_least {
        let told = format!(
            "{n_scored} of {of} with a score, {} not cut off; a pair needs {at_least}",
            usable.len()
        );
        return Err(("unfinished", told));
    }
    Ok(usable)
}

/// The last reason against these pairs; `None` where one of them may be kept.
fn against(
    couples: &[Couple<'_>],
    candidates: &[Candidate<'_>],
    settings: &Settings,
    t: u32,
) -> Option<(&'static str, String)> {
    let mut last = ("tied", tied(candidates));
    for couple in couples {
        let reason = against_one(couple, settings, t)?;
        let place = |name| REASONS.iter().position(|one| *one == name);
        if place(reason.0) > place(last.0) {
            last = reason;
        }
    }
    Some(last)
}

fn tied(candidates: &[Candidate<'_>]) -> String {
    let (n, score) = (candidates.len(), candidates.first().map_or(0.0, |one| one.score));
    match candidates.iter().all(|one| one.score == score) {
        true => format!("all {n} responses with a score have the same, {score:.2}"),
        false => format!("all {n} responses with a score rank alike, length penalty included"),
    }
}

fn against_one(
    (chosen, rejected): &Couple<'_>,
    settings: &Settings,
    t: u32,
) -> Option<(&'static str, String)> {
    let gap = chosen.score - rejected.score;
    let (longest, ratio) = (settings.max_chosen_characters(t), settings.max_length_ratio);
    let (a, b) = (chosen.n_characters(), rejected.n_characters());
    let scores = format!("{:.2} against {:.2}", chosen.score, rejected.score);
    if gap <= 0.0 {
        Some((
            "not_lower",
            format!("the one to be rejected scores no lower than the one to be chosen: {scores}"),
        ))
    } else if gap < settings.min_score_gap {
        Some((
            "below_gap",
            format!("{scores} is less than min_score_gap = {} apart", settings.min_score_gap),
        ))
    } else if chosen.text == rejected.text {
        Some(("identical", format!("the two have one text: {scores}")))
    } else if longest > 0 && a as u64 > longest {
        Some((
            "chosen_too_long",
            format!("the one to be chosen has {a} characters, more than {longest}"),
        ))
    } else if ratio > 0.0 && a.max(b) as f64 > ratio * a.min(b) as f64 {
        Some((
            "length_ratio",
            format!("{a} against {b} characters breaks max_length_ratio = {ratio}"),
        ))
    } else {
        None
    }
}
