//! Training on single responses as an objective of the training loop.

use burn::module::Module;
use burn::tensor::{Tensor, TensorData};
use srlm_model::{Model, PackedSequences, Scored};
use srlm_train::{Measures, Objective, StepNumbers};

use super::{Unpaired, UnpairedExample, UnpairedLogps, unpaired_loss};
use crate::objective::{host, pack, response_logps};

/// A loss of [`UnpairedExample`]s: the mean over responses.
#[derive(Clone, Copy, Debug)]
pub struct UnpairedObjective {
    /// The loss; its `kl` is found anew in each step.
    pub loss: Unpaired,
    /// Whether the divergence is estimated (KTO) or 0 (APO-zero).
    pub with_kl: bool,
}

impl Objective for UnpairedObjective {
    type Example = UnpairedExample;

    fn id<'a>(&self, example: &'a UnpairedExample) -> &'a str {
        &example.id
    }

    fn n_tokens(&self, example: &UnpairedExample) -> usize {
        example.conversation.ids.len()
    }

    fn tokens<'a>(&self, example: &'a UnpairedExample) -> &'a [u32] {
        &example.conversation.ids
    }

    fn weight(&self, _: &UnpairedExample) -> f64 {
        1.0
    }

    /// The mean log-ratio of mismatched responses, at least 0.
    fn constant(
        &self,
        model: &Model,
        examples: &[&UnpairedExample],
        micro_batch_tokens: usize,
    ) -> f64 {
        if !self.with_kl {
            return 0.0;
        }
        let model = model.valid();
        let (mut sum, mut rest) = (0.0, examples);
        while !rest.is_empty() {
            let mut tokens = 0;
            let fits = |example: &&&UnpairedExample| {
                tokens += example.mismatched.ids.len();
                tokens <= micro_batch_tokens
            };
            let (now, later) = rest.split_at(rest.iter().take_while(fits).count().max(1));
            let (packed, scored) = pack(now.iter().map(|example| &example.mismatched));
            let logps = scored.sums(&host(model.token_logps(&packed, &scored)), now.len());
            sum += logps
                .iter()
                .zip(now)
                .map(|(logp, example)| logp - example.ref_mismatched_logps)
                .sum::<f64>();
            rest = later;
        }
        (sum / examples.len() as f64).max(0.0)
    }

    fn pack(&self, examples: &[&UnpairedExample]) -> (PackedSequences, Scored) {
        pack(examples.iter().map(|example| &example.conversation))
    }

    fn loss(
        &self,
        token_logps: Tensor<1>,
        scored: &Scored,
        examples: &[&UnpairedExample],
        step: StepNumbers,
    ) -> (Tensor<1>, Measures) {
        let device = token_logps.device();
        let column = |of: fn(&UnpairedExample) -> f64| {
            let values: Vec<f32> = examples.iter().map(|example| of(example) as f32).collect();
            Tensor::<1>::from_data(TensorData::from(values.as_slice()), &device)
        };
        let policy = response_logps(token_logps, scored, examples.len());
        let logps = UnpairedLogps {
            policy: policy.clone(),
            reference: column(|example| example.ref_logps),
            desirable: column(|example| f64::from(example.desirable)),
        };
        let result = unpaired_loss(logps, &Unpaired { kl: step.constant, ..self.loss });
        let measures = measures(examples, &host(result.rewards), &host(policy.detach()));
        (result.losses.sum() / step.total_weight, measures)
    }
}

fn measures(examples: &[&UnpairedExample], rewards: &[f32], logps: &[f32]) -> Measures {
    let mut sums = Measures::default();
    for ((example, &reward), &logp) in examples.iter().zip(rewards).zip(logps) {
        let (n, rewards, logps) = if example.desirable {
            (&mut sums.n_chosen, &mut sums.rewards_chosen, &mut sums.logps_chosen)
        } else {
            (&mut sums.n_rejected, &mut sums.rewards_rejected, &mut sums.logps_rejected)
        };
        *n += 1;
        *rewards += f64::from(reward);
        *logps += f64::from(logp);
    }
    sums
}
