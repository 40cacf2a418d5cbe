#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod accuracy_change;
mod agreement;
pub mod alpaca_eval;
pub mod anchors;
mod answer_rates;
pub mod benchmarks;
mod best;
mod bootstrap;
mod calibration;
pub mod compare;
mod comparison_row;
pub mod controlled;
mod error;
mod estimate;
mod evaluation;
pub mod funnel;
mod group_measures;
mod head_to_head;
pub mod human;
pub mod ifeval;
mod judge_rates;
pub mod judging;
mod kappa;
mod lengths;
mod match_up;
mod measured;
pub mod mt_bench;
mod outputs;
mod position;
mod rank;
mod rating_table;
mod report;
mod rows_file;
mod ruling;
pub mod safety;
mod sign_test;
mod stage;
mod stop;
pub mod study;
#[cfg(test)]
mod testing;
pub mod trace;
mod verdict;

pub use accuracy_change::{accuracy_change, accuracy_sign_test};
pub use agreement::{
    Agreement, Measures, RankedGroup, RankedResponse, agreement, agreement_in_trees,
};
pub use answer_rates::{AnswerRates, answer_rates};
pub use best::{Best, best};
pub use bootstrap::Bootstrap;
pub use calibration::{Calibration, ReliabilityBin, calibration};
pub use comparison_row::ComparisonRow;
pub use error::Error;
pub use estimate::Estimate;
pub use evaluation::{Evaluation, Evaluator, HeldOutLoss, VerdictForm};
pub use funnel::{Funnel, IterationFunnel, funnel};
pub use head_to_head::{Comparison, HeadToHead, Outcome, Preference, head_to_head};
pub use judge_rates::{JudgeRates, judge_rates};
pub use kappa::{cohen_kappa, fleiss_kappa, quadratic_kappa};
pub use lengths::{Distribution, Lengths, lengths};
pub use match_up::{MatchUp, Versus, match_up};
pub use outputs::{SingleAnswer, TurnAnswers, alpaca_eval_outputs, mt_bench_answers};
pub use position::{PositionBias, position_bias};
pub use rank::kendall_tau_b;
pub use rating_table::{Ratings, rating_table};
pub use report::{
    CurveFinding, CurveState, ExampleScores, Facts, Folder, FolderState, IterationSummary,
    JudgingExamples, KeyMeasures, ModelSummary, PairExample, RunSummary, curve_findings,
    pair_examples, render, summary_json, summary_markdown,
};
pub use sign_test::{sign_test, wilson};
pub use srlm_artifact::{pearson, spearman};
pub use stage::{begin, read, write};
pub use stop::{Stop, StopConfig, StopLimits, stop};
pub use trace::{Trace, trace};
pub use verdict::{Change, Finding, Verdict, VerdictRules};
