//! One iteration of seven prompts, each with another fate.

use std::path::Path;

use serde_json::{Value, json};
use srlm_artifact::{
    Artifact, Begin, Counts, FinishReason, JudgmentFailure, JudgmentRow, Judgments, Kind, Model,
    PairRow, Pairs, Prompt, PromptRow, PromptSource, Prompts, Recipe, RefLogps, RefLogpsRow,
    ResponseRow, Responses, Score,
};

/// Text and score of the two responses to each prompt; no score is a judge that gave none, no text
/// one that was not asked because the response was cut off.
const RESPONSES: [[(&str, Option<f64>); 2]; 7] = [
    [("Because of the wind.", Some(4.0)), ("Who knows?", Some(2.0))],
    [("It is so.", Some(3.0)), ("It is not so.", Some(3.0))],
    [("Yes.", Some(3.0)), ("No.", None)],
    [("Ask again.", Some(3.5)), ("Ask later.", Some(3.0))],
    [("Twice.", Some(5.0)), ("Twice.", Some(1.0))],
    [("A long way.", Some(5.0)), ("A short way.", Some(1.0))],
    [("Maybe.", Some(4.0)), ("", None)],
];

const DROPPED: &str = r#"{"text":"Name a windy  hill.","reason":"similar","round":0,"request":"iter1-round0000-000","nearest":"iter1-00000","rouge_l":0.75}
{"text":"Draw a map.","reason":"keyword","round":0,"request":"iter1-round0000-001","nearest":null,"rouge_l":null}
{"text":"What is question 1?","reason":"duplicate","round":1,"request":"iter1-round0001-000","nearest":"iter1-00001","rouge_l":null}
"#;

/// Writes an artifact; `add` may put files beside its rows.
pub(crate) fn write<K: Kind>(
    run: &Path,
    path: &str,
    config: Value,
    rows: Vec<K::Row>,
    counts: &[(&str, u64)],
    add: impl FnOnce(&Path),
) -> Artifact<K> {
    let recipe = Recipe {
        stage: "test".to_owned(),
        stage_version: 1,
        crate_version: "0.1.0".to_owned(),
        config: config.into(),
        seed: 1,
        inputs: vec![],
    };
    let Begin::Write(writer) = srlm_artifact::begin::<K>(&run.join(path), recipe).unwrap() else {
        panic!("{path} exists");
    };
    add(writer.dir());
    let counts: Counts = counts.iter().map(|(name, n)| ((*name).to_owned(), *n)).collect();
    writer.finish(rows, counts, "cpu").unwrap()
}

pub(crate) fn prompt_id(i: usize) -> String {
    format!("iter1-{i:05}")
}

fn prompt(i: usize) -> Prompt {
    Prompt::user(format!("What is question {i}?"))
}

pub(crate) fn responses(i: usize) -> impl Iterator<Item = ResponseRow> {
    (0..).zip(RESPONSES[i]).map(move |(sample_index, (text, _))| ResponseRow {
        response_id: format!("{}/{sample_index}", prompt_id(i)),
        prompt_id: prompt_id(i),
        sample_index,
        response: text.to_owned(),
        finish_reason: if text.is_empty() { FinishReason::Length } else { FinishReason::Stop },
        n_tokens: 5,
        seed: 1,
    })
}

/// Two of each response that is judged; the last but one of prompt 0 is cut off.
pub(crate) fn judgments() -> Vec<JudgmentRow> {
    let mut rows = Vec::new();
    for (i, judged) in RESPONSES.iter().enumerate() {
        for response in responses(i).filter(|response| !response.response.is_empty()) {
            let score = judged[response.sample_index as usize].1;
            rows.extend((0..2).map(|judge_index| {
                let is_cut = (i, response.sample_index, judge_index) == (0, 1, 1);
                let score = score.filter(|_| !is_cut);
                let failure =
                    if is_cut { JudgmentFailure::Truncated } else { JudgmentFailure::NoScore };
                JudgmentRow {
                    response_id: response.response_id.clone(),
                    prompt_id: prompt_id(i),
                    judge_index,
                    score: score.and_then(Score::new),
                    rationale: "Well.".to_owned(),
                    failure: score.is_none().then_some(failure),
                    seed: 1,
                    expected_score: score.and_then(|score| Score::new(score - 0.25)),
                    truncated: false,
                }
            }));
        }
    }
    rows
}

