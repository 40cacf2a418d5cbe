//! What became of every prompt and of every pair that was thought of.

use serde::Serialize;
use srlm_artifact::Counts;

use crate::filter::Dropped;

/// Prompts by what became of them, and pairs by what became of them.
///
/// `prompts` is the sum of the counts from `paired` to `length_ratio`, `pairs_proposed` that of
/// `pairs` and the `pairs_*` after it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SelectionCounts {
    /// Prompts given.
    pub prompts: u64,
    /// Prompts with a pair, or several.
    pub paired: u64,
    /// Prompts with fewer than two scored candidates.
    pub unscored: u64,
    /// Prompts with fewer than two scored candidates that were not cut off, where such are left
    /// out.
    pub unfinished: u64,
    /// Prompts whose scored candidates all have one score.
    pub tied: u64,
    /// Prompts whose chosen candidate ranks first by the length penalty alone, or is no better than
    /// M0's worst.
    pub not_lower: u64,
    /// Prompts whose best pair is less than `min_score_gap` apart.
    pub below_gap: u64,
    /// Prompts whose pair would have one text twice.
    pub identical: u64,
    /// Prompts whose chosen response is longer than `max_chosen_characters`.
    pub chosen_too_long: u64,
    /// Prompts whose pair breaks `max_length_ratio`.
    pub length_ratio: u64,
    /// Pairs that the strategy names.
    pub pairs_proposed: u64,
    /// Pairs kept.
    pub pairs: u64,
    /// Pairs beyond `max_pairs_per_prompt`, or not drawn.
    pub pairs_over_limit: u64,
    /// Pairs that are in order by the length penalty alone, or whose rejected one of M0 is no
    /// worse.
    pub pairs_not_lower: u64,
    /// Pairs less than `min_score_gap` apart.
    pub pairs_below_gap: u64,
    /// Pairs of one text.
    pub pairs_identical: u64,
    /// Pairs whose chosen response is longer than `max_chosen_characters`.
    pub pairs_chosen_too_long: u64,
    /// Pairs that break `max_length_ratio`.
    pub pairs_length_ratio: u64,
}

impl SelectionCounts {
    /// Counts a prompt without a pair.
    pub(crate) fn drop_prompt(&mut self, reason: Dropped) {
        *match reason {
            Dropped::Unscored => &mut self.unscored,
            Dropped::Unfinished => &mut self.unfinished,
            Dropped::Tied => &mut self.tied,
            Dropped::NotLower => &mut self.not_lower,
            Dropped::BelowGap => &mut self.below_gap,
            Dropped::Identical => &mut self.identical,
            Dropped::ChosenTooLong => &mut self.chosen_too_long,
            Dropped::LengthRatio => &mut self.length_ratio,
        } += 1;
    }

    /// Counts a pair that [`check`](crate::filter::check) refused.
    pub(crate) fn drop_pair(&mut self, reason: Dropped) {
        *match reason {
            Dropped::BelowGap => &mut self.pairs_below_gap,
            Dropped::Identical => &mut self.pairs_identical,
            Dropped::ChosenTooLong => &mut self.pairs_chosen_too_long,
            Dropped::LengthRatio => &mut self.pairs_length_ratio,
            _ => &mut self.pairs_not_lower,
        } += 1;
    }
}

/// The fields of a struct of counts, by name.
pub(crate) fn by_name(counts: &impl Serialize) -> Counts {
    let value = serde_json::to_value(counts).expect("counts are plain data");
    serde_json::from_value(value).expect("every count is a number")
}

impl From<SelectionCounts> for Counts {
    fn from(counts: SelectionCounts) -> Self {
        by_name(&counts)
    }
}
