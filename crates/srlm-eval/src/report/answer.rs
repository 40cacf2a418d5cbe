//! The first screen: what came of the run, in a few sentences that claim no more than was measured.

use super::RunSummary;
use super::format::{interval, percent, percent_interval};
use super::summary::{Folder, FolderState, ModelSummary};
use crate::anchors::AnchorSummary;
use crate::{Best, Change, Evaluation, Verdict};

/// Growth of the mean response length, over the model before, from which the report warns.
const LENGTH_GROWTH: f64 = 1.2;

impl RunSummary {
    /// The outcome with the model to use, then what a reader must know before believing it.
    pub fn sentences(&self) -> Vec<String> {
        let evaluated: Vec<&Evaluation> =
            self.models.iter().filter_map(|model| model.evaluation.as_ref()).collect();
        let Some(last) = evaluated.last() else {
            let broken = self.models.iter().any(|model| model.standing() == "unreadable");
            let more = if broken { " What cannot be read says why under Provenance." } else { "" };
            return vec![format!("No model of this run has been evaluated yet.{more}")];
        };
        let before = evaluated.len().checked_sub(2).map(|i| evaluated[i]);
        let best = self.best.as_ref().map(|best| format!(" {}", about_best(best)));
        let mut sentences =
            vec![outcome(last, previous_label(self, last)) + &best.unwrap_or_default()];
        sentences.extend(about_judge(last));
        sentences.extend(
            self.models.iter().rev().find_map(|model| about_anchors(model.anchors.as_ref()?)),
        );
        sentences.extend(about_evaluator(&evaluated));
        sentences.extend(
            last.warnings.iter().filter(|warning| is_new(warning)).map(|warning| sentence(warning)),
        );
        sentences.extend(before.and_then(|before| about_length(before, last)));
        sentences
    }
}

impl ModelSummary {
    /// Where the model stands: its verdict, or what is still missing.
    pub fn standing(&self) -> &'static str {
        match (&self.evaluation, &self.folder.state) {
            (Some(evaluation), _) if evaluation.head_to_head.is_some() => evaluation.verdict.word(),
            (Some(_), _) => "not compared",
            _ if self.eval_folder.as_ref().is_some_and(Folder::is_unreadable) => "unreadable",
            (None, _) if self.label == "M0" => "starting model",
            (None, FolderState::Complete(_)) => "not yet evaluated",
            (None, FolderState::Unreadable(_)) => "unreadable",
            (None, FolderState::Pending) => "pending",
        }
    }
}

impl Verdict {
    /// The verdict in a word.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Improved => "improved",
            Verdict::Flat => "flat",
            Verdict::Worse => "worse",
            Verdict::Suspicious => "suspicious",
            Verdict::Inconclusive => "inconclusive",
        }
    }
}

/// What is shown on an axis, in words.
pub(crate) fn change_words(change: Change) -> &'static str {
    match change {
        Change::Better => "better",
        Change::Same => "about the same",
        Change::Worse => "worse",
        Change::Unclear => "not shown to differ",
    }
}

fn previous_label(run: &RunSummary, last: &Evaluation) -> String {
    let place = run.models.iter().position(|model| model.label == last.model);
    place
        .and_then(|i| run.models.get(i.checked_sub(1)?))
        .map_or("the model before it".to_owned(), |model| model.label.clone())
}

fn outcome(last: &Evaluation, before: String) -> String {
    let Evaluation { model, reason, .. } = last;
    if last.head_to_head.is_none() {
        return format!("{model} has been evaluated but not compared with another model.");
    }
    let claim = match last.verdict {
        Verdict::Improved if last.following.change == crate::Change::Better => {
            format!("{model} beats {before}")
        }
        Verdict::Improved => format!("{model} answers as well as {before} and is the better judge"),
        Verdict::Worse if last.following.change == crate::Change::Worse => {
            format!("{model} loses to {before}")
        }
        Verdict::Worse => {
            format!("{model} is a worse judge than {before} and is not shown to answer better")
        }
        Verdict::Flat => format!("{model} is no better and no worse than {before}"),
        Verdict::Suspicious => {
            format!(
                "{model} seems to have changed against {before}, but the numbers are suspicious"
            )
        }
        Verdict::Inconclusive => {
            format!("{model} is not shown to be better or worse than {before}")
        }
    };
    format!("{claim}: {reason}.")
}

fn about_judge(last: &Evaluation) -> Option<String> {
    let agreement = last.agreement.as_ref()?;
    let model = &last.model;
    let (Some(judge), Some(length)) =
        (agreement.judge.pairwise_accuracy, agreement.length_baseline.pairwise_accuracy)
    else {
        return Some(format!(
            "As a judge, {model} scored no pair of human-ranked responses, so its scores are worth nothing."
        ));
    };
    let accuracies = format!(
        "As a judge, {model} orders {} of {} human-ranked pairs as people do; preferring the longer response orders {}.",
        percent_interval(judge),
        agreement.n_pairs - agreement.n_unscored_pairs,
        percent(length.value),
    );
    let moral = if agreement.beats_length() {
        "It does better than length."
    } else {
        "It does not beat length, so its scores, and every verdict that rests on them, are weak evidence. \
         Small models, such as one of 135M parameters, usually judge this badly."
    };
    Some(format!("{accuracies} {moral}"))
}

