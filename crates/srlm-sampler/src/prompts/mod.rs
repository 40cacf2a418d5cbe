//! The stage that finds new prompts: `iter-T/prompts`. A model writes them, or they are drawn from
//! a pool.

mod config;
mod draw;
mod dropped;
mod generate;
mod pool;
mod rounds;
mod select;

pub(crate) use config::check_sampling;
pub use config::{Config, Source};
pub use draw::{DrawInputs, draw};
pub use generate::{Inputs, run};
pub use pool::{PoolRow, PromptPool, read_pool};
use serde_json::Value;
use srlm_artifact::{Artifact, Input, PromptRow, Prompts, Settings, Stage, stage};

use crate::Error;

const STAGE: Stage = stage!("srlm-sampler/prompts", 2);

/// The settings that can change the result: those that `decides` accepts.
fn settings(config: &Config, decides: impl Fn(&str) -> bool) -> Settings {
    // Earlier versions had `ignore_eos`.
    let mut settings = Settings::of(config).with_default("sampling.ignore_eos", &false);
    if let Value::Object(fields) = &mut *settings {
        fields.retain(|key, _| decides(key));
    }
    settings
}

fn as_inputs(earlier: &[Artifact<Prompts>]) -> impl Iterator<Item = Input> {
    earlier.iter().enumerate().map(|(i, prompts)| prompts.as_input(&format!("earlier-{}", i + 1)))
}

fn rows_of(earlier: &[Artifact<Prompts>]) -> Result<Vec<PromptRow>, Error> {
    let rows: Vec<Vec<PromptRow>> = earlier.iter().map(Artifact::rows).collect::<Result<_, _>>()?;
    Ok(rows.concat())
}
