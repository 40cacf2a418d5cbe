//! What holds for any rows.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value, json};
use srlm_artifact::{Ift, Prompts};
use srlm_import::{Error, Format, ImportConfig, OnBadRow};

use crate::folder::{Folder, assert_adds_up, lines};

const SPLITS: [&str; 3] = ["train", "validation", "test"];

fn config(format: Format) -> ImportConfig {
    ImportConfig {
        format,
        multi_turn: true,
        train: 0.5,
        validation: 0.25,
        test: 0.25,
        on_bad_row: OnBadRow::Drop,
        ..ImportConfig::default()
    }
}

/// Few words, so that prompts repeat and resemble each other.
fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(vec!["a", "b", "C", "d.", " ", "\n"]), 1..9)
        .prop_map(|words| words.join(" "))
}

/// A group of ranked replies to a conversation of one or two turns.
fn group() -> impl Strategy<Value = Value> {
    (prop::collection::vec(text(), 1..=2), prop::collection::vec(text(), 0..4)).prop_map(
        |(turns, replies)| {
            let mut messages = Vec::new();
            for turn in turns {
                messages.push(json!({ "role": "user", "content": turn }));
                messages.push(json!({ "role": "assistant", "content": "Well." }));
            }
            messages.pop();
            let replies = replies
                .iter()
                .enumerate()
                .map(|(rank, text)| json!({ "rank": rank, "text": text }));
            json!({ "messages": messages, "replies": replies.collect::<Vec<_>>() })
        },
    )
}

/// Any JSON at all, with names that formats look for.
fn any_json() -> impl Strategy<Value = Value> {
    let names = [
        "prompt",
        "response",
        "messages",
        "replies",
        "role",
        "content",
        "text",
        "rank",
        "message_id",
        "parent_id",
        "score",
        "instruction",
        "conversations",
        "from",
        "value",
        "labels",
        "id",
    ];
    let words = vec!["user", "assistant", "prompter", "", "1", "en"];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-2i64..9).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(words).prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, move |inner| {
        let field = (prop::sample::select(names.to_vec()), inner.clone());
        let object = prop::collection::vec(field, 0..6);
        let object = object.prop_map(|fields| {
            Value::Object(fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())
        });
        prop_oneof![3 => object, 1 => prop::collection::vec(inner, 0..4).prop_map(Value::from)]
    })
}

/// The prompts of each side, IFT and ranked, by their text; `None` where nothing was left.
fn sides(
    folder: &Folder,
    config: &ImportConfig,
    rows: &[Value],
) -> Option<BTreeMap<String, BTreeSet<usize>>> {
    let input = folder.write("rows.jsonl", lines(rows));
    let imported = match folder.import(config, &input) {
        Err(Error::Nothing { .. }) => return None,
        imported => imported.unwrap(),
    };
    assert_adds_up(&imported.accounting);
    let mut sides: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for (split, name) in SPLITS.iter().enumerate() {
        let has = |kind: &str| imported.accounting.written.contains_key(&format!("{kind}-{name}"));
        let mut prompts = Vec::new();
        if has("ift") {
            prompts.extend(
                folder.rows::<Ift>(&format!("ift-{name}")).into_iter().map(|row| row.prompt),
            );
        }
        if has("ranked-prompts") {
            prompts.extend(
                folder
                    .rows::<Prompts>(&format!("ranked-prompts-{name}"))
                    .into_iter()
                    .map(|row| row.prompt),
            );
        }
        for prompt in prompts {
            // A conversation is placed by how it begins.
            let words: Vec<&str> = prompt.messages()[0].content.split_whitespace().collect();
            sides.entry(words.join(" ").to_lowercase()).or_default().insert(split);
        }
    }
    Some(sides)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_prompt_is_on_two_sides(rows in prop::collection::vec(group(), 1..30), drop_near_duplicates: bool, eft in 0..3u8) {
        let eft_share = f64::from(eft) / 4.0;
        let config = ImportConfig { drop_near_duplicates, eft_share, ..config(Format::Oasst) };
        for (prompt, splits) in sides(&Folder::new(), &config, &rows).unwrap_or_default() {
            prop_assert!(splits.len() == 1, "{prompt:?} is on sides {splits:?}");
        }
    }

    #[test]
    fn the_order_of_rows_does_not_move_a_prompt(
        (rows, shuffled) in prop::collection::vec(group(), 1..30)
            .prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle())),
    ) {
        let config = ImportConfig { drop_near_duplicates: false, ..config(Format::Oasst) };
        prop_assert_eq!(sides(&Folder::new(), &config, &rows), sides(&Folder::new(), &config, &shuffled));
    }

    #[test]
    fn any_rows_are_accounted_for(rows in prop::collection::vec(any_json(), 0..20), format in prop::sample::select(vec![
        Format::Oasst, Format::Dolly, Format::Alpaca, Format::Sharegpt, Format::Messages, Format::PromptResponse,
        Format::Ratings, Format::Prompts,
    ])) {
        let folder = Folder::new();
        let input = folder.write("rows.jsonl", format!("null\n{}", lines(&rows)));
        match folder.import(&config(format), &input) {
            Ok(imported) => {
                prop_assert_eq!(imported.accounting.rows, rows.len() as u64 + 1);
                assert_adds_up(&imported.accounting);
            }
            Err(Error::Nothing { .. }) => {}
            Err(error) => prop_assert!(false, "{}", error),
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let folder = Folder::new();
        let input = folder.write("rows.jsonl", bytes);
        let _ = folder.import(&config(Format::Dolly), &input);
    }
}
