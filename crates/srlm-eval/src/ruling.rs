//! The rules of [`Verdict`], applied.

use crate::{Change, Estimate, Evaluation, Finding, HeadToHead, Verdict, VerdictRules};

/// The verdict with all that led to it.
pub(crate) struct Ruling {
    pub(crate) verdict: Verdict,
    pub(crate) reason: String,
    pub(crate) following: Finding,
    pub(crate) judging: Finding,
}

/// Applies the rules.
pub(crate) fn rule(evaluation: &Evaluation, rules: &VerdictRules) -> Ruling {
    let (following, judging) =
        (following(evaluation.head_to_head.as_ref(), rules), judging(evaluation, rules));
    let suspicions = suspicions(evaluation, (following.change, judging.change), rules);
    let verdict = match (following.change, judging.change) {
        (Change::Worse, _) => Verdict::Worse,
        _ if !suspicions.is_empty() => Verdict::Suspicious,
        (Change::Better, _) | (Change::Same, Change::Better) => Verdict::Improved,
        (_, Change::Worse) => Verdict::Worse,
        (Change::Same, _) => Verdict::Flat,
        (Change::Unclear, _) => Verdict::Inconclusive,
    };
    let mut parts = vec![following.reason.clone()];
    parts.extend(suspicions);
    if evaluation.accuracy_change.is_some() {
        parts.push(judging.reason.clone());
    }
    Ruling { verdict, reason: parts.join("; "), following, judging }
}

fn following(head_to_head: Option<&HeadToHead>, rules: &VerdictRules) -> Finding {
    let unclear = |reason: String| Finding { change: Change::Unclear, reason };
    let Some(found) = head_to_head else {
        return unclear("it was not compared with the model before it".to_owned());
    };
    let Some(rate) = found.win_rate else {
        return unclear(format!(
            "none of the {} comparisons has a verdict in both orders",
            found.n_missing
        ));
    };
    let reason =
        format!("win rate {} over {}", interval(rate), evidence(found.n(), found.sign_test_p));
    let place_decides = 2 * found.n_disagreements > found.n();
    match change(rate, 0.5, found.n(), rules) {
        Change::Better | Change::Worse if found.sign_test_p >= rules.significance => {
            unclear(reason)
        }
        Change::Same | Change::Unclear if place_decides => unclear(
            reason
                + "; the two orders disagree on most prompts, so the evaluator sees place and not quality",
        ),
        change => Finding { change, reason },
    }
}

fn judging(evaluation: &Evaluation, rules: &VerdictRules) -> Finding {
    let (Some(gain), Some(p), Some(agreement)) =
        (evaluation.accuracy_change, evaluation.accuracy_sign_test_p, &evaluation.agreement)
    else {
        let reason = "its judging was not measured beside that of the model before it".to_owned();
        return Finding { change: Change::Unclear, reason };
    };
    let n = agreement.n_groups;
    let change = match change(gain, 0.0, n, rules) {
        Change::Better | Change::Worse if p >= rules.significance => Change::Unclear,
        change => change,
    };
    let (gain, evidence) = (signed_interval(gain), evidence(n, p));
    Finding {
        change,
        reason: format!("its pairwise accuracy as a judge changed by {gain} over {evidence}"),
    }
}

/// How many prompts, and what the sign test says.
fn evidence(n: u64, p: f64) -> String {
    let prompts = if n == 1 { "prompt" } else { "prompts" };
    let p = if p < 0.001 { "p < 0.001".to_owned() } else { format!("p = {p:.3}") };
    format!("{n} {prompts}, sign test {p}")
}

fn change(estimate: Estimate, none: f64, n: u64, rules: &VerdictRules) -> Change {
    if estimate.low > none {
        Change::Better
    } else if estimate.high < none {
        Change::Worse
    } else if n >= rules.min_prompts
        && estimate.low >= none - rules.flat_within
        && estimate.high <= none + rules.flat_within
    {
        Change::Same
    } else {
        Change::Unclear
    }
}

fn suspicions(
    evaluation: &Evaluation,
    (following, judging): (Change, Change),
    rules: &VerdictRules,
) -> Vec<String> {
    let rises = following == Change::Better;
    let mut found = Vec::new();
    if let Some(controlled) =
        evaluation.length_controlled.as_ref().filter(|found| rises && found.controlled.low <= 0.5)
    {
        found.push(format!("at equal lengths it would be {}", interval(controlled.controlled)));
    }
    if let Some(growth) =
        evaluation.length_growth.filter(|growth| *growth > rules.max_length_growth)
    {
        found.push(format!("its answers are {growth:.1} times as long as before"));
    }
    let trained = evaluation.evaluator.as_ref().filter(|evaluator| !evaluator.independent);
    if let Some(evaluator) = trained.filter(|_| rises && judging == Change::Worse) {
        found.push(format!("only {}, which took part in training, says so", evaluator.name));
    }
    found
}

