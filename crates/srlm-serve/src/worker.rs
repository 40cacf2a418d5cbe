//! The thread that has the model: calls that wait are served together.

use std::sync::mpsc::Receiver;

use srlm_artifact::FinishReason;
use srlm_generate::{Completion, Error, Request};
use srlm_model::{Engine, Event, TokenScore};
use tokio::sync::mpsc::UnboundedSender;

use crate::api::{Asked, Choice, Piece, Token};

/// What a call is told; after the last, its channel closes.
#[derive(Debug)]
pub(crate) enum Update {
    /// It will be served: tokens of all its prompts.
    Begun { prompt_tokens: usize },
    /// Part of a sample, where the call streams.
    Piece(Piece),
    /// A finished sample.
    Choice(Choice),
    /// It cannot be served as it is.
    Refused(String),
    /// The engine failed or the server stops.
    Failed(String),
}

/// A call that waits.
pub(crate) struct Job {
    pub(crate) asked: Asked,
    /// Seed of its first sample.
    pub(crate) seed: u64,
    pub(crate) updates: UnboundedSender<Update>,
}

/// Serves until nobody can send any more.
pub(crate) fn work(mut engine: Engine, jobs: &Receiver<Job>) {
    while let Ok(first) = jobs.recv() {
        let together: Vec<Job> = std::iter::once(first).chain(jobs.try_iter()).collect();
        serve(&mut engine, together);
    }
}

/// A job whose prompts are known.
struct Open {
    job: Job,
    prompts: Vec<Vec<u32>>,
    /// What of each sample was streamed, and what is held back because a stop string might begin there.
    streams: Vec<Streamed>,
    /// Samples whose tokens are still to be scored: tokens written.
    written: Vec<(Choice, Vec<u32>)>,
}

#[derive(Clone, Default)]
struct Streamed {
    text: String,
    n_sent: usize,
}

impl Open {
    /// Whether anyone still listens is not asked: work that is under way ends by itself.
    fn tell(&self, update: Update) {
        let _ = self.job.updates.send(update);
    }

    fn stream(&mut self, index: usize, text: &str) {
        let hold = self.job.asked.sampling.stop.iter().map(|stop| stop.len().saturating_sub(1)).max().unwrap_or(0);
        let streamed = &mut self.streams[index];
        streamed.text.push_str(text);
        let sure = streamed.text.floor_char_boundary(streamed.text.len().saturating_sub(hold));
        let stops = self.job.asked.sampling.stop.iter().any(|stop| streamed.text.contains(stop.as_str()));
        if !stops && sure > streamed.n_sent {
            let text = streamed.text[streamed.n_sent..sure].to_owned();
            streamed.n_sent = sure;
            self.tell(Update::Piece(Piece::Text { index, text }));
        }
    }

    fn done(&mut self, choice: Choice, tokens: Vec<u32>) {
        if self.job.asked.n_top.is_some() || self.job.asked.echo {
            return self.written.push((choice, tokens));
        }
        if self.job.asked.stream {
            let rest = choice.text.get(self.streams[choice.index].n_sent..).unwrap_or_default();
            if !rest.is_empty() {
                self.tell(Update::Piece(Piece::Text { index: choice.index, text: rest.to_owned() }));
            }
            self.tell(Update::Piece(Piece::End { index: choice.index, finish: choice.finish }));
        }
        self.tell(Update::Choice(choice));
    }
}

fn serve(engine: &mut Engine, jobs: Vec<Job>) {
    let mut open: Vec<Open> = jobs.into_iter().filter_map(|job| begin(engine, job)).collect();
    let mut requests = Vec::new();
    // Of each request its job, and the place of its prompt there.
    let mut places = Vec::new();
    for (at, open) in open.iter().enumerate().filter(|(_, open)| open.job.asked.sampling.max_tokens > 0) {
        let prompts = 0..open.prompts.len();
        requests.extend(prompts.clone().map(|prompt| request(&open.job, prompt)));
        places.extend(prompts.map(|prompt| (at, prompt)));
    }
    let generated = engine.run(&requests, &mut |event| match event {
        Event::Text { request_index, sample_index, text } => {
            let (at, prompt) = places[request_index];
            if open[at].job.asked.stream {
                let n = open[at].job.asked.n as usize;
                open[at].stream(prompt * n + sample_index, text);
            }
        }
        Event::Done(completion, tokens) => {
            let (at, prompt) = places[completion.request_index];
            let index = prompt * open[at].job.asked.n as usize + completion.sample_index;
            open[at].done(choice(completion, index), tokens.to_vec());
        }
    });
    if let Err(error) = generated {
        let told = match &error {
            Error::Interrupted => "the server stops".to_owned(),
            error => error.to_string(),
        };
        open.iter().for_each(|open| open.tell(Update::Failed(told.clone())));
        return;
    }
    open.into_iter().for_each(|open| score(engine, open));
}

