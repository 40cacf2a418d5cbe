//! What the judgments themselves show, whatever their manifest says.

use std::collections::{BTreeMap, BTreeSet};

use srlm_artifact::{Aggregation, JudgmentRow, aggregate};

/// Judgments by response.
pub(super) struct Tally<'a> {
    by_response: BTreeMap<&'a str, Vec<&'a JudgmentRow>>,
}

impl<'a> Tally<'a> {
    pub(super) fn of(judgments: &'a [JudgmentRow]) -> Self {
        let mut by_response: BTreeMap<&str, Vec<&JudgmentRow>> = BTreeMap::new();
        for row in judgments {
            by_response.entry(&row.response_id).or_default().push(row);
        }
        Self { by_response }
    }

    pub(super) fn n_judged(&self) -> u64 {
        self.by_response.len() as u64
    }

    pub(super) fn n_scores(&self) -> u64 {
        self.by_response.values().flatten().filter(|row| row.score.is_some()).count() as u64
    }

    pub(super) fn n_scored(&self) -> u64 {
        self.by_response.values().filter(|rows| rows.iter().any(|row| row.score.is_some())).count()
            as u64
    }

    /// Prompts with two responses or more that have a score.
    pub(super) fn n_comparable(&self, aggregation: Aggregation) -> u64 {
        let scored = self
            .by_response
            .values()
            .filter(|rows| aggregate(aggregation, rows.iter().copied()).is_some());
        let (mut once, mut twice) = (BTreeSet::new(), BTreeSet::new());
        for rows in scored {
            let prompt_id = rows[0].prompt_id.as_str();
            if !once.insert(prompt_id) {
                twice.insert(prompt_id);
            }
        }
        twice.len() as u64
    }
}
