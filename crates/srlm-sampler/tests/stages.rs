//! The stages with a scripted generator: an interrupted run gives what an unbroken one gives.
#![allow(clippy::unwrap_used)]

use std::ops::ControlFlow;
use std::path::Path;

use srlm_artifact::{
    Artifact, Ift, IftRow, Place, Prompt, Prompts, Recipe, Responses, Shard, begin,
};
use srlm_generate::{Completion, Generate, Request, Sampling, Scripted};
use srlm_sampler::{DropReason, Error, merge, prompts, responses};

const PLACE: Place = Place { run_seed: 42, iteration: 1 };

/// Eight tasks that follow from the request's seed; some are dropped.
fn tasks(request: &Request, _sample_index: usize) -> String {
    let words = [
        "apple", "river", "stone", "cloud", "violin", "harbor", "winter", "engine", "draw",
        "lemon", "desk",
    ];
    let mut state = request.seeds[0];
    let mut word = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        words[(state >> 33) as usize % words.len()]
    };
    let mut task = || format!("{} {} {} {} {}?", word(), word(), word(), word(), word());
    let rest: String = (10..17).map(|number| format!("\n{number}. {}", task())).collect();
    format!(" {}{rest}", task())
}

fn generator() -> impl Generate {
    Scripted(tasks)
}

/// Fails in the midst of one of its calls, as a server that goes away.
struct Failing<G> {
    inner: G,
    calls_left: u32,
}

impl<G: Generate> Generate for Failing<G> {
    fn identity(&self) -> String {
        self.inner.identity()
    }

    fn generate(
        &mut self,
        requests: &[Request],
        on_completion: &mut dyn FnMut(Completion),
    ) -> Result<(), srlm_generate::Error> {
        if self.calls_left == 0 {
            self.inner.generate(&requests[..1], on_completion)?;
            return Err(srlm_generate::Error::Engine {
                engine: "test".to_owned(),
                source: "gone".into(),
            });
        }
        self.calls_left -= 1;
        self.inner.generate(requests, on_completion)
    }
}

fn seeds(dir: &Path) -> Artifact<Ift> {
    let recipe = Recipe {
        stage: "test".to_owned(),
        stage_version: 1,
        crate_version: String::new(),
        config: serde_json::Value::Null.into(),
        seed: 0,
        inputs: Vec::new(),
    };
    let row = |i: u32| IftRow {
        prompt_id: format!("seed-{i:02}"),
        prompt: Prompt::user(format!("Explain a{i} b{i} c{i} please.")),
        response: "Yes.".to_owned(),
        source: "test".to_owned(),
    };
    let srlm_artifact::Begin::Write(writer) = begin(&dir.join("ift"), recipe).unwrap() else {
        panic!("not new")
    };
    writer.finish((0..20).map(row).collect(), Default::default(), "cpu").unwrap()
}

fn config() -> prompts::Config {
    prompts::Config { count: 60, min_count: 1, requests_per_round: 2, ..prompts::Config::default() }
}

