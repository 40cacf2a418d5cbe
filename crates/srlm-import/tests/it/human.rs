//! Human judgments: three forms, told apart by their fields.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use srlm_artifact::{ResponseRow, read_rows};
use srlm_import::{Error, Format, HumanData, HumanFormat, ImportConfig, import, read_human};

fn read(text: &str) -> Result<HumanData, Error> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rows.jsonl");
    std::fs::write(&path, text).unwrap();
    read_human(&path, None, &BTreeMap::new())
}

/// Of each group: its prompt, and the worth of each response.
fn groups(data: &HumanData) -> Vec<(String, Vec<(&str, f64)>)> {
    let responses = |group: &srlm_import::HumanGroup| group.responses.len();
    assert!(data.groups.iter().all(|group| responses(group) > 0));
    data.groups
        .iter()
        .map(|group| {
            let worths =
                group.responses.iter().map(|response| (response.text.as_str(), response.worth));
            (group.prompt.to_text(), worths.collect())
        })
        .collect()
}

#[test]
fn ranked_groups_come_with_ranks_or_in_order() {
    let data = read(concat!(
        r#"{"id":"a","tree_id":"t","messages":[{"role":"user","content":"Hi"}],"replies":[{"text":"y","rank":1},{"text":"x","rank":0},{"text":"z","rank":1}]}"#,
        "\n",
        r#"{"prompt":"Name a tree.","responses":["Oak","Elm"]}"#,
        "\n",
        r#"{"prompt":"Name a bird.","responses":["Wren"]}"#,
        "\n",
        r#"{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Ho"}],"replies":["a","b"]}"#
    ))
    .unwrap();
    assert_eq!((data.format, data.rows), (HumanFormat::Ranked, 4));
    assert_eq!(data.left_out, BTreeMap::from([("one_response", 1), ("unsupported_turn", 1)]));
    assert_eq!(
        groups(&data),
        [
            ("Hi".to_owned(), vec![("y", -1.0), ("x", 0.0), ("z", -1.0)]),
            ("Name a tree.".to_owned(), vec![("Oak", 0.0), ("Elm", -1.0)]),
        ]
    );
    assert_eq!((data.groups[0].prompt_id.as_str(), data.groups[0].tree.as_str()), ("a", "t"));
}

