//! A client for servers that speak OpenAI's completions and chat forms, such as vLLM, SGLang and
//! llama.cpp.

mod answer;
mod body;
mod client;
mod config;
mod error;
mod generate;
mod logprobs;
mod retry;

pub(crate) use answer::{Answer, Sample};
pub(crate) use body::Body;
pub use client::OpenAi;
pub use config::HttpConfig;
pub use error::HttpError;
