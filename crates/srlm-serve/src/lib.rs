#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod api;
mod calls;
mod limits;
mod origin;
mod server;
mod stream;
#[cfg(test)]
mod testing;
mod worker;

pub use limits::Limits;
pub use server::{Error, Server, Settings};
