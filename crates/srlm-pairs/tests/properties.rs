//! What holds for any candidates; the README lists it.
#![allow(clippy::unwrap_used)]

use std::collections::HashSet;

use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use srlm_artifact::{
    FinishReason, JudgmentFailure, JudgmentRow, PairRow, PromptRow, PromptSource, ResponseRow, Row, Score,
};
use srlm_pairs::{Candidate, PairsConfig, PromptCandidates, SelectionCounts, candidates_by_prompt, select_pairs};

const N_LEVELS: usize = 6;

/// Few scores and few texts, so that ties and twins are common.
fn prompts_of(score: impl Strategy<Value = Option<f64>> + Clone) -> impl Strategy<Value = Vec<PromptCandidates>> {
    vec(vec(("[ab]", score), 0..7), 0..6).prop_map(|prompts| (0..).zip(prompts).map(prompt).collect())
}

fn prompt((number, candidates): (u32, Vec<(String, Option<f64>)>)) -> PromptCandidates {
    let candidate = |(sample_index, (response, mean_score)): (u32, (String, Option<f64>))| Candidate {
        response_id: format!("p{number}/{sample_index}"),
        sample_index,
        response,
        mean_score,
    };
    PromptCandidates {
        prompt_id: format!("p{number}"),
        prompt: format!("Question {number}?").as_str().into(),
        candidates: (0..).zip(candidates).map(candidate).collect(),
    }
}

fn prompts() -> impl Strategy<Value = Vec<PromptCandidates>> {
    prompts_of(weighted(0.8, (0..N_LEVELS).prop_map(|level| level as f64)))
}

fn gap() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.0), (0..=10u32).prop_map(|halves| f64::from(halves) / 2.0), 0.0..=5.0]
}

/// The prompts in another order, and the candidates of each.
fn shuffled(prompts: Vec<PromptCandidates>) -> impl Strategy<Value = Vec<PromptCandidates>> {
    let shuffled_prompt = |prompt: PromptCandidates| {
        Just(prompt.candidates.clone())
            .prop_shuffle()
            .prop_map(move |candidates| PromptCandidates { candidates, ..prompt.clone() })
    };
    prompts.into_iter().map(shuffled_prompt).collect::<Vec<_>>().prop_shuffle()
}

fn select(prompts: &[PromptCandidates], min_score_gap: f64) -> (Vec<PairRow>, SelectionCounts) {
    let selection = select_pairs(prompts, &PairsConfig { min_score_gap });
    (selection.pairs, selection.counts)
}

fn ids(pairs: &[PairRow]) -> Vec<(&str, &str)> {
    pairs.iter().map(|pair| (pair.chosen_id.as_str(), pair.rejected_id.as_str())).collect()
}

fn prompt_of<'a>(pair: &PairRow, prompts: &'a [PromptCandidates]) -> &'a PromptCandidates {
    prompts.iter().find(|prompt| prompt.prompt_id == pair.prompt_id).unwrap()
}

/// Every two scored candidates of a prompt, in both orders.
fn couples(prompt: &PromptCandidates) -> Vec<(&Candidate, f64, &Candidate, f64)> {
    let scored: Vec<_> = prompt.candidates.iter().filter_map(|one| Some((one, one.mean_score?))).collect();
    let couple = |i: usize, j: usize| (scored[i].0, scored[i].1, scored[j].0, scored[j].1);
    let all = (0..scored.len()).flat_map(|i| (0..scored.len()).map(move |j| (i, j)));
    all.filter(|(i, j)| i != j).map(|(i, j)| couple(i, j)).collect()
}

/// Selection by looking at every two candidates: the farthest apart, then the earliest chosen, then rejected.
fn slowly(prompt: &PromptCandidates, min_score_gap: f64) -> (Option<(String, String)>, &'static str) {
    let couples = couples(prompt);
    let Some(widest) = couples.iter().map(|(_, a, _, b)| a - b).reduce(f64::max) else { return (None, "unscored") };
    let at_ends = couples.iter().filter(|(_, a, _, b)| a - b == widest);
    let (chosen, _, rejected, _) = at_ends.min_by_key(|(a, _, b, _)| (a.sample_index, b.sample_index)).unwrap();
    match widest {
        0.0 => (None, "tied"),
        _ if widest < min_score_gap => (None, "below_gap"),
        _ if chosen.response == rejected.response => (None, "identical"),
        _ => (Some((chosen.response_id.clone(), rejected.response_id.clone())), "pairs"),
    }
}

