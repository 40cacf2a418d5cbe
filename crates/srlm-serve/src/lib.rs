#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod api;
mod calls;
mod server;
mod stream;
#[cfg(test)]
mod testing;
mod worker;

pub use server::{Error, Server, Settings};
