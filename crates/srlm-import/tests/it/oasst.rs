//! The rules for Open Assistant, on small trees of our own.

use serde_json::{Value, json};
use srlm_artifact::{Ift, Prompts, Responses};
use srlm_import::{Format, ImportConfig};

use crate::folder::{Folder, assert_adds_up, config, imported, lines};

fn message(id: &str, role: &str, rank: Value, extra: Value, replies: &[Value]) -> Value {
    let mut message = json!({ "message_id": id, "role": role, "text": format!("text of {id}"), "lang": "en",
        "review_result": true, "deleted": false, "synthetic": false, "rank": rank, "replies": replies });
    message.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    message
}

/// A question with three ranked answers, the best of which goes on; and what each rule leaves out.
fn tree() -> Value {
    let none = || json!({});
    let answer =
        |id: &str, rank: u32, extra: Value| message(id, "assistant", json!(rank), extra, &[]);
    let later = message(
        "q2",
        "prompter",
        Value::Null,
        none(),
        &[answer("b0", 0, none()), answer("b1", 1, none())],
    );
    let answers = [
        answer("a1", 1, none()),
        message("a0", "assistant", json!(0.0), none(), &[later]),
        answer("a2", 2, none()),
        answer("deleted", 3, json!({ "deleted": true })),
        answer("unreviewed", 3, json!({ "review_result": null })),
        answer("spam", 3, json!({ "labels": { "spam": { "value": 0.9, "count": 3 } } })),
        answer("synthetic", 3, json!({ "synthetic": true })),
        answer("german", 3, json!({ "lang": "de" })),
    ];
    json!({ "message_tree_id": "q1", "tree_state": "ready_for_export",
        "prompt": message("q1", "prompter", Value::Null, none(), &answers) })
}

/// The same messages, each a row, children first.
fn flat(message: &Value, parent: Option<&str>, rows: &mut Vec<Value>) {
    let mut row = message.clone();
    let fields = row.as_object_mut().unwrap();
    let replies = fields.remove("replies").unwrap();
    fields.insert("parent_id".to_owned(), json!(parent));
    for reply in replies.as_array().unwrap() {
        flat(reply, message["message_id"].as_str(), rows);
    }
    rows.push(row);
}

/// Messages of the IFT rows, then the ranked responses.
fn check(config: &ImportConfig, rows: &[Value], ift: &[&str], ranked: &[&str]) {
    let (folder, imported) = imported(config, rows);
    let imported = imported.unwrap();
    assert_adds_up(&imported.accounting);
    let has = |name: &str| imported.accounting.written.contains_key(name);
    let found = if has("ift-train") { folder.rows::<Ift>("ift-train") } else { Vec::new() };
    let found: Vec<String> =
        found.iter().map(|row| format!("{} > {}", row.prompt.to_text(), row.response)).collect();
    assert_eq!(found, ift);
    let responses = if has("ranked-prompts-train") {
        folder.rows::<Responses>("ranked-responses-train")
    } else {
        Vec::new()
    };
    let responses: Vec<String> =
        responses.iter().map(|row| format!("{} {}", row.response_id, row.response)).collect();
    assert_eq!(responses, ranked);
}

#[test]
fn the_first_turn_gives_its_best_answer_and_its_ranking() {
    let ranked = ["q1/0 text of a0", "q1/1 text of a1", "q1/2 text of a2"];
    check(&config(Format::Oasst), &[tree()], &["text of q1 > text of a0"], &ranked);
    let mut rows = Vec::new();
    flat(&tree()["prompt"], None, &mut rows);
    assert_eq!(rows.len(), 12);
    check(&config(Format::Oasst), &rows, &["text of q1 > text of a0"], &ranked);
}

#[test]
fn a_conversation_gives_its_last_answer_and_the_ranking_of_every_turn() {
    let config = ImportConfig { multi_turn: true, ..config(Format::Oasst) };
    let ift = "User: text of q1\nAssistant: text of a0\nUser: text of q2 > text of b0";
    let ranked = [
        "q1/0 text of a0",
        "q1/1 text of a1",
        "q1/2 text of a2",
        "q2/0 text of b0",
        "q2/1 text of b1",
    ];
    check(&config, &[tree()], &[ift], &ranked);
}