pub(crate) fn pair(i: usize) -> PairRow {
    let [(chosen, score_chosen), (rejected, score_rejected)] = RESPONSES[i];
    PairRow {
        prompt_id: prompt_id(i),
        prompt: prompt(i),
        chosen: chosen.to_owned(),
        rejected: rejected.to_owned(),
        chosen_id: format!("{}/0", prompt_id(i)),
        rejected_id: format!("{}/1", prompt_id(i)),
        score_chosen: score_chosen.unwrap(),
        score_rejected: score_rejected.unwrap(),
        label_weight: 0.75,
    }
}

pub(crate) const PAIR_COUNTS: [(&str, u64); 9] = [
    ("prompts", 7),
    ("paired", 2),
    ("unscored", 2),
    ("tied", 1),
    ("below_gap", 1),
    ("identical", 1),
    ("pairs_proposed", 4),
    ("pairs_below_gap", 1),
    ("pairs", 2),
];

/// Up to the judgments.
pub(crate) fn write_first_half(run: &Path) {
    let row = |i| PromptRow {
        prompt_id: prompt_id(i),
        prompt: prompt(i),
        source: PromptSource::Generated,
    };
    let counts = [
        ("generated", 10),
        ("kept", 7),
        ("similar", 1),
        ("keyword", 1),
        ("duplicate", 1),
        ("rounds", 2),
    ];
    let add = |dir: &Path| std::fs::write(dir.join("dropped.jsonl"), DROPPED).unwrap();
    write::<Prompts>(run, "iter-1/prompts", json!({}), (0..7).map(row).collect(), &counts, add);
    let counts = [
        ("prompts", 7),
        ("responses", 14),
        ("stop", 13),
        ("length", 1),
        ("blank", 1),
        ("tokens", 70),
    ];
    let rows = (0..7).flat_map(responses).collect();
    write::<Responses>(run, "iter-1/responses", json!({ "samples": 2 }), rows, &counts, |_| ());
    let counts = [
        ("responses", 14),
        ("excluded_responses", 1),
        ("unscored_responses", 1),
        ("judgments", 26),
        ("scored", 23),
        ("no_score", 2),
        ("truncated", 1),
    ];
    write::<Judgments>(
        run,
        "iter-1/judgments",
        json!({ "judgments": 2 }),
        judgments(),
        &counts,
        |_| (),
    );
}

pub(crate) fn write_pairs(run: &Path, counts: &[(&str, u64)]) {
    let config = json!({ "aggregation": "mean", "strategy": "best_worst", "min_score_gap": 1.0, "new_setting": 3 });
    write::<Pairs>(run, "iter-1/pairs", config, vec![pair(0), pair(5)], counts, |_| ());
}

/// The reference and the next model; prompt 5 is too long.
pub(crate) fn write_training(run: &Path) {
    let PairRow { chosen_id, rejected_id, .. } = pair(0);
    let row =
        RefLogpsRow { chosen_id, rejected_id, ref_chosen_logps: -9.0, ref_rejected_logps: -8.0 };
    let counts = [("pairs", 2), ("prompt_too_long", 1)];
    write::<RefLogps>(run, "iter-1/ref-logps", json!({}), vec![row], &counts, |_| ());
    write_model(run, &[("pairs", 1), ("steps", 1)]);
}

pub(crate) fn write_model(run: &Path, counts: &[(&str, u64)]) {
    let add = |dir: &Path| std::fs::write(dir.join("model.safetensors"), b"not weights").unwrap();
    write::<Model>(run, "m2", json!({}), vec![], counts, add);
}

/// The whole iteration.
pub(crate) fn write_run(run: &Path) {
    write_first_half(run);
    write_pairs(run, &PAIR_COUNTS);
    write_training(run);
}
