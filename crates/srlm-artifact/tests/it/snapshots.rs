//! The forms on disk, to the byte. A difference here is a change of format: raise the kind's
//! version.

use insta::assert_snapshot;
use srlm_artifact::{Pairs, Row, to_line};

use crate::samples;

fn lines<R: Row>(rows: Vec<R>) -> String {
    rows.iter().map(|row| to_line(row).unwrap() + "\n").collect()
}

#[test]
fn ift_rows() {
    assert_snapshot!(lines(samples::ift()), @r#"
        {"prompt_id":"a","prompt":"Name a bird.","response":"Wren.","source":"own"}
        {"prompt_id":"b","prompt":[{"role":"system","content":"Be brief."},{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello."},{"role":"user","content":"Bye"}],"response":"See \"you\".\n","source":"own"}
    "#);
}

#[test]
fn eft_rows() {
    assert_snapshot!(lines(samples::eft()), @r#"
        {"prompt_id":"a","prompt":"Name a bird.","response":"Wren.","target":"It is one.\nScore: 5","score":5.0,"human_rank":0}
        {"prompt_id":"a","prompt":"Name a bird.","response":"Wren.","target":"It is one.\nScore: 2.5","score":2.5,"human_rank":1}
    "#);
}

#[test]
fn prompt_rows() {
    assert_snapshot!(lines(samples::prompts()), @r#"
        {"prompt_id":"a","prompt":"Name a bird.","source":"seed"}
        {"prompt_id":"iter1-00000","prompt":"Nenne zwei Vögel.","source":"generated"}
    "#);
}

#[test]
fn response_rows() {
    assert_snapshot!(lines(samples::responses()), @r#"
        {"response_id":"a/0","prompt_id":"a","sample_index":0,"response":"Wren.","finish_reason":"stop","n_tokens":3,"seed":9007199254740991}
        {"response_id":"a/1","prompt_id":"a","sample_index":1,"response":"","finish_reason":"stop","n_tokens":3,"seed":9007199254740991}
        {"response_id":"a/2","prompt_id":"a","sample_index":2,"response":"Wren wren","finish_reason":"length","n_tokens":3,"seed":9007199254740991}
    "#);
}

#[test]
fn judgment_rows() {
    assert_snapshot!(lines(samples::judgments()), @r#"
        {"response_id":"a/0","prompt_id":"a","judge_index":0,"score":4.0,"rationale":"It is one.","failure":null,"seed":7}
        {"response_id":"a/0","prompt_id":"a","judge_index":1,"score":null,"rationale":"It is one.","failure":"no_score","seed":7}
        {"response_id":"a/2","prompt_id":"a","judge_index":0,"score":4.0,"rationale":"It is one.","failure":null,"seed":7,"expected_score":3.5,"truncated":true}
        {"response_id":"a/10","prompt_id":"a","judge_index":0,"score":0.0,"rationale":"It is one.","failure":null,"seed":7}
    "#);
}

#[test]
fn pair_rows() {
    assert_snapshot!(lines(samples::pairs()), @r#"{"prompt_id":"a","prompt":"Name a bird.","chosen":"Wren.","rejected":"Cat.","chosen_id":"a/0","rejected_id":"a/3","score_chosen":3.6666666666666665,"score_rejected":1.0}"#);
}

#[test]
fn battle_rows() {
    assert_snapshot!(lines(samples::battles()), @r#"
        {"prompt_id":"a","response_id":"a/2","judge_index_a":0,"judge_index_b":1,"winner":"a","rationale":"The first counts right.","failure":null,"seed":7}
        {"prompt_id":"a","response_id":"a/2","judge_index_a":0,"judge_index_b":10,"winner":null,"rationale":"The first counts right.","failure":"no_winner","seed":7}
        {"prompt_id":"a","response_id":"a/2","judge_index_a":1,"judge_index_b":0,"winner":"b","rationale":"The first counts right.","failure":null,"seed":7}
    "#);
}

#[test]
fn a_pair_whose_order_is_not_fully_trusted() {
    let pair = srlm_artifact::PairRow { label_weight: 0.75, ..samples::pairs().remove(0) };
    assert_snapshot!(lines(vec![pair]), @r#"{"prompt_id":"a","prompt":"Name a bird.","chosen":"Wren.","rejected":"Cat.","chosen_id":"a/0","rejected_id":"a/3","score_chosen":3.6666666666666665,"score_rejected":1.0,"label_weight":0.75}"#);
}

#[test]
fn unpaired_rows() {
    assert_snapshot!(lines(samples::unpaired()), @r#"{"prompt_id":"a","prompt":"Name a bird.","completion":"Wren.","label":true,"response_id":"a/0","score":4.0}"#);
}

#[test]
fn ref_logps_rows() {
    assert_snapshot!(lines(samples::ref_logps()), @r#"{"chosen_id":"a/0","rejected_id":"a/3","ref_chosen_logps":-12.345678901234567,"ref_rejected_logps":-1e-300}"#);
}

#[test]
fn metrics_rows() {
    assert_snapshot!(lines(samples::metrics()), @r#"
        {"step":1,"epoch":0.5,"loss":2.25,"grad_norm":1.0,"learning_rate":5e-6,"n_tokens":64}
        {"step":2,"epoch":0.5,"loss":2.25,"rewards/chosen":0.1,"rewards/rejected":-0.2,"rewards/accuracies":0.75,"rewards/margins":0.3,"logps/chosen":-20.0,"logps/rejected":-30.5,"grad_norm":1.0,"learning_rate":5e-6,"n_tokens":64}
    "#);
}

#[test]
fn manifest() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("pairs");
    let environment =
        samples::write::<Pairs>(&out, samples::pairs()).manifest().environment.clone();
    let text = std::fs::read_to_string(out.join("manifest.json"))
        .unwrap()
        .replace(&environment.created_at, "CREATED_AT")
        .replace(
            &format!("\"wall_seconds\": {:?}", environment.wall_seconds),
            "\"wall_seconds\": WALL_SECONDS",
        );
    let seal = text.rfind("sha256:").unwrap();
    let text = text.replace(&text[seal..seal + 71], "SEAL");
    assert_snapshot!(text, @r#"
        {
          "kind": "pairs",
          "format": {
            "major": 1,
            "minor": 1
          },
          "rows": 1,
          "files": [
            {
              "path": "pairs.jsonl",
              "bytes": 170,
              "sha256": "1399673218afbbbf10c89bcafec8d806c5f976642ca385abbf2c796aef116f48"
            }
          ],
          "content_hash": "sha256:2105d5b277f9e0c43e54f144128670a7974569d1aa9bc3470941f68da9046da4",
          "key": "sha256:9936d3f5b7c1791f9538f4d76b8ae94c774461438deb978149d4775bcc0534fe",
          "provenance": {
            "stage": "srlm-pairs",
            "stage_version": 1,
            "crate_version": "0.1.0",
            "config": {
              "sampling": {
                "temperature": 0.7,
                "top_p": 0.9
              },
              "group_prompts": 16
            },
            "seed": 42,
            "inputs": [
              {
                "role": "judgments",
                "kind": "judgments",
                "content_hash": "sha256:00"
              }
            ]
          },
          "environment": {
            "device": "flex",
            "created_at": "CREATED_AT",
            "wall_seconds": WALL_SECONDS
          },
          "counts": {
            "dropped": 1,
            "in": 2
          },
          "seal": "SEAL"
        }
    "#);
}
