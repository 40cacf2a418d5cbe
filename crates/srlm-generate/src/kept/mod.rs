//! Finished samples survive what ends a call.

mod samples;

use std::num::NonZeroUsize;
use std::path::PathBuf;

use self::samples::{Line, Samples};
use crate::sample_id::sample_id;
use crate::{Completion, Error, Generate, Request};

/// Writes each sample to a file as it ends, and serves from there what an earlier attempt finished.
///
/// For engines that cost money or take long: without this an interruption would lose what a call
/// had so far. A kept sample is served only to a request with the same id, place, seed, input,
/// sampling and engine identity.
///
/// The file is opened by the first call, in a folder that is there by then. A line that a crash of
/// the process tore is dropped; a crash of the system may cost the last lines of a call.
pub struct Kept<G> {
    inner: G,
    path: PathBuf,
    samples: Option<Samples>,
    group: Option<NonZeroUsize>,
}

impl<G: Generate> Kept<G> {
    /// Keeps each sample of `inner` at `path`: for engines whose samples do not depend on what is
    /// asked beside them.
    pub fn new(inner: G, path: PathBuf) -> Self {
        Self { inner, path, samples: None, group: None }
    }

    /// Asks `group` requests at a time, and asks a group again that was not finished: for engines
    /// whose last bits move with the batch. What they write is then the same with and without
    /// interruptions.
    pub fn in_groups(inner: G, path: PathBuf, group: NonZeroUsize) -> Self {
        Self { group: Some(group), ..Self::new(inner, path) }
    }
}

impl<G: Generate> Generate for Kept<G> {
    /// That of the engine.
    fn identity(&self) -> String {
        self.inner.identity()
    }

    /// # Errors
    /// Those of the engine, and [`Error::File`]; where a sample cannot be written, the call goes on
    /// to its end.
    fn generate(
        &mut self,
        requests: &[Request],
        on_completion: &mut dyn FnMut(Completion),
    ) -> Result<(), Error> {
        let samples = match self.samples.take() {
            Some(samples) => samples,
            None => Samples::open(&self.path)?,
        };
        let samples = self.samples.insert(samples);
        let group = self.group.map_or(requests.len().max(1), NonZeroUsize::get);
        for (i, requests) in requests.chunks(group).enumerate() {
            let told = &mut |mut completion: Completion| {
                completion.request_index += i * group;
                on_completion(completion);
            };
            serve(&mut self.inner, requests, samples, self.group.is_some(), told)?;
        }
        Ok(())
    }
}

/// Serves requests from what is kept and by the engine; `all_or_none` asks all where one sample is
/// missing.
fn serve(
    inner: &mut dyn Generate,
    requests: &[Request],
    samples: &mut Samples,
    all_or_none: bool,
    on_completion: &mut dyn FnMut(Completion),
) -> Result<(), Error> {
    let model = inner.identity();
    let is_kept = |request: &Request, i| samples.get(&sample_id(&model, request, i)).is_some();
    let is_whole = |request: &Request| (0..request.seeds.len()).all(|i| is_kept(request, i));
    let (rest, places) = if all_or_none && !requests.iter().all(is_whole) {
        let every = |(i, request): (usize, &Request)| (i, (0..request.seeds.len()).collect());
        (requests.to_vec(), requests.iter().enumerate().map(every).collect())
    } else {
        serve_kept(&model, requests, samples, on_completion)
    };
    let mut written = Ok(());
    let generated = inner.generate(&rest, &mut |mut completion| {
        let (request_index, sample_indices) = &places[completion.request_index];
        completion.request_index = *request_index;
        completion.sample_index = sample_indices[completion.sample_index];
        let request = &requests[completion.request_index];
        if written.is_ok() {
            let id = sample_id(&model, request, completion.sample_index);
            written = samples.append(id, Line::new(request, &completion));
        }
        on_completion(completion);
    });
    let synced = samples.sync();
    generated.and(written.and(synced).map_err(Error::File))
}

/// The requests with the seeds that are still to be served, and for each its place and the places
/// of those seeds.
type Rest = (Vec<Request>, Vec<(usize, Vec<usize>)>);

/// Hands over the samples that are there.
fn serve_kept(
    model: &str,
    requests: &[Request],
    samples: &Samples,
    on_completion: &mut dyn FnMut(Completion),
) -> Rest {
    let mut rest = Rest::default();
    for (request_index, request) in requests.iter().enumerate() {
        let mut missing = Vec::new();
        for sample_index in 0..request.seeds.len() {
            match samples.get(&sample_id(model, request, sample_index)) {
                Some(line) => on_completion(line.completion(request_index, sample_index)),
                None => missing.push(sample_index),
            }
        }
        if !missing.is_empty() {
            let seeds = missing.iter().map(|&i| request.seeds[i]).collect();
            rest.0.push(Request { seeds, ..request.clone() });
            rest.1.push((request_index, missing));
        }
    }
    rest
}
