//! The run's configuration: one strict TOML, presets, overrides.

use std::collections::BTreeMap;

use anyhow::{Context, anyhow, bail};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use srlm_dpo::DpoConfig;
use srlm_eval::anchors::AnchorsConfig;
use srlm_eval::controlled::{BradleyTerry, LengthControl};
use srlm_eval::safety::SafetyConfig;
use srlm_eval::{StopConfig, VerdictForm, VerdictRules};
use srlm_external::ExternalConfig;
use srlm_generate::{HttpConfig, Sampling};
use srlm_judge::JudgeConfig;
use srlm_judge::eft::EftConfig;
use srlm_judge::meta::{BattlesConfig, JudgePairsConfig};
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
    ("smollm2", include_str!("../../../configs/smollm2.toml")),
    ("tiny", include_str!("../../../configs/tiny.toml")),
    ("paper", include_str!("../../../configs/paper.toml")),
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
    /// A Hugging Face folder, a GGUF file, `hub:OWNER/NAME[@REVISION]`, `package:NAME==VERSION`, or
    /// `tiny:`.
    pub(crate) source: String,
}

/// Seed data: JSON Lines with the columns of the `ift` and `eft` artifacts; `tiny:` is written by a
/// grammar.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DataTable {
    /// Instruction-following examples to train on.
    pub(crate) ift: String,
    /// Instruction-following examples to evaluate on.
    pub(crate) ift_held_out: String,
    /// Judging examples to train on; empty trains no judge.
    pub(crate) eft: String,
    /// Ranked judging examples to evaluate on; empty takes those that `ranked_*` give for
    /// evaluation.
    pub(crate) eft_held_out: String,
    /// Prompts that checkpoints are compared on where `validation.by = "judge"`, in the columns of
    /// the `prompts` artifact; empty for none.
    pub(crate) validation: String,
    /// Prompts with responses that people ranked, in the columns of the `prompts` artifact, as
    /// `import` writes them. The SFT baseline judges the responses, and judgments that agree with
    /// people become judging examples; empty for none.
    pub(crate) ranked_prompts: String,
    /// The ranked responses, in the columns of the `responses` artifact; `sample_index` is the
    /// rank, 0 the best.
    pub(crate) ranked_responses: String,
    /// What the SFT baseline that judges them is trained on.
    pub(crate) baseline: Baseline,
    /// Questions with a right and a wrong answer each, in the columns `prompt`, `right` and
    /// `wrong`: the judge is tested with them beside those of `[anchors]`, and nothing is trained
    /// on them; empty for none.
    pub(crate) anchors: String,
    /// Prompts labeled safe or unsafe, in the columns of XSTest, that every model answers; empty
    /// for none.
    pub(crate) safety_prompts: String,
    /// Share of the prompts of `ift`, and of those of `eft`, whose examples are used, above 0 and
    /// at most 1 (the paper 1). Which they are depends on the run's seed; a larger share has all of
    /// a smaller one.
    pub(crate) train_share: f64,
}

/// What the SFT baseline is trained on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Baseline {
    /// The examples of `ift`, as in the paper. A model that has never judged has to keep to the
    /// rubric's form by itself.
    Ift,
    /// The examples of `ift` and of `eft`: a small model writes no score without having seen some.
    IftAndEft,
}

/// Where a round's preferences come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Method {
    /// M_t's answers, judged; the paper's.
    Judged,
    /// M_t's answers, right or wrong by the known answer of a pool's prompt (iterative RPO).
    Verified,
    /// The seed's answers over M_t's to the seed prompts (SPIN).
    Spin,
    /// No pairs: M_{t+1} is fine-tuned from M0 on the seed data and all answers with a perfect
    /// score (the paper's ablation).
    PositiveOnly,
}

/// Which answers are written with a verdict each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Unpaired {
    /// None.
    None,
    /// Those of tied prompts.
    Tied,
    /// All with a score.
    Scored,
}

