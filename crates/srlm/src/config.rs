//! The run's configuration: what a file changes over a preset and over the defaults.
//!
//! Every key has a default in code, in the `Default` of the type that reads it. A preset is a file
//! of differences over them, a user's file one over a preset or over the defaults, and `--set`
//! changes single values of that.

mod diff;
mod layers;
mod lines;
mod names;
mod schema;
mod show;
mod tables;
mod validate;

use std::collections::BTreeMap;

use anyhow::Context;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use srlm_dpo::DpoConfig;
use srlm_eval::StopConfig;
use srlm_eval::anchors::AnchorsConfig;
use srlm_eval::safety::SafetyConfig;
use srlm_external::ExternalConfig;
use srlm_generate::HttpConfig;
use srlm_judge::JudgeConfig;
use srlm_judge::eft::EftConfig;
use srlm_judge::meta::{BattlesConfig, JudgePairsConfig};
use srlm_model::EngineConfig;
use srlm_pairs::PairsConfig;
use srlm_sampler::{prompts, responses};
use srlm_sft::SftConfig;

pub(crate) use self::diff::diff;
pub(crate) use self::layers::{load, saved, with_overrides};
pub(crate) use self::show::documented;
pub(crate) use self::tables::{
    Baseline, DataTable, EvalTable, Method, ModelTable, Opponents, RoundTable, RunTable,
    RuntimeTable, Unpaired,
};
use crate::roles::RolesTable;

/// A whole run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunConfig {
    /// The run itself.
    pub(crate) run: RunTable,
    /// Where M0 comes from.
    pub(crate) model: ModelTable,
    /// Seed data.
    pub(crate) data: DataTable,
    /// Supervised fine-tuning, M0 -> M1.
    pub(crate) sft: SftConfig,
    /// Prompt generation.
    pub(crate) prompts: prompts::Config,
    /// Candidate responses.
    pub(crate) responses: responses::Config,
    /// LLM-as-a-Judge.
    pub(crate) judge: JudgeConfig,
    /// Preference pairs.
    pub(crate) pairs: PairsConfig,
    /// What a round does beyond the paper's.
    pub(crate) round: RoundTable,
    /// Judging examples made of ranked responses.
    pub(crate) eft: EftConfig,
    /// Comparisons of judgments by the meta-judge.
    pub(crate) battles: BattlesConfig,
    /// Pairs of judgments, to train the judge on.
    pub(crate) judge_pairs: JudgePairsConfig,
    /// Preference training, M_t -> M_{t+1}.
    pub(crate) dpo: DpoConfig,
    /// Training by another program, where an engine is `"external"`.
    pub(crate) external: ExternalConfig,
    /// Evaluation of every model.
    pub(crate) eval: EvalTable,
    /// Known answers that the judge is tested with.
    pub(crate) anchors: AnchorsConfig,
    /// Harmful and harmless prompts that every model answers.
    pub(crate) safety: SafetyConfig,
    /// When the loop stops before its last iteration.
    pub(crate) stop: StopConfig,
    /// Who writes prompts, answers them and judges the answers.
    pub(crate) roles: RolesTable,
    /// Servers that play roles, by name.
    pub(crate) engines: BTreeMap<String, HttpConfig>,
    /// The decode engine.
    pub(crate) engine: EngineConfig,
    /// What differs from machine to machine and never changes what is computed.
    pub(crate) runtime: RuntimeTable,
}

impl RunConfig {
    /// The configuration as TOML, every value written out.
    pub(crate) fn to_toml(&self) -> anyhow::Result<String> {
        toml::to_string_pretty(self).context("cannot write the configuration as TOML")
    }
}
