#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used))]

#[cfg(feature = "http")]
mod batch;
mod error;
mod group;
#[cfg(feature = "http")]
mod http;
#[cfg(feature = "http")]
mod kept;
mod request;
#[cfg(feature = "http")]
mod sample_id;
mod scripted;

#[cfg(feature = "http")]
pub use batch::{BatchReader, BatchWriter};
pub use error::Error;
pub use group::{Meter, generate_group};
#[cfg(feature = "http")]
pub use http::{HttpConfig, HttpError, OpenAi};
#[cfg(feature = "http")]
pub use kept::Kept;
pub use request::{Completion, Generate, Input, Request, Sampling, WrittenToken};
pub use scripted::Scripted;
