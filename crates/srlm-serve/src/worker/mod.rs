//! The thread that has the model: calls that wait are served together.

mod open;
mod sample;

use std::collections::BTreeMap;

use srlm_generate::Error;
use srlm_model::{Engine, Event};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

use crate::api::{Asked, Choice, Piece, Refusal};
use open::Open;

/// What a call is told; after the last, its channel closes.
#[derive(Debug)]
pub(crate) enum Update {
    /// It will be served: tokens of all its prompts, and samples to come.
    Begun { prompt_tokens: usize, n_choices: usize },
    /// Part of a sample, where the call streams.
    Piece(Piece),
    /// A finished sample.
    Choice(Choice),
    /// It cannot be served as it is.
    Refused(Refusal),
    /// The engine failed or the server stops.
    Failed(Refusal),
}

/// A call that waits.
pub(crate) struct Job {
    pub(crate) asked: Asked,
    /// Seed of its first sample.
    pub(crate) seed: u64,
    pub(crate) updates: UnboundedSender<Update>,
}

/// Serves until nobody can send any more.
pub(crate) fn work(mut engine: Engine, mut jobs: UnboundedReceiver<Job>) {
    while let Some(first) = jobs.blocking_recv() {
        let together =
            std::iter::once(first).chain(std::iter::from_fn(|| jobs.try_recv().ok())).collect();
        serve(&mut engine, together);
    }
}

fn serve(engine: &mut Engine, jobs: Vec<Job>) {
    let begun = jobs.into_iter().filter_map(|job| Open::begin(engine, job));
    let mut open: BTreeMap<usize, Open> = begun.enumerate().collect();
    if let Err(error) = complete(engine, &mut open) {
        let why = match error {
            Error::Interrupted => Refusal::stopping(),
            error => Refusal::failed(error.to_string()),
        };
        open.values().for_each(|open| open.tell(Update::Failed(why.clone())));
    }
}

/// Writes and scores; each call leaves `open`, and so its channel closes, as soon as it has all it
/// asked for.
fn complete(engine: &mut Engine, open: &mut BTreeMap<usize, Open>) -> Result<(), Error> {
    finish(engine, open)?;
    let (mut requests, mut places) = (Vec::new(), Vec::new());
    for (&at, open) in &*open {
        // Of each request its call, and the place of its prompt there.
        for (prompt, request) in open.requests().into_iter().enumerate() {
            requests.push(request);
            places.push((at, prompt));
        }
    }
    if requests.is_empty() {
        return Ok(());
    }
    let mut serving = engine.serve(&requests)?;
    while !open.is_empty()
        && serving.pass(&mut |event| {
            let request = match &event {
                Event::Text { request_index, .. } => *request_index,
                Event::Done(completion, _) => completion.request_index,
            };
            let (at, prompt) = places[request];
            let Some(open) = open.get_mut(&at) else { return };
            match event {
                Event::Text { sample_index, text, .. } => open.grow(prompt, sample_index, text),
                Event::Done(completion, tokens) => open.end(prompt, completion, tokens),
            }
        })?
    {
        finish(serving.engine(), open)?;
    }
    Ok(())
}