fn write_prompts(
    dir: &Path,
    name: &str,
    generator: &mut dyn Generate,
    stop_after: u64,
) -> Result<Artifact<Prompts>, Error> {
    let seeds = Artifact::open(&dir.join("ift")).unwrap();
    let inputs = prompts::Inputs { seeds: &seeds, earlier: &[], shard: None };
    let mut n_completions = 0;
    let mut on_progress = |_| {
        n_completions += 1;
        if n_completions > stop_after { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    prompts::run(&config(), inputs, generator, PLACE, &dir.join(name), "cpu", &mut on_progress)
}

fn write_responses(
    dir: &Path,
    name: &str,
    generator: &mut dyn Generate,
    stop_after: u64,
) -> Result<Artifact<Responses>, Error> {
    write_part(dir, name, generator, stop_after, None)
}

fn write_part(
    dir: &Path,
    name: &str,
    generator: &mut dyn Generate,
    stop_after: u64,
    shard: Option<Shard>,
) -> Result<Artifact<Responses>, Error> {
    let prompts = Artifact::open(&dir.join("prompts")).unwrap();
    let config = responses::Config {
        group_prompts: 7,
        sampling: Sampling { max_tokens: 8, ..Sampling::default() },
        ..responses::Config::default()
    };
    let mut on_progress = |p: srlm_artifact::Progress| {
        if p.done > stop_after { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let inputs = responses::Inputs { prompts: &prompts, shard };
    responses::run(&config, inputs, generator, PLACE, &dir.join(name), "cpu", &mut on_progress)
}

fn answers() -> impl Generate {
    Scripted(|request: &Request, i: usize| format!("{} {}", request.id, request.seeds[i]))
}

#[test]
fn prompts_interrupted_after_any_round_are_those_of_an_unbroken_run() {
    let dir = tempfile::tempdir().unwrap();
    seeds(dir.path());
    let whole = write_prompts(dir.path(), "prompts", &mut generator(), u64::MAX).unwrap();
    let n_rounds = whole.manifest().counts["rounds"];
    assert!(n_rounds > 3, "{n_rounds} rounds are too few to interrupt");
    let mut n_interrupted = 0;
    for stop_after in 0..3 * n_rounds {
        let name = format!("prompts-{stop_after}");
        let first = write_prompts(dir.path(), &name, &mut generator(), stop_after);
        n_interrupted += u32::from(matches!(first, Err(Error::Interrupted)));
        let again = write_prompts(dir.path(), &name, &mut generator(), u64::MAX).unwrap();
        assert_eq!(again.content_hash(), whole.content_hash(), "stopped after {stop_after}");
        assert_eq!(again.manifest().counts, whole.manifest().counts, "stopped after {stop_after}");
    }
    assert!(n_interrupted > 5);
    again_is_up_to_date(dir.path(), &whole);
}

fn again_is_up_to_date(dir: &Path, whole: &Artifact<Prompts>) {
    let mut never = Failing { inner: generator(), calls_left: 0 };
    let again = write_prompts(dir, "prompts", &mut never, u64::MAX).unwrap();
    assert_eq!(again.content_hash(), whole.content_hash());
    let files: Vec<_> = whole.manifest().files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(files, ["dropped.jsonl", "prompts.jsonl"]);
}

#[test]
fn prompts_go_on_after_the_generator_failed() {
    let dir = tempfile::tempdir().unwrap();
    seeds(dir.path());
    let whole = write_prompts(dir.path(), "prompts", &mut generator(), u64::MAX).unwrap();
    for calls_left in 0..3 {
        let failing = &mut Failing { inner: generator(), calls_left };
        let error = write_prompts(dir.path(), "again", failing, u64::MAX).unwrap_err();
        assert!(matches!(error, Error::Generate(_)), "{error}");
    }
    let again = write_prompts(dir.path(), "again", &mut generator(), u64::MAX).unwrap();
    assert_eq!(again.content_hash(), whole.content_hash());
}

#[test]
fn the_counts_of_prompts_add_up() {
    let dir = tempfile::tempdir().unwrap();
    seeds(dir.path());
    let whole = write_prompts(dir.path(), "prompts", &mut generator(), u64::MAX).unwrap();
    let counts = &whole.manifest().counts;
    let dropped: u64 = DropReason::ALL.iter().map(|reason| counts[reason.name()]).sum();
    assert_eq!(counts["generated"], counts["kept"] + dropped);
    assert_eq!((counts["kept"], counts["requested"]), (60, 60));
    assert!(counts["keyword"] > 0 && counts["similar"] > 0);
}

#[test]
fn responses_interrupted_after_any_group_are_those_of_an_unbroken_run() {
    let dir = tempfile::tempdir().unwrap();
    seeds(dir.path());
    let prompts = write_prompts(dir.path(), "prompts", &mut generator(), u64::MAX).unwrap();
    let whole = write_responses(dir.path(), "responses", &mut answers(), u64::MAX).unwrap();
    let n_responses = prompts.manifest().rows * 4;
    assert_eq!(whole.manifest().rows, n_responses);
    let mut n_interrupted = 0;
    for stop_after in (0..n_responses).step_by(14) {
        let name = format!("responses-{stop_after}");
        let first = write_responses(dir.path(), &name, &mut answers(), stop_after);
        n_interrupted += u32::from(matches!(first, Err(Error::Interrupted)));
        let again = write_responses(dir.path(), &name, &mut answers(), u64::MAX).unwrap();
        assert_eq!(again.content_hash(), whole.content_hash(), "stopped after {stop_after}");
    }
    assert!(n_interrupted > 5);
}

#[test]
fn every_dropped_prompt_is_kept_with_its_reason() {
    let dir = tempfile::tempdir().unwrap();
    seeds(dir.path());
    let whole = write_prompts(dir.path(), "prompts", &mut generator(), u64::MAX).unwrap();
    let text = std::fs::read_to_string(whole.dir().join("dropped.jsonl")).unwrap();
    let rows: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let counts = &whole.manifest().counts;
    for reason in DropReason::ALL {
        let n = rows.iter().filter(|row| row["reason"] == reason.name()).count();
        assert_eq!(n as u64, counts[reason.name()], "{}", reason.name());
    }
    let ids: Vec<_> = whole.rows().unwrap().into_iter().map(|row| row.prompt_id).collect();
    let similar = rows.iter().filter(|row| row["reason"] == "similar");
    assert!(similar.clone().count() > 0);
    for row in similar {
        assert!(ids.iter().any(|id| row["nearest"] == id.as_str()), "{row}");
        assert!(row["rouge_l"].as_f64().unwrap() > 0.7, "{row}");
    }
}

#[test]
fn too_few_prompts_leave_the_dropped_ones_to_look_at() {
    let dir = tempfile::tempdir().unwrap();
    let seeds = seeds(dir.path());
    let config = prompts::Config { count: 500, min_count: 500, max_rounds: 2, ..config() };
    let inputs = prompts::Inputs { seeds: &seeds, earlier: &[], shard: None };
    let (out, on_progress) = (dir.path().join("prompts"), &mut |_| ControlFlow::Continue(()));
    let error = prompts::run(&config, inputs, &mut generator(), PLACE, &out, "cpu", on_progress)
        .unwrap_err();
    assert!(error.to_string().starts_with("only "), "{error}");
    assert!(dir.path().join("prompts.partial/dropped.jsonl").exists());
}

#[test]
fn generated_prompts_cannot_be_sharded() {
    let dir = tempfile::tempdir().unwrap();
    let seeds = seeds(dir.path());
    let inputs =
        prompts::Inputs { seeds: &seeds, earlier: &[], shard: Some(Shard { index: 2, count: 3 }) };
    let on_progress = &mut |_| ControlFlow::Continue(());
    let out = dir.path().join("prompts");
    let error = prompts::run(&config(), inputs, &mut generator(), PLACE, &out, "cpu", on_progress)
        .unwrap_err();
    insta::assert_snapshot!(error, @"prompts cannot be generated as shard 2/3: each round shows the model prompts of the rounds before; generate them whole, and shard the stages that answer and judge them");
}

#[test]
fn joined_shards_of_responses_are_the_whole() {
    let dir = tempfile::tempdir().unwrap();
    seeds(dir.path());
    write_prompts(dir.path(), "prompts", &mut generator(), u64::MAX).unwrap();
    let whole = write_responses(dir.path(), "whole", &mut answers(), u64::MAX).unwrap();
    for count in [1, 3, 20] {
        let name = format!("joined-{count}");
        let part = |index| {
            let shard = Some(Shard { index, count });
            let _ = write_part(dir.path(), &name, &mut answers(), 14, shard);
            write_part(dir.path(), &name, &mut answers(), u64::MAX, shard).unwrap()
        };
        let parts: Vec<_> = (1..=count).rev().map(part).collect();
        let joined = merge(&parts, &dir.path().join(&name)).unwrap();
        is_the_same(&joined, &whole);
        assert!(count == 1 || merge(&parts[1..], &dir.path().join("other")).is_err());
    }
}

fn is_the_same<K: srlm_artifact::Kind>(joined: &Artifact<K>, whole: &Artifact<K>) {
    let (a, b) = (joined.manifest(), whole.manifest());
    assert_eq!((&a.content_hash, &a.key, &a.counts), (&b.content_hash, &b.key, &b.counts));
    for file in &a.files {
        let read = |artifact: &Artifact<K>| std::fs::read(artifact.dir().join(&file.path)).unwrap();
        assert_eq!(read(joined), read(whole));
    }
}

#[test]
fn every_response_has_its_own_seed_and_id() {
    let dir = tempfile::tempdir().unwrap();
    seeds(dir.path());
    write_prompts(dir.path(), "prompts", &mut generator(), u64::MAX).unwrap();
    let whole = write_responses(dir.path(), "responses", &mut answers(), u64::MAX).unwrap();
    let rows = whole.rows().unwrap();
    let seeds: std::collections::HashSet<u64> = rows.iter().map(|row| row.seed).collect();
    assert_eq!(seeds.len(), rows.len());
    assert!(
        rows.iter().all(|row| row.response_id == format!("{}/{}", row.prompt_id, row.sample_index))
    );
    let counts = &whole.manifest().counts;
    assert_eq!(counts["responses"], counts["stop"] + counts["length"]);
}

#[test]
fn a_sample_that_is_not_given_is_an_error() {
    struct Silent;
    impl Generate for Silent {
        fn identity(&self) -> String {
            "silent".to_owned()
        }

        fn generate(
            &mut self,
            _: &[Request],
            _: &mut dyn FnMut(Completion),
        ) -> Result<(), srlm_generate::Error> {
            Ok(())
        }
    }
    let dir = tempfile::tempdir().unwrap();
    seeds(dir.path());
    let error = write_prompts(dir.path(), "prompts", &mut Silent, u64::MAX).unwrap_err();
    insta::assert_snapshot!(error, @"silent gave no sample 0 for request iter1-round0000-000; run again to go on from the last whole group");
}
