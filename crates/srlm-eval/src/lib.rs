#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod agreement;
pub mod alpaca_eval;
pub mod benchmarks;
mod bootstrap;
pub mod controlled;
mod error;
mod estimate;
mod evaluation;
pub mod funnel;
mod group_measures;
mod head_to_head;
pub mod ifeval;
mod lengths;
pub mod mt_bench;
mod outputs;
mod rank;
mod report;
mod sign_test;
mod stage;
#[cfg(test)]
mod testing;
pub mod trace;
mod verdict;

pub use agreement::{Agreement, Measures, RankedGroup, RankedResponse, agreement};
pub use bootstrap::Bootstrap;
pub use error::Error;
pub use estimate::Estimate;
pub use evaluation::{Evaluation, Evaluator, HeldOutLoss, Measurements};
pub use funnel::{Funnel, IterationFunnel, funnel};
pub use head_to_head::{Comparison, HeadToHead, Outcome, Preference, head_to_head};
pub use lengths::{Distribution, Lengths, lengths};
pub use outputs::{SingleAnswer, TurnAnswers, alpaca_eval_outputs, mt_bench_answers};
pub use rank::{kendall_tau_b, spearman};
pub use report::{
    Facts, Folder, FolderState, IterationSummary, JudgeHealth, ModelSummary, PairExample, RunSummary, pair_examples,
    render, summary_json, summary_markdown,
};
pub use sign_test::{sign_test, wilson};
pub use stage::{begin, read, write};
pub use trace::{Trace, trace};
pub use verdict::{Verdict, verdict};
