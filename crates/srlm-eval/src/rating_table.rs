//! Ratings of all models of a run.

use serde::{Deserialize, Serialize};

use crate::controlled::{BradleyTerry, Match, Rating, ratings};
use crate::{Bootstrap, ComparisonRow};

/// One rating a model, from all comparisons of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ratings {
    /// Who decided, each once, in the order of the iterations. Where they differ, the ratings mix opinions.
    pub evaluators: Vec<String>,
    /// Comparisons with a verdict in both orders.
    pub n_comparisons: u64,
    /// Those left out because a verdict is missing.
    pub n_missing: u64,
    /// M0 first, which stands at the anchor.
    pub models: Vec<Rating>,
}

/// Rates `models`, the first of which stands at the anchor; `None` where the comparisons do not connect them all.
pub fn rating_table(
    models: &[&str],
    rows: &[ComparisonRow],
    evaluators: Vec<String>,
    config: &BradleyTerry,
    bootstrap: &Bootstrap,
) -> Option<Ratings> {
    let matches: Vec<Match> = rows.iter().filter_map(ComparisonRow::rated).collect();
    let n_comparisons = matches.len() as u64;
    let models = ratings(models, &matches, config, bootstrap)?;
    Some(Ratings { evaluators, n_comparisons, n_missing: rows.len() as u64 - n_comparisons, models })
}
