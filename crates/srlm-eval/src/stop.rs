//! Whether the loop should go on.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Change, Error, Evaluation, Verdict};

/// When the loop stops before its last iteration. The paper has no such rules; these are our own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StopConfig {
    /// Stop where a model's verdict is `worse`, from M2 on.
    pub on_regression: bool,
    /// Stop where the judging of held-out responses passes `min_parse_rate`, `max_one_score_share`
    /// or `max_tie_rate` of `[judge.health]`; ties are those of human-ordered pairs here.
    pub on_degeneration: bool,
    /// Stop where answers grow by more than `eval.rules.max_length_growth` and are not shown to be
    /// better at equal lengths, from M2 on.
    pub on_length_growth: bool,
    /// Evaluations in a row in which one of these holds; 1 stops at the first.
    pub patience: u32,
}

impl Default for StopConfig {
    fn default() -> Self {
        Self { on_regression: false, on_degeneration: false, on_length_growth: false, patience: 1 }
    }
}

impl StopConfig {
    /// Refuses settings that have no meaning.
    ///
    /// # Errors
    /// [`Error::Config`] names the key, its value and the remedy.
    pub fn validate(&self) -> Result<(), Error> {
        if self.patience == 0 {
            let remedy = "use 1 to stop at the first failure, or more";
            return Err(Error::Config { key: "patience", value: "0".to_owned(), remedy });
        }
        Ok(())
    }
}

/// What is no longer judging or answering, in the numbers of other tables.
#[derive(Clone, Debug, PartialEq)]
pub struct StopLimits {
    /// Least share of the held-out judgments that have a score: that of `[judge.health]`.
    pub min_parse_rate: f64,
    /// Largest share of the held-out scores that are one and the same number.
    pub max_one_score_share: f64,
    /// Largest share of the human-ordered pairs whose scores are equal.
    pub max_tie_rate: f64,
    /// Most times that answers may be as long as before: that of
    /// [`VerdictRules`](crate::VerdictRules).
    pub max_length_growth: f64,
}

/// Why the loop stops.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stop {
    /// The newest model.
    pub model: String,
    /// Keys of [`StopConfig`] that hold for it, such as `on_regression`.
    pub rules: Vec<String>,
    /// What was measured, in a sentence.
    pub reason: String,
}

/// Whether the loop stops after these evaluations, from M1 on in order.
pub fn stop(evaluations: &[Evaluation], config: &StopConfig, limits: &StopLimits) -> Option<Stop> {
    let newest = evaluations.last()?;
    let failures = |evaluation: &Evaluation| failures(evaluation, config, limits);
    let n_failed =
        evaluations.iter().rev().take_while(|evaluation| !failures(evaluation).is_empty()).count();
    let found = failures(newest);
    (n_failed >= config.patience as usize).then(|| Stop {
        model: newest.model.clone(),
        rules: found.iter().map(|(rule, _)| (*rule).to_owned()).collect(),
        reason: found.into_iter().map(|(_, reason)| reason).collect::<Vec<_>>().join("; "),
    })
}

/// The rules that hold for one evaluation, with what was measured.
fn failures(
    evaluation: &Evaluation,
    config: &StopConfig,
    limits: &StopLimits,
) -> Vec<(&'static str, String)> {
    let model = &evaluation.model;
    // M1 comes of no iteration, so only its judging counts.
    let is_of_the_loop = model != "M1";
    let mut found = Vec::new();
    if config.on_regression && is_of_the_loop && evaluation.verdict == Verdict::Worse {
        found.push((
            "on_regression",
            format!("{model} is worse than the model before it: {}", evaluation.reason),
        ));
    }
    if config.on_degeneration {
        found.extend(
            degeneration(evaluation, limits).into_iter().map(|reason| ("on_degeneration", reason)),
        );
    }
    let growth = evaluation
        .length_growth
        .filter(|growth| *growth > limits.max_length_growth && is_of_the_loop);
    if let Some(growth) =
        growth.filter(|_| config.on_length_growth && !gains_at_equal_lengths(evaluation))
    {
        let reason = format!(
            "answers of {model} are {growth:.1} times as long as before and not shown to be better"
        );
        found.push(("on_length_growth", reason));
    }
    found
}

fn gains_at_equal_lengths(evaluation: &Evaluation) -> bool {
    let controlled = evaluation.length_controlled.as_ref().map(|found| found.controlled.low);
    evaluation.following.change == Change::Better && controlled.is_none_or(|low| low > 0.5)
}

