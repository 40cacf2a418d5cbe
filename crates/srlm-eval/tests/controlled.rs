//! Length control, ratings and self-BLEU, against scikit-learn, AlpacaEval and NLTK.

use serde_json::Value;
use srlm_eval::Bootstrap;
use srlm_eval::controlled::{
    BradleyTerry, LengthControl, LengthPair, Match, diversity, is_refusal,
    length_controlled_win_rate, ratings,
};

fn cases(name: &str) -> Vec<Value> {
    let fixture: Value = serde_json::from_str(include_str!("fixtures/controlled.json"))
        .expect("the fixture is JSON");
    fixture[name].as_array().expect("a list").clone()
}

fn float(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

fn bootstrap() -> Bootstrap {
    Bootstrap { n_resamples: 200, ..Bootstrap::default() }
}

#[test]
fn length_control_equals_scikit_learn_and_is_near_alpaca_eval() {
    for case in cases("length") {
        let pair = |row: &Value| LengthPair {
            preference: float(&row[0]),
            new_length: row[1].as_u64().expect("a length"),
            old_length: row[2].as_u64().expect("a length"),
        };
        let pairs: Vec<LengthPair> =
            case["pairs"].as_array().expect("pairs").iter().map(pair).collect();
        let found = length_controlled_win_rate(&pairs, &LengthControl::default(), &bootstrap())
            .expect("pairs");
        // scikit-learn stops at a gradient of 1e-12 of its scaled loss, which leaves errors of
        // about 1e-6.
        assert!((found.controlled.value - float(&case["controlled"])).abs() < 1e-5, "{found:?}");
        assert!((found.length_weight - float(&case["length_weight"])).abs() < 1e-4, "{found:?}");
        assert!(found.controlled.covers(float(&case["true_controlled"])), "{found:?}");
        // AlpacaEval draws the strength of an L1 penalty from cross-validation, which shrinks small
        // samples more.
        let tolerance = if pairs.len() < 100 { 0.03 } else { 0.025 };
        assert!(
            (found.controlled.value - float(&case["alpaca_eval_controlled"])).abs() < tolerance,
            "{found:?}"
        );
    }
}

#[test]
fn ratings_equal_scikit_learn_and_cover_the_truth() {
    for case in cases("ratings") {
        let name = |value: &Value| format!("M{value}");
        let read = |row: &Value| Match {
            prompt_id: row[0].to_string(),
            model: name(&row[1]),
            opponent: name(&row[2]),
            points: float(&row[3]),
        };
        let matches: Vec<Match> =
            case["matches"].as_array().expect("matches").iter().map(read).collect();
        let config = BradleyTerry {
            inverse_penalty: float(&case["inverse_penalty"]),
            ..BradleyTerry::default()
        };
        let expected = case["elo"].as_array().expect("ratings");
        let names: Vec<String> = (0..expected.len()).map(|i| format!("M{i}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let found = ratings(&names, &matches, &config, &bootstrap()).expect("connected matches");
        for (i, rating) in found.iter().enumerate() {
            assert!(
                (rating.elo.value - float(&expected[i])).abs() < 0.01,
                "{rating:?}, not {}",
                expected[i]
            );
            let is_weak_ridge = config.inverse_penalty > 10.0;
            assert!(!is_weak_ridge || rating.elo.covers(float(&case["true_elo"][i])), "{rating:?}");
        }
        assert_eq!(
            found.iter().map(|rating| rating.n_matches).sum::<u64>(),
            2 * matches.len() as u64
        );
        assert!(
            (found.iter().map(|rating| rating.points).sum::<f64>() - matches.len() as f64).abs()
                < 1e-9
        );
    }
}

#[test]
fn self_bleu_equals_nltk() {
    for case in cases("bleu") {
        let texts: Vec<&str> = case["texts"]
            .as_array()
            .expect("texts")
            .iter()
            .map(|text| text.as_str().expect("a text"))
            .collect();
        let found = diversity(&texts).self_bleu.expect("more than one text");
        assert!((found - float(&case["self_bleu"])).abs() < 1e-9, "{found} for {texts:?}");
    }
}

#[test]
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn refusals_are_those_that_people_see() {
    // Responses that decline in full and in part, and that comply, with how many of each are taken
    // for refusals.
    let mut found = [[0; 2]; 3];
    for model in ["llama2new", "mistralinstruct"] {
        let name = format!("../../../shared/data/xstest/refusals_{model}_dev_types.jsonl");
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
        let Ok(text) = std::fs::read_to_string(&path) else {
            return eprintln!("skipped: no {}", path.display());
        };
        for line in text.lines() {
            let row: Value = serde_json::from_str(line).expect("a row");
            let label = match row["human_label"].as_str().expect("a label") {
                "2_full_refusal" => 0,
                "3_partial_refusal" => 1,
                _ => 2,
            };
            found[label][0] += 1;
            found[label][1] +=
                u32::from(is_refusal(row["completion"].as_str().expect("a response")));
        }
    }
    assert_eq!(found, [[6, 6], [11, 10], [233, 1]]);
}
