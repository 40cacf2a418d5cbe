//! MT-Bench's files, against FastChat's own counting and judging.

use std::collections::BTreeMap;

use serde_json::Value;
use srlm_eval::mt_bench::{
    Answers, JudgePrompt, Judgment, MatchError, Mode, Question, categories, matches,
    read_judgments, summary,
};
use srlm_eval::{Bootstrap, Estimate};

fn fixture() -> Value {
    serde_json::from_str(include_str!("fixtures/mt_bench.json")).expect("the fixture is JSON")
}

fn read<T: serde::de::DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).expect("the fixture has its form")
}

fn answers(value: &Value) -> Vec<Answers> {
    let of =
        |(model, turns): (&String, &Value)| Answers { model: model.clone(), turns: read(turns) };
    value.as_object().expect("models").iter().map(of).collect()
}

/// FastChat's rows, by way of a file.
fn judgments(rows: &Value) -> Vec<Judgment> {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let lines: Vec<String> = rows.as_array().expect("rows").iter().map(Value::to_string).collect();
    std::fs::write(file.path(), lines.join("\n")).expect("it is written");
    read_judgments(file.path()).expect("judgments")
}

#[test]
fn a_judge_is_asked_and_read_as_fastchat_does() {
    let fixture = fixture();
    let (questions, prompts): (Vec<Question>, Vec<JudgePrompt>) =
        (read(&fixture["questions"]), read(&fixture["prompts"]));
    let (models, references) = (answers(&fixture["answers"]), answers(&fixture["references"]));
    for (mode, name) in [
        (Mode::Single, "single"),
        (Mode::PairwiseAll, "pairwise-all"),
        (Mode::PairwiseBaseline("m0".to_owned()), "pairwise-baseline"),
    ] {
        let expected = fixture["judged"][name].as_array().expect("rows");
        let found =
            matches(&mode, &questions, &models, Some(&references[0]), &prompts).expect("matches");
        assert_eq!(found.len(), expected.len(), "{name}");
        for (found, expected) in found.iter().zip(expected) {
            let wrote = |key: &str| expected[key].as_str().map(str::to_owned);
            let wrote: Vec<String> =
                ["judgment", "g1_judgment", "g2_judgment"].into_iter().filter_map(wrote).collect();
            let row = serde_json::to_value(found.judged(&wrote, "judge", 0.0)).expect("a row");
            for (key, value) in expected.as_object().expect("a row") {
                let (ours, theirs) = (row[key].as_f64(), value.as_f64());
                assert!(
                    row[key] == *value || (ours.is_some() && ours == theirs),
                    "{name} {key}: {row} {expected}"
                );
            }
            assert_eq!(row["tstamp"], 0.0);
        }
    }
}

#[test]
fn figures_equal_fastchats() {
    let fixture = fixture();
    let questions: Vec<Question> = read(&fixture["questions"]);
    let value = |estimate: Option<Estimate>| estimate.map(|estimate| estimate.value);
    let near = |found: Option<f64>, expected: &Value| {
        assert_eq!(found.is_some(), expected.is_number(), "{found:?} {expected}");
        assert!(
            (found.unwrap_or(0.0) - expected.as_f64().unwrap_or(0.0)).abs() < 1e-12,
            "{found:?}, not {expected}"
        );
    };
    let single = summary(
        &judgments(&fixture["judged"]["single"]),
        &categories(&questions),
        &Bootstrap::default(),
    );
    for scores in &single.scores {
        let expected = &fixture["shown"]["single"][&scores.model];
        near(value(scores.first_turn), &expected["first"]);
        near(value(scores.second_turn), &expected["second"]);
        near(value(scores.average), &expected["average"]);
    }
    assert_eq!(single.scores.len(), 3);
    assert!(single.scores.iter().any(|scores| scores.n_without_score > 0));
    let pairs = summary(
        &judgments(&fixture["judged"]["pairwise-all"]),
        &BTreeMap::new(),
        &Bootstrap::default(),
    );
    for wins in &pairs.wins {
        let expected = &fixture["shown"]["pairwise-all"][&wins.model];
        let counts = [("win", wins.wins), ("loss", wins.losses), ("tie", wins.ties)];
        counts.iter().for_each(|(key, n)| assert_eq!(expected[key], *n, "{key} of {}", wins.model));
        near(value(wins.win_rate), &expected["win_rate_adjusted"]);
    }
    assert_eq!((pairs.wins.len(), pairs.opponents.len()), (3, 3));
    for pair in &pairs.opponents {
        let rows = pair.head_to_head.n() + pair.head_to_head.n_missing;
        assert_eq!(
            rows as usize,
            fixture["judged"]["pairwise-all"].as_array().expect("rows").len() / 3
        );
    }
}

#[test]
fn what_is_missing_is_named() {
    let fixture = fixture();
    let (questions, prompts): (Vec<Question>, Vec<JudgePrompt>) =
        (read(&fixture["questions"]), read(&fixture["prompts"]));
    let models = answers(&fixture["answers"]);
    let error = |mode: &Mode, models: &[Answers], prompts: &[JudgePrompt]| {
        matches(mode, &questions, models, None, prompts).expect_err("something is missing")
    };
    let single = &Mode::Single;
    assert!(
        matches!(error(single, &models, &prompts), MatchError::Placeholder { .. }),
        "math needs references"
    );
    assert!(matches!(error(single, &models, &[]), MatchError::NoPrompt { .. }));
    let baseline = Mode::PairwiseBaseline("m9".to_owned());
    insta::assert_snapshot!(error(&baseline, &models, &prompts), @"no answers of the baseline \"m9\": there are m0, m1, m2");
    let nobody = [Answers { model: "m7".to_owned(), turns: BTreeMap::new() }];
    insta::assert_snapshot!(error(single, &nobody, &prompts),
        @"m7 has no answer to turn 1 of question 2: answer all questions");
}
