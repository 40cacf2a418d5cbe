//! The command line as people and programs use it.
#![allow(clippy::unwrap_used)]

mod command;
mod commands;
mod evaluation;
mod exports;
mod external;
mod judging;
mod library;
mod on_rows;
mod people;
mod rounds;
mod runs_of_0_1;
mod serve;
mod stand_in;
mod study;
mod tiny_loop;
mod training;
