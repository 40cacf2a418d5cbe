//! The command line as people and programs use it.
#![allow(clippy::unwrap_used)]

mod command;
mod commands;
mod exports;
mod rounds;
mod study;
mod tiny_loop;
