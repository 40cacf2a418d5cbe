//! `eval.json`: what is known of one model.

use serde::{Deserialize, Serialize};

use crate::{Agreement, HeadToHead, Lengths, Verdict, verdict};

/// Loss on instruction-following examples that no training has seen.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldOutLoss {
    /// Mean negative log-probability of a response token, in nats.
    pub loss: f64,
    /// Response tokens, end tokens included.
    pub n_tokens: u64,
}

/// Who decided the head-to-head.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evaluator {
    /// A name to show, such as `M1` or a server's model name.
    pub name: String,
    /// Whether it took no part in training; a model of the run did.
    pub independent: bool,
}

/// What is measured of a model; [`Evaluation::new`] adds the verdict.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Measurements {
    /// Held-out instruction-following loss.
    pub held_out: Option<HeldOutLoss>,
    /// The model as a judge, against human ranks.
    pub agreement: Option<Agreement>,
    /// The model against the one before it; `None` where it was not asked for.
    pub head_to_head: Option<HeadToHead>,
    /// Who decided the head-to-head.
    pub evaluator: Option<Evaluator>,
    /// Lengths of its held-out responses.
    pub lengths: Option<Lengths>,
}

/// The content of `eval.json`. Fields that were not measured are `null`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evaluation {
    /// The model: `M1`, `M2` ...
    pub model: String,
    /// Against the model before it.
    pub verdict: Verdict,
    /// The numbers behind the verdict, in a sentence.
    pub reason: String,
    /// Held-out instruction-following loss.
    pub held_out: Option<HeldOutLoss>,
    /// The model as a judge, against human ranks.
    pub agreement: Option<Agreement>,
    /// The model against the one before it; `None` where it was not asked for.
    pub head_to_head: Option<HeadToHead>,
    /// Who decided the head-to-head.
    pub evaluator: Option<Evaluator>,
    /// Lengths of its held-out responses.
    pub lengths: Option<Lengths>,
}

impl Evaluation {
    /// Decides the verdict by the rules of [`Verdict`].
    pub fn new(model: &str, measurements: Measurements) -> Self {
        let Measurements { held_out, agreement, head_to_head, evaluator, lengths } = measurements;
        let (verdict, reason) = verdict(head_to_head.as_ref());
        Self { model: model.to_owned(), verdict, reason, held_out, agreement, head_to_head, evaluator, lengths }
    }
}

#[cfg(test)]
mod tests {
    use srlm_artifact::{FinishReason, ResponseRow};

    use super::*;
    use crate::{Bootstrap, Comparison, Preference, RankedGroup, RankedResponse, agreement, head_to_head, lengths};

    fn whole() -> Evaluation {
        let bootstrap = Bootstrap { n_resamples: 100, ..Bootstrap::default() };
        let response = |human_rank| RankedResponse { human_rank, mean_score: Some(5.0), n_characters: 9 };
        let group = RankedGroup { prompt_id: "p".to_owned(), responses: (0..2).map(response).collect() };
        let (new_first, new_second) = (Some(Preference::A), Some(Preference::B));
        let comparison = Comparison { prompt_id: "p".to_owned(), new_first, new_second };
        let response = ResponseRow {
            response_id: "p/0".to_owned(),
            prompt_id: "p".to_owned(),
            sample_index: 0,
            response: "one two".to_owned(),
            finish_reason: FinishReason::Stop,
            n_tokens: 3,
            seed: 0,
        };
        let measurements = Measurements {
            held_out: Some(HeldOutLoss { loss: 1.5, n_tokens: 10 }),
            agreement: Some(agreement(&[group], &bootstrap)),
            head_to_head: Some(head_to_head(&[comparison], &bootstrap)),
            evaluator: Some(Evaluator { name: "M1".to_owned(), independent: false }),
            lengths: lengths(&[response]),
        };
        Evaluation::new("M2", measurements)
    }

    #[test]
    fn the_file_reads_as_written() {
        let text = serde_json::to_string(&whole()).unwrap();
        assert_eq!(serde_json::from_str::<Evaluation>(&text).unwrap(), whole());
        insta::assert_snapshot!(text, @r#"{"model":"M2","verdict":"inconclusive","reason":"win rate 1.00 [1.00, 1.00] over 1 prompt, sign test p = 1.000","held_out":{"loss":1.5,"n_tokens":10},"agreement":{"n_groups":1,"n_pairs":1,"n_unscored_pairs":0,"n_responses":2,"n_unscored":0,"n_undefined_groups":1,"judge":{"pairwise_accuracy":{"value":0.0,"low":0.0,"high":0.0},"untied_pairwise_accuracy":null,"tie_rate":{"value":1.0,"low":1.0,"high":1.0},"exact_match":{"value":0.0,"low":0.0,"high":0.0},"five_best":{"value":0.5,"low":0.5,"high":0.5},"spearman":null,"kendall_tau_b":null},"length_baseline":{"pairwise_accuracy":{"value":0.0,"low":0.0,"high":0.0},"untied_pairwise_accuracy":null,"tie_rate":{"value":1.0,"low":1.0,"high":1.0},"exact_match":{"value":0.0,"low":0.0,"high":0.0},"five_best":{"value":0.5,"low":0.5,"high":0.5},"spearman":null,"kendall_tau_b":null},"random_baseline":{"pairwise_accuracy":{"value":0.5,"low":0.5,"high":0.5},"untied_pairwise_accuracy":{"value":0.5,"low":0.5,"high":0.5},"tie_rate":{"value":0.0,"low":0.0,"high":0.0},"exact_match":{"value":0.5,"low":0.5,"high":0.5},"five_best":{"value":0.5,"low":0.5,"high":0.5},"spearman":{"value":0.0,"low":0.0,"high":0.0},"kendall_tau_b":{"value":0.0,"low":0.0,"high":0.0}},"shuffled_baseline":{"pairwise_accuracy":{"value":0.0,"low":0.0,"high":0.0},"untied_pairwise_accuracy":null,"tie_rate":{"value":1.0,"low":1.0,"high":1.0},"exact_match":{"value":0.0,"low":0.0,"high":0.0},"five_best":{"value":0.5,"low":0.5,"high":0.5},"spearman":null,"kendall_tau_b":null},"pairwise_advantage":{"value":0.0,"low":0.0,"high":0.0}},"head_to_head":{"wins":1,"ties":0,"losses":0,"n_disagreements":0,"n_missing":0,"win_rate":{"value":1.0,"low":1.0,"high":1.0},"decided_win_rate":{"value":1.0,"low":0.20654931437723745,"high":1.0},"sign_test_p":1.0},"evaluator":{"name":"M1","independent":false},"lengths":{"n_responses":1,"tokens":{"mean":3.0,"median":3.0,"p90":3.0},"characters":{"mean":7.0,"median":7.0,"p90":7.0},"n_stop":1,"n_length":0,"distinct_2":1.0,"repetition_rate":null}}"#);
    }
}
