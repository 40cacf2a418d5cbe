#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod accounting;
mod chat;
mod clusters;
mod columns;
mod config;
mod dedup;
mod error;
mod example;
mod field;
mod files;
mod format;
mod human;
mod ids;
mod import;
mod limits;
mod near;
mod oasst;
#[cfg(feature = "parquet")]
mod parquet_rows;
mod read;
mod sides;
mod split;
mod target;
mod write;

pub use accounting::{Accounting, Reason};
pub use config::{ImportConfig, OnBadRow};
pub use error::{Error, Place, Problem};
pub use format::Format;
pub use human::{HumanData, HumanFormat, HumanGroup, HumanResponse, read_human};
pub use import::{Imported, import};
pub use write::Written;