/// Ends calls that nobody waits for and those that are all written; what they want scored is scored
/// together.
fn finish(engine: &Engine, open: &mut BTreeMap<usize, Open>) -> Result<(), Error> {
    open.retain(|_, open| !open.is_abandoned());
    let written = || open.values().filter(|open| open.is_written());
    let sequences: Vec<Vec<u32>> = written().flat_map(Open::sequences).collect();
    let n_top = written().filter_map(Open::n_top).max().unwrap_or(0);
    let scores =
        engine.score(&sequences.iter().map(Vec::as_slice).collect::<Vec<_>>(), n_top as usize)?;
    let scores = &mut scores.into_iter();
    for (_, open) in open.extract_if(.., |_, open| open.is_written()) {
        open.finish(engine.tokenizer(), scores);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use serde_json::{Value, json};
    use srlm_model::EngineConfig;
    use tokio::sync::mpsc::unbounded_channel;

    use super::*;
    use crate::testing::{asked, engine};

    fn job(body: &Value) -> (Job, UnboundedReceiver<Update>) {
        let (updates, told) = unbounded_channel();
        (Job { asked: asked(body), seed: 1, updates }, told)
    }

    /// Everything that a call is told; it ends when the channel closes.
    fn all(mut told: UnboundedReceiver<Update>) -> Vec<Update> {
        std::iter::from_fn(|| told.blocking_recv()).collect()
    }

    /// More than anybody waits for.
    fn endless() -> Value {
        json!({ "prompt": vec!["b"; 100], "n": 128, "max_tokens": 500, "ignore_eos": true })
    }

    #[test]
    fn a_call_ends_with_its_own_last_sample() {
        let mut engine = engine(EngineConfig::default());
        let interrupt = engine.interrupt().clone();
        let (long, of_long) = job(&endless());
        let short = json!({ "prompt": "a", "n": 2, "max_tokens": 3, "ignore_eos": true });
        let scored = json!({ "prompt": "a b", "max_tokens": 2, "logprobs": 1, "ignore_eos": true });
        let given =
            json!({ "prompt": ["a b", "a c d"], "max_tokens": 0, "logprobs": 0, "echo": true });
        let (jobs, told): (Vec<Job>, Vec<_>) = [short, scored, given].iter().map(job).unzip();
        let jobs = std::iter::once(long).chain(jobs).collect();
        let serving = std::thread::spawn(move || serve(&mut engine, jobs));
        for (told, n) in told.into_iter().zip([2, 1, 2]) {
            let told = all(told);
            assert!(
                matches!(told[0], Update::Begun { n_choices, .. } if n_choices == n),
                "{told:?}"
            );
            assert!(
                told.len() == 1 + n
                    && told[1..].iter().all(|told| matches!(told, Update::Choice(_))),
                "{told:?}"
            );
        }
        // What is finished stays so when the rest fails.
        interrupt.store(true, std::sync::atomic::Ordering::Relaxed);
        serving.join().unwrap();
        let told = all(of_long);
        assert!(
            matches!(told.last(), Some(Update::Failed(why)) if why.status == StatusCode::SERVICE_UNAVAILABLE)
        );
    }

    #[test]
    fn nothing_is_written_for_a_client_that_is_gone() {
        let mut engine = engine(EngineConfig::default());
        let (gone, told) = job(&endless());
        drop(told);
        serve(&mut engine, vec![gone]);
        assert_eq!(engine.throughput().decode_tokens, 0);
        // Nor any more once it goes.
        let (going, mut told) = job(&endless());
        let serving = std::thread::spawn(move || {
            serve(&mut engine, vec![going]);
            engine.throughput().decode_tokens
        });
        told.blocking_recv().unwrap();
        drop(told);
        assert!(serving.join().unwrap() < 100 * 128 * 500);
    }

    #[test]
    fn a_text_beyond_any_context_is_refused_before_it_is_tokenized() {
        let mut engine = engine(EngineConfig::default());
        let (job, told) = job(&json!({ "prompt": "a".repeat(512 * 32 + 1) }));
        serve(&mut engine, vec![job]);
        let told = all(told);
        assert!(
            matches!(&told[..], [Update::Refused(why)] if why.message.contains("has 16385 bytes")),
            "{told:?}"
        );
    }

    #[test]
    fn a_prompt_may_be_as_long_as_what_is_done_with_it_allows() {
        let mut engine = engine(EngineConfig { cache_tokens: 50, ..EngineConfig::default() });
        let mut check = |n_prompt: usize, max_tokens: u32, expected: Option<&str>| {
            let prompt = vec![3; n_prompt];
            let body =
                json!({ "prompt": prompt, "max_tokens": max_tokens, "echo": true, "logprobs": 0 });
            let (job, told) = job(&body);
            serve(&mut engine, vec![job]);
            let told = all(told);
            match (&told[0], expected) {
                (Update::Begun { prompt_tokens, .. }, None) => {
                    assert_eq!((*prompt_tokens, told.len()), (n_prompt, 2))
                }
                (Update::Refused(why), Some(expected)) => {
                    assert!(why.body().to_string().contains(expected), "{why:?}")
                }
                told => panic!("{n_prompt}, {max_tokens}: {told:?}"),
            }
        };
        check(512, 0, None);
        check(513, 0, Some("context_length_exceeded"));
        check(512, 1, Some("context_length_exceeded"));
        check(40, 10, None);
        check(40, 11, Some("--cache-tokens"));
    }
}
