//! The public data sets beside the checkout, as they are.

use std::path::{Path, PathBuf};

use srlm_artifact::{Eft, Ift, Prompts, Responses};
use srlm_import::{Accounting, Format, ImportConfig};

use crate::folder::{Folder, assert_adds_up, config};

const SHARED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data");

/// The file, `None` with a printed reason where the data are not at hand.
fn shared(path: &str) -> Option<PathBuf> {
    let path = Path::new(SHARED).join(path);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: {} is absent", path.display());
    None
}

/// Imports a data set and compares some of its counts.
fn check(
    config: &ImportConfig,
    path: &str,
    expected: &[(&str, u64)],
) -> Option<(Folder, Accounting)> {
    let input = shared(path)?;
    let folder = Folder::new();
    let accounting = folder.import(config, &input).unwrap().accounting;
    assert_adds_up(&accounting);
    let counts = accounting.counts();
    let found: Vec<_> =
        expected.iter().map(|(name, _)| (*name, counts.get(*name).copied().unwrap_or(0))).collect();
    assert_eq!(found, expected, "{path}\n{accounting}");
    Some((folder, accounting))
}

/// Near-duplicates stay, so that the numbers are the source's.
fn all(format: Format) -> ImportConfig {
    ImportConfig { drop_near_duplicates: false, multi_turn: true, ..config(format) }
}

#[test]
fn ranked_groups_of_open_assistant() {
    let groups = "oasst_en100/ranked_groups.jsonl";
    let expected = [
        ("rows", 100),
        ("examples", 100),
        ("written_ift-train", 100),
        ("written_ranked-prompts-train", 100),
        ("written_ranked-responses-train", 304),
    ];
    if let Some((folder, _)) = check(&all(Format::Oasst), groups, &expected) {
        let (ift, ranked) =
            (folder.rows::<Ift>("ift-train"), folder.rows::<Responses>("ranked-responses-train"));
        for row in ift {
            let best = ranked
                .iter()
                .find(|best| best.prompt_id == row.prompt_id && best.sample_index == 0);
            assert_eq!(best.unwrap().response, row.response);
        }
        assert_eq!(folder.rows::<Prompts>("ranked-prompts-train").len(), 100);
    }
    let first_turns = [("rows", 100), ("examples_later_turn", 56), ("written_ift-train", 44)];
    check(&config(Format::Oasst), groups, &first_turns);
    let animals = [
        ("rows", 110),
        ("examples", 110),
        ("examples_duplicate", 2),
        ("written_ranked-responses-train", 301),
    ];
    check(&all(Format::Oasst), "oasst2_animals_en/ranked_groups.jsonl", &animals);
}

#[test]
fn chats_of_open_assistant() {
    for multi_turn in [false, true] {
        let config = ImportConfig { multi_turn, ..all(Format::Messages) };
        check(
            &config,
            "oasst_en100/sft_best_path.jsonl",
            &[("rows", 45), ("written_ift-train", 45)],
        );
        let guanaco = [("rows", 367), ("written_ift-train", 367)];
        check(&config, "oasst1_guanaco_en/sft.jsonl", &guanaco);
    }
}

#[test]
fn instructions_of_dolly() {
    let dolly = config(Format::Dolly);
    check(&dolly, "dolly_open_qa/open_qa.jsonl", &[("rows", 3653)]);
    check(
        &all(Format::Dolly),
        "dolly_open_qa/open_qa.jsonl",
        &[("rows", 3653), ("examples", 3653)],
    );
    check(&dolly, "dolly_mixed151/dolly.jsonl", &[("rows", 151), ("examples", 151)]);
    check(&dolly, "dolly_hhrlhf_1k/train_small.jsonl", &[("rows", 760), ("examples", 760)]);
}

#[test]
fn ratings_of_judges() {
    let columns = [("score".to_owned(), "gpt4_score".to_owned())].into();
    let prometheus = ImportConfig { columns, require_critique: false, ..all(Format::Ratings) };
    let expected = [("rows", 316), ("examples", 316), ("written_eft-train", 316)];
    check(&prometheus, "prometheus_vicuna/scores.jsonl", &expected);
    let columns = [("score".to_owned(), "rating_1_10".to_owned())].into();
    let auto_j = ImportConfig { columns, score_scale: 10.0, ..all(Format::Ratings) };
    let expected = [
        ("rows", 955),
        ("examples_blank", 1),
        ("examples_duplicate", 3),
        ("written_eft-train", 951),
    ];
    if let Some((folder, _)) = check(&auto_j, "autoj/single_ratings.jsonl", &expected) {
        for row in folder.rows::<Eft>("eft-train") {
            assert!(
                row.target.ends_with(&format!("\nScore: {}", row.score.get())),
                "{}",
                row.prompt_id
            );
            assert!(!row.target.contains("[["), "{}", row.prompt_id);
        }
    }
}

#[test]
fn other_sets_by_their_columns() {
    let map = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(column, field)| ((*column).to_owned(), (*field).to_owned())).collect()
    };
    let tasks = map(&[("context", "instances.0.input"), ("response", "instances.0.output")]);
    let tasks = ImportConfig { columns: tasks, ..all(Format::PromptResponse) };
    check(&tasks, "self_instruct/seed_tasks.jsonl", &[("rows", 175), ("examples", 175)]);
    check(
        &all(Format::PromptResponse),
        "xstest/refusals_llama2new_dev_types.jsonl",
        &[("written_ift-train", 125)],
    );
    check(&all(Format::Prompts), "vicuna_bench/question.jsonl", &[("written_prompts-train", 79)]);
    let ifeval = ImportConfig {
        columns: map(&[("response", "gpt4_response")]),
        ..all(Format::PromptResponse)
    };
    check(
        &ifeval,
        "ifeval/sample60_with_verdicts.jsonl",
        &[("rows", 60), ("written_ift-train", 60)],
    );
}