/// What a reader must know before believing the evaluation.
pub(crate) fn warnings(evaluation: &Evaluation) -> Vec<String> {
    let mut warnings = Vec::new();
    if let Some(evaluator) =
        evaluation.evaluator.as_ref().filter(|evaluator| !evaluator.independent)
    {
        let part = evaluator.part_in_training.as_deref().unwrap_or("it took part in training");
        warnings.push(format!(
            "the only evaluator of answers is {}, which is not independent: {part}; name another model or a server in roles.evaluator",
            evaluator.name
        ));
    }
    if evaluation.head_to_head.as_ref().is_some_and(|found| 2 * found.n_disagreements > found.n()) {
        warnings.push("on most prompts the evaluator decided by the place of an answer and not by what it says".into());
    }
    if evaluation.agreement.as_ref().is_some_and(|agreement| !agreement.beats_length()) {
        warnings.push(
            "as a judge the model is not shown to order answers better than their lengths do, so scores are weak evidence"
                .into(),
        );
    }
    warnings
}

fn interval(Estimate { value, low, high }: Estimate) -> String {
    format!("{value:.2} [{low:.2}, {high:.2}]")
}

fn signed_interval(Estimate { value, low, high }: Estimate) -> String {
    format!("{value:+.3} [{low:+.3}, {high:+.3}]")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::controlled::LengthControlled;
    use crate::{
        Bootstrap, Comparison, Evaluator, Preference, VerdictForm, agreement, head_to_head,
    };

    fn result(wins: usize, ties: usize, losses: usize, disagreements: usize) -> HeadToHead {
        use Preference::{A, B, Tie};
        let verdicts =
            [((A, B), wins), ((Tie, Tie), ties), ((B, A), losses), ((A, A), disagreements)];
        let comparisons: Vec<Comparison> = verdicts
            .iter()
            .flat_map(|&((first, second), n)| std::iter::repeat_n((first, second), n))
            .map(|(first, second)| Comparison {
                prompt_id: String::new(),
                new_first: Some(first),
                new_second: Some(second),
            })
            .collect();
        head_to_head(&comparisons, &Bootstrap { n_resamples: 200, ..Bootstrap::default() })
    }

    fn estimate(low: f64, high: f64) -> Estimate {
        Estimate { value: (low + high) / 2.0, low, high }
    }

    fn compared(wins: usize, ties: usize, losses: usize, disagreements: usize) -> Evaluation {
        let head_to_head = Some(result(wins, ties, losses, disagreements));
        Evaluation { head_to_head, ..Evaluation::new("M2") }
    }

    /// Judging that was measured on 100 prompts, with this change.
    fn judging(low: f64, high: f64, evaluation: Evaluation) -> Evaluation {
        let mut agreement = agreement(&[], &Bootstrap { n_resamples: 100, ..Bootstrap::default() });
        agreement.n_groups = 100;
        let (accuracy_change, accuracy_sign_test_p) = (Some(estimate(low, high)), Some(0.01));
        Evaluation {
            agreement: Some(agreement),
            accuracy_change,
            accuracy_sign_test_p,
            ..evaluation
        }
    }

    fn controlled(low: f64, high: f64, evaluation: Evaluation) -> Evaluation {
        let length_controlled = Some(LengthControlled {
            n_pairs: 100,
            win_rate: estimate(0.6, 0.8),
            controlled: estimate(low, high),
            length_weight: 1.0,
            length_std: 10.0,
        });
        Evaluation { length_controlled, ..evaluation }
    }

    fn by(independent: bool, evaluation: Evaluation) -> Evaluation {
        let part_in_training = (!independent).then(|| "it judged M1's answers".to_owned());
        let evaluator = Evaluator {
            name: "M1".to_owned(),
            independent,
            part_in_training,
            form: VerdictForm::Likelihood,
        };
        Evaluation { evaluator: Some(evaluator), ..evaluation }
    }

    fn check(evaluation: Evaluation, expected: Verdict) {
        let found = rule(&evaluation, &VerdictRules::default());
        assert_eq!(found.verdict, expected, "{}", found.reason);
    }

    #[test]
    fn answers_alone_decide_where_judging_was_not_measured() {
        let rows = [
            ((60, 20, 20, 0), Verdict::Improved),
            ((20, 20, 60, 0), Verdict::Worse),
            ((10, 80, 10, 0), Verdict::Flat),
            ((10, 0, 10, 80), Verdict::Inconclusive),
            ((3, 0, 0, 0), Verdict::Inconclusive),
            ((0, 3, 0, 0), Verdict::Inconclusive),
            ((55, 0, 45, 0), Verdict::Inconclusive),
            ((0, 0, 0, 0), Verdict::Inconclusive),
        ];
        for ((wins, ties, losses, disagreements), expected) in rows {
            check(compared(wins, ties, losses, disagreements), expected);
        }
        check(Evaluation::new("M2"), Verdict::Inconclusive);
    }

    #[test]
    fn both_axes_decide() {
        let few = |evaluation| Evaluation { accuracy_sign_test_p: Some(0.125), ..evaluation };
        let (better, same, worse, unclear) = (
            || compared(60, 20, 20, 0),
            || compared(10, 80, 10, 0),
            || compared(20, 20, 60, 0),
            || compared(3, 0, 0, 0),
        );
        let rows = [
            (judging(0.01, 0.05, better()), Verdict::Improved),
            (judging(-0.01, 0.05, better()), Verdict::Improved),
            (judging(-0.05, -0.01, better()), Verdict::Improved),
            (judging(0.01, 0.05, same()), Verdict::Improved),
            (judging(-0.02, 0.02, same()), Verdict::Flat),
            (judging(-0.3, 0.3, same()), Verdict::Flat),
            (judging(-0.05, -0.01, same()), Verdict::Worse),
            (judging(0.01, 0.05, worse()), Verdict::Worse),
            (judging(0.01, 0.05, unclear()), Verdict::Inconclusive),
            (judging(-0.05, -0.01, unclear()), Verdict::Worse),
            (few(judging(-0.05, -0.01, same())), Verdict::Flat),
        ];
        rows.into_iter().for_each(|(evaluation, expected)| check(evaluation, expected));
    }

    #[test]
    fn a_gain_that_something_else_explains_is_suspicious() {
        let (better, same, worse) =
            (|| compared(60, 20, 20, 0), || compared(10, 80, 10, 0), || compared(20, 20, 60, 0));
        let grown = |growth, evaluation| Evaluation { length_growth: Some(growth), ..evaluation };
        let rows = [
            (controlled(0.45, 0.55, better()), Verdict::Suspicious),
            (controlled(0.51, 0.65, better()), Verdict::Improved),
            (controlled(0.45, 0.55, same()), Verdict::Flat),
            (grown(1.6, better()), Verdict::Suspicious),
            (grown(1.4, better()), Verdict::Improved),
            (grown(1.6, same()), Verdict::Suspicious),
            (grown(1.6, worse()), Verdict::Worse),
            (by(false, judging(-0.05, -0.01, better())), Verdict::Suspicious),
            (by(true, judging(-0.05, -0.01, better())), Verdict::Improved),
            (by(false, judging(-0.05, 0.01, better())), Verdict::Improved),
        ];
        rows.into_iter().for_each(|(evaluation, expected)| check(evaluation, expected));
    }

    #[test]
    fn the_reason_names_the_numbers() {
        let evaluation =
            by(false, judging(-0.05, -0.01, controlled(0.45, 0.55, compared(60, 20, 20, 0))));
        let evaluation =
            Evaluation { length_growth: Some(2.0), ..evaluation }.decided(&VerdictRules::default());
        insta::assert_snapshot!(evaluation.reason, @"win rate 0.70 [0.60, 0.78] over 100 prompts, sign test p < 0.001; at equal lengths it would be 0.50 [0.45, 0.55]; its answers are 2.0 times as long as before; only M1, which took part in training, says so; its pairwise accuracy as a judge changed by -0.030 [-0.050, -0.010] over 100 prompts, sign test p = 0.010");
        insta::assert_snapshot!(evaluation.warnings.join("\n"), @r"
        the only evaluator of answers is M1, which is not independent: it judged M1's answers; name another model or a server in roles.evaluator
        as a judge the model is not shown to order answers better than their lengths do, so scores are weak evidence
        ");
        insta::assert_snapshot!(rule(&compared(3, 0, 0, 0), &VerdictRules::default()).reason, @"win rate 1.00 [1.00, 1.00] over 3 prompts, sign test p = 0.250");
    }

    proptest! {
        #[test]
        fn never_improved_or_worse_while_every_interval_covers_no_change(
            wins in 0usize..40, ties in 0usize..40, losses in 0usize..40, disagreements in 0usize..40,
            low in -0.2..0.2f64, width in 0.0..0.2f64, growth in 0.5..2.0f64, control in 0.3..0.6f64
        ) {
            let evaluation = judging(low, low + width, compared(wins, ties, losses, disagreements));
            let evaluation = controlled(control, control + 0.1, evaluation);
            let evaluation = Evaluation { length_growth: Some(growth), ..evaluation };
            let found = rule(&evaluation, &VerdictRules::default());
            let head_to_head = evaluation.head_to_head.unwrap();
            let answers_changed =
                head_to_head.win_rate.is_some_and(|rate| !rate.covers(0.5)) && head_to_head.sign_test_p < 0.05;
            let judging_changed = !evaluation.accuracy_change.unwrap().covers(0.0);
            if matches!(found.verdict, Verdict::Improved | Verdict::Worse) {
                prop_assert!(answers_changed || judging_changed);
            }
            if found.verdict == Verdict::Improved {
                prop_assert!(growth <= 1.5 && (control > 0.5 || found.following.change != Change::Better));
            }
        }
    }
}
