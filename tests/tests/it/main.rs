//! One binary for all tests that need several crates: Burn is linked once.
#![allow(clippy::unwrap_used, clippy::print_stderr, missing_docs)]

mod adapters;
mod boundaries;
mod curves;
mod engine;
mod loss;
mod models;
mod parity;
mod passes;
mod reference;
mod training;
mod unpaired;
mod validation;
