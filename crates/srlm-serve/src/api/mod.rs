//! The JSON of the interface.

mod answer;
mod asked;

pub(crate) use answer::{Choice, Head, Piece, Token, refusal};
pub(crate) use asked::{Asked, Form};