#[test]
fn every_rule_can_be_turned_off() {
    let config = ImportConfig {
        reviewed_only: false,
        human_only: false,
        max_spam: 1.0,
        language: String::new(),
        min_responses: 7,
        ..config(Format::Oasst)
    };
    let ids = ["a0", "a1", "a2", "unreviewed", "spam", "synthetic", "german"];
    let ranked: Vec<String> =
        ids.iter().enumerate().map(|(i, id)| format!("q1/{i} text of {id}")).collect();
    let ranked: Vec<&str> = ranked.iter().map(String::as_str).collect();
    check(&config, &[tree()], &["text of q1 > text of a0"], &ranked);
    check(
        &ImportConfig { min_responses: 8, ..config },
        &[tree()],
        &["text of q1 > text of a0"],
        &[],
    );
}

#[test]
fn every_message_is_counted_once() {
    let (_folder, imported) = imported(&config(Format::Oasst), &[tree()]);
    insta::assert_snapshot!(imported.unwrap().accounting, @"
    files                                      1
    rows                                       1
      bad                                      0
      used                                     1
    messages                                  12
      deleted                                  1
      not_reviewed                             1
      off_path                                 3
      other_language                           1
      spam                                     1
      synthetic                                1
      used                                     4
    examples                                   1
      kept_train                               1
    written                                    5
      ift-train                                1
      ranked-prompts-train                     1
      ranked-responses-train                   3
    ");
}

#[test]
fn a_tree_with_a_bad_beginning_is_left_out() {
    let check = |change: fn(&mut Value), expected: &str| {
        let mut bad = tree();
        change(&mut bad);
        let (_folder, imported) = imported(&config(Format::Oasst), &[bad]);
        assert!(imported.unwrap_err().to_string().starts_with(expected));
    };
    check(
        |tree| tree["prompt"]["lang"] = json!("de"),
        "nothing is left of 1 rows (other_language: 1)",
    );
    check(
        |tree| tree["prompt"]["deleted"] = json!(true),
        "nothing is left of 1 rows (prompt_left_out: 1)",
    );
    check(
        |tree| tree["tree_state"] = json!("aborted_low_grade"),
        "nothing is left of 1 rows (prompt_left_out: 1)",
    );
    check(|tree| tree["prompt"]["replies"] = json!([]), "nothing is left of 1 rows (unranked: 1)");
}

#[test]
fn flat_messages_in_circles_are_orphans_and_equal_ids_are_an_error() {
    let row = |id: &str, parent: &str| json!({ "message_id": id, "parent_id": parent, "role": "prompter", "text": "Hi." });
    let mut rows = vec![row("x", "y"), row("y", "x"), row("z", "z"), row("lost", "nowhere")];
    flat(&tree()["prompt"], None, &mut rows);
    let accounting = imported(&config(Format::Oasst), &rows).1.unwrap().accounting;
    assert_eq!(accounting.messages_by_fate["orphan"], 4);
    assert_adds_up(&accounting);
    rows.push(row("x", "q1"));
    let error = imported(&config(Format::Oasst), &rows).1.unwrap_err().to_string();
    assert!(error.contains("rows.jsonl:17: `message_id` is \"x\", as that of "), "{error}");
}

#[test]
fn ift_and_eft_prompts_are_disjoint_on_request() {
    let answer = |n: u32, rank: u32| json!({ "id": format!("{n}-{rank}"), "rank": rank, "text": format!("Answer {rank} to {n}.") });
    let group = |n: u32| {
        json!({ "id": n, "messages": [{ "role": "prompter", "content": format!("Question {n}?") }],
        "replies": [answer(n, 1), answer(n, 0)] })
    };
    let folder = Folder::new();
    let input = folder.write("groups.jsonl", lines(&(0..200).map(group).collect::<Vec<_>>()));
    let config = ImportConfig { eft_share: 0.25, ..config(Format::Oasst) };
    let imported = folder.import(&config, &input).unwrap();
    let ift: Vec<String> =
        folder.rows::<Ift>("ift-train").into_iter().map(|row| row.prompt_id).collect();
    let ranked: Vec<String> = folder
        .rows::<Prompts>("ranked-prompts-train")
        .into_iter()
        .map(|row| row.prompt_id)
        .collect();
    assert_eq!(ift.len() + ranked.len(), 200);
    assert!(ift.iter().all(|id| !ranked.contains(id)));
    assert!((30..=70).contains(&ranked.len()), "{}", ranked.len());
    assert_eq!(imported.accounting.written["ranked-responses-train"], 2 * ranked.len() as u64);
}
