//! Pairs of each prompt's candidates.

use srlm_artifact::{PairRow, Place};

use crate::filter::{Dropped, check};
use crate::ranked::{Couple, ranked};
use crate::strategy::{kept, proposed};
use crate::{PairsConfig, PromptCandidates, SelectionCounts};

/// What was selected, and what became of every prompt.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selection {
    /// Sorted by `prompt_id`; at most `max_pairs_per_prompt` of one prompt.
    pub pairs: Vec<PairRow>,
    /// How many prompts gave pairs, and why the others did not.
    pub counts: SelectionCounts,
}

/// Pairs candidates of the same prompt by [`PairsConfig::strategy`], prompt by prompt.
///
/// A candidate without a score, or with one that is not finite, is passed over. The order of
/// prompts and candidates does not matter; `place` does, where the strategy draws or a setting is a
/// list by iteration. A pair holds the full scores, without the length penalty. Settings are taken
/// as they are: [`PairsConfig::validate`] tells whether they make sense. `anchored_rejection` and
/// `label_weights` are not read: see [`anchor`](crate::anchor) and
/// [`weigh`](crate::weigh).
///
/// # Source
/// `best_worst`: Yuan et al. 2024, "Self-Rewarding Language Models", section 2.3. `length_control`
/// and `max_chosen_characters`: Wu et al. 2024, "Meta-Rewarding Language Models", arXiv 2407.19594.
/// `random`: Pang et al. 2024, "Iterative Reasoning Preference Optimization", arXiv 2404.19733.
/// `best_random` and `length_penalty`: RLHFlow, Online-RLHF, `max_random` and `max_min_p`.
pub fn select_pairs(
    candidates: &[PromptCandidates],
    config: &PairsConfig,
    place: Place,
) -> Selection {
    let mut selection = Selection::default();
    for prompt in candidates {
        let couples = ranked(prompt, config, 2).map(|all| proposed(&all, config, place.iteration));
        selection.add(prompt, couples, config, place, "");
    }
    selection.sort();
    selection
}

impl Selection {
    /// Counts a prompt and keeps what may be kept of its pairs.
    pub(crate) fn add(
        &mut self,
        prompt: &PromptCandidates,
        couples: Result<Vec<Couple<'_>>, Dropped>,
        config: &PairsConfig,
        place: Place,
        rejected_prefix: &str,
    ) {
        self.counts.prompts += 1;
        match couples.and_then(|couples| self.keep(couples, config, place, &prompt.prompt_id)) {
            Err(reason) => self.counts.drop_prompt(reason),
            Ok(couples) => {
                self.counts.paired += 1;
                self.pairs
                    .extend(couples.iter().map(|couple| row(prompt, couple, rejected_prefix)));
            }
        }
    }

    /// Those of a prompt's pairs that stay; the last reason against them where none does.
    fn keep<'a>(
        &mut self,
        couples: Vec<Couple<'a>>,
        config: &PairsConfig,
        place: Place,
        prompt_id: &str,
    ) -> Result<Vec<Couple<'a>>, Dropped> {
        let (counts, mut last_reason) = (&mut self.counts, Dropped::Tied);
        counts.pairs_proposed += couples.len() as u64;
        let mut fit = couples;
        fit.retain(|couple| {
            let verdict = check(couple, config, place.iteration);
            if let Err(reason) = verdict {
                counts.drop_pair(reason);
                last_reason = last_reason.max(reason);
            }
            verdict.is_ok()
        });
        if fit.is_empty() {
            return Err(last_reason);
        }
        let n_fit = fit.len();
        let kept = kept(fit, config, place, prompt_id);
        counts.pairs += kept.len() as u64;
        counts.pairs_over_limit += (n_fit - kept.len()) as u64;
        Ok(kept)
    }

    pub(crate) fn sort(&mut self) {
        self.pairs.sort_by(|a, b| a.prompt_id.cmp(&b.prompt_id));
    }
}

fn row(
    prompt: &PromptCandidates,
    (chosen, rejected): &Couple<'_>,
    rejected_prefix: &str,
) -> PairRow {
    PairRow {
        prompt_id: prompt.prompt_id.clone(),
        prompt: prompt.prompt.clone(),
        chosen: chosen.candidate.response.clone(),
        rejected: rejected.candidate.response.clone(),
        chosen_id: chosen.candidate.response_id.clone(),
        rejected_id: format!("{rejected_prefix}{}", rejected.candidate.response_id),
        score_chosen: chosen.score,
        score_rejected: rejected.score,
        label_weight: 1.0,
    }
}

