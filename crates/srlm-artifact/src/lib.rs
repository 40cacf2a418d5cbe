#![doc = include_str!("../README.md")]

mod prompt;
mod rows;
mod score;
mod seed;

pub use prompt::{Message, Prompt, Role};
pub use rows::{
    EftRow, FinishReason, IftRow, JudgmentFailure, JudgmentRow, MetricsRow, PairRow, PromptRow, PromptSource,
    RefLogpsRow, ResponseRow,
};
pub use score::Score;
pub use seed::row_seed;
