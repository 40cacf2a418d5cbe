//! One call of the generator: the unit of resumption.

use std::ops::ControlFlow;

use srlm_artifact::{OnProgress, Progress};

use crate::{Completion, Error, Generate, Request};

/// Serves the requests and gives each one's samples in order.
///
/// # Errors
/// [`Error::MissingSample`] where the generator ended without an error and without all samples, and
/// its own.
pub fn generate_group(
    generator: &mut dyn Generate,
    requests: &[Request],
    on_completion: &mut dyn FnMut(&Completion),
) -> Result<Vec<Vec<Completion>>, Error> {
    let mut samples: Vec<Vec<Option<Completion>>> =
        requests.iter().map(|r| vec![None; r.seeds.len()]).collect();
    generator.generate(requests, &mut |completion| {
        on_completion(&completion);
        let (request, sample) = (completion.request_index, completion.sample_index);
        samples[request][sample] = Some(completion);
    })?;
    let engine = generator.identity();
    let whole = |request: &Request, samples: Vec<Option<Completion>>| {
        let missing = |sample_index| Error::MissingSample {
            engine: engine.clone(),
            request: request.id.clone(),
            sample_index,
        };
        samples
            .into_iter()
            .enumerate()
            .map(|(i, sample)| sample.ok_or_else(|| missing(i)))
            .collect()
    };
    requests.iter().zip(samples).map(|(request, samples)| whole(request, samples)).collect()
}

/// Reports progress, and remembers that the caller asked to stop until the group is saved.
pub struct Meter<'a> {
    on_progress: OnProgress<'a>,
    /// How far the stage is.
    pub progress: Progress,
    /// Whether the caller asked to stop.
    pub stop: bool,
}

impl<'a> Meter<'a> {
    /// A meter at zero of `total` units.
    pub fn new(on_progress: OnProgress<'a>, unit: &'static str, total: u64) -> Self {
        Self { on_progress, progress: Progress { done: 0, total, unit, tokens: 0 }, stop: false }
    }

    /// Tells the caller where `progress` is.
    pub fn report(&mut self) {
        self.stop |= (self.on_progress)(self.progress) == ControlFlow::Break(());
    }
}
