//! The run's configuration: one strict TOML, presets, overrides.

use std::collections::BTreeMap;

use anyhow::{Context, anyhow, bail};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use srlm_dpo::DpoConfig;
use srlm_generate::{HttpConfig, Sampling};
use srlm_judge::JudgeConfig;
use srlm_model::EngineConfig;
use srlm_pairs::PairsConfig;
use srlm_sampler::{prompts, responses};
use srlm_sft::SftConfig;
use srlm_train::TrainRuntime;
use toml::{Table, Value};

use crate::exit::{Exit, OrExit};
use crate::roles::RolesTable;

/// Presets by name; every value is written out in each.
pub(crate) const PRESETS: [(&str, &str); 3] = [
    ("smollm2", include_str!("../../configs/smollm2.toml")),
    ("tiny", include_str!("../../configs/tiny.toml")),
    ("paper", include_str!("../../configs/paper.toml")),
];

/// A whole run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunConfig {
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
    /// Preference training, M_t -> M_{t+1}.
    pub(crate) dpo: DpoConfig,
    /// Evaluation of every model.
    pub(crate) eval: EvalTable,
    /// Who writes prompts, answers them and judges the answers.
    pub(crate) roles: RolesTable,
    /// Servers that play roles, by name.
    pub(crate) engines: BTreeMap<String, HttpConfig>,
    /// The decode engine.
    pub(crate) engine: EngineConfig,
    /// What differs from machine to machine and never changes what is computed.
    pub(crate) runtime: RuntimeTable,
}

/// The run itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunTable {
    /// Names the run's folder under `runs/`.
    pub(crate) name: String,
    /// Seed of everything random.
    pub(crate) seed: u64,
    /// Rounds of self-rewarding after M1.
    pub(crate) iterations: u32,
}

/// Where M0 comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ModelTable {
    /// A Hugging Face folder, a GGUF file, `hub:OWNER/NAME[@REVISION]`, `package:NAME==VERSION`, or `tiny:`.
    pub(crate) source: String,
}

/// Seed data: JSON Lines with the columns of the `ift` and `eft` artifacts; `tiny:` is written by a grammar.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DataTable {
    /// Instruction-following examples to train on.
    pub(crate) ift: String,
    /// Instruction-following examples to evaluate on.
    pub(crate) ift_held_out: String,
    /// Judging examples to train on; empty trains no judge.
    pub(crate) eft: String,
    /// Ranked judging examples to evaluate on.
    pub(crate) eft_held_out: String,
}

/// Evaluation of every model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EvalTable {
    /// Held-out prompts that each model answers, for lengths and head-to-head.
    pub(crate) n_prompts: usize,
    /// How the answers are drawn.
    pub(crate) sampling: Sampling,
    /// Judgments of each held-out ranked response.
    pub(crate) judgments: u32,
    /// Compare each model with the one before, judged by the one before.
    pub(crate) head_to_head: bool,
    /// How the comparing judge says which answer is better.
    pub(crate) verdict: VerdictForm,
    /// How the comparing judge's words are drawn, where they are written.
    pub(crate) verdict_sampling: Sampling,
    /// Bootstrap resamples of every interval.
    pub(crate) bootstrap_samples: u32,
}

/// How a comparison is read off the judge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum VerdictForm {
    /// The judge reasons and writes its verdict, as the paper's does; models that do not keep to the form give none.
    Written,
    /// The likelier of the two verdicts, without reasoning: even a model that never writes one has an opinion.
    Likelihood,
}

/// What differs from machine to machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RuntimeTable {
    /// `cpu`, `cuda:N` or `wgpu`.
    pub(crate) device: String,
    /// CPU threads; 0 takes all.
    pub(crate) threads: usize,
    /// Sizes of training passes.
    pub(crate) train: TrainRuntime,
}

