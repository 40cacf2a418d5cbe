//! Measures of plain files, without a run: `eval rank|rouge|judge --input ROWS` and the like.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::json;
use srlm_artifact::{Score, read_jsonl};
use srlm_eval::{Bootstrap, RankedGroup, RankedResponse, agreement, kendall_tau_b, spearman};

use srlm_sampler::{Stemming, rouge};

use super::alpaca_eval::alpaca_eval;
use super::benchmark::benchmark;
use super::eval_judge::eval_judge;
use super::ifeval::ifeval;
use super::mt_bench::mt_bench;
use super::perplexity::perplexity;
use super::print;
use super::safety::safety;
use crate::cli::EvalOnFiles;
use crate::console::Console;

#[derive(Deserialize)]
struct RankRow {
    id: String,
    x: Vec<f64>,
    y: Vec<f64>,
}

#[derive(Deserialize)]
struct RougeRow {
    id: String,
    prediction: String,
    reference: String,
    /// Compare words by their Porter stems, as `use_stemmer` of rouge-score.
    #[serde(default)]
    stemmer: bool,
}

#[derive(Deserialize)]
struct JudgedRow {
    prompt_id: String,
    response: String,
    score: Option<Score>,
    human_rank: u32,
}

/// Prints a line of JSON for each row, or one for the whole file.
pub(crate) fn run(command: &EvalOnFiles, console: &Console) -> anyhow::Result<()> {
    match command {
        EvalOnFiles::Rank(args) => {
            for row in read_jsonl::<RankRow>(&args.input)? {
                if row.x.len() != row.y.len() {
                    anyhow::bail!(
                        "row {:?}: x has {} numbers, y has {}",
                        row.id,
                        row.x.len(),
                        row.y.len()
                    );
                }
                let (rho, tau) = (spearman(&row.x, &row.y), kendall_tau_b(&row.x, &row.y));
                print(&format!(
                    "{}\n",
                    json!({ "id": row.id, "spearman": rho, "kendall_tau_b": tau })
                ))?;
            }
            Ok(())
        }
        EvalOnFiles::Rouge(args) => {
            for row in read_jsonl::<RougeRow>(&args.input)? {
                let stemming = if row.stemmer { Stemming::Porter } else { Stemming::Off };
                let scores = rouge(&row.reference, &row.prediction, stemming);
                print(&format!("{}\n", json!({ "id": row.id, "rouge": scores })))?;
            }
            Ok(())
        }
        EvalOnFiles::Ifeval(args) => ifeval(args, console),
        EvalOnFiles::Safety(args) => safety(args, console),
        EvalOnFiles::Benchmark(args) => benchmark(args, console),
        EvalOnFiles::Perplexity(args) => perplexity(args, console),
        EvalOnFiles::AlpacaEval(args) => alpaca_eval(args),
        EvalOnFiles::MtBench(args) => mt_bench(args, console),
        EvalOnFiles::HeadToHead(args) => super::head_to_head::run(args, console),
        EvalOnFiles::Judge(args) => match &args.input {
            Some(input) => scored(input),
            None => eval_judge(args, console),
        },
    }
}

/// Rows that are scored already.
fn scored(input: &Path) -> anyhow::Result<()> {
    let mut groups: BTreeMap<String, Vec<RankedResponse>> = BTreeMap::new();
    for row in read_jsonl::<JudgedRow>(input)? {
        let n_characters = row.response.chars().count() as u64;
        let (human_rank, mean_score) = (row.human_rank, row.score.map(Score::get));
        let response = RankedResponse { human_rank, mean_score, n_characters };
        groups.entry(row.prompt_id).or_default().push(response);
    }
    let groups: Vec<RankedGroup> = groups
        .into_iter()
        .map(|(prompt_id, responses)| RankedGroup { prompt_id, responses })
        .collect();
    print(&format!("{}\n", serde_json::to_string(&agreement(&groups, &Bootstrap::default()))?))
}