proptest! {
    #[test]
    fn a_pair_is_of_two_candidates_of_its_prompt_and_the_chosen_scores_higher(prompts in prompts(), gap in gap()) {
        for pair in select(&prompts, gap).0 {
            prop_assert!(pair.check().is_ok());
            prop_assert!(pair.score_chosen > pair.score_rejected);
            prop_assert!(pair.score_chosen - pair.score_rejected >= gap);
            prop_assert_ne!(&pair.chosen_id, &pair.rejected_id);
            prop_assert_ne!(&pair.chosen, &pair.rejected);
            let prompt = prompt_of(&pair, &prompts);
            prop_assert_eq!(&pair.prompt, &prompt.prompt);
            let is_there = |id: &str, text: &str, score: f64| prompt.candidates.iter().any(|candidate| {
                candidate.response_id == id && candidate.response == text && candidate.mean_score == Some(score)
            });
            prop_assert!(is_there(&pair.chosen_id, &pair.chosen, pair.score_chosen));
            prop_assert!(is_there(&pair.rejected_id, &pair.rejected, pair.score_rejected));
        }
    }

    #[test]
    fn no_two_candidates_are_farther_apart_than_a_pair(prompts in prompts(), gap in gap()) {
        for pair in select(&prompts, gap).0 {
            let widest = pair.score_chosen - pair.score_rejected;
            prop_assert!(couples(prompt_of(&pair, &prompts)).iter().all(|(_, a, _, b)| a - b <= widest));
        }
    }

    #[test]
    fn there_is_at_most_one_pair_a_prompt_in_the_order_of_ids(prompts in prompts(), gap in gap()) {
        let pairs = select(&prompts, gap).0;
        prop_assert!(pairs.windows(2).all(|two| two[0].prompt_id < two[1].prompt_id));
    }

    #[test]
    fn the_order_of_prompts_and_candidates_does_not_matter(
        (prompts, other) in prompts().prop_flat_map(|prompts| (Just(prompts.clone()), shuffled(prompts))),
        gap in gap(),
    ) {
        prop_assert_eq!(select(&prompts, gap), select(&other, gap));
    }

    #[test]
    fn an_unscored_candidate_changes_nothing(
        (prompts, other) in prompts().prop_flat_map(|prompts| (Just(prompts.clone()), shuffled(prompts))),
        gap in gap(),
    ) {
        let scored_only = other.into_iter().map(|mut prompt| {
            prompt.candidates.retain(|candidate| candidate.mean_score.is_some());
            prompt
        });
        prop_assert_eq!(select(&prompts, gap), select(&scored_only.collect::<Vec<_>>(), gap));
    }

    #[test]
    fn a_strictly_increasing_map_of_scores_gives_the_same_pairs(
        prompts in prompts(),
        lowest in -100.0..100.0,
        steps in vec(1e-3..1e3, N_LEVELS),
    ) {
        let levels: Vec<f64> = steps.iter().scan(lowest, |level, step| { *level += step; Some(*level) }).collect();
        let mapped: Vec<_> = prompts.iter().cloned().map(|mut prompt| {
            let scores = prompt.candidates.iter_mut().filter_map(|candidate| candidate.mean_score.as_mut());
            scores.for_each(|score| *score = levels[*score as usize]);
            prompt
        }).collect();
        let ((pairs, counts), (mapped_pairs, mapped_counts)) = (select(&prompts, 0.0), select(&mapped, 0.0));
        prop_assert_eq!(ids(&pairs), ids(&mapped_pairs));
        prop_assert_eq!(counts, mapped_counts);
    }

    #[test]
    fn a_larger_gap_takes_pairs_away_and_changes_none(prompts in prompts(), gap in gap()) {
        let mut kept = select(&prompts, 0.0).0;
        kept.retain(|pair| pair.score_chosen - pair.score_rejected >= gap);
        prop_assert_eq!(select(&prompts, gap).0, kept);
    }

    #[test]
    fn pairs_and_counts_are_those_of_looking_at_every_two_candidates(prompts in prompts(), gap in gap()) {
        let (pairs, counts) = select(&prompts, gap);
        let slowly: Vec<_> = prompts.iter().map(|prompt| slowly(prompt, gap)).collect();
        let count = |name| slowly.iter().filter(|(_, reason)| *reason == name).count() as u64;
        let expected = SelectionCounts {
            prompts: prompts.len() as u64,
            pairs: count("pairs"),
            tied: count("tied"),
            below_gap: count("below_gap"),
            unscored: count("unscored"),
            identical: count("identical"),
        };
        prop_assert_eq!(counts, expected);
        let expected: Vec<_> = slowly.iter().filter_map(|(pair, _)| pair.as_ref()).collect();
        prop_assert_eq!(ids(&pairs), expected.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect::<Vec<_>>());
    }

    #[test]
    fn any_number_is_taken_without_a_panic(
        prompts in prompts_of(weighted(0.9, prop_oneof![
            prop::num::f64::ANY,
            Just(f64::NAN),
            Just(0.0),
            Just(-0.0),
            Just(f64::INFINITY),
            Just(f64::MIN),
        ])),
        gap in prop::num::f64::ANY,
    ) {
        let (pairs, counts) = select(&prompts, gap);
        let SelectionCounts { prompts: n_prompts, pairs: n_pairs, tied, below_gap, unscored, identical } = counts;
        prop_assert_eq!(n_prompts, prompts.len() as u64);
        prop_assert_eq!(n_prompts, n_pairs + tied + below_gap + unscored + identical);
        prop_assert_eq!(n_pairs, pairs.len() as u64);
        for pair in &pairs {
            prop_assert!(pair.score_chosen.is_finite() && pair.score_rejected.is_finite());
            prop_assert!(pair.score_chosen > pair.score_rejected);
            prop_assert_ne!(&pair.chosen_id, &pair.rejected_id);
        }
    }
}

