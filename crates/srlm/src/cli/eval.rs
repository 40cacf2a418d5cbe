//! Arguments of `eval`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{ModelArgs, SamplingArgs};

#[derive(Args)]
pub(crate) struct EvalCommand {
    #[command(subcommand)]
    pub(crate) on_files: Option<EvalOnFiles>,
    /// The run's folder.
    #[arg(long, value_name = "DIR", required = true)]
    pub(crate) run: Option<PathBuf>,
    /// Evaluate M_{T+1}.
    #[arg(long, value_name = "T", default_value_t = 0)]
    pub(crate) iteration: u32,
}

#[derive(Subcommand)]
pub(crate) enum EvalOnFiles {
    /// Spearman and Kendall tau-b of rows {id, x, y}: two lists of numbers.
    Rank(InputArgs),
    /// ROUGE-1, ROUGE-2 and ROUGE-L of rows {id, prediction, reference}.
    Rouge(InputArgs),
    /// Compare two sets of answers to the same prompts, each prompt in both orders.
    HeadToHead(HeadToHead),
    /// ARC, HellaSwag, PIQA, MMLU, GSM8K and others, scored as lm-evaluation-harness does.
    Benchmark(RunBenchmark),
    /// Perplexity by word, byte and token of rows {text}, or of WikiText's rows {page}.
    Perplexity(Perplexity),
    /// IFEval: which instructions the responses follow.
    Ifeval(Ifeval),
    /// A judge against people: --model judges the responses of FILE, or --input has rows
    /// {prompt_id, response, score, human_rank}.
    Judge(EvalJudge),
    /// How often harmful requests are served and harmless ones refused.
    Safety(SafetyCommand),
    /// AlpacaEval's annotations.json: win rates, raw and length-controlled.
    AlpacaEval(EvalAlpacaEval),
    /// MT-Bench: judge answers with FastChat's prompts, or read its judgments.
    MtBench(EvalMtBench),
}

#[derive(Args)]
pub(crate) struct InputArgs {
    /// JSON Lines.
    #[arg(long, value_name = "ROWS")]
    pub(crate) input: PathBuf,
}

