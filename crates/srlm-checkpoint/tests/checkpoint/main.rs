//! Real and broken models, read as a user's would be.

#![allow(clippy::unwrap_used)]

mod folders;
mod models;
mod save;
mod smollm2;
mod tiny;
