#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod error;
mod group;
#[cfg(feature = "http")]
mod http;
mod request;
mod scripted;

pub use error::Error;
pub use group::{Meter, generate_group};
#[cfg(feature = "http")]
pub use http::{HttpConfig, HttpError, OpenAi};
pub use request::{Completion, Generate, Input, Request, Sampling, WrittenToken};
pub use scripted::Scripted;
