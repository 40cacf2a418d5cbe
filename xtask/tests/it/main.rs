//! The command line as people and programs use it.
#![allow(clippy::unwrap_used)]

mod command;
mod commands;
mod exports;
mod external;
mod rounds;
mod tiny_loop;
mod training;
