//! Arguments.

mod eval;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub(crate) use self::eval::{
    EvalAlpacaEval, EvalCommand, EvalJudge, EvalMtBench, EvalOnFiles, HeadToHead, Ifeval,
    Perplexity, RunBenchmark, SafetyCommand, Verdicts,
};

/// Self-rewarding language models: one model answers, judges its answers and learns from the
/// judgment.
#[derive(Parser)]
#[command(name = "srlm", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Run the whole loop, from seed data to the report; running it again goes on.
    Iterate(Iterate),
    /// Run the loop over a grid of settings and draw a curve over each; running it again goes on.
    Study(Study),
    /// Turn public data sets into seed data: oasst, dolly, alpaca, sharegpt, messages,
    /// prompt-response, prompts, ratings or pairwise.
    Import(Import),
    /// Make judging examples of ranked responses (data.ranked_prompts).
    Eft(Stage),
    /// Fine-tune M0 on the seed data: M1; with --input any model on the rows of a file.
    Sft(StageOrRows),
    /// Write new prompts with M_t.
    Prompts(Stage),
    /// Sample candidate responses from M_t.
    Responses(Stage),
    /// Judge M_t's responses with M_t; with --input any responses with any model.
    Judge(StageOrRows),
    /// Join the parts of a stage that ran with --shard.
    Merge(Merge),
    /// Select preference pairs; with --input from files alone.
    Pairs(PairsCommand),
    /// Train M_t on its pairs: M_{t+1}; with --input any model on the pairs of a file.
    Dpo(StageOrRows),
    /// Evaluate M_{t+1} (iteration 0: M1).
    #[command(subcommand_negates_reqs = true, args_conflicts_with_subcommands = true)]
    Eval(EvalCommand),
    /// Ask people which of two models answers better.
    #[command(subcommand)]
    Human(HumanCommand),
    /// Write the report of a run.
    Report(RunArgs),
    /// Put several runs side by side: a page, Markdown and JSON.
    Compare(Compare),
    /// What became of one prompt, from its generation to the model trained on it.
    Trace(Trace),
    /// Write a model or rows in the form of another program.
    #[command(subcommand)]
    Export(ExportCommand),
    /// Generate responses to the rows of a file.
    Generate(Generate),
    /// Talk to a model, or to two side by side.
    Chat(Chat),
    /// Serve a model to programs that know OpenAI's interface.
    Serve(Serve),
    /// Log-probabilities of given responses.
    Logprobs(OnRows),
    /// Token ids of texts.
    Tokenize(OnRows),
    /// Check that a device computes what it should.
    Doctor(Doctor),
    /// Check every artifact of a run: counts, ranges and hashes.
    Verify {
        /// The run's folder, or one artifact's.
        run: PathBuf,
    },
    /// Show the configuration, what a file changes, or the JSON schema.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print the script that lets a shell complete commands and options.
    Completions {
        /// Which shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual's page, or write one for each command.
    Man {
        /// Folder for the pages.
        #[arg(value_name = "DIR")]
        dir: Option<PathBuf>,
    },
}

/// Which configuration.
#[derive(Args, Clone)]
pub(crate) struct ConfigArgs {
    /// A configuration file (default: the preset smollm2).
    #[arg(value_name = "CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// A built-in configuration: smollm2, tiny or paper.
    #[arg(long, value_name = "NAME")]
    pub(crate) preset: Option<String>,
    /// Override a value, as in --set dpo.beta=0.2; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
}

