//! The model as a judge, against people and against the model before it.

use std::collections::BTreeMap;

use srlm_artifact::{Aggregation, Artifact, Judgments, ResponseRow};
use srlm_eval::controlled::{Scored, length_bias};
use srlm_eval::{
    Bootstrap, Evaluation, RankedGroup, RankedResponse, accuracy_change, accuracy_sign_test,
    agreement, calibration, judge_rates,
};

use super::{Materials, held_out_ranked};
use crate::run::Run;
use crate::seed::Seed;

/// Ranges of the curves of score by length and of agreement by confidence, about as many responses
/// or pairs in each.
const BINS: usize = 10;

/// Fills in agreement, its change, rates, calibration and length bias.
pub(super) fn measure(
    run: &Run<'_>,
    seed: &Seed,
    materials: &Materials,
    bootstrap: &Bootstrap,
    evaluation: &mut Evaluation,
) -> anyhow::Result<()> {
    let responses = held_out_ranked(seed)?.responses.rows()?;
    // What is measured is the score that pairs are made by.
    let scored_by =
        |judged: &Artifact<Judgments>, aggregation| ranked_groups(&responses, judged, aggregation);
    let groups = scored_by(&materials.judged, run.config.pairs.aggregation)?;
    let found = agreement(&groups, bootstrap);
    evaluation.judge_rates = Some(judge_rates(&materials.judged.rows()?, &found));
    evaluation.agreement = Some(found);
    evaluation.length_bias = Some(length_bias(&scored(&groups), BINS));
    let expected = scored_by(&materials.judged, Aggregation::Expected)?;
    evaluation.calibration = calibration(&expected, BINS, bootstrap);
    if let Some(judged) = &materials.judged_before {
        let before = scored_by(judged, run.config.pairs.aggregation)?;
        evaluation.accuracy_change = accuracy_change(&before, &groups, bootstrap);
        evaluation.accuracy_sign_test_p =
            evaluation.accuracy_change.map(|_| accuracy_sign_test(&before, &groups));
    }
    let mut why = |field: &str, reason: &str| {
        evaluation.unmeasured.insert(field.to_owned(), reason.to_owned())
    };
    if evaluation.calibration.is_none() {
        why("calibration", "no human-ordered pair has two expected scores (judge.expected_score)");
    }
    match (&evaluation.accuracy_change, &materials.judged_before) {
        (Some(_), _) => {}
        (None, None) => drop(why("accuracy_change", "M0 is not measured as a judge")),
        (None, Some(_)) => {
            drop(why("accuracy_change", "no human-ordered pair was scored by both models"))
        }
    }
    Ok(())
}

/// The held-out ranked responses with the judge's scores.
fn ranked_groups(
    responses: &[ResponseRow],
    judged: &Artifact<Judgments>,
    aggregation: Aggregation,
) -> anyhow::Result<Vec<RankedGroup>> {
    let scores = srlm_judge::scores(&judged.rows()?, aggregation);
    let mut groups: BTreeMap<&str, Vec<RankedResponse>> = BTreeMap::new();
    for row in responses {
        groups.entry(&row.prompt_id).or_default().push(RankedResponse {
            human_rank: row.sample_index,
            mean_score: scores.get(&row.response_id).copied().flatten(),
            n_characters: row.response.chars().count() as u64,
        });
    }
    let group = |(prompt_id, responses): (&str, _)| RankedGroup {
        prompt_id: prompt_id.to_owned(),
        responses,
    };
    Ok(groups.into_iter().map(group).collect())
}

/// Scored responses; a low rank is good, so that quality is its negative.
fn scored(groups: &[RankedGroup]) -> Vec<Scored> {
    let scored = |response: &RankedResponse| {
        let quality = -f64::from(response.human_rank);
        Some(Scored { length: response.n_characters, score: response.mean_score?, quality })
    };
    groups.iter().flat_map(|group| group.responses.iter().filter_map(scored)).collect()
}