#[derive(Args)]
pub(crate) struct HeadToHead {
    /// The new answers: a folder of responses, rows {prompt_id, response} or {id, prompt,
    /// response}, or AlpacaEval's model_outputs.json.
    #[arg(value_name = "A", requires = "old")]
    pub(crate) new: Option<PathBuf>,
    /// The old answers, likewise.
    #[arg(value_name = "B")]
    pub(crate) old: Option<PathBuf>,
    /// Verdicts that are there, instead: rows {prompt_id, new_first, new_second}, each verdict A,
    /// B, tie or null.
    #[arg(long, value_name = "ROWS", conflicts_with = "new")]
    pub(crate) input: Option<PathBuf>,
    /// Texts of the prompts, where the answers do not have them: a folder, or rows {prompt_id,
    /// prompt}.
    #[arg(long, value_name = "PATH")]
    pub(crate) prompts: Option<PathBuf>,
    /// The model that decides: folder, GGUF file, hub:OWNER/NAME@REVISION, package:NAME==VERSION or
    /// tiny:.
    #[arg(long, conflicts_with = "server")]
    pub(crate) model: Option<String>,
    /// cpu, cuda:N or wgpu.
    #[arg(long, default_value = "cpu")]
    pub(crate) device: String,
    /// A server that decides: its address up to and with the version, such as
    /// http://127.0.0.1:8000/v1.
    #[arg(long, value_name = "URL")]
    pub(crate) server: Option<String>,
    /// The model's name at the server.
    #[arg(long, value_name = "NAME")]
    pub(crate) server_model: Option<String>,
    /// Environment variable with the server's API key; empty for none.
    #[arg(long, value_name = "VARIABLE", default_value = "")]
    pub(crate) api_key_env: String,
    /// written: it reasons and writes its verdict. likelihood: the likelier of the two verdicts.
    #[arg(long, value_enum, default_value = "written")]
    pub(crate) verdict: Verdicts,
    /// Most tokens of a written verdict.
    #[arg(long, default_value_t = 512)]
    pub(crate) max_tokens: u32,
    /// Seed of written verdicts.
    #[arg(long, default_value_t = 42)]
    pub(crate) seed: u64,
    /// All numbers and every comparison as one JSON object.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct EvalJudge {
    /// What people said: ranked groups, verdicts on pairs or ratings, as JSON Lines, JSON or
    /// Parquet.
    #[arg(value_name = "FILE", required_unless_present = "input", conflicts_with = "input")]
    pub(crate) file: Option<PathBuf>,
    /// Rows {prompt_id, response, score, human_rank} that a judge has scored; nothing is judged.
    #[arg(long, value_name = "ROWS")]
    pub(crate) input: Option<PathBuf>,
    /// The judge: a model's folder or file, hub:, package:, tiny:, http://HOST/v1, or an engine of
    /// the configuration (default: M_T of --run).
    #[arg(long, required_unless_present_any = ["run", "input"])]
    pub(crate) model: Option<String>,
    /// The model's name at the server.
    #[arg(long, value_name = "NAME")]
    pub(crate) served_name: Option<String>,
    /// Name of the environment variable with the server's API key.
    #[arg(long, value_name = "NAME", default_value = "")]
    pub(crate) api_key_env: String,
    /// A run whose configuration and, without --model, whose M_T judges.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["config", "preset"])]
    pub(crate) run: Option<PathBuf>,
    /// Which model of the run.
    #[arg(long, value_name = "T", default_value_t = 1)]
    pub(crate) iteration: u32,
    /// ranked, pairwise or ratings (default: what the first row looks like).
    #[arg(long)]
    pub(crate) format: Option<srlm_import::HumanFormat>,
    /// Where a row has what, as in --map prompt=question,score=grade.
    #[arg(long, value_name = "FIELD=COLUMN", value_delimiter = ',')]
    pub(crate) map: Vec<String>,
    /// The worst and the best rating (default: the first of 0,5 1,10 0,10 and 0,100 that holds
    /// all).
    #[arg(long, value_name = "MIN,MAX", value_delimiter = ',')]
    pub(crate) scale: Vec<f64>,
    /// Judge part i of n of the trees, such as the held-out half 2/2; --part-seed draws them.
    #[arg(long, value_name = "I/N")]
    pub(crate) part: Option<srlm_artifact::Shard>,
    /// Seed of the drawing of parts.
    #[arg(long, value_name = "SEED", default_value_t = 42)]
    pub(crate) part_seed: u64,
    /// Take this many prompts; 0 takes all.
    #[arg(long, default_value_t = 0)]
    pub(crate) limit: usize,
    /// Ask for no verdicts on pairs in both orders; scores are measured on pairs too.
    #[arg(long)]
    pub(crate) no_verdicts: bool,
    /// Ask for no probabilities of scores, for a server that refuses to tell them.
    #[arg(long)]
    pub(crate) no_expected: bool,
    /// A configuration file; its tables judge, pairs, eval and engines count.
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// A built-in configuration.
    #[arg(long, value_name = "NAME")]
    pub(crate) preset: Option<String>,
    /// Override a value, as in --set judge.judgments=1; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// cpu, cuda:N or wgpu.
    #[arg(long)]
    pub(crate) device: Option<String>,
    /// Where the artifacts go; the same command goes on there (default: below the run, or below
    /// runs/eval-judge).
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// The report as JSON on standard output.
    #[arg(long)]
    pub(crate) json: bool,
}

/// How a verdict is read off the evaluator.
#[derive(Clone, Copy, clap::ValueEnum)]
pub(crate) enum Verdicts {
    Written,
    Likelihood,
}

#[derive(Args)]
pub(crate) struct RunBenchmark {
    /// The harness's name of it, such as arc_easy.
    pub(crate) name: String,
    /// Its rows, JSON Lines.
    #[arg(long, value_name = "ROWS")]
    pub(crate) input: PathBuf,
    #[command(flatten)]
    pub(crate) model: ModelArgs,
    /// Rows of worked examples that are shown first.
    #[arg(long, value_name = "ROWS")]
    pub(crate) examples: Option<PathBuf>,
    /// Take this many rows; 0 takes all.
    #[arg(long, default_value_t = 0)]
    pub(crate) limit: usize,
}

#[derive(Args)]
pub(crate) struct Perplexity {
    /// Rows, JSON Lines.
    #[arg(long, value_name = "ROWS")]
    pub(crate) input: PathBuf,
    #[command(flatten)]
    pub(crate) model: ModelArgs,
    /// Most tokens that are fed at once; 0 takes the model's context.
    #[arg(long, value_name = "TOKENS", default_value_t = 0)]
    pub(crate) max_length: usize,
}