#[derive(Args)]
pub(crate) struct Iterate {
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    /// Where the run lives (default: runs/NAME).
    #[arg(long, value_name = "DIR")]
    pub(crate) run: Option<PathBuf>,
    /// cpu, cuda:N or wgpu.
    #[arg(long)]
    pub(crate) device: Option<String>,
    /// Another model as M0: folder, GGUF file, hub:OWNER/NAME@REVISION, package:NAME==VERSION or
    /// tiny:.
    #[arg(long)]
    pub(crate) model: Option<String>,
    /// Say what would be done, with one example of every prompt, and do nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Redo this stage and everything after it; the old folders are moved aside.
    #[arg(long, value_name = "STAGE")]
    pub(crate) from: Option<String>,
    /// Redo this stage; the old folder is moved aside. May be repeated.
    #[arg(long, value_name = "STAGE")]
    pub(crate) force: Vec<String>,
    /// One event a line on standard output.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct Study {
    /// A study's file: name, preset or config, repeats, and the tables set, grid and runs.
    #[arg(value_name = "STUDY")]
    pub(crate) study: Option<PathBuf>,
    /// A built-in study: tiny or smollm2.
    #[arg(long, value_name = "NAME")]
    pub(crate) preset: Option<String>,
    /// Override a value in every run, as in --set run.iterations=1; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Where the study lives (default: studies/NAME).
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// cpu, cuda:N or wgpu.
    #[arg(long)]
    pub(crate) device: Option<String>,
    /// Print the runs, what is made of them and how much is to do, and do nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// One event a line on standard output.
    #[arg(long)]
    pub(crate) json: bool,
}

