//! Each format on a few rows of our own.

use serde_json::{Value, json};
use srlm_artifact::{Eft, Ift, Prompts};
use srlm_import::{Format, ImportConfig};

use crate::folder::{config, eft, ift, imported};

fn check(config: &ImportConfig, row: Value, expected: (&str, &str)) {
    let found = ift(config, std::slice::from_ref(&row));
    assert_eq!(found, [(expected.0.to_owned(), expected.1.to_owned())], "{row}");
}

#[test]
fn a_prompt_and_its_response_have_many_names() {
    let forms = config(Format::PromptResponse);
    check(
        &forms,
        json!({ "prompt": "Name a tree.", "response": "Oak." }),
        ("Name a tree.", "Oak."),
    );
    check(
        &forms,
        json!({ "prompt": "Name a tree.", "completion": "Oak." }),
        ("Name a tree.", "Oak."),
    );
    check(
        &forms,
        json!({ "question": "Name a tree.", "answer": "Oak.", "x": [1] }),
        ("Name a tree.", "Oak."),
    );
    let system =
        json!({ "system_prompt": "Be brief.", "question": "Name a tree.", "response": "Oak." });
    check(&forms, system, ("System: Be brief.\nUser: Name a tree.", "Oak."));
    let trl = json!({ "prompt": [{ "role": "user", "content": "Name a tree." }],
        "completion": [{ "role": "assistant", "content": "Oak." }] });
    check(&forms, trl, ("Name a tree.", "Oak."));
    let dolly = json!({ "instruction": "Name it.", "context": "A tree.", "response": "Oak.", "category": "qa" });
    check(&config(Format::Dolly), dolly, ("Name it.\n\nA tree.", "Oak."));
    let alpaca = json!({ "instruction": "Name a tree.", "input": "", "output": "Oak." });
    check(&config(Format::Alpaca), alpaca, ("Name a tree.", "Oak."));
}

