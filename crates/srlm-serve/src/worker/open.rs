//! A call under way.

use srlm_artifact::FinishReason;
use srlm_checkpoint::Tokenizer;
use srlm_generate::{Completion, Input, Request};
use srlm_model::{Engine, TokenScore};

use super::sample::Sample;
use super::{Job, Update};
use crate::api::{Asked, Choice, Piece, Refusal};

/// A call whose prompts are known.
pub(super) struct Open {
    job: Job,
    prompts: Vec<Vec<u32>>,
    /// What of each sample was streamed, and what is held back because a stop string might begin
    /// there.
    streams: Vec<Streamed>,
    /// Finished samples that are still to be scored or to get their prompt, with the tokens
    /// written.
    written: Vec<(Choice, Vec<u32>)>,
    /// Samples that are not finished.
    n_left: usize,
}

#[derive(Clone, Default)]
struct Streamed {
    text: String,
    n_sent: usize,
}

impl Open {
    /// Takes a job in, unless it cannot be served or nobody waits for it.
    pub(super) fn begin(engine: &Engine, job: Job) -> Option<Self> {
        if job.updates.is_closed() {
            return None;
        }
        let prompts = match prompts(engine, &job) {
            Ok(prompts) => prompts,
            Err(refusal) => {
                let _ = job.updates.send(Update::Refused(refusal));
                return None;
            }
        };
        let n_choices = job.asked.n_choices();
        let prompt_tokens = prompts.iter().map(Vec::len).sum();
        let (streams, written) = (vec![Streamed::default(); n_choices], Vec::new());
        let mut open = Self { job, prompts, streams, written, n_left: n_choices };
        open.tell(Update::Begun { prompt_tokens, n_choices });
        if open.job.asked.sampling.max_tokens == 0 {
            let finish = FinishReason::Length;
            let nothing =
                |index| Choice { index, text: String::new(), finish, n_tokens: 0, tokens: None };
            open.written = (0..n_choices).map(|index| (nothing(index), Vec::new())).collect();
            open.n_left = 0;
        }
        Some(open)
    }

    /// What the engine is asked, one request a prompt.
    pub(super) fn requests(&self) -> Vec<Request> {
        if self.n_left == 0 {
            return Vec::new();
        }
        self.prompts
            .iter()
            .enumerate()
            .map(|(prompt, tokens)| request(&self.job, prompt, tokens.clone()))
            .collect()
    }

    /// A client that is gone is noticed between passes.
    pub(super) fn tell(&self, update: Update) {
        let _ = self.job.updates.send(update);
    }

    /// Whether nobody waits for it any more.
    pub(super) fn is_abandoned(&self) -> bool {
        self.job.updates.is_closed()
    }

    /// Whether all its samples are written.
    pub(super) fn is_written(&self) -> bool {
        self.n_left == 0
    }

    /// Takes in more text of a sample.
    pub(super) fn grow(&mut self, prompt: usize, sample: usize, text: &str) {
        let Asked { n, stream, ref sampling, .. } = self.job.asked;
        if !stream {
            return;
        }
        let index = prompt * n as usize + sample;
        let hold = sampling.stop.iter().map(|stop| stop.len().saturating_sub(1)).max().unwrap_or(0);
        let streamed = &mut self.streams[index];
        streamed.text.push_str(text);
        let sure = streamed.text.floor_char_boundary(streamed.text.len().saturating_sub(hold));
        let stops = sampling.stop.iter().any(|stop| streamed.text.contains(stop.as_str()));
        if !stops && sure > streamed.n_sent {
            let text = streamed.text[streamed.n_sent..sure].to_owned();
            streamed.n_sent = sure;
            self.tell(Update::Piece(Piece::Text { index, text }));
        }
    }