#[derive(Args)]
pub(crate) struct Ifeval {
    /// Responses: rows {key, prompt, instruction_id_list, kwargs, response}, or with --data {key,
    /// response}.
    #[arg(long, value_name = "ROWS")]
    pub(crate) input: Option<PathBuf>,
    /// IFEval's rows {key, prompt, instruction_id_list, kwargs}.
    #[arg(long, value_name = "FILE")]
    pub(crate) data: Option<PathBuf>,
    /// A model that answers the prompts of --data.
    #[arg(long, conflicts_with = "input")]
    pub(crate) model: Option<String>,
    /// cpu, cuda:N or wgpu.
    #[arg(long, default_value = "cpu")]
    pub(crate) device: String,
    #[command(flatten)]
    pub(crate) sampling: SamplingArgs,
}

#[derive(Args)]
pub(crate) struct SafetyCommand {
    /// Prompts in XSTest's columns: rows {id, prompt, type, label}, with {completion, human_label}
    /// where they have them.
    pub(crate) rows: PathBuf,
    /// A model that answers the prompts (default: the rows' own completions count).
    #[arg(long)]
    pub(crate) model: Option<String>,
    /// Rows {id, response} instead of a model.
    #[arg(long, value_name = "ROWS", conflicts_with = "model")]
    pub(crate) responses: Option<PathBuf>,
    /// A model that scores the responses by the safety rubric.
    #[arg(long, value_name = "MODEL")]
    pub(crate) judge: Option<String>,
    /// The least score by the rubric that is no failure.
    #[arg(long, default_value_t = 3.0)]
    pub(crate) threshold: f64,
    /// cpu, cuda:N or wgpu.
    #[arg(long, default_value = "cpu")]
    pub(crate) device: String,
    #[command(flatten)]
    pub(crate) sampling: SamplingArgs,
}

#[derive(Args)]
pub(crate) struct EvalAlpacaEval {
    /// annotations.json, as AlpacaEval writes it.
    #[arg(long, value_name = "FILE")]
    pub(crate) input: PathBuf,
    /// leaderboard.csv, whose figures are printed beside ours.
    #[arg(long, value_name = "FILE")]
    pub(crate) leaderboard: Option<PathBuf>,
    /// AlpacaEval's df_gamed.csv: adds the difficulty of instructions to its length control.
    #[arg(long, value_name = "FILE")]
    pub(crate) gamed: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct EvalMtBench {
    /// Judgments that exist, JSON Lines, of one answer or of two.
    #[arg(long, value_name = "FILE", required_unless_present = "answers")]
    pub(crate) input: Vec<PathBuf>,
    /// question.jsonl; with --input it adds scores by category.
    #[arg(long, value_name = "FILE")]
    pub(crate) questions: Option<PathBuf>,
    /// Answers to judge, a file MODEL.jsonl for each model.
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with = "input", requires_all = ["questions", "prompts", "model", "out"])]
    pub(crate) answers: Vec<PathBuf>,
    /// FastChat's judge_prompts.jsonl, or prompts with the same names.
    #[arg(long, value_name = "FILE")]
    pub(crate) prompts: Option<PathBuf>,
    /// Reference answers, for math, reasoning and coding.
    #[arg(long, value_name = "FILE")]
    pub(crate) references: Option<PathBuf>,
    /// single, pairwise-all or pairwise-baseline.
    #[arg(long, default_value = "single")]
    pub(crate) mode: String,
    /// The model that the others are compared with, for pairwise-baseline.
    #[arg(long, value_name = "MODEL")]
    pub(crate) baseline: Option<String>,
    /// The judge: a model's source, or with --base-url its name at a server.
    #[arg(long)]
    pub(crate) model: Option<String>,
    /// cpu, cuda:N or wgpu.
    #[arg(long, default_value = "cpu")]
    pub(crate) device: String,
    /// A server that judges, up to and with the version, such as http://127.0.0.1:8080/v1.
    #[arg(long, value_name = "URL")]
    pub(crate) base_url: Option<String>,
    /// Name of the environment variable with the server's key.
    #[arg(long, value_name = "NAME", default_value = "")]
    pub(crate) api_key_env: String,
    /// Most tokens of a judgment.
    #[arg(long, default_value_t = 2048)]
    pub(crate) max_tokens: u32,
    /// Where the judgments go; it must not be there.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}
