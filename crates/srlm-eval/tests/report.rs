//! The report of a whole run, of half a run, of an empty folder, and of a run that means harm.
#![allow(clippy::unwrap_used)]

mod demo;

use std::path::Path;

use demo::folders;
use srlm_artifact::Begin;
use srlm_eval::{
    Evaluation, FolderState, HeldOutLoss, RunSummary, render, summary_json, summary_markdown,
};

fn temporary(name: &str) -> (tempfile::TempDir, std::path::PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let run = dir.path().join(name);
    std::fs::create_dir(&run).unwrap();
    (dir, run)
}

fn report(run: &Path) -> String {
    render(&RunSummary::read(run).unwrap())
}

fn assert_has(page: &str, texts: &[&str]) {
    for text in texts {
        assert!(page.contains(text), "the page lacks {text:?}");
    }
}

#[test]
fn a_whole_run_is_told_in_order() {
    let (_dir, run) = temporary("demo");
    folders::write_run(&run);
    let summary = RunSummary::read(&run).unwrap();
    let page = render(&summary);
    std::fs::write(concat!(env!("CARGO_TARGET_TMPDIR"), "/report.html"), &page).unwrap();

    let places: Vec<usize> =
        ["answer", "judge", "compared", "responses", "funnel", "training", "pairs", "provenance"]
            .iter()
            .map(|id| page.find(&format!("<section id=\"{id}\"")).unwrap())
            .collect();
    assert!(places.is_sorted());
    assert_has(
        &page,
        &[
            "M0",
            "M3",
            "longer response",
            "at equal lengths",
            "chance",
            "Ratings of all models",
            "while the margin grew: common",
            "worst chosen",
            "largest gap",
            "smallest gap",
            "21 similar, 9 too short",
            "learning_rate = 1e-6",
        ],
    );
    assert_has(
        &page,
        &["The only evaluator is a judge that took part in training", "It does not beat length"],
    );
    assert!(!page.contains("class=\"pending\""), "nothing of a whole run is pending");
    assert!(summary.folders().all(|folder| folder.facts().is_some()));
    assert!(summary.iterations.iter().all(|iteration| iteration.funnel.check().is_empty()));
    assert_eq!(page, report(&run), "the same run gives the same bytes");
}

#[test]
fn the_page_asks_for_nothing_and_runs_nothing() {
    let (_dir, run) = temporary("demo");
    folders::write_run(&run);
    let page = report(&run);
    for forbidden in
        ["<script", "http://", "https://", "<img", "<link", "url(", "@import", " onload", " style="]
    {
        assert!(!page.contains(forbidden), "the page holds {forbidden:?}");
    }
    let opened = page.matches("<svg").count();
    assert_eq!(opened, page.matches("</svg>").count());
    assert_eq!(page.matches("<desc").count(), page.matches("role=\"img\" aria-labelledby").count());
}