#[test]
fn pairs_come_with_letters_numbers_or_names() {
    let check = |rows: &str, expected: &[[f64; 2]], labels| {
        let data = read(rows).unwrap();
        let worths: Vec<_> =
            data.groups.iter().map(|g| [g.responses[0].worth, g.responses[1].worth]).collect();
        assert_eq!(
            (worths.as_slice(), data.format, data.labels),
            (expected, HumanFormat::Pairwise, labels),
            "{rows}"
        );
    };
    check(
        r#"{"question":"q","response_A":"x","response_B":"y","label":"B>A"}"#,
        &[[0.0, 1.0]],
        None,
    );
    check(r#"{"prompt":"q","chosen":"x","rejected":"y"}"#, &[[1.0, 0.0]], None);
    check(
        r#"{"prompt":"q","chosen":[{"role":"user","content":"q"},{"role":"assistant","content":"x"}],"rejected":"y"}"#,
        &[[1.0, 0.0]],
        None,
    );
    check(r#"{"prompt":"q","responses":["x","y"],"verdict":"tie"}"#, &[[0.5, 0.5]], None);
    let row =
        |label: i64| format!(r#"{{"input":"q","output_1":"x","output_2":"y","label":{label}}}"#);
    check(
        &format!("{}\n{}", row(2), row(1)),
        &[[0.0, 1.0], [1.0, 0.0]],
        Some("1 first, 2 second, 3 tie"),
    );
    check(
        &format!("{}\n{}\n{}", row(2), row(1), row(0)),
        &[[0.5, 0.5], [0.0, 1.0], [1.0, 0.0]],
        Some("0 first, 1 second, 2 tie"),
    );
}

#[test]
fn ratings_of_one_prompt_are_one_group() {
    let data = read(concat!(
        r#"{"id":"r1","query":"q","response":"x","rating_1_10":7}"#,
        "\n",
        r#"{"id":"r2","query":"p","response":"y","rating_1_10":[2,3]}"#,
        "\n",
        r#"{"id":"r3","query":"q","response":"z","rating_1_10":1}"#
    ))
    .unwrap();
    assert_eq!((data.format, data.rows), (HumanFormat::Ratings, 3));
    let expected =
        [("q".to_owned(), vec![("x", 7.0), ("z", 1.0)]), ("p".to_owned(), vec![("y", 2.5)])];
    assert_eq!(groups(&data), expected);
}

#[test]
fn ids_differ_and_equal_prompts_are_one_tree() {
    let row = r#"{"prompt":"q","response_a":"x","response_b":"y","verdict":"A"}"#;
    let data = read(&[row, row, row].join("\n")).unwrap();
    let ids: Vec<&str> = data.groups.iter().map(|group| group.prompt_id.as_str()).collect();
    assert_eq!(ids, ["row-1", "row-2", "row-3"]);
    assert!(data.groups.iter().all(|group| group.tree == data.groups[0].tree));
}

#[test]
fn what_cannot_be_read_has_its_place_and_field() {
    let check = |rows: &str, expected: &str| {
        let said = read(rows).unwrap_err().to_string();
        let said = said.rsplit('/').next().unwrap();
        assert!(said.starts_with(expected), "{said}");
    };
    let good = r#"{"prompt":"q","response_a":"x","response_b":"y","verdict":"A"}"#;
    check(
        &format!("{good}\n{}", good.replace("\"A\"", "\"Z\"")),
        "rows.jsonl:2: `verdict` is \"Z\", none of A, B and tie",
    );
    check(
        &format!("{good}\n{}", good.replace("\"A\"", "7")),
        "rows.jsonl:2: `verdict` is 7, where the file's numbers",
    );
    check(
        &format!("{good}\n{}", r#"{"prompt":"q","response_a":"x"}"#),
        "rows.jsonl:2: `response_b` is missing: none of",
    );
    check(
        r#"{"a":1}"#,
        "rows.jsonl:1: the row has neither ranked replies, nor two responses, nor a scored one",
    );
    check("", "nothing is left of 0 rows (no rows)");
    let columns = BTreeMap::from([("promt".to_owned(), "q".to_owned())]);
    let error = read_human(Path::new("rows.jsonl"), None, &columns).unwrap_err();
    assert!(matches!(error, Error::Column { .. }), "{error}");
}

#[test]
fn verdicts_become_ranked_responses() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("pairs.jsonl");
    let row = |prompt: &str, label: u32| {
        format!(
            r#"{{"prompt":"{prompt}","response 1":"one {prompt}","response 2":"two {prompt}","label":{label}}}"#
        )
    };
    std::fs::write(&path, [row("first", 0), row("second", 1), row("tied", 2)].join("\n")).unwrap();
    let config = ImportConfig {
        format: Format::Pairwise,
        train: 1.0,
        validation: 0.0,
        test: 0.0,
        ..ImportConfig::default()
    };
    let imported = import(&config, &[path], &dir.path().join("out")).unwrap();
    let counts = imported.accounting.counts();
    assert_eq!(
        (counts["rows"], counts["examples_human_tie"], counts["written_ranked-responses-train"]),
        (3, 1, 4)
    );
    let rows =
        read_rows::<ResponseRow>(&dir.path().join("out/ranked-responses-train/responses.jsonl"))
            .unwrap();
    let mut best: Vec<&str> =
        rows.iter().filter(|row| row.sample_index == 0).map(|row| row.response.as_str()).collect();
    best.sort_unstable();
    assert_eq!(best, ["one first", "two second"]);
}

#[test]
#[expect(clippy::print_stderr, reason = "tells what was skipped")]
fn public_data_sets_are_read_whole() {
    let data = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data"));
    let check = |file: &str, format, n_groups: usize, n_responses: usize, n_ties: usize| {
        let path = data.join(file);
        if !path.exists() {
            eprintln!("skipped: {} is not there", path.display());
            return;
        }
        let found = read_human(&path, None, &BTreeMap::new()).unwrap();
        let ties = found.groups.iter().filter(|group| group.responses[0].worth == 0.5).count();
        let responses = found.groups.iter().map(|group| group.responses.len()).sum::<usize>();
        assert_eq!(
            (found.format, found.groups.len(), responses, ties),
            (format, n_groups, n_responses, n_ties),
            "{file}"
        );
    };
    check("oasst_en100/ranked_groups.jsonl", HumanFormat::Ranked, 100, 304, 0);
    check("autoj/pairwise.jsonl", HumanFormat::Pairwise, 646, 1292, 151);
    check("judgebench/claude_270.jsonl", HumanFormat::Pairwise, 270, 540, 0);
    check("judge_faireval/pairs.jsonl", HumanFormat::Pairwise, 65, 130, 0);
    check("judge_llmeval2/pairs.jsonl", HumanFormat::Pairwise, 200, 400, 0);
    check("autoj/single_ratings.jsonl", HumanFormat::Ratings, 821, 955, 0);
    check("prometheus_vicuna/scores.jsonl", HumanFormat::Ratings, 79, 316, 0);
}
