//! Whether a model is better than the one before it, by stated rules.

use serde::{Deserialize, Serialize};

use crate::HeadToHead;

/// No verdict of "flat" on fewer prompts than this: little data cannot show that nothing changed.
const FEWEST_PROMPTS_FOR_FLAT: u64 = 30;
/// The win rate of a flat result lies within this of one half, with its whole interval.
const FLAT_WITHIN: f64 = 0.1;
/// Wins against losses are uneven when the sign test's p-value is below this.
const SIGNIFICANCE: f64 = 0.05;

/// What the head-to-head says of the new model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The win rate's interval lies above one half and the sign test's p-value is below 0.05.
    Improved,
    /// The interval lies within 0.4 to 0.6, over at least 30 prompts, most of them with both orders agreeing.
    Flat,
    /// The win rate's interval lies below one half and the sign test's p-value is below 0.05.
    Worse,
    /// Anything else.
    Inconclusive,
}

/// The verdict and the sentence that justifies it.
///
/// Both conditions of an improvement are needed: the bootstrap interval of a few prompts is too narrow, and the sign
/// test leaves ties out.
pub fn verdict(head_to_head: Option<&HeadToHead>) -> (Verdict, String) {
    let Some(found) = head_to_head else {
        return (Verdict::Inconclusive, "it was not compared with the model before it".to_owned());
    };
    let Some(rate) = found.win_rate else {
        let reason = format!("none of the {} comparisons has a verdict in both orders", found.n_missing);
        return (Verdict::Inconclusive, reason);
    };
    let uneven = found.sign_test_p < SIGNIFICANCE;
    let mut numbers = format!(
        "win rate {:.2} [{:.2}, {:.2}] over {} {}, sign test p = {:.3}",
        rate.value,
        rate.low,
        rate.high,
        found.n(),
        if found.n() == 1 { "prompt" } else { "prompts" },
        found.sign_test_p
    );
    if uneven && rate.low > 0.5 {
        (Verdict::Improved, numbers)
    } else if uneven && rate.high < 0.5 {
        (Verdict::Worse, numbers)
    } else if 2 * found.n_disagreements > found.n() {
        numbers.push_str("; the two orders disagree on most prompts, so the judge sees place and not quality");
        (Verdict::Inconclusive, numbers)
    } else if found.n() >= FEWEST_PROMPTS_FOR_FLAT && rate.low >= 0.5 - FLAT_WITHIN && rate.high <= 0.5 + FLAT_WITHIN {
        (Verdict::Flat, numbers)
    } else {
        (Verdict::Inconclusive, numbers)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Bootstrap, Comparison, Preference, head_to_head};

    fn result(wins: usize, ties: usize, losses: usize, disagreements: usize) -> HeadToHead {
        use Preference::{A, B, Tie};
        let verdicts = [((A, B), wins), ((Tie, Tie), ties), ((B, A), losses), ((A, A), disagreements)];
        let comparisons: Vec<Comparison> = verdicts
            .iter()
            .flat_map(|&((first, second), n)| std::iter::repeat_n((first, second), n))
            .map(|(first, second)| Comparison {
                prompt_id: String::new(),
                new_first: Some(first),
                new_second: Some(second),
            })
            .collect();
        head_to_head(&comparisons, &Bootstrap { n_resamples: 200, ..Bootstrap::default() })
    }

    #[test]
    fn the_rules_hold_on_plain_cases() {
        let rows = [
            ((60, 20, 20, 0), Verdict::Improved),
            ((20, 20, 60, 0), Verdict::Worse),
            ((10, 80, 10, 0), Verdict::Flat),
            ((10, 0, 10, 80), Verdict::Inconclusive),
            ((3, 0, 0, 0), Verdict::Inconclusive),
            ((0, 3, 0, 0), Verdict::Inconclusive),
            ((55, 0, 45, 0), Verdict::Inconclusive),
            ((0, 0, 0, 0), Verdict::Inconclusive),
        ];
        for ((wins, ties, losses, disagreements), expected) in rows {
            let found = result(wins, ties, losses, disagreements);
            assert_eq!(verdict(Some(&found)).0, expected, "{wins} {ties} {losses} {disagreements}");
        }
        assert_eq!(verdict(None).0, Verdict::Inconclusive);
    }

    #[test]
    fn the_reason_names_the_numbers() {
        insta::assert_snapshot!(verdict(Some(&result(3, 0, 0, 0))).1, @"win rate 1.00 [1.00, 1.00] over 3 prompts, sign test p = 0.250");
    }

    proptest! {
        #[test]
        fn never_improved_while_an_interval_covers_no_change(
            wins in 0usize..40, ties in 0usize..40, losses in 0usize..40, disagreements in 0usize..40
        ) {
            let found = result(wins, ties, losses, disagreements);
            if matches!(verdict(Some(&found)).0, Verdict::Improved | Verdict::Worse) {
                prop_assert!(!found.win_rate.unwrap().covers(0.5));
                prop_assert!(found.sign_test_p < 0.05);
            }
        }
    }
}
