#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod aggregation;
mod artifact;
mod aside;
mod audit;
mod begin;
mod canonical;
mod changed;
mod clock;
mod correlation;
mod error;
mod files;
mod finite;
mod format;
mod hash;
mod journal;
mod jsonl;
mod judge_health;
mod kind;
pub mod layout;
mod lock;
mod make;
mod manifest;
mod metrics;
mod progress;
mod prompt;
mod recipe;
mod row;
mod row_checks;
mod rows;
mod score;
mod seal;
mod seed;
mod settings;
mod shard;
mod shared;
mod staging;
mod tensorboard;
mod verify;
mod writer;

pub use aggregation::{Aggregation, aggregate, scores};
pub use artifact::{Artifact, Origin};
pub use aside::move_aside;
pub use audit::{Audit, Finding, audit};
pub use begin::{Begin, begin};
pub use correlation::{pearson, spearman};
pub use error::Error;
pub use format::Format;
pub use hash::{hex, sha256, sha256_file};
pub use journal::{Journal, damaged};
pub use jsonl::{parse_row, read_jsonl, read_rows, to_line};
pub use judge_health::{Correlation, JudgeHealth};
pub use kind::{
    Battles, Eft, Eval, HandOver, Ift, Judgments, Kind, Model, Pairs, Prompts, RefLogps, Responses,
    Study, Unpaired, UnpairedRefLogps,
};
pub use lock::RunLock;
pub use make::{Made, make, make_part};
pub use manifest::{Counts, Environment, FileEntry, Manifest};
pub use metrics::{append_metric, read_metrics, write_metrics};
pub use progress::{OnProgress, Progress};
pub use prompt::{Message, Prompt, Role};
pub use recipe::{Input, Recipe, Stage};
pub use row::{NoRow, Row, RowProblem, SortKey};
pub use rows::{
    BattleFailure, BattleRow, BattleWinner, EftRow, FinishReason, IftRow, JudgmentFailure,
    JudgmentRow, MetricsRow, PairRow, PromptRow, PromptSource, RefLogpsRow, ResponseRow,
    UnpairedRefLogpsRow, UnpairedRow,
};
pub use score::Score;
pub use seal::{check_seal, seal};
pub use seed::{Place, row_seed};
pub use settings::Settings;
pub use shard::{Shard, merge};
pub use shared::share_runs;
pub use tensorboard::write_tensorboard;
pub use verify::{Found, inspect, verify_dir};
pub use writer::Writer;