/// What a round does beyond the paper's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RoundTable {
    /// Where preferences come from.
    pub(crate) method: Method,
    /// Column of the pool with each prompt's answer, for `verified`.
    pub(crate) answer_column: String,
    /// Train once, let that model answer too, and train M_t again on pairs with its better answers
    /// as chosen (Temporal Self-Rewarding).
    pub(crate) future_guided: bool,
    /// Rounds, from the first, whose pairs include pairs of judgments that M_t compares
    /// (Meta-Rewarding: 2); 0 for none.
    pub(crate) meta_judge_rounds: u32,
    /// The least score of a perfect answer, for `positive_only`.
    pub(crate) perfect_score: f64,
    /// Which scored answers are written with a verdict each, in the form that KTO reads: `none`,
    /// those of `tied` prompts, or all that are `scored`, which `dpo.loss_type = ["kto"]` needs.
    pub(crate) unpaired: Unpaired,
    /// The least score of a good answer among them.
    pub(crate) unpaired_threshold: f64,
    /// What a point by the safety rubric weighs against a point of the judge's score when pairs are
    /// selected; 0 (the paper) asks for no safety scores.
    pub(crate) safety_weight: f64,
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
    /// Compare each model with the one before, judged by `roles.evaluator`.
    pub(crate) head_to_head: bool,
    /// Which earlier models each model is compared with; the comparisons cost as many verdicts
    /// each.
    pub(crate) opponents: Opponents,
    /// How the evaluator says which answer is better. `likelihood` needs its weights.
    pub(crate) verdict: VerdictForm,
    /// How the evaluator's words are drawn, where they are written.
    pub(crate) verdict_sampling: Sampling,
    /// Ranges of the curves of score by length and of agreement by confidence, about as many
    /// responses or pairs in each.
    pub(crate) bins: usize,
    /// Bootstrap resamples of every interval.
    pub(crate) bootstrap_samples: u32,
    /// Win rates at equal lengths.
    pub(crate) length_control: LengthControl,
    /// Ratings of all models.
    pub(crate) ratings: BradleyTerry,
    /// What makes a model improved, flat, worse or suspicious.
    pub(crate) rules: VerdictRules,
}

impl Default for EvalTable {
    fn default() -> Self {
        let sampling =
            Sampling { max_tokens: 512, temperature: 0.7, top_p: 0.9, ..Sampling::default() };
        let verdict_sampling =
            Sampling { max_tokens: 256, temperature: 0.0, top_p: 1.0, ..Sampling::default() };
        Self {
            n_prompts: 256,
            sampling,
            judgments: 3,
            head_to_head: true,
            opponents: Opponents::All,
            verdict: VerdictForm::Likelihood,
            verdict_sampling,
            bins: 10,
            bootstrap_samples: 2000,
            length_control: LengthControl::default(),
            ratings: BradleyTerry::default(),
            rules: VerdictRules::default(),
        }
    }
}

/// Which earlier models a model is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Opponents {
    /// The one before it.
    Previous,
    /// All of them, from M0 on: the ratings are surer.
    All,
}

/// What differs from machine to machine.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RuntimeTable {
    /// `cpu`, `cuda:N` or `wgpu`.
    pub(crate) device: String,
    /// Devices that share the passes of a training step with `device`; empty for none.
    pub(crate) training_devices: Vec<String>,
    /// CPU threads; 0 takes all.
    pub(crate) threads: usize,
    /// Sizes of training passes.
    pub(crate) train: TrainRuntime,
}

