#![doc = include_str!("../README.md")]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod adamw;
mod attention;
mod attention_backward;
mod cpu;
mod exp;
mod layout;
mod logps;
mod matrix;
mod norm;
mod packed;
mod rope;
mod rows;
mod sample;
mod swiglu;
mod tile;
mod vector;

pub use adamw::{AdamW, adamw, sum_of_squares};
pub use attention::{Heads, attention};
pub use attention_backward::{Attended, attention_backward};
pub use cpu::{Cpu, CpuError};
pub use layout::{Layout, Run};
pub use logps::{
    are_probabilities_kept, token_logps, token_logps_backward, token_logps_kept,
    token_logps_kept_backward, token_logps_packed,
};
pub use matrix::{Matrix, Threads, matmul};
pub use norm::{rms_norm, rms_norm_backward};
pub use packed::{PackedMatrix, matmul_packed};
pub use rope::{RopeTable, rope_in_place};
pub use sample::{Filter, sample, token_logp, top_logps};
pub use swiglu::{swiglu, swiglu_backward};
