//! Measures of a judge against scipy and scikit-learn: `fixtures/judging_reference.py`.
#![allow(clippy::unwrap_used)]

use serde_json::Value;
use srlm_eval::judging::{Judged, JudgedGroup, JudgedResponse, Scale, measure};
use srlm_eval::{Bootstrap, Estimate};

fn groups(case: &Value) -> Vec<JudgedGroup> {
    let response = |response: &Value| JudgedResponse {
        worth: response[0].as_f64().unwrap(),
        written: response[1].as_f64(),
        expected: None,
        n_characters: response[2].as_u64().unwrap(),
    };
    let group = |(i, group): (usize, &Value)| JudgedGroup {
        prompt_id: format!("p{i}"),
        tree: format!("t{}", i / 2),
        responses: group.as_array().unwrap().iter().map(response).collect(),
    };
    case["groups"].as_array().unwrap().iter().enumerate().map(group).collect()
}

#[track_caller]
fn check(name: &str, found: Option<Estimate>, expected: &Value) {
    let found = found.map(|estimate| estimate.value);
    let agree = match (found, expected.as_f64()) {
        (Some(found), Some(expected)) => (found - expected).abs() < 1e-9,
        (found, expected) => found == expected,
    };
    assert!(agree, "{name}: {found:?}, not {expected}");
}

#[test]
fn measures_agree_with_scipy_and_scikit_learn() {
    let file: Value = serde_json::from_str(include_str!("fixtures/judging.json")).unwrap();
    let cases = file["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 24);
    for case in cases {
        let groups = groups(case);
        let bound = |i: usize| case["scale"][i].as_f64().unwrap();
        let judged = Judged {
            judge: "j",
            data: "d",
            format: "ratings",
            rubric: "r",
            judgments: 1,
            responses: &[],
            rows: &[],
            groups: &groups,
            scale: Some(Scale { min: bound(0), max: bound(1) }),
            pairs: None,
        };
        let found =
            measure(&judged, &Bootstrap { n_resamples: 100, ..Bootstrap::default() }).written;
        let (expected, ratings, order) =
            (&case["expected"], found.ratings.unwrap(), found.agreement.judge);
        let (judge, length) = (ratings.judge, ratings.length_baseline);
        for (i, (overall, length, within)) in [
            (judge.pearson, length.pearson, judge.pearson_within),
            (judge.spearman, length.spearman, judge.spearman_within),
            (judge.kendall_tau_b, length.kendall_tau_b, judge.kendall_tau_b_within),
        ]
        .into_iter()
        .enumerate()
        {
            check("overall", overall, &expected["overall"][i]);
            check("length", length, &expected["length"][i]);
            check("within", within, &expected["within"][i]);
        }
        check("mean_absolute_error", judge.mean_absolute_error, &expected["mean_absolute_error"]);
        check("quadratic_kappa", judge.quadratic_kappa, &expected["quadratic_kappa"]);
        check("pairwise_accuracy", order.pairwise_accuracy, &expected["pairwise_accuracy"]);
        check("tie_rate", order.tie_rate, &expected["tie_rate"]);
        check("five_best", order.five_best, &expected["five_best"]);
        check("exact_match", order.exact_match, &expected["exact_match"]);
        check("spearman", order.spearman, &expected["spearman"]);
        check("kendall_tau_b", order.kendall_tau_b, &expected["kendall_tau_b"]);
    }
}
