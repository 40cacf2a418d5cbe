//! Preference training as an objective of the training loop.

use burn::tensor::{IndexingUpdateOp, Int, Tensor, TensorData};
use srlm_model::{Conversation, PackedSequences, Scored};
use srlm_train::{Measures, Objective, StepNumbers};

use crate::lengths::desensitize;
use crate::loss::{LossSettings, PairLogps, preference_loss};

/// A pair as the loop sees it.
#[derive(Clone, Debug)]
pub struct PairExample {
    /// Names the pair in errors.
    pub id: String,
    /// Prompt and chosen response.
    pub chosen: Conversation,
    /// Prompt and rejected response.
    pub rejected: Conversation,
    /// Log-probability of the chosen response under the reference, in nats.
    pub ref_chosen_logps: f64,
    /// Log-probability of the rejected response under the reference, in nats.
    pub ref_rejected_logps: f64,
    /// Trust in the order of the two, see [`preference_loss`](crate::preference_loss).
    pub label_weight: f64,
}

/// A preference loss over [`PairExample`]s: the mean over pairs.
#[derive(Clone, Debug)]
pub struct PreferenceObjective {
    /// Which losses.
    pub loss: LossSettings,
    /// Weight of tokens beyond the shorter response's length; 1 weighs all alike.
    pub ld_alpha: f64,
}

impl Objective for PreferenceObjective {
    type Example = PairExample;

    fn id<'a>(&self, pair: &'a PairExample) -> &'a str {
        &pair.id
    }

    fn n_tokens(&self, pair: &PairExample) -> usize {
        pair.chosen.ids.len() + pair.rejected.n_response()
    }

    fn tokens<'a>(&self, pair: &'a PairExample) -> &'a [u32] {
        &pair.chosen.ids
    }

    fn weight(&self, _: &PairExample) -> f64 {
        1.0
    }

    fn pack(&self, pairs: &[&PairExample]) -> (PackedSequences, Scored) {
        pack(pairs.iter().map(|p| &p.chosen).chain(pairs.iter().map(|p| &p.rejected)))
    }

    fn loss(
        &self,
        token_logps: Tensor<1>,
        scored: &Scored,
        pairs: &[&PairExample],
        step: StepNumbers,
    ) -> (Tensor<1>, Measures) {
        let (n, device) = (pairs.len(), token_logps.device());
        let token_logps = match desensitize(scored, n, self.ld_alpha) {
            Some(weights) => {
                token_logps * Tensor::from_data(TensorData::from(weights.as_slice()), &device)
            }
            None => token_logps,
        };
        let logps = response_logps(token_logps, scored, 2 * n);
        let (chosen, rejected) = (logps.clone().narrow(0, 0, n), logps.narrow(0, n, n));
        let column = |of: fn(&PairExample) -> f64| {
            let values: Vec<f32> = pairs.iter().map(|pair| of(pair) as f32).collect();
            Tensor::<1>::from_data(TensorData::from(values.as_slice()), &device)
        };
        let logps = PairLogps {
            chosen: chosen.clone(),
            rejected: rejected.clone(),
            ref_chosen: column(|pair| pair.ref_chosen_logps),
            ref_rejected: column(|pair| pair.ref_rejected_logps),
            n_chosen: column(|pair| pair.chosen.n_response() as f64),
            n_rejected: column(|pair| pair.rejected.n_response() as f64),
        };
        let all_trusted = pairs.iter().all(|pair| pair.label_weight == 1.0);
        let weights = (!all_trusted).then(|| column(|pair| pair.label_weight));
        let result = preference_loss(logps, weights, &self.loss);
        let (chosen_rewards, rejected_rewards) =
            (host(result.chosen_rewards), host(result.rejected_rewards));
        let sum = |values: &[f32]| values.iter().map(|&v| f64::from(v)).sum();
        let n_correct =
            chosen_rewards.iter().zip(&rejected_rewards).filter(|(c, r)| c > r).count() as u32;
        let measures = Measures {
            n_pairs: n as u32,
            n_chosen: n as u32,
            n_rejected: n as u32,
            rewards_chosen: sum(&chosen_rewards),
            rewards_rejected: sum(&rejected_rewards),
            n_correct,
            logps_chosen: sum(&host(chosen.detach())),
            logps_rejected: sum(&host(rejected.detach())),
        };
        (result.losses.sum() / step.total_weight, measures)
    }
}

/// Conversations as the rows of a pass, with the tokens of their responses scored.
pub(crate) fn pack<'a>(
    conversations: impl Iterator<Item = &'a Conversation> + Clone,
) -> (PackedSequences, Scored) {
    let sequences: Vec<&[u32]> = conversations.clone().map(|c| c.ids.as_slice()).collect();
    let starts: Vec<usize> = conversations.map(|c| c.response_start).collect();
    let packed = PackedSequences::inputs_of(&sequences);
    let scored = packed.scored(&sequences, &starts);
    (packed, scored)
}

/// Sums of the scored tokens of each of `n` responses, `[n]`.
pub(crate) fn response_logps(token_logps: Tensor<1>, scored: &Scored, n: usize) -> Tensor<1> {
    let device = token_logps.device();
    let owners: Vec<i32> = scored.sequences.iter().map(|&sequence| sequence as i32).collect();
    let owners = Tensor::<1, Int>::from_data(TensorData::from(owners.as_slice()), &device);
    Tensor::<1>::zeros([n], &device).select_assign(0, owners, token_logps, IndexingUpdateOp::Add)
}

pub(crate) fn host(x: Tensor<1>) -> Vec<f32> {
    x.into_data().try_into_vec().expect("losses are in f32")
}
