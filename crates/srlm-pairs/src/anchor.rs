//! Anchored rejection: what is rejected comes from M0.

use std::collections::HashMap;

use srlm_artifact::Place;

use crate::config::in_iteration;
use crate::filter::Dropped;
use crate::ranked::{Couple, ranked};
use crate::strategy::{best, worst};
use crate::{PairsConfig, PromptCandidates, Selection};

/// Put before the ids of M0's responses, which may have the form of those that they are paired
/// with.
const PREFIX: &str = "m0:";

/// Pairs the best candidate of each prompt with the worst of M0's answers to it, where that one
/// scores lower.
///
/// Both sides are to be judged by the model at hand. Chosen and rejected are found as `best_worst`
/// finds them, each among its own, and the other limits of [`PairsConfig`] hold. A pair's
/// `rejected_id` is M0's `response_id` behind `m0:`. A prompt needs one scored candidate on either
/// side; an anchor's prompt that is not among `candidates` is passed over. No order matters, as
/// long as prompt ids differ within each list.
///
/// # Source
/// "Temporal Self-Rewarding Language Models", arXiv 2508.06026, anchored rejection.
pub fn anchor(
    candidates: &[PromptCandidates],
    anchors: &[PromptCandidates],
    config: &PairsConfig,
    place: Place,
) -> Selection {
    let anchors: HashMap<&str, _> =
        anchors.iter().map(|prompt| (prompt.prompt_id.as_str(), prompt)).collect();
    let mut selection = Selection::default();
    for prompt in candidates {
        let couple = anchors
            .get(prompt.prompt_id.as_str())
            .ok_or(Dropped::Unscored)
            .and_then(|anchors| anchored(prompt, anchors, config, place.iteration));
        selection.add(prompt, couple, config, place, PREFIX);
    }
    selection.sort();
    selection
}

fn anchored<'a>(
    prompt: &'a PromptCandidates,
    anchors: &'a PromptCandidates,
    config: &PairsConfig,
    iteration: u32,
) -> Result<Vec<Couple<'a>>, Dropped> {
    let (own, theirs) = (ranked(prompt, config, 1)?, ranked(anchors, config, 1)?);
    let rho = in_iteration(&config.length_control, iteration);
    Ok(best(&own, rho).zip(worst(&theirs, rho)).into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::candidates::tests::prompt;

    const PLACE: Place = Place { run_seed: 0, iteration: 1 };

    #[test]
    fn the_best_is_paired_with_the_worst_of_m0() {
        let check = |own: &[(&str, Option<f64>)],
                     theirs: &[(&str, Option<f64>)],
                     expected: &str| {
            let selection =
                anchor(&[prompt("p", own)], &[prompt("p", theirs)], &PairsConfig::default(), PLACE);
            let found = match selection.pairs.first() {
                Some(pair) => format!("{} over {}", pair.chosen_id, pair.rejected_id),
                None => format!("{:?}", selection.counts),
            };
            assert!(found.contains(expected), "{found} is not {expected}");
        };
        let own = [("a", Some(3.0)), ("b", Some(4.0))];
        check(&own, &[("c", Some(2.0)), ("d", Some(1.0))], "p/1 over m0:p/1");
        check(&own, &[("c", Some(3.5))], "p/1 over m0:p/0");
        check(&own, &[("c", Some(4.0))], "not_lower: 1");
        check(&own, &[("c", Some(5.0))], "not_lower: 1");
        check(&own, &[("b", Some(1.0))], "identical: 1");
        check(&own, &[("c", None)], "unscored: 1");
        check(&[("a", None)], &[("c", Some(1.0))], "unscored: 1");
        check(&own[..1], &[("c", Some(1.0))], "p/0 over m0:p/0");
    }

    #[test]
    fn a_prompt_that_m0_did_not_answer_is_unscored() {
        let selection =
            anchor(&[prompt("p", &[("a", Some(3.0))])], &[], &PairsConfig::default(), PLACE);
        assert_eq!((selection.counts.prompts, selection.counts.unscored), (1, 1));
    }
}