/// Reads a preset or a file and applies `key=value` overrides.
pub(crate) fn load(
    path: Option<&std::path::Path>,
    preset: Option<&str>,
    set: &[String],
) -> anyhow::Result<RunConfig> {
    let (name, text) = match (path, preset) {
        (Some(path), None) => {
            let text = std::fs::read_to_string(path)
                .with_context(|| format!("cannot read {}", path.display()));
            (path.display().to_string(), text.or_exit(Exit::Config)?)
        }
        (Some(_), Some(_)) => {
            return Err(anyhow!("give a configuration file or --preset, not both"))
                .or_exit(Exit::Config);
        }
        (None, preset) => {
            let preset = preset.unwrap_or(PRESETS[0].0);
            let known: Vec<&str> = PRESETS.iter().map(|(name, _)| *name).collect();
            let text = PRESETS
                .iter()
                .find(|(name, _)| *name == preset)
                .map(|(_, text)| (*text).to_owned());
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
    let config: RunConfig = table
        .try_into()
        .with_context(|| format!("in {name} with --set {}", set.join(" --set ")))?;
    config.validated()
}

/// A table with `key=value` overrides.
pub(crate) fn with_overrides<T: Serialize + serde::de::DeserializeOwned>(
    table: &T,
    set: &[String],
) -> anyhow::Result<T> {
    let mut table = Table::try_from(table).context("settings are plain data")?;
    for assignment in set {
        assign(&mut table, assignment)?;
    }
    table.try_into().with_context(|| format!("in --set {}", set.join(" --set ")))
}

/// Sets `a.b.c=value`; the value is TOML, or a string where it is none.
fn assign(table: &mut Table, assignment: &str) -> anyhow::Result<()> {
    let Some((path, value)) = assignment.split_once('=') else {
        bail!("--set {assignment}: write it as key=value");
    };
    let parsed = toml::from_str::<Table>(&format!("value = {value}"))
        .ok()
        .and_then(|mut t| t.remove("value"));
    let value = parsed.unwrap_or_else(|| Value::String(value.to_owned()));
    let keys: Vec<&str> = path.split('.').collect();
    let (last, parents) = keys.split_last().context("--set needs a key")?;
    let mut at = table;
    for key in parents {
        let entry = at.entry((*key).to_owned()).or_insert_with(|| Value::Table(Table::new()));
        at = entry
            .as_table_mut()
            .with_context(|| format!("--set {assignment}: {key} is not a table"))?;
    }
    at.insert((*last).to_owned(), value);
    Ok(())
}

impl RunConfig {
    fn validated(self) -> anyhow::Result<Self> {
        if self.run.name.is_empty()
            || self.run.name.contains(['/', '\\'])
            || self.run.name.starts_with('.')
        {
            bail!("run.name = {:?} must be a plain folder name", self.run.name);
        }
        self.sft.validate().context("in [sft]")?;
        self.prompts.validate().context("in [prompts]")?;
        self.responses.validate().context("in [responses]")?;
        self.judge.validate().context("in [judge]")?;
        self.pairs.validate().context("in [pairs]")?;
        self.dpo.validate().context("in [dpo]")?;
        self.external.validate().context("in [external]")?;
        crate::external::check(&self)?;
        self.eft.validate().context("in [eft]")?;
        self.battles.validate().context("in [battles]")?;
        self.judge_pairs.validate().context("in [judge_pairs]")?;
        self.stop.validate().context("in [stop]")?;
        self.validate_eval().context("in [eval]")?;
        self.validate_round().context("in [round]")?;
        self.validate_safety_weight().context("in [round]")?;
        self.anchors.validate().context("in [anchors]")?;
        self.safety.validate().context("in [safety]")?;
        if self.data.ranked_prompts.is_empty() != self.data.ranked_responses.is_empty() {
            bail!(
                "data.ranked_prompts and data.ranked_responses belong together: give both or neither"
            );
        }
        if self.data.eft_held_out.is_empty() && self.data.ranked_prompts.is_empty() {
            bail!(
                "data.eft_held_out is empty: give ranked judging examples to evaluate on, or data.ranked_prompts"
            );
        }
        if !(self.data.train_share > 0.0 && self.data.train_share <= 1.0) {
            bail!("data.train_share = {} must be above 0 and at most 1", self.data.train_share);
        }
        for (name, server) in &self.engines {
            server.validate().with_context(|| format!("in [engines.{name}]"))?;
            if ["self", "m0"].contains(&name.as_str()) {
                bail!(
                    "[engines.{name}]: {name} names a model of the loop; give the engine another name"
                );
            }
        }
        if self.engine.max_rows == 0 || self.engine.prefill_tokens == 0 {
            bail!("engine.max_rows and engine.prefill_tokens must be at least 1");
        }
        Ok(self)
    }

    fn validate_eval(&self) -> anyhow::Result<()> {
        let eval = &self.eval;
        for (key, sampling) in
            [("sampling", &eval.sampling), ("verdict_sampling", &eval.verdict_sampling)]
        {
            if let Some((field, must)) = sampling.problem() {
                bail!("{key}.{field} {must}");
            }
        }
        eval.length_control.validate().context("in length_control")?;
        eval.ratings.validate().context("in ratings")?;
        eval.rules.validate().context("in rules")?;
        if eval.bins == 0 {
            bail!("bins must be at least 1, such as 10");
        }
        let evaluator = &self.roles.evaluator;
        if eval.head_to_head
            && eval.verdict == VerdictForm::Likelihood
            && self.engines.contains_key(evaluator)
        {
            bail!(
                "verdict = \"likelihood\" reads the weights of the evaluator, and roles.evaluator = {evaluator:?} is a server: \
                 set eval.verdict = \"written\", or roles.evaluator to \"self\", \"m0\" or a model source"
            );
        }
        Ok(())
    }

    fn validate_round(&self) -> anyhow::Result<()> {
        let RoundTable { method, answer_column, future_guided, meta_judge_rounds, .. } =
            &self.round;
        let is_pool = self.prompts.source == prompts::Source::Pool;
        if *method == Method::Verified && (!is_pool || answer_column.is_empty()) {
            bail!("method = \"verified\" needs prompts.source = \"pool\" and answer_column");
        }
        if *method != Method::Judged && (*future_guided || *meta_judge_rounds > 0) {
            bail!("future_guided and meta_judge_rounds go with method = \"judged\" only");
        }
        if self.dpo.is_unpaired() && self.round.unpaired != Unpaired::Scored {
            bail!("unpaired must be \"scored\": dpo.loss_type learns from single responses");
        }
        if self.dpo.is_unpaired()
            && (*future_guided
                || *meta_judge_rounds > 0
                || matches!(method, Method::Spin | Method::PositiveOnly))
        {
            bail!(
                "future_guided, meta_judge_rounds, spin and positive_only go with losses of pairs only: dpo.loss_type learns from single responses"
            );
        }
        if self.pairs.label_weights != srlm_pairs::LabelWeights::None && self.roles.judge != "self"
        {
            bail!(
                "pairs.label_weights compares M_t with M_{{t-1}} as judges: roles.judge must be \"self\""
            );
        }
        if *meta_judge_rounds > 0 && self.judge.judgments < 2 {
            bail!(
                "meta_judge_rounds compares judgments of one response: judge.judgments must be at least 2"
            );
        }
        for (key, score) in [
            ("perfect_score", self.round.perfect_score),
            ("unpaired_threshold", self.round.unpaired_threshold),
        ] {
            if srlm_artifact::Score::new(score).is_none() {
                bail!("{key} = {score} must be from 0 to 5");
            }
        }
        Ok(())
    }

    /// A second reward goes with what selects pairs of the judged responses, and with nothing that
    /// reads the first one alone.
    fn validate_safety_weight(&self) -> anyhow::Result<()> {
        let (weight, round) = (self.round.safety_weight, &self.round);
        if weight == 0.0 {
            return Ok(());
        }
        if !(weight > 0.0 && weight <= 100.0) {
            bail!("safety_weight = {weight:?} must be from 0 to 100");
        }
        let others = [
            (
                matches!(round.method, Method::Spin | Method::PositiveOnly),
                "method = \"spin\" or \"positive_only\"",
            ),
            (round.unpaired != Unpaired::None, "unpaired"),
            (round.future_guided, "future_guided"),
            (self.pairs.anchored_rejection, "pairs.anchored_rejection"),
        ];
        match others.into_iter().find(|(is_on, _)| *is_on) {
            Some((_, other)) => {
                bail!(
                    "safety_weight does not go with {other}: set safety_weight = 0.0, or turn that off"
                )
            }
            None => Ok(()),
        }
    }

    /// The configuration as TOML, every value written out.
    pub(crate) fn to_toml(&self) -> anyhow::Result<String> {
        toml::to_string_pretty(self).context("cannot write the configuration as TOML")
    }
}
