#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod api;
mod server;
mod worker;

pub use server::{Error, Server, Settings};
