//! Imports as users make them: files in, artifact folders out.
#![allow(clippy::unwrap_used, clippy::print_stderr, missing_docs)]

mod folder;
mod formats;
mod human;
mod oasst;
mod packed;
mod properties;
mod real_data;
mod rows;
