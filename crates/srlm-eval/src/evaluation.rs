//! `eval.json`: what is known of one model.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::controlled::{Diversity, LengthBias, LengthControlled, LengthMatched};
use crate::ruling::{Ruling, rule, warnings};
use crate::{
    Agreement, AnswerRates, Calibration, Estimate, Finding, HeadToHead, JudgeRates, Lengths,
    PositionBias, Ratings, Verdict, VerdictRules, Versus,
};

/// Loss on instruction-following examples that no training has seen.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldOutLoss {
    /// Mean negative log-probability of a response token, in nats.
    pub loss: f64,
    /// Response tokens, end tokens included.
    pub n_tokens: u64,
}

/// How a comparison is read off the evaluator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum VerdictForm {
    /// It reasons and writes its verdict, as the paper's does; models that do not keep to the form
    /// give none.
    Written,
    /// The likelier of the two verdicts, without reasoning: even a model that never writes one has
    /// an opinion.
    Likelihood,
}

/// Who decided the head-to-head.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evaluator {
    /// A name to show, such as `M1` or a server's model name.
    pub name: String,
    /// Whether it took no part in training; a model of the run did.
    pub independent: bool,
    /// What its part in training was, in words; `None` where it is independent.
    pub part_in_training: Option<String>,
    /// How its verdicts were read.
    pub form: VerdictForm,
}

/// The content of `eval.json`. Fields that were not measured are `null`, and
/// [`unmeasured`](Self::unmeasured) says why.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evaluation {
    /// The model: `M1`, `M2` ...
    pub model: String,
    /// Against the model before it, by the rules that [`Verdict`] states.
    pub verdict: Verdict,
    /// Why, in a sentence with the numbers.
    pub reason: String,
    /// The axis of following instructions: the head-to-head against the model before it.
    pub following: Finding,
    /// The axis of judging: agreement with people against that of the model before it.
    pub judging: Finding,
    /// What a reader must know before believing the numbers, a sentence each.
    pub warnings: Vec<String>,
    /// Held-out instruction-following loss.
    pub held_out: Option<HeldOutLoss>,
    /// The model as a judge, against human ranks.
    pub agreement: Option<Agreement>,
    /// Pairwise accuracy of the model as a judge less that of the model before it, over the pairs
    /// that both scored.
    pub accuracy_change: Option<Estimate>,
    /// Two-sided p-value of the exact sign test of prompts judged better than by the model before
    /// against those judged worse.
    pub accuracy_sign_test_p: Option<f64>,
    /// How often its judgments can be read and tell responses apart.
    pub judge_rates: Option<JudgeRates>,
    /// Whether its expected scores mean what they say.
    pub calibration: Option<Calibration>,
    /// What its scores have to do with length, human rank held fixed in the partial correlation.
    pub length_bias: Option<LengthBias>,
    /// The model it was compared with: the one before it.
    pub opponent: Option<String>,
    /// Who decided the head-to-head.
    pub evaluator: Option<Evaluator>,
    /// The model against the one before it; `None` where it was not asked for.
    pub head_to_head: Option<HeadToHead>,
    /// How far the places of the answers decided the head-to-head.
    pub position: Option<PositionBias>,
    /// The win rate at equal lengths, beside the raw one.
    pub length_controlled: Option<LengthControlled>,
    /// The win rate over the prompts whose two answers have about the same length.
    pub length_matched: Option<LengthMatched>,
    /// Against the models before that one, nearest first; empty where they were not compared.
    pub earlier: Vec<Versus>,
    /// Ratings of all models so far, from all comparisons so far.
    pub ratings: Option<Ratings>,
    /// Lengths of its held-out responses.
    pub lengths: Option<Lengths>,
    /// Mean tokens of its held-out responses over those of the model before it.
    pub length_growth: Option<f64>,
    /// How varied its held-out responses are.
    pub diversity: Option<Diversity>,
    /// How many of its held-out responses decline, are cut off or are empty.
    pub answers: Option<AnswerRates>,
    /// Why a field is `null`, by the field's name.
    pub unmeasured: BTreeMap<String, String>,
}

impl Evaluation {
    /// Nothing measured yet. Fill in what is, then let [`decided`](Self::decided) say what it comes
    /// to.
    pub fn new(model: &str) -> Self {
        Self {
            model: model.to_owned(),
            reason: "nothing was measured".to_owned(),
            ..Self::default()
        }
    }

