//! The client against a server that misbehaves on request and against a real one, and files of requests and results.
#![allow(clippy::unwrap_used)]

mod client;
mod faults;
mod real;
mod server;
