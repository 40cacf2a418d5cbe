//! The answers of each model against those of the models before it.

use askama::Template;

use super::RunSummary;
use super::answer::{change_words, head_to_head_line};
use super::format::{count, interval, or_nothing, percent, percent_interval};
use crate::{Evaluation, HeadToHead, PositionBias, Ratings, VerdictForm};

#[derive(Template)]
#[template(path = "compared.html")]
struct Compared<'a> {
    matches: Vec<Match<'a>>,
    unmeasured: Vec<(&'a str, String, &'a str)>,
    ratings: Option<&'a Ratings>,
    rating_rows: Vec<[String; 4]>,
}

struct Match<'a> {
    title: String,
    verdict: &'static str,
    facts: Vec<(&'static str, String)>,
    earlier: Vec<(&'a str, String, String)>,
    warnings: &'a [String],
    unmeasured: Vec<(String, &'a str)>,
}

pub(crate) fn compared(run: &RunSummary) -> String {
    let evaluations = || run.models.iter().filter_map(|model| model.evaluation.as_ref());
    let ratings = evaluations().next_back().and_then(|last| last.ratings.as_ref());
    let rating = |rating: &crate::controlled::Rating| {
        let elo =
            format!("{:.0} [{:.0}, {:.0}]", rating.elo.value, rating.elo.low, rating.elo.high);
        [rating.model.clone(), elo, count(rating.n_matches), format!("{:.1}", rating.points)]
    };
    super::rendered(&Compared {
        matches: evaluations().filter_map(one).collect(),
        unmeasured: evaluations()
            .filter(|evaluation| evaluation.head_to_head.is_none())
            .flat_map(|evaluation| {
                evaluation.unmeasured.iter().map(move |(field, why)| (evaluation, field, why))
            })
            .map(|(evaluation, field, why)| {
                (evaluation.model.as_str(), super::words(field), why.as_str())
            })
            .collect(),
        ratings,
        rating_rows: ratings
            .map(|ratings| ratings.models.iter().map(rating).collect())
            .unwrap_or_default(),
    })
}

fn one(evaluation: &Evaluation) -> Option<Match<'_>> {
    let found = evaluation.head_to_head.as_ref()?;
    let opponent = evaluation.opponent.as_deref().unwrap_or("the model before");
    let earlier = evaluation.earlier.iter().map(|versus| {
        let rate = or_nothing(versus.head_to_head.win_rate, interval);
        let controlled = versus.length_controlled.as_ref().map(|found| found.controlled);
        (versus.opponent.as_str(), rate, or_nothing(controlled, interval))
    });
    Some(Match {
        title: format!("{} against {opponent}", evaluation.model),
        verdict: change_words(evaluation.following.change),
        facts: facts(evaluation, found),
        earlier: earlier.collect(),
        warnings: &evaluation.warnings,
        unmeasured: evaluation
            .unmeasured
            .iter()
            .map(|(field, why)| (super::words(field), why.as_str()))
            .collect(),
    })
}

fn facts(evaluation: &Evaluation, found: &HeadToHead) -> Vec<(&'static str, String)> {
    let p = if found.sign_test_p < 0.001 {
        "p < 0.001".to_owned()
    } else {
        format!("p = {:.3}", found.sign_test_p)
    };
    let mut facts = Vec::new();
    if let Some(who) = &evaluation.evaluator {
        let part = who.part_in_training.as_deref().unwrap_or("independent of the training");
        let form = match who.form {
            VerdictForm::Written => "written verdicts",
            VerdictForm::Likelihood => "the likelier of two verdicts",
        };
        facts.push(("evaluator", format!("{}, {part}; {form}", who.name)));
    }
    facts.push(("wins / ties / losses", head_to_head_line(evaluation).unwrap_or_default()));
    facts.push(("wins among decided prompts", or_nothing(found.decided_win_rate, interval)));
    facts.push(("sign test, wins against losses", p));
    if let Some(length) = &evaluation.length_controlled {
        facts.push(("win rate at equal lengths", interval(length.controlled)));
        facts.push((
            "what length adds",
            format!("{:+.2} in log-odds for a much longer answer", length.length_weight),
        ));
    }
    if let Some(matched) = &evaluation.length_matched {
        let of = format!(" over {} of {} prompts", matched.n_matched, matched.n_pairs);
        facts.push(("win rate, lengths alike", or_nothing(matched.win_rate, interval) + &of));
    }
    facts.extend(evaluation.position.as_ref().map(position).unwrap_or_default());
    facts
}

fn position(position: &PositionBias) -> Vec<(&'static str, String)> {
    let read = format!(
        "{} ({} of {})",
        or_nothing(position.parse_rate, percent),
        position.n_read,
        position.n_verdicts
    );
    let first = format!("{}; 50% is no bias", or_nothing(position.first_rate, percent_interval));
    vec![
        ("verdicts that could be read", read),
        ("decided by place alone", or_nothing(position.decided_by_place, percent_interval)),
        ("verdicts for the first place", first),
        ("verdicts that are ties", or_nothing(position.tie_rate, percent)),
    ]
}
