//! The stage from folder to folder.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use srlm_artifact::{
    Artifact, Begin, FinishReason, JudgmentFailure, JudgmentRow, Judgments, Kind, Pairs, PromptRow, PromptSource,
    Prompts, Recipe, ResponseRow, Responses, Score, begin,
};
use srlm_pairs::{Error, Inputs, PairsConfig, run};

/// By prompt the text and score of each candidate: a pair, a narrow pair, a tie, one score only, twins, no candidates.
const JUDGED: [&[(&str, Option<f64>)]; 6] = [
    &[("a", Some(2.0)), ("b", Some(5.0)), ("c", Some(1.0))],
    &[("a", Some(3.0)), ("b", Some(3.5))],
    &[("a", Some(3.0)), ("b", Some(3.0))],
    &[("a", Some(3.0)), ("b", None)],
    &[("a", Some(1.0)), ("a", Some(5.0))],
    &[],
];

/// The three inputs in one folder.
struct Folders {
    prompts: Artifact<Prompts>,
    responses: Artifact<Responses>,
    judgments: Artifact<Judgments>,
}

impl Folders {
    fn select(&self, min_score_gap: f64, out: &Path) -> Result<Artifact<Pairs>, Error> {
        let Self { prompts, responses, judgments } = self;
        run(&PairsConfig { min_score_gap }, Inputs { prompts, responses, judgments }, out)
    }
}

fn write<K: Kind>(dir: &Path, name: &str, rows: Vec<K::Row>) -> Artifact<K> {
    let recipe = Recipe {
        stage: "test".to_owned(),
        stage_version: 1,
        crate_version: String::new(),
        git_commit: None,
        config: serde_json::Value::Null,
        seed: 0,
        inputs: Vec::new(),
    };
    let Begin::Write(writer) = begin(&dir.join(name), recipe).unwrap() else { panic!("not new") };
    writer.finish(rows, Default::default(), "cpu").unwrap()
}

fn judgments_of(prompts: &[&[(&str, Option<f64>)]]) -> Vec<JudgmentRow> {
    let judgment = |p: usize, r: usize, score: Option<f64>| JudgmentRow {
        response_id: format!("p{p}/{r}"),
        prompt_id: format!("p{p}"),
        judge_index: 0,
        score: score.map(|score| Score::new(score).unwrap()),
        rationale: "Hm.".to_owned(),
        failure: score.is_none().then_some(JudgmentFailure::NoScore),
        seed: 0,
        expected_score: None,
        truncated: false,
    };
    let of_prompt = |(p, responses): (usize, &&[(&str, Option<f64>)])| {
        responses.iter().enumerate().map(|(r, (_, score))| judgment(p, r, *score)).collect::<Vec<_>>()
    };
    prompts.iter().enumerate().flat_map(of_prompt).collect()
}

fn folders(dir: &Path) -> Folders {
    let (mut prompts, mut responses) = (Vec::new(), Vec::new());
    for (p, candidates) in JUDGED.iter().enumerate() {
        let prompt_id = format!("p{p}");
        responses.extend((0..).zip(*candidates).map(|(sample_index, (text, _))| ResponseRow {
            response_id: format!("{prompt_id}/{sample_index}"),
            prompt_id: prompt_id.clone(),
            sample_index,
            response: (*text).to_owned(),
            finish_reason: FinishReason::Stop,
            n_tokens: 1,
            seed: 0,
        }));
        prompts.push(PromptRow { prompt_id, prompt: "Why?".into(), source: PromptSource::Seed });
    }
    Folders {
        prompts: write(dir, "prompts", prompts),
        responses: write(dir, "responses", responses),
        judgments: write(dir, "judgments", judgments_of(&JUDGED)),
    }
}

fn counts(pairs: &Artifact<Pairs>) -> String {
    let counts = pairs.manifest().counts.iter().map(|(name, n)| format!("{name} {n}"));
    counts.collect::<Vec<_>>().join(", ")
}

#[test]
fn pairs_and_counts_are_written() {
    let dir = tempfile::tempdir().unwrap();
    let pairs = folders(dir.path()).select(1.0, &dir.path().join("iter-1/pairs")).unwrap();
    pairs.verify().unwrap();
    let rows = pairs.rows().unwrap();
    let ids: Vec<_> = rows.iter().map(|row| (row.chosen_id.as_str(), row.rejected_id.as_str())).collect();
    assert_eq!(ids, [("p0/1", "p0/2")]);
    assert_eq!((rows[0].score_chosen, rows[0].score_rejected), (5.0, 1.0));
    assert_eq!(counts(&pairs), "below_gap 1, identical 1, pairs 1, prompts 6, tied 1, unscored 2");

    let recipe = &pairs.manifest().provenance;
    assert_eq!((recipe.stage.as_str(), &recipe.config), ("srlm-pairs", &serde_json::json!({ "min_score_gap": 1.0 })));
    let roles: Vec<_> = recipe.inputs.iter().map(|input| (input.role.as_str(), input.kind.as_str())).collect();
    assert_eq!(roles, [("prompts", "prompts"), ("responses", "responses"), ("judgments", "judgments")]);
}

#[test]
fn the_second_run_is_up_to_date() {
    let dir = tempfile::tempdir().unwrap();
    let (folders, out) = (folders(dir.path()), dir.path().join("pairs"));
    let first = folders.select(0.0, &out).unwrap();
    // Without its rows an input cannot be read: the second run must not try.
    std::fs::remove_file(dir.path().join("judgments/judgments.jsonl")).unwrap();
    let second = folders.select(0.0, &out).unwrap();
    assert_eq!(first.manifest(), second.manifest());
    let anew = folders.select(0.0, &dir.path().join("elsewhere"));
    assert!(matches!(anew, Err(Error::Artifact(srlm_artifact::Error::Io { .. }))), "{anew:?}");
}

#[test]
fn another_gap_and_other_judgments_are_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let (mut folders, out) = (folders(dir.path()), dir.path().join("pairs"));
    let first = folders.select(0.0, &out).unwrap();
    let refused = |folders: &Folders, gap, expected: &str| {
        let error = folders.select(gap, &out).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert_eq!(Artifact::<Pairs>::open(&out).unwrap().manifest(), first.manifest());
    };
    refused(&folders, 1.0, "made with another config.min_score_gap: was 0.0, now 1.0");
    folders.judgments = write(dir.path(), "others", judgments_of(&JUDGED[..4]));
    refused(&folders, 0.0, "made with another inputs.judgments");
}

#[test]
fn no_pairs_are_an_artifact() {
    let dir = tempfile::tempdir().unwrap();
    let pairs = folders(dir.path()).select(5.0, &dir.path().join("pairs")).unwrap();
    assert_eq!((pairs.manifest().rows, pairs.rows().unwrap()), (0, Vec::new()));
    assert_eq!(counts(&pairs), "below_gap 3, identical 0, pairs 0, prompts 6, tied 1, unscored 2");
}

#[test]
fn nothing_is_written_with_a_gap_or_with_rows_that_cannot_be_used() {
    let dir = tempfile::tempdir().unwrap();
    let (mut folders, out) = (folders(dir.path()), dir.path().join("pairs"));
    assert!(matches!(folders.select(-1.0, &out), Err(Error::Config { key: "min_score_gap", .. })));
    folders.responses = write(dir.path(), "none", Vec::new());
    let error = folders.select(0.0, &out).unwrap_err();
    assert_eq!(error.to_string(), r#"judgment 0 is of response_id "p0/0", which is not among the responses"#);
    assert!(!out.exists());
}