/// A run that exists.
#[derive(Args, Clone)]
pub(crate) struct RunArgs {
    /// The run's folder; its run.toml is the configuration.
    #[arg(long, value_name = "DIR")]
    pub(crate) run: PathBuf,
    /// One event a line on standard output.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Clone)]
pub(crate) struct Stage {
    #[command(flatten)]
    pub(crate) run: RunArgs,
    /// Which iteration, from 1.
    #[arg(long, value_name = "T", default_value_t = 1)]
    pub(crate) iteration: u32,
    /// Start the run from this preset or file when its folder does not exist yet.
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    /// Make part i of n (responses, judge, and prompts from a pool); `merge` joins the parts.
    #[arg(long, value_name = "I/N")]
    pub(crate) shard: Option<srlm_artifact::Shard>,
    /// Write the requests to a server to this file instead of sending them.
    #[arg(long, value_name = "FILE")]
    pub(crate) emit_requests: Option<PathBuf>,
    /// Take answers from a file of results; may be repeated.
    #[arg(long, value_name = "FILE")]
    pub(crate) ingest_results: Vec<PathBuf>,
}

/// A stage of a run, or the same on a file alone.
#[derive(Args)]
pub(crate) struct StageOrRows {
    /// The run's folder; its run.toml is the configuration.
    #[arg(long, value_name = "DIR", required_unless_present = "input", conflicts_with = "input")]
    pub(crate) run: Option<PathBuf>,
    /// Rows instead of a run, in JSON Lines: `prompt` (or `messages`) with `response`, or for dpo
    /// with `chosen` and `rejected`; ids are optional.
    #[arg(long, alias = "pairs", value_name = "ROWS", requires = "model")]
    pub(crate) input: Option<PathBuf>,
    /// With --input, the model: folder, GGUF file, hub:OWNER/NAME@REVISION, package:NAME==VERSION or
    /// tiny:.
    #[arg(long, requires = "input")]
    pub(crate) model: Option<String>,
    /// With --input, the folder of what is made; judge prints its rows without one.
    #[arg(long, value_name = "DIR", requires = "input")]
    pub(crate) out: Option<PathBuf>,
    /// One event a line on standard output.
    #[arg(long)]
    pub(crate) json: bool,
    /// Which iteration, from 1.
    #[arg(long, value_name = "T", default_value_t = 1)]
    pub(crate) iteration: u32,
    /// Start the run from this preset or file when its folder does not exist yet; with --input, the
    /// settings of the stage.
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    /// Make part i of n (judge); `merge` joins the parts.
    #[arg(long, value_name = "I/N", conflicts_with = "input")]
    pub(crate) shard: Option<srlm_artifact::Shard>,
    /// Write the requests to a server to this file instead of sending them.
    #[arg(long, value_name = "FILE", conflicts_with = "input")]
    pub(crate) emit_requests: Option<PathBuf>,
    /// Take answers from a file of results; may be repeated.
    #[arg(long, value_name = "FILE", conflicts_with = "input")]
    pub(crate) ingest_results: Vec<PathBuf>,
}

impl StageOrRows {
    /// The stage of a run, where one is named.
    pub(crate) fn stage(&self) -> Option<Stage> {
        Some(Stage {
            run: RunArgs { run: self.run.clone()?, json: self.json },
            iteration: self.iteration,
            config: self.config.clone(),
            shard: self.shard,
            emit_requests: self.emit_requests.clone(),
            ingest_results: self.ingest_results.clone(),
        })
    }
}

#[derive(Args)]
pub(crate) struct Import {
    /// What the rows look like: oasst, dolly, alpaca, sharegpt, messages, prompt-response, prompts,
    /// ratings or pairwise.
    pub(crate) format: String,
    /// Files and folders: JSON Lines, JSON or Parquet, plain or compressed (gzip, zstd).
    #[arg(long, value_name = "PATH", required = true, num_args = 1..)]
    pub(crate) input: Vec<PathBuf>,
    /// Where the artifact folders go.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Where a row has what, as in --map prompt=question,response=best_answer.
    #[arg(long, value_name = "FIELD=COLUMN", value_delimiter = ',')]
    pub(crate) map: Vec<String>,
    /// Another setting, as in --set multi_turn=true; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// The accounting as JSON on standard output.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct Compare {
    /// The runs' folders, finished or not.
    #[arg(required = true, num_args = 2.., value_name = "RUN")]
    pub(crate) runs: Vec<PathBuf>,
    /// Folder for index.html, compare.md and compare.json, which are written anew each time.
    #[arg(long, value_name = "DIR", default_value = "runs/compare")]
    pub(crate) out: PathBuf,
}

#[derive(Args)]
pub(crate) struct Trace {
    #[command(flatten)]
    pub(crate) run: RunArgs,
    /// The prompt's id or its beginning, or the text of a prompt that was dropped; without it the
    /// counts of all stages.
    pub(crate) prompt_id: Option<String>,
}

#[derive(Args)]
pub(crate) struct Merge {
    #[command(flatten)]
    pub(crate) run: RunArgs,
    /// Which iteration, from 1.
    #[arg(long, value_name = "T", default_value_t = 1)]
    pub(crate) iteration: u32,
    /// prompts, responses or judge.
    pub(crate) stage: String,
}

#[derive(Args)]
pub(crate) struct PairsCommand {
    /// The run's folder.
    #[arg(long, value_name = "DIR", required_unless_present = "input")]
    pub(crate) run: Option<PathBuf>,
    /// Which iteration, from 1.
    #[arg(long, value_name = "T", default_value_t = 1)]
    pub(crate) iteration: u32,
    /// Files instead of a run: responses, judgments and, for the prompts' texts, prompts.
    #[arg(long, num_args = 2..=3, value_names = ["RESPONSES", "JUDGMENTS", "PROMPTS"])]
    pub(crate) input: Option<Vec<PathBuf>>,
    /// Smallest gap of mean scores, with --input.
    #[arg(long, default_value_t = 0.0)]
    pub(crate) min_score_gap: f64,
    /// Another setting of the table pairs, with --input, as in --set strategy=all_above_gap; may be
    /// repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Seed of strategies that draw, with --input.
    #[arg(long, default_value_t = 42)]
    pub(crate) seed: u64,
    /// Judgments of the same responses by a safety rubric, with --input.
    #[arg(long, value_name = "JUDGMENTS", requires = "input")]
    pub(crate) safety: Option<PathBuf>,
    /// What a point of safety weighs against a point of the judge's score.
    #[arg(long, default_value_t = 1.0, requires = "safety")]
    pub(crate) safety_weight: f64,
}

#[derive(Subcommand)]
pub(crate) enum HumanCommand {
    /// Write a page for blind side-by-side rating, and beside it the key that says whose answer is
    /// whose.
    Page(HumanPage),
    /// Check raters' results against the key; win rates, agreement with each other and with a
    /// judge.
    Import(HumanImport),
}

#[derive(Args)]
pub(crate) struct HumanPage {
    /// Answers of model A: a responses folder, JSON Lines or a model_outputs.json.
    pub(crate) a: PathBuf,
    /// Answers of model B to the same prompts.
    pub(crate) b: PathBuf,
    /// The page; it must not be there. The key is written beside it, as NAME.key.json.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// The prompts' texts, where the answers do not have them: a prompts folder or JSON Lines.
    #[arg(long, value_name = "PATH")]
    pub(crate) prompts: Option<PathBuf>,
    /// A's name, for the key (default: its path).
    #[arg(long)]
    pub(crate) name_a: Option<String>,
    /// B's name, for the key (default: its path).
    #[arg(long)]
    pub(crate) name_b: Option<String>,
    /// Most comparisons, drawn by the seed; 0 takes all.
    #[arg(long, default_value_t = 0)]
    pub(crate) limit: usize,
    /// Seed of order and sides.
    #[arg(long, default_value_t = 42)]
    pub(crate) seed: u64,
    /// What stands above the page; it should not name the models.
    #[arg(long, default_value = "Which answer is better?")]
    pub(crate) title: String,
}

#[derive(Args)]
pub(crate) struct HumanImport {
    /// What raters downloaded from the page, a file each.
    #[arg(required = true, num_args = 1..)]
    pub(crate) results: Vec<PathBuf>,
    /// The key that was written beside the page.
    #[arg(long, value_name = "FILE")]
    pub(crate) key: PathBuf,
    /// A judge to hold against the raters: an eval folder with comparisons, or judgments of A's
    /// answers and, given a second time, of B's.
    #[arg(long, value_name = "PATH")]
    pub(crate) judge: Vec<PathBuf>,
    /// Which model the comparisons of --judge call the new one (default: that whose answers they
    /// are of).
    #[arg(long, value_name = "A|B", value_parser = ["a", "b"])]
    pub(crate) new: Option<String>,
}

#[derive(Subcommand)]
pub(crate) enum ExportCommand {
    /// A folder that transformers opens, with a model card.
    Hf(ExportModel),
    /// The adapter that a model was trained as, which peft loads, with a model card.
    Peft(ExportPeft),
    /// One file for llama.cpp and its relatives.
    Gguf(ExportGguf),
    /// A folder with a GGUF file and a Modelfile.
    Ollama(ExportGguf),
    /// Preference pairs in TRL's conversational form.
    Trl(ExportRows),
    /// The training curve of a model's folder as a TensorBoard event file.
    Tensorboard(ExportRows),
    /// A model's answers to AlpacaEval's instructions: model_outputs.json.
    AlpacaEval(ExportAnswers),
    /// A model's answers to the turns of MT-Bench.
    MtBench(ExportAnswers),
}

#[derive(Args, Clone)]
pub(crate) struct ExportModel {
    #[command(flatten)]
    pub(crate) model: ModelArgs,
    /// What is written; it must not be there.
    #[arg(long, value_name = "PATH")]
    pub(crate) out: PathBuf,
    /// The model's name (default: the folder's).
    #[arg(long)]
    pub(crate) name: Option<String>,
}

#[derive(Args)]
pub(crate) struct ExportPeft {
    #[command(flatten)]
    pub(crate) export: ExportModel,
    /// The model below the adapter, as peft shall find it (default: the folder that it was trained
    /// from).
    #[arg(long, value_name = "NAME")]
    pub(crate) base: Option<String>,
}

#[derive(Args, Clone)]
pub(crate) struct ExportGguf {
    #[command(flatten)]
    pub(crate) export: ExportModel,
    /// Numbers of the file: F32, F16, BF16, Q8_0 or Q4_0.
    #[arg(long, default_value = "F16")]
    pub(crate) format: String,
}

#[derive(Args)]
pub(crate) struct ExportRows {
    /// Rows, or for tensorboard a model's folder.
    #[arg(long, value_name = "PATH")]
    pub(crate) input: PathBuf,
    /// What is written.
    #[arg(long, value_name = "PATH")]
    pub(crate) out: PathBuf,
}

#[derive(Args)]
pub(crate) struct ExportAnswers {
    #[command(flatten)]
    pub(crate) model: ModelArgs,
    /// The questions: a JSON list or JSON Lines.
    #[arg(long, value_name = "FILE")]
    pub(crate) input: PathBuf,
    /// What is written; it must not be there.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// The model's name in the file.
    #[arg(long, default_value = "srlm")]
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) sampling: SamplingArgs,
}

