//! Ratings of all models of a run.

use serde::{Deserialize, Serialize};

use crate::controlled::{BradleyTerry, Match, Rating, ratings};
use crate::{Bootstrap, ComparisonRow};

/// One rating a model, from all comparisons of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ratings {
    /// Who decided, each once, in the order of the iterations. Where they differ, the ratings mix
    /// opinions.
    pub evaluators: Vec<String>,
    /// Comparisons with a verdict in both orders.
    pub n_comparisons: u64,
    /// Those left out because a verdict is missing.
    pub n_missing: u64,
    /// M0 first, which stands at the anchor.
    pub models: Vec<Rating>,
}

/// Rates `models`, the first of which stands at the anchor; `None` where the comparisons do not
/// connect them all.
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
    Some(Ratings {
        evaluators,
        n_comparisons,
        n_missing: rows.len() as u64 - n_comparisons,
        models,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Preference;

    fn row(i: usize, model: &str, opponent: &str, second: Option<Preference>) -> ComparisonRow {
        ComparisonRow {
            prompt_id: i.to_string(),
            model: model.to_owned(),
            opponent: opponent.to_owned(),
            new_first: Some(Preference::A),
            new_second: second,
            new_characters: 1,
            old_characters: 1,
        }
    }

    #[test]
    fn a_chain_of_comparisons_rates_all_and_a_missing_verdict_none() {
        let (win, tie) = (Some(Preference::B), Some(Preference::A));
        let rows: Vec<_> = (0..20)
            .map(|i| row(i, "M1", "M0", if i < 10 { win } else { tie }))
            .chain((0..20).map(|i| row(i, "M2", "M1", if i < 10 { win } else { None })))
            .collect();
        let rate = |models: &[&str]| {
            let bootstrap = Bootstrap { n_resamples: 100, ..Bootstrap::default() };
            rating_table(
                models,
                &rows,
                vec!["judge".to_owned()],
                &BradleyTerry::default(),
                &bootstrap,
            )
        };
        let found = rate(&["M0", "M1", "M2"]).unwrap();
        assert_eq!((found.n_comparisons, found.n_missing), (30, 10));
        assert!(
            found.models.windows(2).all(|pair| pair[0].elo.value < pair[1].elo.value),
            "{found:?}"
        );
        assert_eq!(rate(&["M0", "M1", "M2", "M3"]), None);
    }
}
