//! The stage that draws prompts from a user's file.
#![allow(clippy::unwrap_used)]

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use srlm_artifact::{Artifact, Place, PromptSource, Prompts, Shard};
use srlm_sampler::prompts::{self, Config, DrawInputs, PromptPool, Source, read_pool};
use srlm_sampler::{Error, merge};

/// 50 prompts on three topics, of which 10 are on art.
fn pool(dir: &Path) -> PromptPool {
    let topic = |i: usize| if i.is_multiple_of(5) { "art" } else { ["sea", "tea"][i % 2] };
    let line = |i: usize| {
        format!("{{\"prompt\": \"Why is {} no. {i}?\", \"topic\": \"{0}\"}}\n", topic(i))
    };
    let path = dir.join("pool.jsonl");
    fs::write(&path, (0..50).map(line).collect::<String>()).unwrap();
    read_pool(&path).unwrap()
}

fn config() -> Config {
    Config {
        source: Source::Pool,
        pool: "pool.jsonl".to_owned(),
        count: 20,
        min_count: 5,
        ..Config::default()
    }
}

fn draw(
    config: &Config,
    pool: &PromptPool,
    earlier: &[Artifact<Prompts>],
    out: &Path,
    shard: Option<Shard>,
) -> Result<Artifact<Prompts>, Error> {
    let place = Place { run_seed: 42, iteration: earlier.len() as u32 + 1 };
    prompts::draw(config, DrawInputs { pool, earlier, shard }, place, out, "cpu")
}

#[test]
fn iterations_draw_without_replacement_until_the_pool_is_exhausted() {
    let dir = tempfile::tempdir().unwrap();
    let pool = pool(dir.path());
    let mut earlier = Vec::new();
    for (count, left) in [(20, 30), (20, 10), (10, 0)] {
        let next =
            draw(&config(), &pool, &earlier, &dir.path().join(format!("{left}")), None).unwrap();
        assert_eq!((next.manifest().counts["kept"], next.manifest().counts["left"]), (count, left));
        earlier.push(next);
    }
    let rows: Vec<_> = earlier.iter().flat_map(|artifact| artifact.rows().unwrap()).collect();
    assert_eq!(rows.iter().map(|row| &row.prompt_id).collect::<HashSet<_>>().len(), 50);
    assert!(rows.iter().all(|row| row.source == PromptSource::Seed));
    let error = draw(&config(), &pool, &earlier, &dir.path().join("more"), None).unwrap_err();
    insta::assert_snapshot!(error, @"only 0 prompts of at least 5 are left in the pool: 50 in all, 0 of them duplicates, 50 in earlier iterations; give a larger `pool`, or lower `count` or `min_count`");
}

#[test]
fn values_are_balanced_and_counted() {
    let dir = tempfile::tempdir().unwrap();
    let pool = pool(dir.path());
    let config = Config { balance_by: "topic".to_owned(), count: 36, ..config() };
    let drawn = draw(&config, &pool, &[], &dir.path().join("prompts"), None).unwrap();
    let counts = serde_json::to_string(&drawn.manifest().counts).unwrap();
    insta::assert_snapshot!(counts, @r#"{"duplicate":0,"kept":36,"left":14,"pool":50,"requested":36,"taken_before":0,"topic=art":10,"topic=sea":13,"topic=tea":13}"#);
}

#[test]
fn the_same_pool_is_up_to_date_wherever_it_lies_and_another_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let mut pool = pool(dir.path());
    let out = dir.path().join("prompts");
    let first = draw(&config(), &pool, &[], &out, None).unwrap();
    let moved = Config { pool: "elsewhere/pool.jsonl".to_owned(), ..config() };
    assert_eq!(draw(&moved, &pool, &[], &out, None).unwrap().manifest(), first.manifest());
    let mut rows = pool.rows().to_vec();
    rows.truncate(49);
    pool = PromptPool::new(rows, Path::new("pool.jsonl")).unwrap();
    let error = draw(&config(), &pool, &[], &out, None).unwrap_err().to_string();
    assert!(error.contains("inputs.pool"), "{error}");
}

#[test]
fn joined_shards_of_a_pool_are_the_whole() {
    let dir = tempfile::tempdir().unwrap();
    let pool = pool(dir.path());
    let config = Config { balance_by: "topic".to_owned(), ..config() };
    let whole = draw(&config, &pool, &[], &dir.path().join("whole"), None).unwrap();
    let out = dir.path().join("joined");
    let part = |index| draw(&config, &pool, &[], &out, Some(Shard { index, count: 3 })).unwrap();
    let joined = merge(&[part(1), part(2), part(3)], &out).unwrap();
    let (a, b) = (joined.manifest(), whole.manifest());
    assert_eq!((&a.content_hash, &a.key, &a.counts), (&b.content_hash, &b.key, &b.counts));
}

#[test]
fn a_source_is_served_by_its_own_function() {
    let dir = tempfile::tempdir().unwrap();
    let error = draw(&Config::default(), &pool(dir.path()), &[], &dir.path().join("prompts"), None)
        .unwrap_err();
    insta::assert_snapshot!(error, @r#"`source` is "generate"; generate instead, or set it to "pool""#);
}
