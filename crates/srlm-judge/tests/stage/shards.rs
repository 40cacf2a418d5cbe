//! Several machines give what one gives.

use std::fs;

use srlm_artifact::{Artifact, Judgments, Shard};
use srlm_generate::Scripted;
use srlm_judge::{Unfinished, merge};

use crate::fixture::{Fixture, PLACE, words};

fn shards(fixture: &Fixture, name: &str, count: u32) -> Vec<Artifact<Judgments>> {
    let shard = |index| {
        let shard = Some(Shard { index, count });
        fixture.judge_shard(shard, name, &mut Scripted(words), u64::MAX).unwrap()
    };
    (1..=count).map(shard).collect()
}

#[test]
fn merged_shards_are_byte_for_byte_what_one_run_writes() {
    let mut fixture = Fixture::new();
    for (unfinished, name) in [(Unfinished::Judge, "all"), (Unfinished::Exclude, "finished")] {
        fixture.config.unfinished = unfinished;
        let whole = fixture.judge(name, &mut Scripted(words)).unwrap();
        for count in [1, 2, 3, 8, 11] {
            let name = format!("{name}-{count}");
            let shards = shards(&fixture, &name, count);
            let inputs = fixture.inputs(None);
            let merged =
                merge(&fixture.config, inputs, "scripted", PLACE, &shards, &fixture.out(&name))
                    .unwrap();
            assert_eq!(merged.content_hash(), whole.content_hash());
            assert_eq!(merged.manifest().key, whole.manifest().key);
            assert_eq!(merged.manifest().counts, whole.manifest().counts);
            for file in ["judgments.jsonl", "health.json"] {
                assert_eq!(
                    fs::read(merged.dir().join(file)).unwrap(),
                    fs::read(whole.dir().join(file)).unwrap()
                );
            }
        }
    }
}

#[test]
fn a_shard_lies_beside_the_whole_and_has_the_rows_of_its_groups() {
    let fixture = Fixture::new();
    let shards = shards(&fixture, "judgments", 3);
    assert_eq!(shards[1].dir(), fixture.out("judgments.shard-2-of-3"));
    // Eight groups of five responses, the last of one; the second shard has the groups 1, 4 and 7.
    let ids: Vec<String> =
        shards[1].rows().unwrap().into_iter().step_by(3).map(|row| row.response_id).collect();
    let all: Vec<String> =
        fixture.responses.rows().unwrap().into_iter().map(|row| row.response_id).collect();
    assert_eq!(ids, [&all[5..10], &all[20..25], &all[35..]].concat());
    assert!(
        fixture
            .judge_shard(Some(Shard { index: 2, count: 3 }), "judgments", &mut Scripted(words), 0)
            .is_ok()
    );
}

#[test]
fn shards_of_another_judge_or_with_a_gap_are_refused() {
    let fixture = Fixture::new();
    let shards = shards(&fixture, "judgments", 3);
    let error = |judge: &str, shards: &[_]| {
        let merged = merge(
            &fixture.config,
            fixture.inputs(None),
            judge,
            PLACE,
            shards,
            &fixture.out("judgments"),
        );
        merged.unwrap_err().to_string().replace(&format!("{}/", fixture.dir.path().display()), "")
    };
    insta::assert_snapshot!(error("scripted", &shards[1..]), @"the shard 1/3 of judgments is not among those given; run its stage with `--shard 1/3`");
    insta::assert_snapshot!(error("other", &shards), @r#"judgments.shard-1-of-3 is a shard of another whole: its inputs.model is "model scripted", not "model other"; make it anew"#);
}
