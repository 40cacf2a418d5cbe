//! The best candidate of each prompt against its worst.

use std::cmp::Ordering;

use serde::Serialize;
use srlm_artifact::{Counts, PairRow};

use crate::{Candidate, PairsConfig, PromptCandidates};

/// What was selected, and what became of every prompt.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selection {
    /// At most one a prompt, sorted by `prompt_id`.
    pub pairs: Vec<PairRow>,
    /// How many prompts gave a pair, and why the others did not.
    pub counts: SelectionCounts,
}

/// Prompts by what became of them: `prompts` is the sum of all the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SelectionCounts {
    /// Prompts given.
    pub prompts: u64,
    /// Prompts with a pair.
    pub pairs: u64,
    /// Prompts whose scored candidates all have one score.
    pub tied: u64,
    /// Prompts whose best and worst are less than `min_score_gap` apart.
    pub below_gap: u64,
    /// Prompts with fewer than two scored candidates.
    pub unscored: u64,
    /// Prompts whose best and worst are far enough apart and have one text.
    pub identical: u64,
}

impl From<SelectionCounts> for Counts {
    fn from(counts: SelectionCounts) -> Self {
        let SelectionCounts { prompts, pairs, tied, below_gap, unscored, identical } = counts;
        let counts = [
            ("prompts", prompts),
            ("pairs", pairs),
            ("tied", tied),
            ("below_gap", below_gap),
            ("unscored", unscored),
            ("identical", identical),
        ];
        Self::from(counts.map(|(name, n)| (name.to_owned(), n)))
    }
}

/// Why a prompt has no pair.
enum NoPair {
    Unscored,
    Tied,
    BelowGap,
    Identical,
}

/// Pairs the candidate of the highest mean score with the one of the lowest, prompt by prompt.
///
/// Where several have the highest score, or the lowest, the one of the smallest `sample_index` stands for them (then
/// of the smallest `response_id`). A candidate without a score, or with one that is not finite, is passed over. The
/// order of prompts and candidates does not matter. Takes time linear in the number of candidates, beyond the sorting
/// of the pairs where the prompts are not sorted.
///
/// # Source
/// Yuan et al. 2024, "Self-Rewarding Language Models", section 2.4: the highest and the lowest scoring response, and
/// no pair where their scores are the same.
pub fn select_pairs(candidates: &[PromptCandidates], config: &PairsConfig) -> Selection {
    let mut selection = Selection::default();
    for prompt in candidates {
        let counts = &mut selection.counts;
        counts.prompts += 1;
        let outcome = pair(prompt, config.min_score_gap).map(|pair| selection.pairs.push(pair));
        let count = match outcome {
            Ok(()) => &mut counts.pairs,
            Err(NoPair::Unscored) => &mut counts.unscored,
            Err(NoPair::Tied) => &mut counts.tied,
            Err(NoPair::BelowGap) => &mut counts.below_gap,
            Err(NoPair::Identical) => &mut counts.identical,
        };
        *count += 1;
    }
    selection.pairs.sort_by(|a, b| a.prompt_id.cmp(&b.prompt_id));
    selection
}

fn pair(prompt: &PromptCandidates, min_score_gap: f64) -> Result<PairRow, NoPair> {
    let mut two = scored(prompt).take(2);
    let (Some(_), Some(_)) = (two.next(), two.next()) else { return Err(NoPair::Unscored) };
    let (score_chosen, chosen) = first_by(prompt, |a, b| b.total_cmp(&a)).ok_or(NoPair::Unscored)?;
    let (score_rejected, rejected) = first_by(prompt, |a, b| a.total_cmp(&b)).ok_or(NoPair::Unscored)?;
    if score_chosen == score_rejected {
        return Err(NoPair::Tied);
    }
    if score_chosen - score_rejected < min_score_gap {
        return Err(NoPair::BelowGap);
    }
    if chosen.response == rejected.response {
        return Err(NoPair::Identical);
    }
    Ok(PairRow {
        prompt_id: prompt.prompt_id.clone(),
        prompt: prompt.prompt.clone(),
        chosen: chosen.response.clone(),
        rejected: rejected.response.clone(),
        chosen_id: chosen.response_id.clone(),
        rejected_id: rejected.response_id.clone(),
        score_chosen,
        score_rejected,
        label_weight: 1.0,
    })
}

/// The candidate whose score comes first, the earliest sample among equals.
fn first_by(prompt: &PromptCandidates, order: fn(f64, f64) -> Ordering) -> Option<(f64, &Candidate)> {
    scored(prompt).min_by(|(a, one), (b, other)| order(*a, *b).then_with(|| one.place().cmp(&other.place())))
}

