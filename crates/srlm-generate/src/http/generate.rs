//! Many exchanges at once.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use super::retry::Halt;
use super::{HttpError, OpenAi};
use crate::request::check;
use crate::{Completion, Error, Generate, Request};

/// How often the caller's wish to stop is looked for while no answer comes.
const LOOK: Duration = Duration::from_millis(100);

impl Generate for OpenAi {
    /// The model's name at the server.
    fn identity(&self) -> String {
        self.config.model.clone()
    }

    /// The first error ends the call, as soon as the requests under way have ended.
    fn generate(
        &mut self,
        requests: &[Request],
        on_completion: &mut dyn FnMut(Completion),
    ) -> Result<(), Error> {
        check(requests)?;
        let place = |(i, request): (usize, &Request)| {
            (0..request.seeds.len()).map(move |sample| (i, sample))
        };
        let places: Vec<_> = requests.iter().enumerate().flat_map(place).collect();
        let (next, halt) = (AtomicUsize::new(0), Halt::default());
        let (sender, receiver) = mpsc::channel();
        let work = |sender: mpsc::Sender<Result<Completion, Error>>| {
            while !halt.is_set() {
                let Some(&place) = places.get(next.fetch_add(1, Ordering::Relaxed)) else { break };
                let Some(result) = self.serve(requests, place, &halt).transpose() else { break };
                if sender.send(result).is_err() {
                    break;
                }
            }
        };
        thread::scope(|scope| {
            for _ in 0..places.len().min(self.config.concurrency as usize) {
                let sender = sender.clone();
                scope.spawn(|| work(sender));
            }
            drop(sender);
            self.collect(&receiver, &halt, on_completion)
        })
    }
}

impl OpenAi {
    /// Hands the samples over until all workers have ended; an error or the caller's wish makes
    /// them end early.
    fn collect(
        &self,
        receiver: &mpsc::Receiver<Result<Completion, Error>>,
        halt: &Halt,
        on_completion: &mut dyn FnMut(Completion),
    ) -> Result<(), Error> {
        let mut outcome = Ok(());
        loop {
            if outcome.is_ok() && self.interrupt.load(Ordering::Relaxed) {
                outcome = Err(Error::Interrupted);
            }
            if outcome.is_err() {
                halt.set();
            }
            match receiver.recv_timeout(LOOK) {
                Ok(Ok(completion)) => on_completion(completion),
                Ok(Err(error)) => outcome = outcome.and(Err(error)),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return outcome,
            }
        }
    }

    /// Serves one seed of one request; `None` if it was halted.
    fn serve(
        &self,
        requests: &[Request],
        (request_index, sample_index): (usize, usize),
        halt: &Halt,
    ) -> Result<Option<Completion>, Error> {
        let request = &requests[request_index];
        let sample = self.complete(request, request.seeds[sample_index], halt).map_err(
            |error| match error {
                HttpError::Status { status: 400 | 413 | 422, .. } => {
                    Error::Request { id: request.id.clone(), reason: error.to_string() }
                }
                error => {
                    Error::Engine { engine: self.config.model.clone(), source: Box::new(error) }
                }
            },
        )?;
        Ok(sample.map(|sample| sample.completion(request_index, sample_index)))
    }
}