    /// Takes in a finished sample.
    pub(super) fn end(&mut self, prompt: usize, completion: Completion, tokens: &[u32]) {
        let Asked { n, n_top, echo, stream, .. } = self.job.asked;
        let index = prompt * n as usize + completion.sample_index;
        let Completion { text, finish_reason: finish, n_tokens, .. } = completion;
        let choice = Choice { index, text, finish, n_tokens, tokens: None };
        self.n_left -= 1;
        if n_top.is_some() || echo {
            return self.written.push((choice, tokens.to_vec()));
        }
        if stream {
            let rest = choice.text.get(self.streams[index].n_sent..).unwrap_or_default();
            if !rest.is_empty() {
                self.tell(Update::Piece(Piece::Text { index, text: rest.to_owned() }));
            }
            self.tell(Update::Piece(Piece::End { index, finish }));
        }
        self.tell(Update::Choice(choice));
    }

    /// Prompt and text of every sample that is to be scored.
    pub(super) fn sequences(&self) -> Vec<Vec<u32>> {
        let sequence =
            |(choice, tokens): &(Choice, Vec<u32>)| [self.prompt(choice).1, tokens].concat();
        if self.n_top().is_some() {
            self.written.iter().map(sequence).collect()
        } else {
            Vec::new()
        }
    }

    /// How many of the likeliest tokens are asked for, where log-probabilities are.
    pub(super) fn n_top(&self) -> Option<u32> {
        self.job.asked.n_top
    }

    /// Tells the samples that waited for this; `scores` are those of [`Open::sequences`], and more
    /// may follow.
    pub(super) fn finish(
        mut self,
        tokenizer: &Tokenizer,
        scores: &mut dyn Iterator<Item = Vec<TokenScore>>,
    ) {
        let written = std::mem::take(&mut self.written);
        for (choice, tokens) in written {
            let scores = self.n_top().and_then(|_| scores.next()).unwrap_or_default();
            let (input, prompt) = self.prompt(&choice);
            let sample =
                Sample { asked: &self.job.asked, input, prompt, written: &tokens, scores: &scores };
            self.tell(Update::Choice(sample.tell(tokenizer, choice)));
        }
    }

    fn prompt(&self, choice: &Choice) -> (&Input, &[u32]) {
        let prompt = choice.index / self.job.asked.n as usize;
        (&self.job.asked.inputs[prompt], &self.prompts[prompt])
    }
}

/// Bytes of text a token of the context: no text of the model's context has more on average, and
/// what has is refused before it costs a tokenizer's time.
const MOST_TOKEN_BYTES: usize = 32;

/// Bytes of a prompt, four for each token id.
fn n_bytes(input: &Input) -> usize {
    match input {
        Input::Text(text) => text.len(),
        Input::Tokens(ids) => ids.len().saturating_mul(4),
        Input::Chat(messages) => messages.iter().map(|message| message.content.len()).sum(),
    }
}

/// The tokens of a job's prompts, once it is known that they can be served.
fn prompts(engine: &Engine, job: &Job) -> Result<Vec<Vec<u32>>, Refusal> {
    let key = job.asked.form.key();
    let refuse =
        |error: srlm_generate::Error| Refusal::of(key, format!("cannot be served: {error}"));
    let context = engine.model().config().context();
    let writes = job.asked.sampling.max_tokens > 0;
    let most = context.saturating_mul(MOST_TOKEN_BYTES);
    let of = |(prompt, input): (usize, &Input)| {
        let n_bytes = n_bytes(input);
        if n_bytes > most {
            return Err(Refusal::too_many_bytes(key, n_bytes, most));
        }
        let tokens = engine.encode(&id(prompt), input).map_err(refuse)?;
        if tokens.len() + usize::from(writes) > context {
            return Err(Refusal::too_long(key, tokens.len(), context));
        }
        if writes {
            engine.prompt_tokens(&request(job, prompt, tokens)).map_err(refuse)
        } else {
            Ok(tokens)
        }
    };
    job.asked.inputs.iter().enumerate().map(of).collect()
}

fn request(job: &Job, prompt: usize, tokens: Vec<u32>) -> Request {
    let Asked { n, ref sampling, .. } = job.asked;
    let first = prompt as u64 * u64::from(n);
    Request {
        id: id(prompt),
        input: Input::Tokens(tokens),
        seeds: (0..u64::from(n)).map(|sample| job.seed.wrapping_add(first + sample)).collect(),
        sampling: sampling.clone(),
        top_logprobs: 0,
    }
}

/// Names a prompt in errors.
fn id(prompt: usize) -> String {
    format!("for prompt {prompt}")
}