fn scored(prompt: &PromptCandidates) -> impl Iterator<Item = (f64, &Candidate)> {
    prompt.candidates.iter().filter_map(|candidate| {
        let score = candidate.mean_score.filter(|score| score.is_finite())?;
        // Adding zero turns -0.0 into 0.0: the two are one score.
        Some((score + 0.0, candidate))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Candidates from texts and scores, by sample.
    fn prompt(candidates: &[(&str, Option<f64>)]) -> PromptCandidates {
        let candidate = |(sample_index, (response, mean_score)): (u32, &(&str, Option<f64>))| Candidate {
            response_id: format!("p/{sample_index}"),
            sample_index,
            response: (*response).to_owned(),
            mean_score: *mean_score,
        };
        let candidates = (0..).zip(candidates).map(candidate).collect();
        PromptCandidates { prompt_id: "p".to_owned(), prompt: "Why?".into(), candidates }
    }

    fn outcome(candidates: &[(&str, Option<f64>)], min_score_gap: f64) -> String {
        match pair(&prompt(candidates), min_score_gap) {
            Ok(pair) => format!("{} over {}", pair.chosen_id, pair.rejected_id),
            Err(NoPair::Unscored) => "unscored".to_owned(),
            Err(NoPair::Tied) => "tied".to_owned(),
            Err(NoPair::BelowGap) => "below_gap".to_owned(),
            Err(NoPair::Identical) => "identical".to_owned(),
        }
    }

    #[test]
    fn the_best_is_paired_with_the_worst() {
        let check = |scores: &[f64], expected: &str| {
            let texts = ["a", "b", "c", "d", "e"];
            let candidates: Vec<_> = texts.iter().zip(scores).map(|(text, score)| (*text, Some(*score))).collect();
            assert_eq!(outcome(&candidates, 0.0), expected, "{scores:?}");
        };
        check(&[], "unscored");
        check(&[3.0], "unscored");
        check(&[3.0, 4.0], "p/1 over p/0");
        check(&[2.0, 5.0, 1.0, 3.0], "p/1 over p/2");
        check(&[1.0, 5.0, 1.0, 5.0, 3.0], "p/1 over p/0");
        check(&[2.0, 2.0, 2.0], "tied");
        check(&[0.0, -0.0], "tied");
        check(&[0.0, -0.0, 1.0], "p/2 over p/0");
        check(&[5.0, 4.999_999_999], "p/0 over p/1");
        check(&[f64::NAN, 1.0], "unscored");
        check(&[f64::INFINITY, 1.0, f64::NEG_INFINITY, 2.0, f64::NAN], "p/3 over p/1");
        check(&[f64::MAX, f64::MIN], "p/0 over p/1");
        check(&[f64::MIN_POSITIVE, 0.0], "p/0 over p/1");
    }

    #[test]
    fn a_prompt_without_a_pair_has_one_reason() {
        let (low, high) = (Some(2.0), Some(3.0));
        let check = |candidates: &[(&str, Option<f64>)], min_score_gap, expected: &str| {
            assert_eq!(outcome(candidates, min_score_gap), expected, "{candidates:?} {min_score_gap}");
        };
        check(&[("a", low), ("b", None)], 0.0, "unscored");
        check(&[("a", low), ("a", low)], 5.0, "tied");
        check(&[("a", low), ("b", high)], 1.0, "p/1 over p/0");
        check(&[("a", low), ("b", high)], 1.5, "below_gap");
        check(&[("a", low), ("a", high)], 1.5, "below_gap");
        check(&[("a", low), ("a", high)], 1.0, "identical");
        check(&[("a", low), ("a", high), ("b", high)], 0.0, "identical");
        check(&[("a", low), ("b", high), ("a", high)], 0.0, "p/1 over p/0");
    }

    #[test]
    fn samples_of_one_number_are_told_apart_by_id() {
        let mut twins = prompt(&[("a", Some(1.0)), ("b", Some(4.0)), ("c", Some(4.0))]);
        twins.candidates.iter_mut().for_each(|candidate| candidate.sample_index = 0);
        for _ in 0..3 {
            twins.candidates.rotate_left(1);
            let pairs = select_pairs(std::slice::from_ref(&twins), &PairsConfig::default()).pairs;
            assert_eq!((pairs[0].chosen_id.as_str(), pairs[0].rejected_id.as_str()), ("p/1", "p/0"));
        }
    }

    #[test]
    fn a_pair_has_all_that_training_needs() {
        let selection = select_pairs(&[prompt(&[("No.", Some(1.5)), ("Yes.", Some(4.0))])], &PairsConfig::default());
        let line = serde_json::to_string(&selection.pairs).unwrap();
        let expected = r#"[{"prompt_id":"p","prompt":"Why?","chosen":"Yes.","rejected":"No.","chosen_id":"p/1","rejected_id":"p/0","score_chosen":4.0,"score_rejected":1.5}]"#;
        assert_eq!(line, expected);
    }

    #[test]
    fn counts_have_the_same_names_in_a_manifest_and_by_themselves() {
        let counts = SelectionCounts { prompts: 21, pairs: 1, tied: 2, below_gap: 3, unscored: 4, identical: 11 };
        let by_name: Counts = serde_json::from_value(serde_json::to_value(counts).unwrap()).unwrap();
        assert_eq!(Counts::from(counts), by_name);
        assert_eq!(by_name.len(), 6);
    }
}
