//! One model against another, both orders judged.

use serde::{Deserialize, Serialize};

use crate::{Bootstrap, Estimate, sign_test, wilson};

/// Which of two responses a judge prefers, by the place in which it saw them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Preference {
    /// The response shown first.
    A,
    /// The response shown second.
    B,
    /// Neither.
    #[serde(rename = "tie")]
    Tie,
}

/// The two verdicts on one prompt; `None` where the judge gave none that can be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    /// The prompt.
    pub prompt_id: String,
    /// The verdict with the new model's response first.
    pub new_first: Option<Preference>,
    /// The verdict with the new model's response second.
    pub new_second: Option<Preference>,
}

/// What a comparison comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Both orders prefer the new model.
    Win,
    /// Both orders call a tie.
    Tie,
    /// The orders disagree, which counts as a tie.
    Disagreement,
    /// Both orders prefer the old model.
    Loss,
    /// A verdict is missing, so the prompt counts for neither model.
    Missing,
}

impl Comparison {
    /// Wins and losses need both orders to agree.
    pub fn outcome(&self) -> Outcome {
        match (self.new_first, self.new_second) {
            (None, _) | (_, None) => Outcome::Missing,
            (Some(Preference::A), Some(Preference::B)) => Outcome::Win,
            (Some(Preference::B), Some(Preference::A)) => Outcome::Loss,
            (Some(Preference::Tie), Some(Preference::Tie)) => Outcome::Tie,
            _ => Outcome::Disagreement,
        }
    }
}

/// The new model against the old one over all prompts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeadToHead {
    /// Prompts on which both orders prefer the new model.
    pub wins: u64,
    /// Prompts on which the orders call a tie or disagree.
    pub ties: u64,
    /// Prompts on which both orders prefer the old model.
    pub losses: u64,
    /// Ties that come from disagreeing orders: above half of all, the judge sees place, not
    /// quality.
    pub n_disagreements: u64,
    /// Prompts left out because a verdict is missing.
    pub n_missing: u64,
    /// `(wins + ties / 2) / n`, interval by bootstrap over prompts; 0.5 is no change.
    pub win_rate: Option<Estimate>,
    /// `wins / (wins + losses)`, interval by Wilson; 0.5 is no change.
    pub decided_win_rate: Option<Estimate>,
    /// Two-sided p-value of the exact sign test of wins against losses.
    pub sign_test_p: f64,
}

impl HeadToHead {
    /// Prompts compared in both orders.
    pub fn n(&self) -> u64 {
        self.wins + self.ties + self.losses
    }
}

/// Counts the outcomes and says how sure they are.
///
/// # Source
/// Both orders and ties by disagreement as in Yuan et al. 2024, section 3.1.3.
pub fn head_to_head(comparisons: &[Comparison], bootstrap: &Bootstrap) -> HeadToHead {
    let outcomes: Vec<Outcome> = comparisons.iter().map(Comparison::outcome).collect();
    let n = |wanted: Outcome| outcomes.iter().filter(|&&outcome| outcome == wanted).count() as u64;
    let (wins, losses) = (n(Outcome::Win), n(Outcome::Loss));
    let points: Vec<f64> = outcomes.iter().filter_map(|outcome| outcome.points()).collect();
    HeadToHead {
        wins,
        ties: n(Outcome::Tie) + n(Outcome::Disagreement),
        losses,
        n_disagreements: n(Outcome::Disagreement),
        n_missing: n(Outcome::Missing),
        win_rate: bootstrap.estimate(&points, |points| {
            (!points.is_empty()).then(|| points.iter().copied().sum::<f64>() / points.len() as f64)
        }),
        decided_win_rate: wilson(wins, wins + losses),
        sign_test_p: sign_test(wins, losses),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn comparison(new_first: Option<Preference>, new_second: Option<Preference>) -> Comparison {
        Comparison { prompt_id: "p".to_owned(), new_first, new_second }
    }

    #[test]
    fn every_pair_of_verdicts_has_its_outcome() {
        use Preference::{A, B, Tie};
        let rows = [
            (Some(A), Some(B), Outcome::Win),
            (Some(B), Some(A), Outcome::Loss),
            (Some(A), Some(A), Outcome::Disagreement),
            (Some(B), Some(B), Outcome::Disagreement),
            (Some(Tie), Some(Tie), Outcome::Tie),
            (Some(A), Some(Tie), Outcome::Disagreement),
            (Some(Tie), Some(A), Outcome::Disagreement),
            (Some(A), None, Outcome::Missing),
            (None, Some(B), Outcome::Missing),
            (None, None, Outcome::Missing),
        ];
        for (first, second, expected) in rows {
            assert_eq!(comparison(first, second).outcome(), expected, "{first:?} {second:?}");
        }
    }

    #[test]
    fn missing_verdicts_count_for_nobody() {
        use Preference::{A, B, Tie};
        let comparisons = [
            comparison(Some(A), Some(B)),
            comparison(Some(A), None),
            comparison(Some(Tie), Some(Tie)),
            comparison(Some(B), Some(B)),
            comparison(Some(B), Some(A)),
            comparison(Some(A), Some(B)),
        ];
        let found = head_to_head(&comparisons, &Bootstrap::default());
        assert_eq!(
            (found.wins, found.ties, found.losses, found.n_missing, found.n_disagreements),
            (2, 2, 1, 1, 1)
        );
        assert_eq!(found.n(), 5);
        assert_eq!(found.win_rate.unwrap().value, 0.6);
        assert_eq!(found.decided_win_rate.unwrap().value, 2.0 / 3.0);
        assert_eq!(found.sign_test_p, 1.0);
    }

    #[test]
    fn nothing_compared_gives_no_rate() {
        let found = head_to_head(&[comparison(None, None)], &Bootstrap::default());
        assert_eq!((found.n(), found.win_rate, found.decided_win_rate), (0, None, None));
    }

    #[test]
    fn exchanging_the_models_mirrors_the_result() {
        use Preference::{A, B};
        let comparisons: Vec<_> =
            (0..30).map(|i| if i % 3 == 0 { (A, B) } else { (B, A) }).collect();
        let forward: Vec<_> =
            comparisons.iter().map(|&(x, y)| comparison(Some(x), Some(y))).collect();
        let backward: Vec<_> =
            comparisons.iter().map(|&(x, y)| comparison(Some(y), Some(x))).collect();
        let (new, old) = (
            head_to_head(&forward, &Bootstrap::default()),
            head_to_head(&backward, &Bootstrap::default()),
        );
        assert_eq!((new.wins, new.losses), (old.losses, old.wins));
        assert_eq!(new.sign_test_p, old.sign_test_p);
    }

    #[test]
    fn a_row_of_verdicts_reads_as_written() {
        let row = r#"{"prompt_id":"p","new_first":"A","new_second":null}"#;
        let read: Comparison = serde_json::from_str(row).unwrap();
        assert_eq!(read, comparison(Some(Preference::A), None));
        assert_eq!(serde_json::to_string(&read).unwrap(), row);
    }
}
