//! A generator for tests: answers from a function of the request and the sample's index.

use srlm_artifact::FinishReason;

use crate::{Completion, Error, Generate, Request};

/// Answers from a function `(request, sample_index) -> text`; no model involved.
pub struct Scripted<F>(pub F);

impl<F: FnMut(&Request, usize) -> String> Generate for Scripted<F> {
    fn identity(&self) -> String {
        "scripted".to_owned()
    }

    fn generate(
        &mut self,
        requests: &[Request],
        on_completion: &mut dyn FnMut(Completion),
    ) -> Result<(), Error> {
        for (request_index, request) in requests.iter().enumerate() {
            for sample_index in 0..request.seeds.len() {
                let text = (self.0)(request, sample_index);
                let n_tokens = text.split_whitespace().count() as u32 + 1;
                let finish_reason = FinishReason::Stop;
                on_completion(Completion { request_index, sample_index, text, finish_reason, n_tokens });
            }
        }
        Ok(())
    }
}
