#![doc = include_str!("../README.md")]

mod request;
mod scripted;

pub use request::{Completion, Error, Generate, Input, Request, Sampling};
pub use scripted::Scripted;