/// Reads a preset or a file and applies `key=value` overrides.
pub(crate) fn load(path: Option<&std::path::Path>, preset: Option<&str>, set: &[String]) -> anyhow::Result<RunConfig> {
    let (name, text) = match (path, preset) {
        (Some(path), None) => {
            let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()));
            (path.display().to_string(), text.or_exit(Exit::Config)?)
        }
        (Some(_), Some(_)) => {
            return Err(anyhow!("give a configuration file or --preset, not both")).or_exit(Exit::Config);
        }
        (None, preset) => {
            let preset = preset.unwrap_or(PRESETS[0].0);
            let known: Vec<&str> = PRESETS.iter().map(|(name, _)| *name).collect();
            let text = PRESETS.iter().find(|(name, _)| *name == preset).map(|(_, text)| (*text).to_owned());
            let unknown = || anyhow!("no preset {preset:?}: there are {}", known.join(", "));
            (format!("preset {preset}"), text.ok_or_else(unknown).or_exit(Exit::Config)?)
        }
    };
    parse(&name, &text, set).or_exit(Exit::Config)
}

fn parse(name: &str, text: &str, set: &[String]) -> anyhow::Result<RunConfig> {
    // Parsed once for its precise errors, then again with the overrides.
    if set.is_empty() {
        let config: RunConfig = toml::from_str(text).with_context(|| format!("in {name}"))?;
        return config.validated();
    }
    let mut table: Table = toml::from_str(text).with_context(|| format!("in {name}"))?;
    for assignment in set {
        assign(&mut table, assignment)?;
    }
    let config: RunConfig =
        table.try_into().with_context(|| format!("in {name} with --set {}", set.join(" --set ")))?;
    config.validated()
}

/// Sets `a.b.c=value`; the value is TOML, or a string where it is none.
fn assign(table: &mut Table, assignment: &str) -> anyhow::Result<()> {
    let Some((path, value)) = assignment.split_once('=') else {
        bail!("--set {assignment}: write it as key=value");
    };
    let parsed = toml::from_str::<Table>(&format!("value = {value}")).ok().and_then(|mut t| t.remove("value"));
    let value = parsed.unwrap_or_else(|| Value::String(value.to_owned()));
    let keys: Vec<&str> = path.split('.').collect();
    let (last, parents) = keys.split_last().context("--set needs a key")?;
    let mut at = table;
    for key in parents {
        let entry = at.entry((*key).to_owned()).or_insert_with(|| Value::Table(Table::new()));
        at = entry.as_table_mut().with_context(|| format!("--set {assignment}: {key} is not a table"))?;
    }
    at.insert((*last).to_owned(), value);
    Ok(())
}

impl RunConfig {
    fn validated(self) -> anyhow::Result<Self> {
        if self.run.name.is_empty() || self.run.name.contains(['/', '\\']) || self.run.name.starts_with('.') {
            bail!("run.name = {:?} must be a plain folder name", self.run.name);
        }
        self.sft.validate().context("in [sft]")?;
        self.prompts.validate().context("in [prompts]")?;
        self.responses.validate().context("in [responses]")?;
        self.judge.validate().context("in [judge]")?;
        self.pairs.validate().context("in [pairs]")?;
        self.dpo.validate().context("in [dpo]")?;
        for (name, server) in &self.engines {
            server.validate().with_context(|| format!("in [engines.{name}]"))?;
            if ["self", "m0"].contains(&name.as_str()) {
                bail!("[engines.{name}]: {name} names a model of the loop; give the engine another name");
            }
        }
        for (key, sampling) in [("sampling", &self.eval.sampling), ("verdict_sampling", &self.eval.verdict_sampling)] {
            if let Some((field, must)) = sampling.problem() {
                bail!("eval.{key}.{field} {must}");
            }
        }
        if self.engine.max_rows == 0 || self.engine.prefill_tokens == 0 {
            bail!("engine.max_rows and engine.prefill_tokens must be at least 1");
        }
        Ok(self)
    }

    /// The configuration as TOML, every value written out.
    pub(crate) fn to_toml(&self) -> anyhow::Result<String> {
        toml::to_string_pretty(self).context("cannot write the configuration as TOML")
    }
}
