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
    /// The model against the one before it; `None` for M1.
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
    /// The model against the one before it; `None` for M1.
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
