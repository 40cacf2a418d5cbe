#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod error;
mod filter;
mod lcs;
mod merge;
mod parse;
mod pool;
pub mod prompts;
mod recipe;
pub mod responses;
mod rouge;
mod stem;
mod template;

// What it takes to sample responses, for programs that have no other crate of this workspace.
pub use srlm_artifact::{Place, PromptRow, PromptSource, ResponseRow};
pub use srlm_generate::{Generate, Sampling, Scripted};

pub use error::Error;
pub use filter::{DropReason, Filter, FilterConfig, Rejection};
pub use merge::merge;
pub use parse::{Answers, Parsed, parse};
pub use pool::{Nearest, Pool};
pub use rouge::{Rouge, RougeScore, Stemming, rouge};
pub use template::{Form, render};
