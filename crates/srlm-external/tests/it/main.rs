//! Settings that other programs read, and folders that they give back.
#![allow(clippy::unwrap_used)]

mod rendered;
mod returned;
mod samples;
mod stage;
