//! AlpacaEval's annotations, against its own metrics.

use serde_json::{Value, json};
use srlm_eval::alpaca_eval::{Annotation, GamedRow, Glm, read, summary};
use srlm_eval::{Bootstrap, alpaca_eval};

fn cases() -> Vec<Value> {
    let fixture: Value = serde_json::from_str(include_str!("fixtures/alpaca_eval.json"))
        .expect("the fixture is JSON");
    fixture["cases"].as_array().expect("a list").clone()
}

fn float(value: &Value) -> f64 {
    value.as_f64().expect("a number")
}

/// The annotations of a case, by way of a file. The texts have letters of one and of two bytes.
fn annotations(case: &Value) -> Vec<Annotation> {
    let length = |value: &Value| value.as_u64().expect("a length") as usize;
    let row = |row: &Value| {
        json!({
            "instruction": "i", "output_1": "x".repeat(length(&row[1])), "generator_1": "baseline",
            "output_2": "é".repeat(length(&row[2])), "generator_2": "model", "annotator": "synthetic",
            "preference": row[0], "glm_preference": 0.5
        })
    };
    let rows: Vec<Value> = case["rows"].as_array().expect("rows").iter().map(row).collect();
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), Value::from(rows).to_string()).expect("it is written");
    read(file.path()).expect("annotations")
}

fn gamed(case: &Value) -> Vec<GamedRow> {
    let row = |row: &Value| GamedRow {
        index: float(&row[0]) as usize,
        preference: row[1].as_f64(),
        std_delta_len: float(&row[2]),
        instruction_difficulty: float(&row[3]),
        not_gamed_baseline: false,
    };
    case["gamed"].as_array().expect("rows").iter().map(row).collect()
}

fn found(case: &Value, gamed: Option<&[GamedRow]>) -> alpaca_eval::Summary {
    let bootstrap = Bootstrap { n_resamples: 200, ..Bootstrap::default() };
    summary(&annotations(case), gamed, &bootstrap).remove(0)
}

#[test]
fn raw_win_rates_equal_alpaca_evals() {
    for case in cases() {
        let (found, expected) = (found(&case, None), &case["raw"]);
        let counts = [found.n_wins, found.n_losses, found.n_draws];
        assert_eq!(
            json!(counts),
            json!(["n_wins", "n_wins_base", "n_draws"].map(|key| float(&expected[key]) as u64))
        );
        assert_eq!(counts.iter().sum::<u64>(), float(&expected["n_total"]) as u64);
        let percent =
            |estimate: Option<srlm_eval::Estimate>| 100.0 * estimate.expect("preferences").value;
        assert!((percent(found.win_rate) - float(&expected["win_rate"])).abs() < 1e-9);
        assert!(
            (percent(found.discrete_win_rate) - float(&expected["discrete_win_rate"])).abs() < 1e-9
        );
    }
}

/// AlpacaEval's solver, liblinear, stops at a relative gradient of 1e-4; ours goes on to the
/// minimum.
fn assert_near(found: &Glm, expected: &Value) {
    let near = |found: f64, key: &str, tolerance: f64| {
        assert!(
            (found - float(&expected[key])).abs() < tolerance,
            "{key}: {found}, not {}",
            expected[key]
        );
    };
    near(100.0 * found.win_rate, "win_rate", 0.05);
    near(found.model_weight, "model_weight", 0.005);
    near(found.length_weight, "length_weight", 0.005);
    near(found.difficulty_weight, "difficulty_weight", 0.005);
}

#[test]
fn the_length_controlled_win_rate_equals_alpaca_evals() {
    for case in cases() {
        let minimal = found(&case, None).as_alpaca_eval.expect("enough preferences");
        assert_near(&minimal, &case["length_controlled_minimal"]);
        let whole = found(&case, Some(&gamed(&case))).as_alpaca_eval.expect("enough preferences");
        assert_near(&whole, &case["length_controlled_v1"]);
        assert_eq!(
            [minimal.name.as_str(), whole.name.as_str()],
            ["length_controlled_minimal", "length_controlled_v1"]
        );
    }
}

/// Cross-validation may pick a penalty that takes length out whole: then the two differ by up to 7
/// points here.
#[test]
fn the_interval_of_our_ridge_holds_alpaca_evals_rate() {
    for case in cases() {
        let ours = found(&case, None).controlled.expect("preferences").controlled;
        let theirs = float(&case["length_controlled_minimal"]["win_rate"]) / 100.0;
        assert!((ours.value - theirs).abs() < 0.075 && ours.covers(theirs), "{ours:?}, {theirs}");
    }
}