fn request(job: &Job, prompt: usize) -> Request {
    let Asked { inputs, n, sampling, .. } = &job.asked;
    let first = prompt as u64 * u64::from(*n);
    Request {
        id: format!("prompt {prompt}"),
        input: inputs[prompt].clone(),
        seeds: (0..u64::from(*n)).map(|sample| job.seed.wrapping_add(first + sample)).collect(),
        sampling: sampling.clone(),
        top_logprobs: 0,
    }
}

/// Takes a job in, unless it cannot be served.
fn begin(engine: &Engine, job: Job) -> Option<Open> {
    let tokens = |prompt| {
        let mut request = request(&job, prompt);
        request.sampling.max_tokens = request.sampling.max_tokens.max(1);
        engine.prompt_tokens(&request)
    };
    match (0..job.asked.inputs.len()).map(tokens).collect::<Result<Vec<_>, _>>() {
        Err(error) => {
            let _ = job.updates.send(Update::Refused(error.to_string()));
            None
        }
        Ok(prompts) => {
            let _ = job.updates.send(Update::Begun { prompt_tokens: prompts.iter().map(Vec::len).sum() });
            let mut open = Open { job, prompts, streams: Vec::new(), written: Vec::new() };
            let n_choices = open.prompts.len() * open.job.asked.n as usize;
            open.streams = vec![Streamed::default(); n_choices];
            if open.job.asked.sampling.max_tokens == 0 {
                let nothing = |index| Choice {
                    index,
                    text: String::new(),
                    finish: FinishReason::Length,
                    n_tokens: 0,
                    tokens: None,
                };
                open.written = (0..n_choices).map(|index| (nothing(index), Vec::new())).collect();
            }
            Some(open)
        }
    }
}

fn choice(completion: Completion, index: usize) -> Choice {
    let Completion { text, finish_reason, n_tokens, .. } = completion;
    Choice { index, text, finish: finish_reason, n_tokens, tokens: None }
}

/// Tells the samples whose tokens are to be scored or whose prompts are to be told.
fn score(engine: &Engine, mut open: Open) {
    let Asked { n, n_top, echo, .. } = open.job.asked;
    let written = std::mem::take(&mut open.written);
    let prompt = |choice: &Choice| &open.prompts[choice.index / n as usize];
    let sequences: Vec<Vec<u32>> =
        written.iter().map(|(choice, tokens)| [prompt(choice).as_slice(), tokens].concat()).collect();
    let scores = match n_top {
        Some(n_top) => engine.score(&sequences.iter().map(Vec::as_slice).collect::<Vec<_>>(), n_top as usize),
        None => vec![Vec::new(); sequences.len()],
    };
    let tokenizer = engine.tokenizer();
    // Ids of the vocabulary can be decoded, as the prompt's tokens were checked.
    let text = |ids: &[u32]| tokenizer.decode(ids, false).unwrap_or_default();
    for (((mut choice, _), sequence), scores) in written.into_iter().zip(&sequences).zip(scores) {
        let n_prompt = prompt(&choice).len();
        if n_top.is_some() {
            let first = Token { text: text(&sequence[..1]), logp: None, top: Vec::new() };
            let token = |score: TokenScore| Token {
                text: text(&[score.id]),
                logp: Some(score.logp),
                top: score.top.iter().map(|(id, logp)| (text(&[*id]), *logp)).collect(),
            };
            let tokens = std::iter::once(first).chain(scores.into_iter().map(token));
            choice.tokens = Some(tokens.skip(if echo { 0 } else { n_prompt }).collect());
        }
        if echo {
            choice.text.insert_str(0, &text(&sequence[..n_prompt]));
        }
        open.tell(Update::Choice(choice));
    }
}