fn about_best(best: &Best) -> String {
    let stopped = best
        .stopped
        .as_ref()
        .map(|stop| format!(" The loop stopped at {}: {}.", stop.model, stop.reason));
    format!("Use {}: {}.{}", best.model, best.reason, stopped.unwrap_or_default())
}

/// The evaluator and the judge's weakness have sentences with numbers already.
fn is_new(warning: &str) -> bool {
    !warning.starts_with("the only evaluator") && !warning.starts_with("as a judge")
}

fn sentence(part: &str) -> String {
    let mut letters = part.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    format!("{first}{}.", letters.as_str())
}

fn about_anchors(found: &AnchorSummary) -> Option<String> {
    let j = found.youden_j?;
    let moral = match j {
        j if j.low > 0.0 => "It sees some of the truth.",
        j if j.high < 0.0 => "It prefers what is wrong.",
        _ => "It is not shown to see the truth at all.",
    };
    let (judge, n) = (&found.judge, found.n_pairs);
    Some(format!(
        "On {n} hidden anchors {judge} accepts right answers more often than wrong ones by {}. {moral}",
        interval(j)
    ))
}

fn about_evaluator(evaluated: &[&Evaluation]) -> Option<String> {
    let compared = || evaluated.iter().filter(|evaluation| evaluation.head_to_head.is_some());
    let independent =
        |evaluation: &Evaluation| evaluation.evaluator.as_ref().is_some_and(|who| who.independent);
    (compared().count() > 0 && !compared().any(|evaluation| independent(evaluation))).then(|| {
        let part = compared().next_back().and_then(|last| last.evaluator.as_ref()?.part_in_training.clone());
        format!(
            "The only evaluator is a judge that took part in training{}. It may have learned to reward what it writes: \
             name an independent one in roles.evaluator, or read the pairs below, before trusting a verdict.",
            part.map(|part| format!(" ({part})")).unwrap_or_default()
        )
    })
}

fn about_length(before: &Evaluation, last: &Evaluation) -> Option<String> {
    let (old, new) = (before.lengths.as_ref()?.tokens.mean, last.lengths.as_ref()?.tokens.mean);
    (old > 0.0 && new > LENGTH_GROWTH * old).then(|| {
        format!(
            "Responses grew from {old:.0} tokens ({}) to {new:.0} ({}); many judges prefer length whatever it says.",
            before.model, last.model
        )
    })
}

/// The head-to-head of one model in a line, for tables.
pub(crate) fn head_to_head_line(evaluation: &Evaluation) -> Option<String> {
    let found = evaluation.head_to_head.as_ref()?;
    let rate = found
        .win_rate
        .map_or("no win rate".to_owned(), |rate| format!("win rate {}", interval(rate)));
    Some(format!("{} / {} / {} of {}, {rate}", found.wins, found.ties, found.losses, found.n()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Bootstrap, Comparison, Evaluator, Preference, RankedGroup, RankedResponse, VerdictForm,
        VerdictRules,
    };

    fn comparisons(n_wins: u32, n_losses: u32) -> Vec<Comparison> {
        let (a, b) = (Some(Preference::A), Some(Preference::B));
        let row = |(new_first, new_second)| Comparison {
            prompt_id: String::new(),
            new_first,
            new_second,
        };
        (0..n_wins).map(|_| row((a, b))).chain((0..n_losses).map(|_| row((b, a)))).collect()
    }

    /// A judge that is right where the longer response is wrong.
    fn good_judge() -> Vec<RankedGroup> {
        let response = |human_rank: u32| RankedResponse {
            human_rank,
            mean_score: Some(f64::from(4 - human_rank)),
            n_characters: u64::from(human_rank),
        };
        (0..20)
            .map(|i| RankedGroup {
                prompt_id: i.to_string(),
                responses: (0..3).map(response).collect(),
            })
            .collect()
    }

    fn run(independent: bool, n_wins: u32, n_losses: u32) -> RunSummary {
        let bootstrap = Bootstrap { n_resamples: 200, ..Bootstrap::default() };
        let evaluator = Evaluator {
            name: "judge".to_owned(),
            independent,
            part_in_training: (!independent).then(|| "it judged".to_owned()),
            form: VerdictForm::Written,
        };
        let evaluation = Evaluation {
            agreement: Some(crate::agreement(&good_judge(), &bootstrap)),
            head_to_head: Some(crate::head_to_head(&comparisons(n_wins, n_losses), &bootstrap)),
            evaluator: Some(evaluator),
            ..Evaluation::new("M2")
        }
        .decided(&VerdictRules::default());
        let model = |t: u32, evaluation| ModelSummary {
            label: format!("M{t}"),
            evaluation,
            ..ModelSummary::default()
        };
        let models = vec![model(0, None), model(1, None), model(2, Some(evaluation))];
        RunSummary { name: "run".to_owned(), models, ..RunSummary::default() }
    }

    #[test]
    fn an_improvement_by_an_independent_judge_needs_no_warning() {
        let sentences = run(true, 40, 10).sentences();
        assert_eq!(sentences.len(), 2, "{sentences:?}");
        assert!(sentences[0].starts_with("M2 beats M1: win rate 0.80"));
        assert!(sentences[1].ends_with("It does better than length."));
    }

    #[test]
    fn the_trained_judge_alone_is_warned_of() {
        let sentences = run(false, 12, 10).sentences();
        assert!(sentences[0].starts_with("M2 is not shown to be better or worse than M1"));
        assert!(
            sentences[2].starts_with(
                "The only evaluator is a judge that took part in training (it judged)."
            )
        );
    }
}
