//! Names for samples that outlive the process.

use srlm_artifact::sha256;

use crate::Request;
use crate::http::Body;

/// `REQUEST/SAMPLE/HASH`: the request's id, the place of the seed, and 64 bits of the hash of all
/// that decides the sample: model, input, seed, sampling and log-probabilities asked for.
pub(crate) fn sample_id(model: &str, request: &Request, sample_index: usize) -> String {
    let body = Body::new(model, request, request.seeds[sample_index]);
    let hash = sha256(body.to_bytes());
    format!("{}/{sample_index}/{}", request.id, &hash[..16])
}

/// The id without its hash.
pub(crate) fn place(sample_id: &str) -> &str {
    sample_id.rsplit_once('/').map_or(sample_id, |(place, _)| place)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use srlm_artifact::Message;

    use super::*;
    use crate::{Input, Sampling};

    #[test]
    fn whatever_decides_a_sample_changes_its_id() {
        let id = |model: &str, change: fn(&mut Request)| {
            let mut request = Request {
                id: "p1".to_owned(),
                input: Input::Text("a".to_owned()),
                seeds: vec![3, 4],
                sampling: Sampling::default(),
                top_logprobs: 0,
            };
            change(&mut request);
            sample_id(model, &request, 0)
        };
        let ids = [
            id("m", |_| {}),
            id("n", |_| {}),
            id("m", |r| r.id = "p2".to_owned()),
            id("m", |r| r.input = Input::Text("b".to_owned())),
            id("m", |r| r.input = Input::Chat(vec![Message::user("a")])),
            id("m", |r| r.seeds[0] = 4),
            id("m", |r| r.sampling.max_tokens = 1),
            id("m", |r| r.sampling.ignore_eos = true),
            id("m", |r| r.top_logprobs = 5),
        ];
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len());
        assert_eq!(
            ids[0],
            id("m", |r| r.seeds = vec![3]),
            "other seeds of the request do not matter"
        );
        // Kept samples and batches in flight rest on this: a change makes all of them strangers.
        insta::assert_snapshot!(ids[0], @"p1/0/b3f1d392dee29c9f");
        assert_eq!(place(&ids[0]), "p1/0");
    }
}
