//! The client against a server that misbehaves on request and against a real one, and files of
//! requests and results.
#![allow(clippy::unwrap_used)]

mod batch;
mod client;
mod faults;
mod kept;
mod real;
mod server;
