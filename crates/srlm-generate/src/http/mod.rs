//! A client for servers that speak OpenAI's completions and chat forms, such as vLLM, SGLang and llama.cpp.

mod client;
mod config;
mod error;
mod generate;
mod retry;
mod wire;

pub use client::OpenAi;
pub use config::HttpConfig;
pub use error::HttpError;
