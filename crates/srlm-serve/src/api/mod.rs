//! The JSON of the interface.

mod answer;
mod asked;
mod body;
mod logprobs;
mod refusal;
mod unserved;

pub(crate) use answer::{Choice, Head, Piece};
pub(crate) use asked::{Asked, Form};
pub(crate) use logprobs::Token;
pub(crate) use refusal::Refusal;