#[test]
fn an_empty_folder_has_a_report() {
    let (_dir, run) = temporary("empty");
    let summary = RunSummary::read(&run).unwrap();
    assert_has(
        &render(&summary),
        &[
            "No model of this run has been evaluated yet.",
            "No iteration has begun.",
            "No pairs yet.",
        ],
    );
    insta::assert_snapshot!(summary_markdown(&summary), @r"
    # empty

    No model of this run has been evaluated yet.

    | model | verdict | win / tie / loss | at equal lengths | rating (Elo) | answers |
    |---|---|---|---|---|---|
    | M0 | starting model | – | – | – | – |
    | M1 | pending | – | – | – | – |

    | model | judge pairwise accuracy | longer response | chance | judging | hidden anchors | held-out loss (nats/token) |
    |---|---|---|---|---|---|---|
    | M0 | – | – | – | – | – | – |
    | M1 | – | – | – | – | – | – |

    | model | mean response tokens | cut off | refusals | harmful served | harmless refused | distinct pairs | self-BLEU | time | tokens written | tokens trained on |
    |---|---|---|---|---|---|---|---|---|---|---|
    | M0 | – | – | – | – | – | – | – | – | – | – |
    | M1 | – | – | – | – | – | – | – | – | – | – |
    ");
    assert!(RunSummary::read(&run.join("missing")).is_err());
}

#[test]
fn a_run_in_the_middle_shows_what_is_pending() {
    let (_dir, run) = temporary("half");
    std::fs::write(run.join("run.toml"), "[loop]\niterations = 2\n").unwrap();
    folders::write_seeds(&run);
    folders::write_model(&run, 1);
    folders::write_evaluation(&run, 1);
    folders::write_first_half(&run, 1);
    let summary = RunSummary::read(&run).unwrap();
    assert_eq!((summary.models.len(), summary.iterations.len()), (4, 2));
    let states: Vec<bool> = summary.iterations[0]
        .stages
        .iter()
        .map(|stage| stage.state == FolderState::Pending)
        .collect();
    assert_eq!(states, [false, false, false, true, true]);
    assert_has(
        &render(&summary),
        &[
            "M1 has been evaluated but not compared",
            "Iteration 1, judged by M1",
            "pending",
            "Supervised fine-tuning",
        ],
    );
    assert!(summary_markdown(&summary).contains("| M2 | pending |"));
}

#[test]
fn a_broken_artifact_is_named_and_the_rest_is_shown() {
    let (_dir, run) = temporary("broken");
    folders::write_run(&run);
    std::fs::write(run.join("iter-1/pairs/pairs.jsonl"), "{}\n").unwrap();
    std::fs::write(run.join("iter-1/eval/eval.json"), "{}\n").unwrap();
    let summary = RunSummary::read(&run).unwrap();
    assert!(matches!(summary.iterations[0].stages[3].state, FolderState::Unreadable(_)));
    assert!(summary.models[2].evaluation.is_none());
    assert_has(&render(&summary), &["unreadable:", "Iteration 2, judged by M2"]);
}

#[test]
fn programs_read_the_same_numbers() {
    let (_dir, run) = temporary("demo");
    folders::write_run(&run);
    let json = summary_json(&RunSummary::read(&run).unwrap());
    assert_eq!(json["models"][2]["evaluation"]["head_to_head"]["wins"], 96);
    assert_eq!(json["iterations"][0]["judge"]["judgments"], 720);
    assert_eq!(json["iterations"][0]["stages"][0]["state"]["complete"]["n_rows"], 60);
    let measures = &json["key_measures"][2];
    assert_eq!(measures["win_rate"], json["models"][2]["evaluation"]["head_to_head"]["win_rate"]);
    assert_eq!(measures["n_training_tokens"], 120 * 4096);
    assert_eq!(json["models"][2]["training"][0]["curve"], "loss");
}

#[test]
fn an_evaluation_reads_as_written_and_is_up_to_date_then() {
    let (_dir, run) = temporary("demo");
    folders::write_evaluation(&run, 2);
    let out = run.join("iter-1/eval");
    let Begin::UpToDate(artifact) =
        srlm_eval::begin(&out, serde_json::json!({}).into(), 42, vec![]).unwrap()
    else {
        panic!("the evaluation was finished");
    };
    assert_eq!(srlm_eval::read(&artifact).unwrap(), demo::evaluation(2));
    assert_eq!(artifact.manifest().counts["wins"], 96);
    assert!(
        srlm_eval::begin(&out, serde_json::json!({}).into(), 43, vec![]).is_err(),
        "another seed is another evaluation"
    );
}

#[test]
fn nan_is_refused_before_it_is_written() {
    let (_dir, run) = temporary("demo");
    let out = run.join("iter-0/eval");
    let Begin::Write(writer) =
        srlm_eval::begin(&out, serde_json::json!({}).into(), 1, vec![]).unwrap()
    else {
        panic!("the folder is new");
    };
    let held_out = Some(HeldOutLoss { loss: f64::NAN, n_tokens: 1 });
    let evaluation = Evaluation { held_out, ..Evaluation::new("M1") };
    let error = srlm_eval::write(writer, &evaluation, "cpu").unwrap_err();
    insta::assert_snapshot!(error, @"the evaluation of M1 holds a number that is not finite: check its held-out loss");
    assert!(!out.join("manifest.json").exists());
}