#[cfg(test)]
mod tests {
    use srlm_artifact::{Counts, FinishReason};

    use super::*;
    use crate::candidates::tests::prompt;
    use crate::{Strategy, counts::by_name};

    const PLACE: Place = Place { run_seed: 7, iteration: 1 };
    const REASONS: [&str; 8] = [
        "unscored",
        "unfinished",
        "tied",
        "not_lower",
        "below_gap",
        "identical",
        "chosen_too_long",
        "length_ratio",
    ];

    /// The pairs as `1>0 2>0`, or the reason why there are none.
    fn outcome(prompt: &PromptCandidates, config: &PairsConfig) -> String {
        let selection = select_pairs(std::slice::from_ref(prompt), config, PLACE);
        let counts = by_name(&selection.counts);
        let reason = REASONS.into_iter().find(|name| counts[*name] == 1);
        let index = |id: &str| id.strip_prefix("p/").unwrap().to_owned();
        let pair =
            |pair: &PairRow| format!("{}>{}", index(&pair.chosen_id), index(&pair.rejected_id));
        let pairs: Vec<_> = selection.pairs.iter().map(pair).collect();
        assert_eq!(reason.is_none(), selection.counts.paired == 1);
        reason.map_or_else(|| pairs.join(" "), str::to_owned)
    }

    /// Texts `a`, `b`, ... with these scores.
    fn scored(scores: &[f64]) -> PromptCandidates {
        let texts = ["a", "b", "c", "d", "e", "f"];
        let judged: Vec<_> = texts.into_iter().zip(scores.iter().copied().map(Some)).collect();
        prompt("p", &judged)
    }

    /// Texts of these lengths with these scores.
    fn long(judged: &[(usize, f64)]) -> PromptCandidates {
        let texts: Vec<_> = judged.iter().map(|(length, _)| "é".repeat(*length)).collect();
        let judged: Vec<_> = texts
            .iter()
            .zip(judged)
            .map(|(text, (_, score))| (text.as_str(), Some(*score)))
            .collect();
        prompt("p", &judged)
    }

    fn with(change: impl FnOnce(&mut PairsConfig)) -> PairsConfig {
        let mut config = PairsConfig::default();
        change(&mut config);
        config
    }

    #[test]
    fn the_best_is_paired_with_the_worst() {
        let check = |scores: &[f64], expected: &str| {
            assert_eq!(outcome(&scored(scores), &PairsConfig::default()), expected, "{scores:?}");
        };
        check(&[], "unscored");
        check(&[3.0], "unscored");
        check(&[3.0, 4.0], "1>0");
        check(&[2.0, 5.0, 1.0, 3.0], "1>2");
        check(&[1.0, 5.0, 1.0, 5.0, 3.0], "1>0");
        check(&[2.0, 2.0, 2.0], "tied");
        check(&[0.0, -0.0], "tied");
        check(&[0.0, -0.0, 1.0], "2>0");
        check(&[5.0, 4.999_999_999], "0>1");
        check(&[f64::NAN, 1.0], "unscored");
        check(&[f64::INFINITY, 1.0, f64::NEG_INFINITY, 2.0, f64::NAN], "3>1");
        check(&[f64::MAX, f64::MIN], "0>1");
        check(&[f64::MIN_POSITIVE, 0.0], "0>1");
    }

    #[test]
    fn every_two_are_paired_as_far_as_the_gap_allows() {
        let check = |scores: &[f64], max_pairs_per_prompt, min_score_gap, expected: &str| {
            let strategy = Strategy::AllAboveGap;
            let config = PairsConfig {
                strategy,
                max_pairs_per_prompt,
                min_score_gap,
                ..PairsConfig::default()
            };
            assert_eq!(outcome(&scored(scores), &config), expected, "{scores:?}");
        };
        check(&[1.0, 5.0, 3.0], 0, 0.0, "1>0 1>2 2>0");
        check(&[1.0, 5.0, 3.0], 0, 2.5, "1>0");
        check(&[1.0, 5.0, 4.0], 2, 0.0, "1>0 2>0");
        check(&[1.0, 5.0, 4.0], 1, 0.0, "1>0");
        check(&[1.0, 1.0, 2.0], 0, 0.0, "2>0 2>1");
        check(&[1.0, 1.0], 0, 0.0, "tied");
        check(&[1.0, 2.0], 0, 1.5, "below_gap");
    }

