//! The made-up run, written to disk.

use std::path::Path;

use srlm_artifact::{
    Artifact, Begin, Counts, Eft, EftRow, Ift, IftRow, Input, JudgmentFailure, Judgments, Kind,
    Model, Pairs, Prompt, PromptRow, PromptSource, Prompts, Recipe, RefLogps, RefLogpsRow,
    Responses, Score,
};

use super::{N_PROMPTS, evaluation, judgments, metrics, pairs, prompt, prompt_id, responses};

pub(crate) fn recipe(stage: &str, inputs: Vec<Input>) -> Recipe {
    Recipe {
        stage: stage.to_owned(),
        stage_version: 1,
        crate_version: "0.1.0".to_owned(),
        config: serde_json::json!({}).into(),
        seed: 42,
        inputs,
    }
}

pub(crate) fn write<K: Kind>(
    run: &Path,
    path: &str,
    stage: &str,
    rows: Vec<K::Row>,
    counts: &[(&str, u64)],
) -> Artifact<K> {
    let Begin::Write(writer) =
        srlm_artifact::begin::<K>(&run.join(path), recipe(stage, vec![])).unwrap()
    else {
        panic!("{path} exists");
    };
    let counts: Counts = counts.iter().map(|(name, n)| ((*name).to_owned(), *n)).collect();
    writer.finish(rows, counts, "cpu").unwrap()
}

pub(crate) fn write_seeds(run: &Path) {
    let ift = |i: usize| IftRow {
        prompt_id: format!("seed-{i}"),
        prompt: prompt(i),
        response: "Try it and see.".to_owned(),
        source: "demo".to_owned(),
    };
    let eft = |i: usize| EftRow {
        prompt_id: format!("eft-{i}"),
        prompt: Prompt::user("What is a hash?"),
        response: "A fingerprint of data.".to_owned(),
        target: "Correct and short. Score: 4".to_owned(),
        score: Score::new(4.0).unwrap(),
        human_rank: 0,
    };
    write::<Ift>(
        run,
        "seed/ift",
        "import",
        (0..40).map(ift).collect(),
        &[("read", 44), ("duplicate", 4)],
    );
    write::<Eft>(run, "seed/eft", "import", (0..20).map(eft).collect(), &[("read", 20)]);
}

/// The weights are a few bytes; the curves are what the report reads.
pub(crate) fn write_model(run: &Path, model: u32) {
    let recipe = recipe(if model == 1 { "srlm-sft" } else { "srlm-dpo" }, vec![]);
    let Begin::Write(writer) =
        srlm_artifact::begin::<Model>(&run.join(format!("m{model}")), recipe).unwrap()
    else {
        panic!("m{model} exists");
    };
    srlm_artifact::write_metrics(writer.dir(), &metrics(model)).unwrap();
    std::fs::write(writer.dir().join("model.safetensors"), b"not weights").unwrap();
    writer.finish(vec![], Counts::new(), "cpu").unwrap();
}

pub(crate) fn write_evaluation(run: &Path, model: u32) {
    let out = run.join(format!("iter-{}/eval", model - 1));
    let Begin::Write(writer) =
        srlm_eval::begin(&out, serde_json::json!({}).into(), 42, vec![]).unwrap()
    else {
        panic!("evaluation of M{model} exists");
    };
    srlm_eval::write(writer, &evaluation(model), "cpu").unwrap();
}

/// Prompts, responses and judgments: an iteration that has not come to its pairs.
pub(crate) fn write_first_half(run: &Path, iteration: u32) {
    let path = |stage: &str| format!("iter-{iteration}/{stage}");
    let row = |i: usize| PromptRow {
        prompt_id: prompt_id(iteration, i),
        prompt: prompt(i),
        source: PromptSource::Generated,
    };
    let counts =
        [("generated", 96), ("kept", 60), ("similar", 21), ("too_short", 9), ("keyword", 6)];
    write::<Prompts>(
        run,
        &path("prompts"),
        "srlm-sampler",
        (0..N_PROMPTS).map(row).collect(),
        &counts,
    );
    let (answers, judged) = (responses(iteration), judgments(iteration));
    let n_cut = answers
        .iter()
        .filter(|row| row.finish_reason == srlm_artifact::FinishReason::Length)
        .count() as u64;
    let n = answers.len() as u64;
    let counts =
        [("prompts", N_PROMPTS as u64), ("responses", n), ("stop", n - n_cut), ("length", n_cut)];
    write::<Responses>(run, &path("responses"), "srlm-sampler", answers, &counts);
    let n_scored = judged.iter().filter(|row| row.score.is_some()).count() as u64;
    let n_failed =
        |failure| judged.iter().filter(|row| row.failure == Some(failure)).count() as u64;
    let counts = [
        ("responses", n),
        ("judgments", judged.len() as u64),
        ("scored", n_scored),
        ("no_score", n_failed(JudgmentFailure::NoScore)),
        ("truncated", n_failed(JudgmentFailure::Truncated)),
    ];
    write::<Judgments>(run, &path("judgments"), "srlm-judge", judged, &counts);
}

/// Pairs and reference log-probabilities.
pub(crate) fn write_second_half(run: &Path, iteration: u32) {
    let path = |stage: &str| format!("iter-{iteration}/{stage}");
    let rows = pairs(iteration);
    let n = rows.len() as u64;
    let reference = rows.iter().map(|pair| RefLogpsRow {
        chosen_id: pair.chosen_id.clone(),
        rejected_id: pair.rejected_id.clone(),
        ref_chosen_logps: -170.5,
        ref_rejected_logps: -160.25,
    });
    write::<RefLogps>(
        run,
        &path("ref-logps"),
        "srlm-dpo",
        reference.collect(),
        &[("pairs", n), ("prompt_too_long", 0)],
    );
    let counts = [("prompts", N_PROMPTS as u64), ("pairs", n), ("tied", N_PROMPTS as u64 - n)];
    write::<Pairs>(run, &path("pairs"), "srlm-pairs", rows, &counts);
}

/// The whole run: two iterations, three models.
pub(crate) fn write_run(run: &Path) {
    std::fs::write(
        run.join("run.toml"),
        "seed = 42\niterations = 2\n\n[dpo]\nbeta = 0.1\nlearning_rate = 1e-6\n",
    )
    .unwrap();
    write_seeds(run);
    for model in 1..=3 {
        write_model(run, model);
        write_evaluation(run, model);
    }
    for iteration in 1..=2 {
        write_first_half(run, iteration);
        write_second_half(run, iteration);
    }
}