/// The first threshold of judging that is passed.
fn degeneration(evaluation: &Evaluation, limits: &StopLimits) -> Option<String> {
    let (model, rates) = (&evaluation.model, evaluation.judge_rates.as_ref()?);
    let below = rates.parse_rate.filter(|rate| *rate < limits.min_parse_rate);
    let one = rates.one_score_share.filter(|share| *share > limits.max_one_score_share);
    let tied = rates.tie_rate.filter(|rate| *rate > limits.max_tie_rate);
    let text = |what: &str, value: f64, key: &str, threshold: f64| {
        format!(
            "{model} has degenerated as a judge: {what} is {value:.2}, judge.health.{key} = {threshold}"
        )
    };
    let parse = |value| {
        text("the share of judgments with a score", value, "min_parse_rate", limits.min_parse_rate)
    };
    let same = |value| {
        text(
            "the share of one and the same score",
            value,
            "max_one_score_share",
            limits.max_one_score_share,
        )
    };
    let ties = |value| {
        text("the share of human-ordered pairs it ties", value, "max_tie_rate", limits.max_tie_rate)
    };
    below.map(parse).or_else(|| one.map(same)).or_else(|| tied.map(ties))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Finding, JudgeRates};

    fn all(patience: u32) -> StopConfig {
        StopConfig { on_regression: true, on_degeneration: true, on_length_growth: true, patience }
    }

    const LIMITS: StopLimits = StopLimits {
        min_parse_rate: 0.5,
        max_one_score_share: 0.95,
        max_tie_rate: 0.9,
        max_length_growth: 1.5,
    };

    fn with(t: usize, verdict: Verdict) -> Evaluation {
        Evaluation {
            verdict,
            reason: "win rate 0.20".to_owned(),
            ..Evaluation::new(&format!("M{t}"))
        }
    }

    fn judged(parse_rate: f64, one_score_share: f64, tie_rate: f64) -> JudgeRates {
        let [parse_rate, one_score_share, tie_rate] =
            [parse_rate, one_score_share, tie_rate].map(Some);
        JudgeRates {
            n_judgments: 10,
            n_scored: 5,
            parse_rate,
            tie_rate,
            abstention_rate: None,
            one_score_share,
        }
    }

    #[test]
    fn the_rule_and_what_was_measured_are_named() {
        let check = |evaluation: Evaluation| {
            stop(&[evaluation], &all(1), &LIMITS).map(|stop| (stop.rules, stop.reason))
        };
        let regression = check(with(2, Verdict::Worse)).unwrap();
        assert_eq!(regression.0, ["on_regression"]);
        insta::assert_snapshot!(regression.1, @"M2 is worse than the model before it: win rate 0.20");
        let ill = |rates| check(Evaluation { judge_rates: Some(rates), ..Evaluation::new("M1") });
        insta::assert_snapshot!(ill(judged(0.4, 1.0, 1.0)).unwrap().1, @"M1 has degenerated as a judge: the share of judgments with a score is 0.40, judge.health.min_parse_rate = 0.5");
        insta::assert_snapshot!(ill(judged(1.0, 0.99, 0.0)).unwrap().1, @"M1 has degenerated as a judge: the share of one and the same score is 0.99, judge.health.max_one_score_share = 0.95");
        insta::assert_snapshot!(ill(judged(1.0, 0.5, 0.95)).unwrap().1, @"M1 has degenerated as a judge: the share of human-ordered pairs it ties is 0.95, judge.health.max_tie_rate = 0.9");
        assert_eq!(ill(judged(0.5, 0.95, 0.9)), None);
        let grown = Evaluation { length_growth: Some(1.6), ..Evaluation::new("M2") };
        insta::assert_snapshot!(check(grown.clone()).unwrap().1, @"answers of M2 are 1.6 times as long as before and not shown to be better");
        let following = Finding { change: Change::Better, reason: String::new() };
        assert_eq!(check(Evaluation { following, ..grown }), None);
    }

    #[test]
    fn sft_is_no_regression_of_the_loop_and_nothing_stops_by_default() {
        assert_eq!(stop(&[with(1, Verdict::Worse)], &all(1), &LIMITS), None);
        assert_eq!(
            stop(
                &[with(1, Verdict::Flat), with(2, Verdict::Worse)],
                &StopConfig::default(),
                &LIMITS
            ),
            None
        );
        assert_eq!(stop(&[], &all(1), &LIMITS), None);
    }

    #[test]
    fn bad_settings_are_named() {
        let error = StopConfig { patience: 0, ..StopConfig::default() }.validate().unwrap_err();
        insta::assert_snapshot!(error, @"patience = 0: use 1 to stop at the first failure, or more");
    }

    proptest! {
        #[test]
        fn it_takes_as_many_failures_in_a_row_as_patience_says(
            worse in prop::collection::vec(any::<bool>(), 1..8), patience in 1u32..4
        ) {
            let verdict = |is_worse: &bool| if *is_worse { Verdict::Worse } else { Verdict::Flat };
            let evaluations: Vec<_> = worse.iter().enumerate().map(|(i, w)| with(i + 2, verdict(w))).collect();
            let n_last = worse.iter().rev().take_while(|is_worse| **is_worse).count();
            prop_assert_eq!(stop(&evaluations, &all(patience), &LIMITS).is_some(), n_last >= patience as usize);
        }
    }
}
