//! All that comparisons of two models say, length and place included.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::controlled::{
    LengthControl, LengthControlled, LengthMatched, LengthPair, length_controlled_win_rate, length_matched_win_rate,
};
use crate::{Bootstrap, Comparison, ComparisonRow, HeadToHead, PositionBias, head_to_head, position_bias};

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
pub fn match_up(rows: &[ComparisonRow], length_control: &LengthControl, bootstrap: &Bootstrap) -> MatchUp {
    let comparisons: Vec<Comparison> = rows.iter().map(ComparisonRow::comparison).collect();
    let pairs: Vec<LengthPair> = rows.iter().filter_map(ComparisonRow::length_pair).collect();
    let n_pairs = pairs.len() as u64;
    let mut unmeasured = BTreeMap::new();
    let mut why = |field: &str, reason: String| unmeasured.insert(field.to_owned(), reason);
    let is_enough = n_pairs >= length_control.min_pairs;
    if !is_enough {
        let min_pairs = length_control.min_pairs;
        why("length_controlled", format!("{n_pairs} prompts have a verdict in both orders, min_pairs = {min_pairs}"));
    }
    if pairs.is_empty() {
        why("length_matched", "no prompt has a verdict in both orders".to_owned());
    }
    if comparisons.is_empty() {
        why("position", "nothing was compared".to_owned());
    }
    let length_controlled = length_controlled_win_rate(&pairs, length_control, bootstrap).filter(|_| is_enough);
    MatchUp {
        head_to_head: head_to_head(&comparisons, bootstrap),
        position: position_bias(&comparisons, bootstrap),
        length_controlled,
        length_matched: length_matched_win_rate(&pairs, length_control, bootstrap),
        unmeasured,
    }
}
