//! A streamed answer.

use std::collections::{BTreeSet, VecDeque};
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::response::sse::Event;
use futures_core::Stream;
use serde_json::Value;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::api::{Choice, Head, Piece, Refusal};
use crate::worker::Update;

/// The events of a streamed answer.
pub(crate) struct Lines {
    head: Head,
    told: UnboundedReceiver<Update>,
    /// Tokens of the prompts, where the client asks for counts.
    prompt_tokens: Option<usize>,
    n_tokens: u64,
    /// Samples that have begun.
    begun: BTreeSet<usize>,
    /// Samples to come.
    n_left: usize,
    ready: VecDeque<Event>,
    has_ended: bool,
}

impl Lines {
    pub(crate) fn new(
        head: Head,
        told: UnboundedReceiver<Update>,
        n_choices: usize,
        prompt_tokens: Option<usize>,
    ) -> Self {
        let (begun, ready) = Default::default();
        Self {
            head,
            told,
            prompt_tokens,
            n_tokens: 0,
            begun,
            n_left: n_choices,
            ready,
            has_ended: false,
        }
    }

    fn push(&mut self, line: &Value) {
        self.ready.push_back(Event::default().data(line.to_string()));
    }

    fn take(&mut self, update: Option<Update>) {
        match update {
            Some(Update::Piece(piece)) => {
                let index = match &piece {
                    Piece::Text { index, .. } | Piece::End { index, .. } => *index,
                };
                let is_first = self.begun.insert(index);
                let mut chunk = self.head.chunk(piece, is_first);
                if self.prompt_tokens.is_some() {
                    chunk["usage"] = Value::Null;
                }
                self.push(&chunk);
            }
            Some(Update::Choice(Choice { n_tokens, .. })) => {
                self.n_tokens += u64::from(n_tokens);
                self.n_left -= 1;
            }
            Some(Update::Failed(refusal)) => self.fail(&refusal),
            Some(Update::Begun { .. } | Update::Refused(_)) => {}
            None if self.n_left > 0 => self.fail(&Refusal::broken()),
            None => {
                if let Some(prompt_tokens) = self.prompt_tokens {
                    let last = self.head.last_chunk(prompt_tokens, self.n_tokens);
                    self.push(&last);
                }
                self.ready.push_back(Event::default().data("[DONE]"));
                self.has_ended = true;
            }
        }
    }

    fn fail(&mut self, refusal: &Refusal) {
        self.push(&refusal.body());
        self.has_ended = true;
    }
}

impl Stream for Lines {
    type Item = Result<Event, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Poll::Ready(Some(Ok(event)));
            }
            if self.has_ended {
                return Poll::Ready(None);
            }
            let update = ready!(self.told.poll_recv(context));
            self.take(update);
        }
    }
}
