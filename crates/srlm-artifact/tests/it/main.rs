//! The crate as its callers see it.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod audit;
mod changed;
mod crash;
mod fixtures;
mod jsonl;
mod locking;
mod metrics;
mod open;
mod round_trip;
mod samples;
mod shard;
mod shared;
mod snapshots;
mod write;