#[test]
fn columns_lead_to_anything_else() {
    let columns = [("id", "key"), ("prompt", "question"), ("response", "answers.0.text")];
    let columns = columns.map(|(column, field)| (column.to_owned(), field.to_owned())).into();
    let config = ImportConfig { columns, ..config(Format::PromptResponse) };
    let row = json!({ "key": 7, "question": "Name a tree.", "answers": [{ "text": "Oak." }] });
    let (folder, imported) = imported(&config, &[row]);
    imported.unwrap();
    insta::assert_json_snapshot!(folder.rows::<Ift>("ift-train"), @r#"
    [
      {
        "prompt_id": "7",
        "prompt": "Name a tree.",
        "response": "Oak.",
        "source": "prompt-response"
      }
    ]
    "#);
}

#[test]
fn conversations_give_their_first_exchange_or_all_of_it() {
    let turn = |from: &str, value: &str| json!({ "from": from, "value": value });
    let row = json!({ "id": "c1", "conversations": [turn("human", "Name a tree."), turn("gpt", "Oak."),
        turn("human", "Another."), turn("gpt", "Elm.")] });
    let first = config(Format::Sharegpt);
    check(&first, row.clone(), ("Name a tree.", "Oak."));
    let whole = ImportConfig { multi_turn: true, ..first };
    check(&whole, row, ("User: Name a tree.\nAssistant: Oak.\nUser: Another.", "Elm."));
    let messages = json!({ "messages": [{ "role": "user", "content": "Hi." }, { "role": "assistant", "content": "Hello." }] });
    check(&config(Format::Messages), messages, ("Hi.", "Hello."));
}

#[test]
fn ratings_become_judging_examples_best_first() {
    let row = |response: &str, score: f64, critique: &str| json!({ "prompt": "Name a tree.", "response": response, "rating": score, "feedback": critique });
    let rows = [
        row("A cow.", 1.0, "No tree.\nRating: 1"),
        row("Oak.", 9.0, "A tree. [RESULT] 9"),
        row("Elm", 9.0, ""),
    ];
    let ratings = ImportConfig { score_scale: 10.0, ..config(Format::Ratings) };
    let (folder, first) = imported(&ratings, &rows);
    let accounting = first.unwrap().accounting;
    assert_eq!(accounting.counts()["examples_no_critique"], 1);
    insta::assert_debug_snapshot!(eft(&folder.rows::<Eft>("eft-train")), @r#"
    [
        "d8ba9a771c6b9275 0 5 \"A tree.\\nScore: 5\"",
        "d8ba9a771c6b9275 1 1 \"No tree.\\nScore: 1\"",
    ]
    "#);
    let (folder, all) = imported(&ImportConfig { require_critique: false, ..ratings }, &rows);
    all.unwrap();
    assert_eq!(eft(&folder.rows::<Eft>("eft-train")).len(), 3);
}

#[test]
fn prompts_make_a_pool() {
    let rows = [
        json!({ "question_id": 1, "turns": ["Name a tree.", "Another."] }),
        json!({ "prompt": "Name a bird." }),
    ];
    let (folder, imported) = imported(&config(Format::Prompts), &rows);
    let artifacts = imported.unwrap().artifacts;
    assert_eq!(
        (artifacts.len(), artifacts[0].kind, artifacts[0].file, artifacts[0].rows),
        (1, "prompts", "prompts.jsonl", 2)
    );
    let prompts: Vec<String> =
        folder.rows::<Prompts>("prompts-train").iter().map(|row| row.prompt.to_text()).collect();
    assert_eq!(prompts, ["Name a tree.", "Name a bird."]);
}

#[test]
fn duplicates_go_and_near_ones_on_request() {
    let long = "Explain in a few plain sentences why the leaves of most trees turn yellow and red each autumn before they fall";
    let row = |prompt: &str| json!({ "prompt": prompt, "response": prompt });
    let rows = [
        row(long),
        row(&long.replace(' ', "\n ")),
        row(&format!("{long}!")),
        row(&format!("Please: {long}")),
    ];
    let keep = ImportConfig { drop_near_duplicates: false, ..config(Format::PromptResponse) };
    for (config, expected) in [
        (keep.clone(), (1, 0, 3)),
        (ImportConfig { drop_near_duplicates: true, ..keep }, (1, 2, 1)),
    ] {
        let counts = imported(&config, &rows).1.unwrap().accounting.counts();
        let count = |name: &str| counts.get(name).copied().unwrap_or(0);
        let found = (
            count("examples_duplicate"),
            count("examples_near_duplicate"),
            count("written_ift-train"),
        );
        assert_eq!(found, expected);
    }
}

#[test]
fn lengths_outside_the_limits_are_counted() {
    let config = ImportConfig {
        min_prompt_characters: 3,
        max_prompt_characters: 20,
        max_response_characters: 4,
        ..config(Format::PromptResponse)
    };
    let row = |prompt: &str, response: &str| json!({ "prompt": prompt, "response": response });
    let rows = [
        row("No", "Oak."),
        row("Name a tree.", "Oak."),
        row("Name a bird.", "Robin."),
        row(&"x ".repeat(20), "y"),
    ];
    let counts = imported(&config, &rows).1.unwrap().accounting.counts();
    assert_eq!((counts["examples_prompt_length"], counts["examples_response_length"]), (2, 1));
    assert_eq!(counts["written_ift-train"], 1);
}

#[test]
fn equal_ids_of_different_prompts_are_told_apart() {
    let row = |prompt: &str| json!({ "id": 1, "prompt": prompt, "response": "Yes." });
    let (folder, first) =
        imported(&config(Format::PromptResponse), &[row("Is it so?"), row("Or so?")]);
    first.unwrap();
    let ids: Vec<String> =
        folder.rows::<Ift>("ift-train").into_iter().map(|row| row.prompt_id).collect();
    assert_eq!(ids[0], "1");
    assert!(ids[1].starts_with("1-"), "{ids:?}");
}
