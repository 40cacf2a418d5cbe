//! Whether a model judges better than the one before it.

use std::collections::HashMap;

use crate::{Bootstrap, Estimate, RankedGroup, sign_test};

/// Pairwise accuracy with the scores of `after` less that with the scores of `before`, ties counted
/// as disagreement, over the human-ordered pairs that both scored; `None` where there are none.
/// Groups are the same prompts with the same responses in the same order; prompts are drawn
/// together, so that their difficulty cancels.
pub fn accuracy_change(
    before: &[RankedGroup],
    after: &[RankedGroup],
    bootstrap: &Bootstrap,
) -> Option<Estimate> {
    bootstrap.estimate(&clusters(before, after), |clusters| {
        let (gain, n) =
            clusters.iter().fold((0.0, 0.0), |sum, cluster| (sum.0 + cluster.0, sum.1 + cluster.1));
        (n > 0.0).then(|| gain / n)
    })
}

/// Two-sided p-value of the exact sign test of prompts judged better than before against those
/// judged worse: the bootstrap interval of a few prompts is too narrow.
pub fn accuracy_sign_test(before: &[RankedGroup], after: &[RankedGroup]) -> f64 {
    let clusters = clusters(before, after);
    let n =
        |is_one: fn(f64) -> bool| clusters.iter().filter(|(gain, _)| is_one(*gain)).count() as u64;
    sign_test(n(|gain| gain > 0.0), n(|gain| gain < 0.0))
}

/// The gains of each prompt that both judged.
fn clusters(before: &[RankedGroup], after: &[RankedGroup]) -> Vec<(f64, f64)> {
    let before: HashMap<&str, &RankedGroup> =
        before.iter().map(|group| (group.prompt_id.as_str(), group)).collect();
    let both =
        after.iter().filter_map(|after| Some((*before.get(after.prompt_id.as_str())?, after)));
    both.map(|(before, after)| gains(before, after)).collect()
}

/// Pairs won less pairs lost, and pairs that both scored.
fn gains(before: &RankedGroup, after: &RankedGroup) -> (f64, f64) {
    let responses: Vec<_> = before.responses.iter().zip(&after.responses).collect();
    let (mut gain, mut n) = (0.0, 0.0);
    for (old, new) in &responses {
        for (old_worse, new_worse) in
            responses.iter().filter(|(worse, _)| old.human_rank < worse.human_rank)
        {
            let orders = |better: Option<f64>, worse: Option<f64>| {
                Some(f64::from(u8::from(better? > worse?)))
            };
            let was = orders(old.mean_score, old_worse.mean_score);
            if let (Some(was), Some(is)) = (was, orders(new.mean_score, new_worse.mean_score)) {
                gain += is - was;
                n += 1.0;
            }
        }
    }
    (gain, n)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RankedResponse;

    fn groups(scores: &[[Option<f64>; 2]]) -> Vec<RankedGroup> {
        let response = |(rank, mean_score): (usize, &Option<f64>)| RankedResponse {
            human_rank: rank as u32,
            mean_score: *mean_score,
            n_characters: 1,
        };
        let group = |(i, scores): (usize, &[Option<f64>; 2])| RankedGroup {
            prompt_id: i.to_string(),
            responses: scores.iter().enumerate().map(response).collect(),
        };
        scores.iter().enumerate().map(group).collect()
    }

    #[test]
    fn only_pairs_that_both_scored_count() {
        let (right, wrong, tied, half) = (
            [Some(4.0), Some(1.0)],
            [Some(1.0), Some(4.0)],
            [Some(2.0), Some(2.0)],
            [Some(2.0), None],
        );
        let before = groups(&[wrong, right, tied, right, half]);
        let after = groups(&[right, right, right, half, right]);
        let found = accuracy_change(&before, &after, &Bootstrap::default()).unwrap();
        assert_eq!(found.value, 2.0 / 3.0);
        let back = accuracy_change(&after, &before, &Bootstrap::default()).unwrap();
        assert_eq!(back.value, -2.0 / 3.0);
        // Two prompts are judged better and none is judged worse.
        assert_eq!(
            (accuracy_sign_test(&before, &after), accuracy_sign_test(&after, &before)),
            (0.5, 0.5)
        );
        assert_eq!(accuracy_change(&before, &groups(&[]), &Bootstrap::default()), None);
        assert_eq!(
            accuracy_change(&groups(&[half]), &groups(&[right]), &Bootstrap::default()),
            None
        );
    }

    #[test]
    fn the_same_scores_give_no_change_for_certain() {
        let scores = groups(&[[Some(4.0), Some(1.0)], [Some(0.0), Some(1.0)]]);
        let found = accuracy_change(&scores, &scores, &Bootstrap::default()).unwrap();
        assert_eq!((found.value, found.low, found.high), (0.0, 0.0, 0.0));
    }
}
