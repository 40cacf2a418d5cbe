//! What a generator is asked and what it answers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use srlm_artifact::{FinishReason, Message};

use crate::Error;

/// How tokens are drawn.
///
/// The filters apply in this order: temperature, top-k, top-p, min-p.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sampling {
    /// Most tokens to write, the end token included.
    pub max_tokens: u32,
    /// 0 takes the likeliest token.
    pub temperature: f64,
    /// Smallest set of likeliest tokens whose probability reaches this; 1 keeps all.
    pub top_p: f64,
    /// Keep this many likeliest tokens; 0 keeps all.
    pub top_k: u32,
    /// Drop tokens less likely than this share of the likeliest; 0 keeps all.
    pub min_p: f64,
    /// Strings that end the text; they are not part of it.
    pub stop: Vec<String>,
    /// Go on past the end token until `max_tokens`. For measuring: no configuration has it.
    #[serde(skip)]
    pub ignore_eos: bool,
}

impl Default for Sampling {
    fn default() -> Self {
        Self {
            max_tokens: 256,
            temperature: 0.7,
            top_p: 0.9,
            top_k: 0,
            min_p: 0.0,
            stop: Vec::new(),
            ignore_eos: false,
        }
    }
}

impl Sampling {
    /// What is wrong with the settings, if anything: the key, and what it must be.
    pub fn problem(&self) -> Option<(&'static str, &'static str)> {
        let finite = |x: f64| x.is_finite();
        if self.max_tokens == 0 {
            Some(("max_tokens", "must be at least 1"))
        } else if !finite(self.temperature) || self.temperature < 0.0 {
            Some(("temperature", "must be a number from 0 up"))
        } else if !finite(self.top_p) || self.top_p <= 0.0 || self.top_p > 1.0 {
            Some(("top_p", "must be above 0 and at most 1"))
        } else if !finite(self.min_p) || !(0.0..1.0).contains(&self.min_p) {
            Some(("min_p", "must be at least 0 and below 1"))
        } else if self.stop.iter().any(String::is_empty) {
            Some(("stop", "must not hold an empty string"))
        } else {
            None
        }
    }
}

/// What the text follows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Input {
    /// A conversation, rendered by the model's chat template, to be answered.
    Chat(Vec<Message>),
    /// Plain text to be continued; no template, no special tokens but those that the tokenizer
    /// itself adds.
    Text(String),
    /// Tokens to be continued as they are.
    Tokens(Vec<u32>),
}

/// One input to be continued once for each seed.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Names the request in errors.
    pub id: String,
    /// What to continue.
    pub input: Input,
    /// One sample for each; a sample is a function of input, sampling, seed and model.
    pub seeds: Vec<u64>,
    /// How tokens are drawn.
    pub sampling: Sampling,
    /// How many of the likeliest tokens to report at the place of each token written; 0 reports
    /// none.
    pub top_logprobs: u32,
}

/// One sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Completion {
    /// Place of its request in the call.
    pub request_index: usize,
    /// Place of its seed in the request.
    pub sample_index: usize,
    /// The text, without special tokens and without the stop string.
    pub text: String,
    /// Why it ended.
    pub finish_reason: FinishReason,
    /// Tokens written, the end token included.
    pub n_tokens: u32,
    /// The tokens written, where the request has `top_logprobs` and the engine tells them; else
    /// empty. An end token has no text.
    pub tokens: Vec<WrittenToken>,
}

/// A token and what could have stood in its place.
#[derive(Clone, Debug, PartialEq)]
pub struct WrittenToken {
    /// Its text; a character that several tokens share stands with the last of them.
    pub text: String,
    /// The likeliest tokens at its place, likeliest first, with their log-probabilities in nats,
    /// before temperature and filters.
    pub top: Vec<(String, f64)>,
}

/// Refuses sampling settings that cannot be used.
#[cfg(feature = "http")]
pub(crate) fn check(requests: &[Request]) -> Result<(), Error> {
    let problem =
        |request: &Request| request.sampling.problem().map(|problem| (request.id.clone(), problem));
    match requests.iter().find_map(problem) {
        None => Ok(()),
        Some((id, (key, remedy))) => {
            Err(Error::Request { id, reason: format!("`{key}` {remedy}") })
        }
    }
}

/// Something that writes text: the Burn engine, a server, a script in tests.
///
/// A call is the unit of batching, of resumption and of sharding: with a deterministic engine the
/// samples of a call depend on the call's requests alone.
pub trait Generate {
    /// Names the model and engine in an artifact's key: content hash or server model name, never an
    /// address or a secret.
    fn identity(&self) -> String;

    /// Serves every seed of every request; `on_completion` gets each sample as it ends, in any
    /// order.
    ///
    /// # Errors
    /// [`Error`]; samples that had been handed over stay valid.
    fn generate(
        &mut self,
        requests: &[Request],
        on_completion: &mut dyn FnMut(Completion),
    ) -> Result<(), Error>;

    /// The answer to one prompt of one turn.
    ///
    /// # Errors
    /// Those of [`Generate::generate`].
    fn answer(&mut self, prompt: &str, sampling: &Sampling, seed: u64) -> Result<String, Error> {
        let request = Request {
            id: "prompt".to_owned(),
            input: Input::Chat(vec![Message::user(prompt)]),
            seeds: vec![seed],
            sampling: sampling.clone(),
            top_logprobs: 0,
        };
        let mut answer = None;
        self.generate(&[request], &mut |completion| answer = Some(completion.text))?;
        answer.ok_or_else(|| Error::MissingSample {
            engine: self.identity(),
            request: "prompt".to_owned(),
            sample_index: 0,
        })
    }
}

impl<G: Generate + ?Sized> Generate for Box<G> {
    fn identity(&self) -> String {
        (**self).identity()
    }

    fn generate(
        &mut self,
        requests: &[Request],
        on_completion: &mut dyn FnMut(Completion),
    ) -> Result<(), Error> {
        (**self).generate(requests, on_completion)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_cannot_be_used_are_named() {
        let check = |change: fn(&mut Sampling), expected: Option<&str>| {
            let mut sampling = Sampling::default();
            change(&mut sampling);
            assert_eq!(sampling.problem().map(|(key, _)| key), expected, "{sampling:?}");
        };
        check(|_| {}, None);
        check(|s| s.temperature = 0.0, None);
        check(|s| s.top_p = 1.0, None);
        check(|s| s.max_tokens = 0, Some("max_tokens"));
        check(|s| s.temperature = -0.1, Some("temperature"));
        check(|s| s.temperature = f64::INFINITY, Some("temperature"));
        check(|s| s.top_p = 0.0, Some("top_p"));
        check(|s| s.top_p = f64::NAN, Some("top_p"));
        check(|s| s.min_p = 1.0, Some("min_p"));
        check(|s| s.stop = vec![String::new()], Some("stop"));
    }

    #[test]
    fn unknown_keys_are_refused() {
        let mut value = serde_json::to_value(Sampling::default()).unwrap();
        assert_eq!(serde_json::from_value::<Sampling>(value.clone()).unwrap(), Sampling::default());
        value["temprature"] = 1.0.into();
        assert!(
            serde_json::from_value::<Sampling>(value)
                .unwrap_err()
                .to_string()
                .contains("temprature")
        );
    }
}