/// A model and where it runs.
#[derive(Args, Clone)]
pub(crate) struct ModelArgs {
    /// Folder, GGUF file, hub:OWNER/NAME@REVISION, package:NAME==VERSION or tiny:.
    #[arg(long)]
    pub(crate) model: String,
    /// cpu, cuda:N or wgpu.
    #[arg(long, default_value = "cpu")]
    pub(crate) device: String,
}

#[derive(Args)]
pub(crate) struct OnRows {
    #[command(flatten)]
    pub(crate) model: ModelArgs,
    /// JSON Lines; standard input for -.
    #[arg(long, value_name = "ROWS")]
    pub(crate) input: PathBuf,
}

#[derive(Args)]
pub(crate) struct Generate {
    #[command(flatten)]
    pub(crate) rows: OnRows,
    /// Samples of each row.
    #[arg(long, default_value_t = 1)]
    pub(crate) n: u32,
    #[command(flatten)]
    pub(crate) sampling: SamplingArgs,
    /// Go on past the end token, for measuring.
    #[arg(long)]
    pub(crate) ignore_eos: bool,
    /// Samples written at the same time.
    #[arg(long, default_value_t = srlm_model::EngineConfig::default().max_rows)]
    pub(crate) max_rows: usize,
    /// Tokens kept in the cache.
    #[arg(long, default_value_t = srlm_model::EngineConfig::default().cache_tokens)]
    pub(crate) cache_tokens: usize,
}