    /// With the verdict, its reason and the warnings that [`Verdict`] and [`VerdictRules`] state.
    #[must_use]
    pub fn decided(self, rules: &VerdictRules) -> Self {
        let Ruling { verdict, reason, following, judging } = rule(&self, rules);
        let warnings = warnings(&self);
        Self { verdict, reason, following, judging, warnings, ..self }
    }
}

#[cfg(test)]
mod tests {
    use srlm_artifact::{FinishReason, ResponseRow};

    use super::*;
    use crate::controlled::{LengthControl, Rating, Scored, diversity, length_bias};
    use crate::{
        Bootstrap, ComparisonRow, Preference, RankedGroup, RankedResponse, accuracy_change,
        accuracy_sign_test, agreement, answer_rates, calibration, judge_rates, lengths, match_up,
    };

    fn whole() -> Evaluation {
        let bootstrap = Bootstrap { n_resamples: 100, ..Bootstrap::default() };
        let response =
            |human_rank| RankedResponse { human_rank, mean_score: Some(5.0), n_characters: 9 };
        let groups =
            [RankedGroup { prompt_id: "p".to_owned(), responses: (0..2).map(response).collect() }];
        let row = ComparisonRow {
            prompt_id: "p".to_owned(),
            model: "M2".to_owned(),
            opponent: "M1".to_owned(),
            new_first: Some(Preference::A),
            new_second: Some(Preference::B),
            new_characters: 7,
            old_characters: 7,
        };
        let answer = ResponseRow {
            response_id: "p/0".to_owned(),
            prompt_id: "p".to_owned(),
            sample_index: 0,
            response: "one two".to_owned(),
            finish_reason: FinishReason::Stop,
            n_tokens: 3,
            seed: 0,
        };
        let found = match_up(std::slice::from_ref(&row), &LengthControl::default(), &bootstrap);
        let even = Estimate { value: 0.5, low: 0.5, high: 0.5 };
        let length_controlled = LengthControlled {
            n_pairs: 1,
            win_rate: even,
            controlled: even,
            length_weight: 0.0,
            length_std: 0.0,
        };
        let rating = Rating { model: "M0".to_owned(), n_matches: 1, points: 0.5, elo: even };
        let agreement = agreement(&groups, &bootstrap);
        let evaluator = Evaluator {
            name: "M1".to_owned(),
            independent: false,
            part_in_training: Some("it judged".to_owned()),
            form: VerdictForm::Written,
        };
        let versus = Versus {
            opponent: "M0".to_owned(),
            head_to_head: found.head_to_head.clone(),
            length_controlled: Some(length_controlled.clone()),
        };
        Evaluation {
            held_out: Some(HeldOutLoss { loss: 1.5, n_tokens: 10 }),
            accuracy_change: accuracy_change(&groups, &groups, &bootstrap),
            accuracy_sign_test_p: Some(accuracy_sign_test(&groups, &groups)),
            judge_rates: Some(judge_rates(&[], &agreement)),
            agreement: Some(agreement),
            calibration: calibration(&groups, 5, &bootstrap),
            length_bias: Some(length_bias(&[Scored { length: 9, score: 5.0, quality: 0.0 }], 5)),
            opponent: Some("M1".to_owned()),
            evaluator: Some(evaluator),
            head_to_head: Some(found.head_to_head),
            position: found.position,
            length_controlled: Some(length_controlled),
            length_matched: found.length_matched,
            earlier: vec![versus],
            ratings: Some(Ratings {
                evaluators: vec!["M1".to_owned()],
                n_comparisons: 1,
                n_missing: 0,
                models: vec![rating],
            }),
            lengths: lengths(std::slice::from_ref(&answer)),
            length_growth: Some(1.0),
            diversity: Some(diversity(&["one two"])),
            answers: answer_rates(&[answer]),
            unmeasured: found.unmeasured,
            ..Evaluation::new("M2")
        }
        .decided(&VerdictRules::default())
    }