    #[test]
    fn both_ends_are_paired_and_share_no_candidate() {
        let check = |scores: &[f64], candidates_per_end, expected: &str| {
            let strategy = Strategy::TopBottom;
            let config = PairsConfig {
                strategy,
                candidates_per_end,
                max_pairs_per_prompt: 0,
                ..PairsConfig::default()
            };
            assert_eq!(outcome(&scored(scores), &config), expected, "{scores:?}");
        };
        check(&[1.0, 5.0, 3.0, 2.0, 4.0], 1, "1>0");
        check(&[1.0, 5.0, 3.0, 2.0, 4.0], 2, "1>3 1>0 4>3 4>0");
        check(&[1.0, 5.0, 3.0], 2, "1>0");
        check(&[1.0, 5.0, 3.0, 4.0], 9, "1>2 1>0 3>2 3>0");
        check(&[2.0, 2.0, 2.0], 1, "tied");
        check(&[3.0], 1, "unscored");
    }

    #[test]
    fn draws_are_of_pairs_that_may_be_kept() {
        let config = |strategy, max_pairs_per_prompt| {
            with(|c| {
                (c.strategy, c.max_pairs_per_prompt, c.min_score_gap) =
                    (strategy, max_pairs_per_prompt, 2.0)
            })
        };
        let four = [scored(&[1.0, 5.0, 3.0, 4.0])];
        let mut seen = std::collections::BTreeSet::new();
        for run_seed in 0..50 {
            let place = Place { run_seed, iteration: 1 };
            let selection = select_pairs(&four, &config(Strategy::BestRandom, 0), place);
            assert_eq!((selection.counts.pairs, selection.counts.pairs_over_limit), (1, 1));
            assert_eq!(selection.counts.pairs_below_gap, 1);
            seen.insert(selection.pairs[0].rejected_id.clone());
            let selection = select_pairs(&four, &config(Strategy::Random, 2), place);
            assert_eq!((selection.counts.pairs, selection.counts.pairs_over_limit), (2, 2));
            assert_ne!(selection.pairs[0], selection.pairs[1]);
        }
        assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["p/0", "p/2"]);
        assert_eq!(outcome(&four[0], &config(Strategy::Random, 0)), "1>0 1>2 2>0 3>0");
    }

    #[test]
    fn length_control_takes_the_shortest_of_the_good_and_the_longest_of_the_bad() {
        let judged = [(9, 5.0), (4, 4.5), (7, 5.0), (3, 1.0), (8, 1.5), (6, 1.0), (1, 3.0)];
        let check = |length_control: &[f64], expected: &str| {
            let config =
                PairsConfig { length_control: length_control.to_vec(), ..PairsConfig::default() };
            assert_eq!(outcome(&long(&judged), &config), expected, "{length_control:?}");
        };
        check(&[], "0>3");
        check(&[0.0], "2>5");
        check(&[0.2], "1>4");
        check(&[0.1, 0.2], "2>5");
        check(&[0.49], "1>4");
    }

    #[test]
    fn a_length_penalty_changes_who_is_first_and_not_what_is_stored() {
        let judged = [(2000, 4.0), (100, 3.5), (10, 2.0)];
        let check = |length_penalty, judged: &[(usize, f64)], expected: &str| {
            let config = PairsConfig { length_penalty, ..PairsConfig::default() };
            assert_eq!(outcome(&long(judged), &config), expected, "{length_penalty}");
        };
        check(0.0, &judged, "0>2");
        check(0.5, &judged, "1>2");
        check(2.0, &judged, "not_lower");
        check(1.0, &[(2000, 3.0), (10, 3.0)], "not_lower");
        let config = with(|c| c.length_penalty = 0.5);
        let pair = select_pairs(&[long(&judged)], &config, PLACE).pairs.remove(0);
        assert_eq!((pair.score_chosen, pair.score_rejected), (3.5, 2.0));
    }

    #[test]
    fn lengths_are_in_characters_and_limits_are_met() {
        let check = |judged: &[(usize, f64)], change: fn(&mut PairsConfig), expected: &str| {
            assert_eq!(outcome(&long(judged), &with(change)), expected, "{judged:?}");
        };
        check(&[(10, 4.0), (5, 1.0)], |c| c.max_length_ratio = 2.0, "0>1");
        check(&[(11, 4.0), (5, 1.0)], |c| c.max_length_ratio = 2.0, "length_ratio");
        check(&[(5, 4.0), (11, 1.0)], |c| c.max_length_ratio = 2.0, "length_ratio");
        check(&[(1, 4.0), (0, 1.0)], |c| c.max_length_ratio = 2.0, "length_ratio");
        check(&[(10, 4.0), (50, 1.0)], |c| c.max_chosen_characters = vec![10], "0>1");
        check(&[(11, 4.0), (50, 1.0)], |c| c.max_chosen_characters = vec![10], "chosen_too_long");
        check(&[(11, 4.0), (50, 1.0)], |c| c.max_chosen_characters = vec![0, 10], "0>1");
    }

    #[test]
    fn a_response_that_was_cut_off_is_left_out_where_that_is_asked_for() {
        let check = |cut: &[usize], exclude_unfinished, expected: &str| {
            let mut prompt = scored(&[1.0, 5.0, 3.0]);
            cut.iter().for_each(|i| prompt.candidates[*i].finish_reason = FinishReason::Length);
            assert_eq!(
                outcome(&prompt, &PairsConfig { exclude_unfinished, ..PairsConfig::default() }),
                expected
            );
        };
        check(&[1], false, "1>0");
        check(&[1], true, "2>0");
        check(&[0], true, "1>2");
        check(&[0, 1], true, "unfinished");
    }

    #[test]
    fn a_prompt_without_a_pair_has_one_reason() {
        let (low, high) = (Some(2.0), Some(3.0));
        let check = |judged: &[(&str, Option<f64>)], min_score_gap, expected: &str| {
            let config = PairsConfig { min_score_gap, ..PairsConfig::default() };
            assert_eq!(
                outcome(&prompt("p", judged), &config),
                expected,
                "{judged:?} {min_score_gap}"
            );
        };
        check(&[("a", low), ("b", None)], 0.0, "unscored");
        check(&[("a", low), ("a", low)], 5.0, "tied");
        check(&[("a", low), ("b", high)], 1.0, "1>0");
        check(&[("a", low), ("b", high)], 1.5, "below_gap");
        check(&[("a", low), ("a", high)], 1.5, "below_gap");
        check(&[("a", low), ("a", high)], 1.0, "identical");
        check(&[("a", low), ("a", high), ("b", high)], 0.0, "identical");
        check(&[("a", low), ("b", high), ("a", high)], 0.0, "1>0");
        let config = with(|c| (c.strategy, c.min_score_gap) = (Strategy::AllAboveGap, 2.0));
        let judged = [("a", Some(1.0)), ("b", Some(2.0)), ("a", Some(3.0))];
        assert_eq!(outcome(&prompt("p", &judged), &config), "identical");
    }

    #[test]
    fn samples_of_one_number_are_told_apart_by_id() {
        let mut twins = prompt("p", &[("a", Some(1.0)), ("b", Some(4.0)), ("c", Some(4.0))]);
        twins.candidates.iter_mut().for_each(|candidate| candidate.sample_index = 0);
        for _ in 0..3 {
            twins.candidates.rotate_left(1);
            assert_eq!(outcome(&twins, &PairsConfig::default()), "1>0");
        }
    }

    #[test]
    fn a_pair_has_all_that_training_needs() {
        let judged = prompt("p", &[("No.", Some(1.5)), ("Yes.", Some(4.0))]);
        let selection = select_pairs(&[judged], &PairsConfig::default(), PLACE);
        let line = serde_json::to_string(&selection.pairs).unwrap();
        let expected = r#"[{"prompt_id":"p","prompt":"Why?","chosen":"Yes.","rejected":"No.","chosen_id":"p/1","rejected_id":"p/0","score_chosen":4.0,"score_rejected":1.5}]"#;
        assert_eq!(line, expected);
    }

    #[test]
    fn counts_have_the_same_names_in_a_manifest_and_by_themselves() {
        let counts = SelectionCounts {
            prompts: 21,
            paired: 1,
            pairs_over_limit: 2,
            ..SelectionCounts::default()
        };
        let by_name: Counts =
            serde_json::from_value(serde_json::to_value(counts).unwrap()).unwrap();
        assert_eq!(Counts::from(counts), by_name);
        assert_eq!((by_name.len(), by_name["pairs_over_limit"]), (18, 2));
    }
}
