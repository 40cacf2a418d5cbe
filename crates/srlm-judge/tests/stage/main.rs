//! The stage with a scripted judge.
#![allow(clippy::unwrap_used)]

mod fixture;
mod options;
mod resume;
mod shards;
