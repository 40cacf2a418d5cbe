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
                let tokens = Vec::new();
                on_completion(Completion {
                    request_index,
                    sample_index,
                    text,
                    finish_reason,
                    n_tokens,
                    tokens,
                });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Input, Sampling};

    #[test]
    fn every_seed_of_every_request_is_answered_in_order() {
        let request = |id: &str, seeds: Vec<u64>| {
            let input = Input::Text(String::new());
            Request {
                id: id.to_owned(),
                input,
                seeds,
                sampling: Sampling::default(),
                top_logprobs: 0,
            }
        };
        let mut generator =
            Scripted(|request: &Request, i: usize| format!("{}{}", request.id, request.seeds[i]));
        let mut texts = Vec::new();
        let requests = [request("a", vec![1, 2]), request("b", vec![]), request("c", vec![3])];
        generator
            .generate(&requests, &mut |c| texts.push((c.request_index, c.sample_index, c.text)))
            .unwrap();
        assert_eq!(
            texts,
            [(0, 0, "a1".to_owned()), (0, 1, "a2".to_owned()), (2, 0, "c3".to_owned())]
        );
    }
}
