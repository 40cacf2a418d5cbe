//! A study of a few made-up runs: done, begun, failed and not there.
#![allow(clippy::unwrap_used)]

#[allow(dead_code, reason = "the report's test uses the rest")]
mod demo;
#[path = "demo/html.rs"]
mod html;

use std::path::Path;

use demo::folders;
use serde_json::json;
use srlm_eval::study::{
    FAILED, PlannedRun, RunState, Settings, Study, seal, study_json, study_markdown, study_page,
};

/// Two iterations or one, with two seeds; then a run that failed, one that is begun, one that is to
/// do.
fn planned() -> Vec<PlannedRun> {
    let run = |id: &str, iterations: u32, rubric: &str, seed| PlannedRun {
        id: id.to_owned(),
        settings: Settings::from([
            ("judge.rubric".to_owned(), json!(rubric)),
            ("run.iterations".to_owned(), json!(iterations)),
        ]),
        seed,
    };
    vec![
        run("two,seed=1", 2, "additive", 1),
        run("two,seed=2", 2, "additive", 2),
        run("one,seed=1", 1, "additive", 1),
        run("failed", 1, "<script>alert(1)</script>", 1),
        run("begun", 2, "<script>alert(1)</script>", 1),
        run("to-do", 3, "additive", 1),
    ]
}

/// M1 and the models of the iterations that are done, each with an evaluation.
fn write_run(study: &Path, id: &str, iterations: u32, n_done: u32) {
    let run = study.join("runs").join(id);
    std::fs::create_dir_all(&run).unwrap();
    if n_done == 2 {
        return folders::write_run(&run);
    }
    std::fs::write(run.join("run.toml"), format!("[run]\niterations = {iterations}\n")).unwrap();
    for model in 1..=n_done + 1 {
        folders::write_model(&run, model);
        folders::write_evaluation(&run, model);
    }
    for iteration in 1..=n_done {
        folders::write_first_half(&run, iteration);
        folders::write_second_half(&run, iteration);
    }
}

fn study(dir: &Path) -> Study {
    for (id, iterations, n_done) in
        [("two,seed=1", 2, 2), ("two,seed=2", 2, 2), ("one,seed=1", 1, 1), ("begun", 2, 0)]
    {
        write_run(dir, id, iterations, n_done);
    }
    std::fs::create_dir_all(dir.join("runs/failed")).unwrap();
    std::fs::write(dir.join("runs/failed").join(FAILED), "no <b>rubric</b>\n  caused by: a fire\n")
        .unwrap();
    Study::read(dir, "demo", &planned()).unwrap()
}

#[test]
fn runs_are_read_as_far_as_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let study = study(dir.path());
    let states: Vec<&RunState> = study.runs().map(|run| &run.state).collect();
    let failed = RunState::Failed("no <b>rubric</b>\n  caused by: a fire".to_owned());
    use RunState::{Done, Pending};
    assert_eq!(states, [&Done, &Done, &Done, &failed, &Pending, &Pending]);

    let [two, one] = [0, 1].map(|i| &study.points[i]);
    assert_eq!((two.runs.len(), one.runs.len()), (2, 1));
    // Responses of two rounds, 60 prompts each with 4; 3 judgments of each.
    assert_eq!((two.runs[0].cost.n_responses, two.runs[0].cost.n_judgments), (480, 1440));
    let loss = two.readings["held_out_loss"];
    assert!((loss.value - 1.93).abs() < 1e-9 && loss.n_runs == 2, "{loss:?}");
    // M3 of the made-up runs was compared with M2 only.
    let last = two.runs[0].last().unwrap();
    assert_eq!(
        (last.model.as_str(), last.win_rate, two.readings.get("win_rate")),
        ("M3", None, None)
    );
    let last = one.runs[0].last().unwrap();
    assert_eq!(
        (last.model.as_str(), last.win_rate.unwrap().value),
        ("M2", one.readings["win_rate"].value)
    );
    assert!(study.points[2].readings.is_empty() && study.points[3].readings.is_empty());

    let axes: Vec<&str> = study.axes.iter().map(|axis| axis.key.as_str()).collect();
    assert_eq!(axes, ["judge.rubric", "run.iterations"]);
    let over_iterations: Vec<_> =
        study.curves.iter().filter(|curve| curve.axis == "run.iterations").collect();
    // Two rubrics, five measures.
    assert_eq!(over_iterations.len(), 10);
    let judging = over_iterations.iter().find(|curve| curve.measure == "judge_accuracy").unwrap();
    assert_eq!(
        judging.points.iter().map(|point| point.value.clone()).collect::<Vec<_>>(),
        [json!(1), json!(2)]
    );
}

