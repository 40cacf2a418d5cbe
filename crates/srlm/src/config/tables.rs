//! The tables that the program itself reads.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use srlm_eval::controlled::LengthControl;
use srlm_eval::{VerdictForm, VerdictRules};
use srlm_generate::Sampling;
use srlm_train::TrainRuntime;

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

impl Default for RunTable {
    fn default() -> Self {
        Self { name: "run".to_owned(), seed: 42, iterations: 2 }
    }
}

/// Where M0 comes from.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ModelTable {
    /// A Hugging Face folder, a GGUF file, `hub:OWNER/NAME[@REVISION]`, `package:NAME==VERSION`, or
    /// `tiny:`.
    pub(crate) source: String,
}

/// Seed data: JSON Lines with the columns of the `ift` and `eft` artifacts; `builtin:ift_train` and
/// its like come with the program, `tiny:` is written by a grammar.
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

impl Default for DataTable {
    /// No data: those of a run are its own.
    fn default() -> Self {
        Self {
            ift: String::new(),
            ift_held_out: String::new(),
            eft: String::new(),
            eft_held_out: String::new(),
            validation: String::new(),
            ranked_prompts: String::new(),
            ranked_responses: String::new(),
            baseline: Baseline::Ift,
            anchors: String::new(),
            safety_prompts: String::new(),
            train_share: 1.0,
        }
    }
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

impl Default for RoundTable {
    /// The paper's round.
    fn default() -> Self {
        Self {
            method: Method::Judged,
            answer_column: String::new(),
            future_guided: false,
            meta_judge_rounds: 0,
            perfect_score: 5.0,
            unpaired: Unpaired::None,
            unpaired_threshold: 3.0,
            safety_weight: 0.0,
        }
    }
}

/// Evaluation of every model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EvalTable {
    /// Held-out prompts that each model answers, as in `[responses]`, for lengths and head-to-head.
    pub(crate) n_prompts: usize,
    /// Judgments of each held-out ranked response.
    pub(crate) judgments: u32,
    /// Compare each model with the one before, judged by `roles.evaluator`.
    pub(crate) head_to_head: bool,
    /// Which earlier models each model is compared with; the comparisons cost as many verdicts
    /// each.
    pub(crate) opponents: Opponents,
    /// How the evaluator says which answer is better. `likelihood` needs its weights.
    pub(crate) verdict: VerdictForm,
    /// Most tokens of a verdict, where it is written: the likeliest ones.
    pub(crate) verdict_max_tokens: u32,
    /// Bootstrap resamples of every interval.
    pub(crate) bootstrap_samples: u32,
    /// Win rates at equal lengths.
    pub(crate) length_control: LengthControl,
    /// What makes a model improved, flat, worse or suspicious.
    pub(crate) rules: VerdictRules,
}

impl Default for EvalTable {
    fn default() -> Self {
        Self {
            n_prompts: 256,
            judgments: 3,
            head_to_head: true,
            opponents: Opponents::All,
            verdict: VerdictForm::Likelihood,
            verdict_max_tokens: 256,
            bootstrap_samples: 2000,
            length_control: LengthControl::default(),
            rules: VerdictRules::default(),
        }
    }
}

impl EvalTable {
    /// How the evaluator's words are drawn, where they are written.
    pub(crate) fn verdict_sampling(&self) -> Sampling {
        let max_tokens = self.verdict_max_tokens;
        Sampling { max_tokens, temperature: 0.0, top_p: 1.0, ..Sampling::default() }
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
    /// Vector instructions of the CPU kernels: `auto` takes the best that the processor has, and
    /// `SRLM_CPU` where that is set; `avx512`, `avx2` or `portable` take none beyond their own.
    pub(crate) cpu: String,
    /// Devices that share the passes of a training step with `device`; empty for none.
    pub(crate) training_devices: Vec<String>,
    /// CPU threads; 0 takes all.
    pub(crate) threads: usize,
    /// Sizes of training passes.
    pub(crate) train: TrainRuntime,
}

impl Default for RuntimeTable {
    fn default() -> Self {
        Self {
            device: "cpu".to_owned(),
            cpu: crate::cpu::AUTO.to_owned(),
            training_devices: Vec::new(),
            threads: 0,
            train: TrainRuntime::default(),
        }
    }
}