#[derive(Args, Clone)]
pub(crate) struct SamplingArgs {
    /// Most tokens of a response.
    #[arg(long, default_value_t = 256)]
    pub(crate) max_tokens: u32,
    /// 0 takes the likeliest token.
    #[arg(long, default_value_t = 0.7)]
    pub(crate) temperature: f64,
    /// Smallest set of likeliest tokens with this probability.
    #[arg(long, default_value_t = 0.9)]
    pub(crate) top_p: f64,
    /// Keep this many likeliest tokens; 0 keeps all.
    #[arg(long, default_value_t = 0)]
    pub(crate) top_k: u32,
    /// Drop tokens less likely than this share of the likeliest.
    #[arg(long, default_value_t = 0.0)]
    pub(crate) min_p: f64,
    /// Seed of the drawing.
    #[arg(long, default_value_t = 42)]
    pub(crate) seed: u64,
}

#[derive(Args)]
pub(crate) struct Chat {
    #[command(flatten)]
    pub(crate) model: ModelArgs,
    /// A second model that answers beside the first.
    #[arg(long, value_name = "MODEL")]
    pub(crate) vs: Option<String>,
    #[command(flatten)]
    pub(crate) sampling: SamplingArgs,
}

#[derive(Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(crate) model: ModelArgs,
    /// The model's name to clients (default: the last part of --model).
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// Address to listen at; 0.0.0.0 lets other machines in.
    #[arg(long, default_value = "127.0.0.1")]
    pub(crate) host: std::net::IpAddr,
    /// Port; 0 takes a free one.
    #[arg(long, default_value_t = 8000)]
    pub(crate) port: u16,
    /// Environment variable with the key that clients must send.
    #[arg(long, value_name = "VARIABLE", default_value = "")]
    pub(crate) api_key_env: String,
    /// Most tokens of answers to clients that do not say.
    #[arg(long, default_value_t = 1024, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_tokens: u32,
    /// Samples written at the same time.
    #[arg(long, default_value_t = 128)]
    pub(crate) max_rows: usize,
    /// Tokens kept in the cache.
    #[arg(long, default_value_t = 12_288)]
    pub(crate) cache_tokens: usize,
    /// Where seeds begin for clients that send none.
    #[arg(long, default_value_t = 42)]
    pub(crate) seed: u64,
    /// Longest body of a call, in bytes.
    #[arg(long, value_name = "BYTES", default_value_t = srlm_serve::Limits::default().max_body_bytes)]
    pub(crate) max_body_bytes: usize,
    /// Most samples of a call: its prompts times its n.
    #[arg(long, value_name = "N", default_value_t = srlm_serve::Limits::default().max_samples)]
    pub(crate) max_samples: usize,
}

#[derive(Args)]
pub(crate) struct Doctor {
    /// The model to check with.
    #[arg(long, default_value = "tiny:")]
    pub(crate) model: String,
    /// cpu, cuda:N or wgpu.
    #[arg(long, default_value = "cpu")]
    pub(crate) device: String,
}

#[derive(Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print the whole configuration, every key below its documentation.
    Show(ConfigArgs),
    /// Print what a file changes over its preset or the defaults, and what it says in vain.
    Diff {
        /// A configuration file.
        config: PathBuf,
    },
    /// Print the JSON schema of a configuration.
    Schema,
}
