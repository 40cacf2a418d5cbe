#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod anchors;
mod cli;
mod commands;
mod conclude;
mod config;
mod console;
mod cpu;
mod device;
mod eft;
mod evaluate;
mod exit;
mod external;
mod folders;
mod iterate;
mod judging;
mod library;
mod paths;
mod plan;
mod preferences;
mod program;
mod roles;
mod run;
mod safety;
mod seed;
mod source;
mod stages;
mod study;
mod tiny;
mod validation;
mod verdicts;

pub use crate::config::RunConfig;
pub use crate::library::{Error, iterate};
pub use crate::program::main;
