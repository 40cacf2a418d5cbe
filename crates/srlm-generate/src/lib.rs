#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod group;
#[cfg(feature = "http")]
mod http;
mod request;
mod scripted;

pub use group::{Meter, generate_group};
#[cfg(feature = "http")]
pub use http::{HttpConfig, HttpError, OpenAi};
pub use request::{Completion, Error, Generate, Input, Request, Sampling, WrittenToken};
pub use scripted::Scripted;