    #[test]
    fn the_file_reads_as_written() {
        let text = serde_json::to_string(&whole()).unwrap();
        assert_eq!(serde_json::from_str::<Evaluation>(&text).unwrap(), whole());
        let agreement = serde_json::to_string(&whole().agreement).unwrap();
        insta::assert_snapshot!(text.replace(&agreement, "..."), @r#"{"model":"M2","verdict":"inconclusive","reason":"win rate 1.00 [1.00, 1.00] over 1 prompt, sign test p = 1.000; its pairwise accuracy as a judge changed by +0.000 [+0.000, +0.000] over 1 prompt, sign test p = 1.000","following":{"change":"unclear","reason":"win rate 1.00 [1.00, 1.00] over 1 prompt, sign test p = 1.000"},"judging":{"change":"unclear","reason":"its pairwise accuracy as a judge changed by +0.000 [+0.000, +0.000] over 1 prompt, sign test p = 1.000"},"warnings":["the only evaluator of answers is M1, which is not independent: it judged; name another model or a server in roles.evaluator","as a judge the model is not shown to order answers better than their lengths do, so scores are weak evidence"],"held_out":{"loss":1.5,"n_tokens":10},"agreement":...,"accuracy_change":{"value":0.0,"low":0.0,"high":0.0},"accuracy_sign_test_p":1.0,"judge_rates":{"n_judgments":0,"n_scored":0,"parse_rate":null,"tie_rate":1.0,"abstention_rate":0.0,"one_score_share":null},"calibration":{"n_pairs":1,"expected_calibration_error":{"value":0.0,"low":0.0,"high":0.0},"bins":[{"from":0.5,"to":0.5,"n":1,"confidence":0.5,"accuracy":0.5}]},"length_bias":{"n":1,"correlation":null,"partial_correlation":null,"curve":[{"from":9,"to":9,"n":1,"mean_score":5.0}]},"opponent":"M1","evaluator":{"name":"M1","independent":false,"part_in_training":"it judged","form":"written"},"head_to_head":{"wins":1,"ties":0,"losses":0,"n_disagreements":0,"n_missing":0,"win_rate":{"value":1.0,"low":1.0,"high":1.0},"decided_win_rate":{"value":1.0,"low":0.20654931437723745,"high":1.0},"sign_test_p":1.0},"position":{"n_verdicts":2,"n_read":2,"parse_rate":1.0,"tie_rate":0.0,"n_prompts":1,"n_first":0,"n_second":0,"decided_by_place":{"value":0.0,"low":0.0,"high":0.7934506856227626},"first_rate":{"value":0.5,"low":0.5,"high":0.5}},"length_controlled":{"n_pairs":1,"win_rate":{"value":0.5,"low":0.5,"high":0.5},"controlled":{"value":0.5,"low":0.5,"high":0.5},"length_weight":0.0,"length_std":0.0},"length_matched":{"n_pairs":1,"n_matched":1,"within":0.1,"win_rate":{"value":1.0,"low":1.0,"high":1.0}},"earlier":[{"opponent":"M0","head_to_head":{"wins":1,"ties":0,"losses":0,"n_disagreements":0,"n_missing":0,"win_rate":{"value":1.0,"low":1.0,"high":1.0},"decided_win_rate":{"value":1.0,"low":0.20654931437723745,"high":1.0},"sign_test_p":1.0},"length_controlled":{"n_pairs":1,"win_rate":{"value":0.5,"low":0.5,"high":0.5},"controlled":{"value":0.5,"low":0.5,"high":0.5},"length_weight":0.0,"length_std":0.0}}],"ratings":{"evaluators":["M1"],"n_comparisons":1,"n_missing":0,"models":[{"model":"M0","n_matches":1,"points":0.5,"elo":{"value":0.5,"low":0.5,"high":0.5}}]},"lengths":{"n_responses":1,"tokens":{"mean":3.0,"median":3.0,"p90":3.0},"characters":{"mean":7.0,"median":7.0,"p90":7.0},"n_stop":1,"n_length":0},"length_growth":1.0,"diversity":{"n_responses":1,"distinct_1":1.0,"distinct_2":1.0,"distinct_3":null,"self_bleu":null,"repetition_rate":null,"compression_ratio":0.7777777777777778},"answers":{"n_responses":1,"refusal":{"value":0.0,"low":0.0,"high":0.7934506856227626},"truncation":{"value":0.0,"low":0.0,"high":0.7934506856227626},"empty":{"value":0.0,"low":0.0,"high":0.7934506856227626}},"unmeasured":{"length_controlled":"1 of 1 prompts have a verdict in both orders, length_control.min_pairs = 30"}}"#);
    }

    #[test]
    fn what_was_not_measured_is_null() {
        let value = serde_json::to_value(Evaluation::new("M1")).unwrap();
        assert!(
            value["head_to_head"].is_null()
                && value["ratings"].is_null()
                && value["verdict"] == "inconclusive"
        );
    }
}
