//! All that comparisons of two models say, length and place included.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::controlled::{
    LengthControl, LengthControlled, LengthMatched, LengthPair, length_controlled_win_rate,
    length_matched_win_rate,
};
use crate::{
    Bootstrap, Comparison, ComparisonRow, HeadToHead, PositionBias, head_to_head, position_bias,
};

/// A model against one that is not the one before it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Versus {
    /// The other model.
    pub opponent: String,
    /// Wins and losses against it.
    pub head_to_head: HeadToHead,
    /// The win rate at equal lengths.
    pub length_controlled: Option<LengthControlled>,
}

/// One model against another, measured in all ways.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MatchUp {
    /// Wins, ties and losses.
    pub head_to_head: HeadToHead,
    /// How far the places of the answers decided.
    pub position: Option<PositionBias>,
    /// The win rate at equal lengths, beside the raw one.
    pub length_controlled: Option<LengthControlled>,
    /// The win rate over the prompts whose two answers have about the same length.
    pub length_matched: Option<LengthMatched>,
    /// Why a field is `null`, by the field's name.
    pub unmeasured: BTreeMap<String, String>,
}

/// Measures comparisons of one model with one other.
pub fn match_up(
    rows: &[ComparisonRow],
    length_control: &LengthControl,
    bootstrap: &Bootstrap,
) -> MatchUp {
    let comparisons: Vec<Comparison> = rows.iter().map(ComparisonRow::comparison).collect();
    let pairs: Vec<LengthPair> = rows.iter().filter_map(ComparisonRow::length_pair).collect();
    let n_pairs = pairs.len() as u64;
    let mut unmeasured = BTreeMap::new();
    let mut why = |field: &str, reason: String| unmeasured.insert(field.to_owned(), reason);
    let is_enough = n_pairs >= length_control.min_pairs;
    if !is_enough {
        let min_pairs = length_control.min_pairs;
        let reason = format!(
            "{n_pairs} of {} prompts have a verdict in both orders, length_control.min_pairs = {min_pairs}",
            rows.len()
        );
        why("length_controlled", reason);
    }
    if pairs.is_empty() {
        why("length_matched", "no prompt has a verdict in both orders".to_owned());
    }
    if comparisons.is_empty() {
        why("position", "nothing was compared".to_owned());
    }
    let length_controlled =
        length_controlled_win_rate(&pairs, length_control, bootstrap).filter(|_| is_enough);
    MatchUp {
        head_to_head: head_to_head(&comparisons, bootstrap),
        position: position_bias(&comparisons, bootstrap),
        length_controlled,
        length_matched: length_matched_win_rate(&pairs, length_control, bootstrap),
        unmeasured,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Preference;

    fn row(
        i: usize,
        (first, second): (Option<Preference>, Option<Preference>),
        lengths: (u64, u64),
    ) -> ComparisonRow {
        ComparisonRow {
            prompt_id: i.to_string(),
            model: "M2".to_owned(),
            opponent: "M1".to_owned(),
            new_first: first,
            new_second: second,
            new_characters: lengths.0,
            old_characters: lengths.1,
        }
    }

    fn found(rows: &[ComparisonRow]) -> MatchUp {
        let control = LengthControl { min_pairs: 5, ..LengthControl::default() };
        match_up(rows, &control, &Bootstrap { n_resamples: 100, ..Bootstrap::default() })
    }

    fn verdict() -> impl Strategy<Value = Option<Preference>> {
        use Preference::{A, B, Tie};
        prop::sample::select(vec![Some(A), Some(B), Some(Tie), None])
    }

    #[test]
    fn what_is_null_has_a_reason() {
        let none = found(&[]);
        assert_eq!(
            none.unmeasured.keys().collect::<Vec<_>>(),
            ["length_controlled", "length_matched", "position"]
        );
        let few: Vec<_> =
            (0..4).map(|i| row(i, (Some(Preference::A), Some(Preference::B)), (9, 9))).collect();
        insta::assert_snapshot!(found(&few).unmeasured["length_controlled"], @"4 of 4 prompts have a verdict in both orders, length_control.min_pairs = 5");
    }

    proptest! {
        #[test]
        fn counts_add_up_and_exchanged_models_mirror(
            rows in prop::collection::vec(((verdict(), verdict()), (1u64..400, 1u64..400)), 1..30)
        ) {
            let forward: Vec<_> = rows.iter().enumerate().map(|(i, &(verdicts, lengths))| row(i, verdicts, lengths)).collect();
            let backward: Vec<_> = rows
                .iter()
                .enumerate()
                .map(|(i, &((first, second), (new, old)))| row(i, (second, first), (old, new)))
                .collect();
            let (new, old) = (found(&forward), found(&backward));
            let h = &new.head_to_head;
            prop_assert_eq!(h.wins + h.ties + h.losses + h.n_missing, rows.len() as u64);
            prop_assert_eq!((h.wins, h.losses), (old.head_to_head.losses, old.head_to_head.wins));
            let position = new.position.unwrap();
            prop_assert_eq!(position.n_prompts, h.n());
            prop_assert_eq!(&position, old.position.as_ref().unwrap());
            prop_assert_eq!(new.length_controlled.is_some(), h.n() >= 5);
            if let (Some(new), Some(old)) = (new.length_controlled, old.length_controlled) {
                prop_assert!((new.controlled.value + old.controlled.value - 1.0).abs() < 1e-6);
                prop_assert!((new.win_rate.value - h.win_rate.unwrap().value).abs() < 1e-12);
            }
        }
    }
}