type Rows = (Vec<PromptRow>, Vec<ResponseRow>, Vec<JudgmentRow>);

/// Rows whose judgments are tenths, so that the order of a sum shows in its bits.
fn rows() -> impl Strategy<Value = Rows> {
    let scores = || vec(weighted(0.8, (0..=50u32).prop_map(|tenths| f64::from(tenths) / 10.0)), 0..5);
    vec(vec(("[ab]", scores()), 0..5), 0..5).prop_map(|prompts| {
        let mut rows = Rows::default();
        for (number, candidates) in prompts.into_iter().enumerate() {
            let prompt_id = format!("p{number}");
            for (sample_index, (text, scores)) in (0..).zip(candidates) {
                let row = response(&prompt_id, sample_index, text);
                rows.2.extend((0..).zip(scores).map(|(judge_index, score)| judgment(&row, judge_index, score)));
                rows.1.push(row);
            }
            rows.0.push(PromptRow { prompt_id, prompt: "Why?".into(), source: PromptSource::Generated });
        }
        rows
    })
}

fn response(prompt_id: &str, sample_index: u32, text: String) -> ResponseRow {
    ResponseRow {
        response_id: format!("{prompt_id}/{sample_index}"),
        prompt_id: prompt_id.to_owned(),
        sample_index,
        response: text,
        finish_reason: FinishReason::Stop,
        n_tokens: 1,
        seed: 0,
    }
}

fn judgment(of: &ResponseRow, judge_index: u32, score: Option<f64>) -> JudgmentRow {
    JudgmentRow {
        response_id: of.response_id.clone(),
        prompt_id: of.prompt_id.clone(),
        judge_index,
        score: score.map(|score| Score::new(score).unwrap()),
        rationale: String::new(),
        failure: score.is_none().then_some(JudgmentFailure::NoScore),
        seed: 0,
        expected_score: None,
        truncated: false,
    }
}

fn shuffled_rows((prompts, responses, judgments): Rows) -> impl Strategy<Value = Rows> {
    (Just(prompts).prop_shuffle(), Just(responses).prop_shuffle(), Just(judgments).prop_shuffle())
}

/// The mean scores as bits, by prompt and candidate.
fn bits(candidates: &[PromptCandidates]) -> Vec<Option<u64>> {
    candidates.iter().flat_map(|prompt| &prompt.candidates).map(|one| one.mean_score.map(f64::to_bits)).collect()
}

proptest! {
    #[test]
    fn the_order_of_rows_does_not_matter(
        (rows, other) in rows().prop_flat_map(|rows| (Just(rows.clone()), shuffled_rows(rows))),
    ) {
        let joined = candidates_by_prompt(&rows.0, &rows.1, &rows.2).unwrap();
        let other = candidates_by_prompt(&other.0, &other.1, &other.2).unwrap();
        prop_assert_eq!(bits(&joined), bits(&other));
        prop_assert_eq!(joined, other);
    }

    #[test]
    fn every_prompt_and_response_is_joined_once_with_the_mean_of_its_scores((prompts, responses, judgments) in rows()) {
        let joined = candidates_by_prompt(&prompts, &responses, &judgments).unwrap();
        prop_assert_eq!(joined.len(), prompts.len());
        let candidates: Vec<_> = joined.iter().flat_map(|prompt| &prompt.candidates).collect();
        let ids: HashSet<_> = candidates.iter().map(|candidate| &candidate.response_id).collect();
        prop_assert_eq!((candidates.len(), ids.len()), (responses.len(), responses.len()));
        for candidate in candidates {
            let of_it = judgments.iter().filter(|row| row.response_id == candidate.response_id);
            let scores: Vec<f64> = of_it.filter_map(|row| row.score).map(Score::get).collect();
            let expected = (!scores.is_empty()).then(|| scores.iter().sum::<f64>() / scores.len() as f64);
            let near = |(a, b): (f64, f64)| (a - b).abs() < 1e-12;
            prop_assert!(candidate.mean_score.is_some() == expected.is_some());
            prop_assert!(candidate.mean_score.zip(expected).is_none_or(near));
        }
    }

    #[test]
    fn a_judgment_without_a_score_changes_nothing((prompts, responses, judgments) in rows()) {
        let parsed: Vec<_> = judgments.iter().filter(|row| row.score.is_some()).cloned().collect();
        let all = candidates_by_prompt(&prompts, &responses, &judgments).unwrap();
        prop_assert_eq!(all, candidates_by_prompt(&prompts, &responses, &parsed).unwrap());
    }

    #[test]
    fn pairs_of_judged_rows_can_be_written((prompts, responses, judgments) in rows()) {
        let candidates = candidates_by_prompt(&prompts, &responses, &judgments).unwrap();
        for pair in select(&candidates, 0.0).0 {
            prop_assert!(pair.check().is_ok(), "{:?}", pair.check());
        }
    }
}
