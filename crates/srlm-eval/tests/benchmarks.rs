//! Agreement with lm-evaluation-harness: what it asks and how it scores, recorded by
//! `fixtures/benchmarks_reference.py`.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use srlm_eval::Bootstrap;
use srlm_eval::benchmarks::{
    Benchmark, Item, ItemScore, Likelihood, Metric, PageLikelihood, RowError, perplexities,
    rolling_windows, summary, wikitext_text,
};

const SHARED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/small_benches");

fn reference() -> Value {
    serde_json::from_str(include_str!("fixtures/benchmarks.json")).unwrap()
}

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap()
}

fn likelihoods(value: &Value) -> Vec<Likelihood> {
    let likelihood = |pair: &Value| Likelihood {
        sum: pair[0].as_f64().unwrap(),
        greedy: pair[1].as_bool().unwrap(),
    };
    list(value).iter().map(likelihood).collect()
}

fn item(benchmark: Benchmark, row: &Value, examples: &Value) -> Item {
    benchmark.items([row.clone()], list(examples)).unwrap().remove(0)
}

fn rows(file: &str) -> Option<Vec<Value>> {
    let path = Path::new(SHARED).join(file);
    let Ok(text) = fs::read_to_string(&path) else {
        eprintln!("skipped: {} is absent", path.display());
        return None;
    };
    Some(text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

fn digest<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let joined = texts.into_iter().collect::<Vec<_>>().join("\0");
    Sha256::digest(joined).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn made_up_rows_are_asked_as_the_harness_asks_them() {
    let reference = reference();
    for case in list(&reference["made_up"]) {
        let benchmark = Benchmark::named(case["benchmark"].as_str().unwrap()).unwrap();
        let item = item(benchmark, &case["row"], &case["examples"]);
        match &item {
            Item::Generation { prompt, stop, .. } => {
                assert_eq!(
                    (json!(prompt), json!(stop)),
                    (case["prompt"].clone(), case["stop"].clone()),
                    "{case}"
                );
            }
            _ => {
                let pairs: Vec<_> =
                    item.pairs().iter().map(|pair| (&pair.context, &pair.continuation)).collect();
                assert_eq!(json!(pairs), case["pairs"], "{case}");
            }
        }
    }
}

#[test]
fn made_up_likelihoods_and_responses_are_scored_as_the_harness_scores_them() {
    let keys = [
        ("acc", Metric::Acc),
        ("acc_norm", Metric::AccNorm),
        ("acc_bytes", Metric::AccBytes),
        ("perplexity", Metric::Perplexity),
        ("strict-match", Metric::StrictMatch),
        ("flexible-extract", Metric::FlexibleExtract),
        ("remove_whitespace", Metric::ExactMatch),
    ];
    let mut n_compared = 0;
    for case in list(&reference()["made_up"]) {
        let benchmark = Benchmark::named(case["benchmark"].as_str().unwrap()).unwrap();
        let item = item(benchmark, &case["row"], &case["examples"]);
        for expected in case["scores"].as_array().into_iter().flatten() {
            let score = match expected["response"].as_str() {
                Some(response) => item.score_response(response),
                None => item.score(&likelihoods(&expected["loglikelihoods"])),
            };
            for (key, metric) in keys {
                if let Some(value) = expected[key].as_f64() {
                    assert_eq!(
                        score.values.get(&metric),
                        Some(&value),
                        "{key} of {expected} in {}",
                        case["benchmark"]
                    );
                    n_compared += 1;
                }
            }
        }
    }
    assert_eq!(n_compared, 195);
}

#[test]
fn real_rows_are_asked_as_the_harness_asks_them() {
    for (name, expected) in reference()["shared"].as_object().unwrap() {
        let Some(rows) = rows(expected["file"].as_str().unwrap()) else { return };
        let items = Benchmark::named(name).unwrap().items(rows, &[]).unwrap();
        let digests: Vec<String> = items
            .iter()
            .map(|item| {
                digest(
                    item.pairs()
                        .iter()
                        .flat_map(|pair| [pair.context.as_str(), pair.continuation.as_str()]),
                )
            })
            .collect();
        for (row, expected) in list(&expected["first_rows"]).iter().enumerate() {
            assert_eq!(&digests[row], expected, "{name}, row {row}");
        }
        assert_eq!(json!(items.len()), expected["n_rows"], "{name}");
        assert_eq!(
            json!(digest(digests.iter().map(String::as_str))),
            expected["all_rows"],
            "{name}"
        );
        let target = |item: &Item| match item {
            Item::Choice { target, .. } => *target,
            _ => 0,
        };
        assert_eq!(
            json!(items.iter().map(target).sum::<usize>()),
            expected["sum_of_targets"],
            "{name}"
        );
    }
}

#[test]
fn real_rows_without_choices_are_read() {
    for (benchmark, file, n_rows) in [
        (Benchmark::Lambada, "lambada_openai.jsonl", 203),
        (Benchmark::Arithmetic, "simple_arithmetic_nospaces.jsonl", 160),
        (Benchmark::Svamp, "svamp.jsonl", 149),
        (Benchmark::TriviaQa, "triviaqa_small.jsonl", 6),
    ] {
        let Some(rows) = rows(file) else { return };
        let items = benchmark.items(rows.clone(), &rows[..2]).unwrap();
        assert_eq!(items.len(), n_rows, "{file}");
        for (item, row) in items.iter().zip(&rows) {
            match item {
                Item::Generation { prompt, answers, .. } => {
                    assert!(
                        prompt.starts_with("Question: ") && prompt.ends_with("\nAnswer:"),
                        "{file}"
                    );
                    assert!(
                        prompt.contains(
                            row["context"].as_str().unwrap().trim_end_matches("\nAnswer:")
                        ),
                        "{file}"
                    );
                    let score =
                        item.score_response(&format!(" {}\n", answers[0].replace(['.', ','], "")));
                    assert!(
                        score.values.values().any(|&value| value == 1.0),
                        "{file}: {answers:?}"
                    );
                }
                _ => {
                    let pair = &item.pairs()[0];
                    assert!(pair.context.ends_with(row["context"].as_str().unwrap()), "{file}");
                    assert_eq!(
                        pair.continuation.trim_start(),
                        row["continuation"].as_str().unwrap(),
                        "{file}"
                    );
                }
            }
        }
    }
}

#[test]
fn svamp_is_asked_and_scored_as_gsm8k_is() {
    let row = json!({"ID": "s1", "Body": "Ann has 3 pens. ", "Question": "How many has she?", "Answer": "3.0"});
    let item = item(Benchmark::Svamp, &row, &json!([]));
    let Item::Generation { prompt, .. } = &item else { panic!("a generation") };
    assert_eq!(prompt, "Question: Ann has 3 pens. How many has she?\nAnswer:");
    let scores = |response| item.score_response(response).values.into_values().collect::<Vec<_>>();
    assert_eq!(scores("so #### 3"), [1.0, 1.0]);
    assert_eq!(scores("She has $3."), [0.0, 1.0]);
    assert_eq!(scores("none"), [0.0, 0.0]);
}

#[test]
fn perplexities_are_those_of_the_harness() {
    let reference = &reference()["perplexity"];
    let mut pages = Vec::new();
    for (n, page) in list(&reference["pages"]).iter().enumerate() {
        let page = page.as_str().unwrap();
        assert_eq!(wikitext_text(page), reference["scored"][n]);
        let one = PageLikelihood::new(page, reference["loglikelihoods"][n].as_f64().unwrap(), 10);
        assert_eq!(
            (json!(one.n_words), json!(one.n_bytes)),
            (reference["words"][n].clone(), reference["bytes"][n].clone())
        );
        pages.push(one);
    }
    let found = perplexities(&pages, &Bootstrap::default()).unwrap();
    let near = |estimate: srlm_eval::Estimate, key: &str| {
        let expected = reference["values"][key].as_f64().unwrap();
        assert!(
            (estimate.value - expected).abs() < 1e-12 && estimate.covers(expected),
            "{key}: {estimate:?}"
        );
    };
    near(found.word, "word_perplexity");
    near(found.byte, "byte_perplexity");
    near(found.bits_per_byte, "bits_per_byte");
    assert!((found.token.value - (106.75f64 / 30.0).exp()).abs() < 1e-12);
    assert_eq!(perplexities(&[], &Bootstrap::default()), None);
}

#[test]
fn windows_are_those_of_the_harness() {
    for case in list(&reference()["windows"]) {
        let n = |key: &str| case[key].as_u64().unwrap() as usize;
        let windows = rolling_windows(n("n_tokens"), n("length"), n("n_context"));
        // The token before the text is -1, the others are numbered from 0.
        let found = windows.into_iter().map(|window| {
            (
                window.input.map(|place| place as i64 - 1).collect::<Vec<_>>(),
                window.predicted.collect::<Vec<_>>(),
            )
        });
        assert_eq!(json!(found.collect::<Vec<_>>()), case["windows"], "{case}");
    }
}

#[test]
fn means_and_standard_errors_are_those_of_the_harness() {
    let reference = reference();
    let score = |metric, value: &Value| ItemScore {
        id: String::new(),
        values: [(metric, value.as_f64().unwrap())].into(),
    };
    let scores: Vec<ItemScore> = list(&reference["mean_stderr"]["values"])
        .iter()
        .map(|value| score(Metric::Acc, value))
        .collect();
    let found = &summary(&scores, &Bootstrap::default()).metrics[&Metric::Acc];
    assert!(
        (found.estimate.value - reference["mean_stderr"]["mean"].as_f64().unwrap()).abs() < 1e-15
    );
    assert!(
        (found.standard_error.unwrap() - reference["mean_stderr"]["stderr"].as_f64().unwrap())
            .abs()
            < 1e-15
    );

    let expected = &reference["perplexity_of_mean"];
    let scores: Vec<ItemScore> =
        list(&expected["values"]).iter().map(|value| score(Metric::Perplexity, value)).collect();
    let found = summary(&scores, &Bootstrap::default());
    let perplexity = &found.metrics[&Metric::Perplexity];
    assert!((perplexity.estimate.value - expected["perplexity"].as_f64().unwrap()).abs() < 1e-12);
    assert_eq!(found.n_items, 3);
    assert_eq!(
        summary(&scores[..1], &Bootstrap::default()).metrics[&Metric::Perplexity].standard_error,
        None
    );
    assert!(summary(&[], &Bootstrap::default()).metrics.is_empty());
}

#[test]
fn a_row_that_cannot_be_read_is_named() {
    let check =
        |benchmark: Benchmark, row: Value| -> RowError { benchmark.items([row], &[]).unwrap_err() };
    let good = json!({"goal": "a", "sol1": "b", "sol2": "c", "label": 0});
    let error = Benchmark::Piqa.items([good, json!({"goal": "a", "sol1": "b"})], &[]).unwrap_err();
    insta::assert_snapshot!(error, @"piqa, row 1 (from 0): `sol2` must be a string");
    insta::assert_snapshot!(check(Benchmark::Piqa, json!({"goal": "a", "sol1": "b", "sol2": "c", "label": 2})), @"piqa, row 0 (from 0): `label` must be the number of a choice");
    insta::assert_snapshot!(check(Benchmark::WinoGrande, json!({"sentence": "No blank."})), @"winogrande, row 0 (from 0): `sentence` must be a sentence with a blank `_`");
    insta::assert_snapshot!(check(Benchmark::ArcEasy, json!({"question": "q", "choices": {"text": ["a"], "label": ["A"]}, "answerKey": "E"})), @"arc_easy, row 0 (from 0): `answerKey` must be one of `choices.label`");
    insta::assert_snapshot!(check(Benchmark::SocialIqa, json!({"query": "Context: a\nQuestion: b", "choices": ["A"], "gold": 0})), @"social_iqa, row 0 (from 0): `query` must be a question, `Choices:`, lines `A. first` and so on, and `Answer:`");
    insta::assert_snapshot!(check(Benchmark::NqOpen, json!({"question": "q", "answer": []})), @"nq_open, row 0 (from 0): `answer` must be a list of strings, not empty");
    insta::assert_snapshot!(check(Benchmark::Copa, json!({"premise": "A.", "question": "why"})), @"copa, row 0 (from 0): `question` must be `cause` or `effect`");
}

#[test]
fn every_name_is_found_again() {
    for benchmark in Benchmark::ALL {
        assert_eq!(Benchmark::named(benchmark.name()), Some(benchmark));
        assert!(!benchmark.metrics().is_empty());
    }
    assert_eq!(Benchmark::named("arc"), None);
}

#[test]
fn no_choice_is_likelier_than_nan_and_ids_are_kept() {
    let row = json!({"id": "q7", "question_stem": "x", "choices": {"text": ["a", "b"], "label": ["A", "B"]}, "answerKey": "B"});
    let item = item(Benchmark::OpenBookQa, &row, &json!([]));
    let likelihood = |sum| Likelihood { sum, greedy: false };
    let score = item.score(&[likelihood(f64::NAN), likelihood(f64::NEG_INFINITY)]);
    assert_eq!((score.id.as_str(), score.values[&Metric::Acc]), ("q7", 1.0));
    assert_eq!(item.score(&[likelihood(f64::NAN); 2]).values[&Metric::Acc], 0.0);
}