#[test]
fn the_page_claims_little_runs_nothing_and_says_all_in_words() {
    let dir = tempfile::tempdir().unwrap();
    let study = study(dir.path());
    let page = study_page(&study);
    std::fs::write(concat!(env!("CARGO_TARGET_TMPDIR"), "/study.html"), &page).unwrap();
    for forbidden in
        ["<script", "http://", "https://", "<img", "<link", "url(", "@import", "onload", " style="]
    {
        assert!(!page.contains(forbidden), "the page holds {forbidden:?}");
    }
    html::assert_sound(&page);
    assert_eq!(page.matches("<desc").count(), page.matches("role=\"img\" aria-labelledby").count());
    for text in [
        "3 of 6 runs are done, 1 failed.",
        "Each point is the mean of up to 2 seeds.",
        "a judge that took part in training",
        "caused by: a fire",
        "runs/two,seed=1/report/index.html",
        "no change",
    ] {
        assert!(page.contains(text), "the page lacks {text:?}");
    }
    assert_eq!(page, study_page(&study), "the same study gives the same bytes");

    let markdown = study_markdown(&study);
    assert!(
        markdown.contains("failed failed: no \\<b>rubric\\</b>   caused by: a fire"),
        "{markdown}"
    );
    assert_eq!(markdown.lines().filter(|line| line.starts_with("| judge.rubric")).count(), 5);
    assert_eq!(study_json(&study)["points"][0]["runs"][0]["state"], "done");
}

#[test]
fn a_study_without_a_run_has_its_pages() {
    let dir = tempfile::tempdir().unwrap();
    let study = Study::read(dir.path(), "demo", &planned()).unwrap();
    assert!(study_page(&study).contains("0 of 6 runs are done. Nothing can be compared yet."));
    assert!(study_page(&Study::read(dir.path(), "none", &[]).unwrap()).contains("0 of 0 runs"));
}

#[test]
fn a_result_depends_on_runs_and_not_on_time_and_an_older_one_is_moved_aside() {
    let dir = tempfile::tempdir().unwrap();
    let mut study = study(dir.path());
    let first = seal(&study, dir.path(), "cpu").unwrap();
    study.seconds = Some(9e9);
    assert_eq!(seal(&study, dir.path(), "cpu").unwrap().content_hash(), first.content_hash());
    assert!(
        !std::fs::read_to_string(first.dir().join("study.json")).unwrap().contains("9000000000")
    );
    assert_eq!(first.manifest().counts["runs"], 6);
    let parts = ["done", "failed", "pending"].map(|name| first.manifest().counts[name]);
    assert_eq!(parts, [3, 1, 2]);

    std::fs::remove_file(dir.path().join("runs/failed").join(FAILED)).unwrap();
    std::fs::write(dir.path().join("runs/begun/best.json"), r#"{ "stopped": { "model": "M1" } }"#)
        .unwrap();
    let study = Study::read(dir.path(), "demo", &planned()).unwrap();
    assert_eq!(
        study.runs().filter(|run| run.state == RunState::Done).count(),
        4,
        "a stop rule ends a run"
    );
    assert_ne!(seal(&study, dir.path(), "cpu").unwrap().content_hash(), first.content_hash());
    assert!(dir.path().join("result.old-1/study.json").exists());
}
