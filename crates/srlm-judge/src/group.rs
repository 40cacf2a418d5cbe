//! One call of the generator: the unit of resumption.

use std::ops::ControlFlow;

use srlm_artifact::{OnProgress, Progress};
use srlm_generate::{Completion, Generate, Request};

use crate::Error;

/// Serves the requests and gives each one's samples in order.
///
/// # Errors
/// [`Error::Generate`], [`Error::Interrupted`], [`Error::MissingSample`]
pub(crate) fn generate(
    generator: &mut dyn Generate,
    requests: &[Request],
    on_completion: &mut dyn FnMut(&Completion),
) -> Result<Vec<Vec<Completion>>, Error> {
    let mut samples: Vec<Vec<Option<Completion>>> = requests.iter().map(|r| vec![None; r.seeds.len()]).collect();
    generator.generate(requests, &mut |completion| {
        on_completion(&completion);
        let (request, sample) = (completion.request_index, completion.sample_index);
        samples[request][sample] = Some(completion);
    })?;
    let engine = generator.identity();
    let whole = |request: &Request, samples: Vec<Option<Completion>>| {
        let missing =
            |sample_index| Error::MissingSample { engine: engine.clone(), request: request.id.clone(), sample_index };
        samples.into_iter().enumerate().map(|(i, sample)| sample.ok_or_else(|| missing(i))).collect()
    };
    requests.iter().zip(samples).map(|(request, samples)| whole(request, samples)).collect()
}

/// Reports progress, and remembers that the caller asked to stop until the group is saved.
pub(crate) struct Meter<'a> {
    pub(crate) on_progress: OnProgress<'a>,
    pub(crate) progress: Progress,
    pub(crate) stop: bool,
}

impl<'a> Meter<'a> {
    pub(crate) fn new(on_progress: OnProgress<'a>, unit: &'static str, total: u64) -> Self {
        Self { on_progress, progress: Progress { done: 0, total, unit, tokens: 0 }, stop: false }
    }

    pub(crate) fn report(&mut self) {
        self.stop |= (self.on_progress)(self.progress) == ControlFlow::Break(());
    }
}
