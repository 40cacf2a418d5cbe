//! A stage in parts gives what one run gives.

use std::fs;
use std::path::Path;

use insta::assert_snapshot;
use serde_json::json;
use srlm_artifact::{Artifact, Counts, Error, PromptRow, Prompts, Recipe, Shard, merge};

use crate::samples::{self, recipe, text, writer};

const GROUP: usize = 2;
const N_GROUPS: usize = 4;

fn group(group: usize) -> Vec<PromptRow> {
    let row = |i| PromptRow { prompt_id: format!("p{i}"), ..samples::prompts()[0].clone() };
    (0..7).skip(GROUP * group).take(GROUP).map(row).collect()
}

fn add_notes(dir: &Path, rows: &[PromptRow]) -> Result<(), Error> {
    let ids: Vec<_> = rows.iter().map(|row| row.prompt_id.as_str()).collect();
    fs::write(dir.join("notes.txt"), ids.join(" ")).unwrap();
    Ok(())
}

fn stage(out: &Path, recipe: Recipe, groups: impl Iterator<Item = usize>) -> Artifact<Prompts> {
    let writer = writer::<Prompts>(out, recipe);
    let rows: Vec<_> = groups.flat_map(group).collect();
    add_notes(writer.dir(), &rows).unwrap();
    let counts = Counts::from([("prompts".into(), rows.len() as u64)]);
    writer.finish(rows, counts, "cpu").unwrap()
}

fn shards(out: &Path, count: u32) -> Vec<Artifact<Prompts>> {
    let shards = (1..=count).map(|index| Shard { index, count });
    shards
        .map(|shard| stage(&shard.dir(out), shard.recipe(recipe()), shard.groups(N_GROUPS)))
        .collect()
}

#[test]
fn joined_shards_are_what_one_run_writes() {
    let dir = tempfile::tempdir().unwrap();
    let whole = stage(&dir.path().join("whole"), recipe(), 0..N_GROUPS);
    for count in 1..=6 {
        let out = dir.path().join(format!("joined-{count}"));
        let mut shards = shards(&out, count);
        shards.reverse();
        let joined = merge(&shards, &out, recipe(), add_notes).unwrap();
        joined.verify().unwrap();
        assert_eq!(joined.content_hash(), whole.content_hash());
        assert_eq!(joined.manifest().key, whole.manifest().key);
        assert_eq!(joined.manifest().counts, whole.manifest().counts);
        assert_eq!(joined.manifest().provenance, whole.manifest().provenance);
        assert_eq!(
            fs::read(out.join("prompts.jsonl")).unwrap(),
            fs::read(whole.dir().join("prompts.jsonl")).unwrap()
        );
        assert!(
            merge::<Prompts, _>(&[], &out, recipe(), add_notes).is_ok(),
            "a second time it is up to date"
        );
    }
}

#[test]
fn what_is_not_the_whole_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("prompts");
    let shards = shards(&out, 3);
    let error = |shards: &[_], recipe| {
        text(&merge(shards, &out, recipe, add_notes).unwrap_err(), dir.path())
    };
    assert_snapshot!(error(&[], recipe()), @"the shard 1/1 of prompts is not among those given; run its stage with `--shard 1/1`");
    assert_snapshot!(error(&shards[..2], recipe()), @"the shard 3/3 of prompts is not among those given; run its stage with `--shard 3/3`");
    let twice = [shards[0].clone(), shards[1].clone(), shards[1].clone()];
    assert_snapshot!(error(&twice, recipe()), @"the shard 3/3 of prompts is not among those given; run its stage with `--shard 3/3`");
    let mut other = recipe();
    other.config["sampling"]["top_p"] = json!(0.8);
    assert_snapshot!(error(&shards, other), @"prompts.shard-1-of-3 is a shard of another whole: its config.sampling.top_p is 0.9, not 0.8; make it anew");
    assert!(!out.exists());
    merge(&shards, &out, recipe(), add_notes).unwrap();
}
