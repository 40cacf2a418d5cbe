//! One rating a model from comparisons of two.

use serde::{Deserialize, Serialize};

use super::logistic::{Observation, fit};
use crate::{Bootstrap, Error, Estimate};

/// One prompt on which two models were compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Match {
    /// The prompt; all matches on a prompt are drawn together for the intervals.
    pub prompt_id: String,
    /// One model.
    pub model: String,
    /// The other model.
    pub opponent: String,
    /// What `model` gets: 1 for a win, 0.5 for a tie, 0 for a loss. The opponent gets the rest.
    pub points: f64,
}

/// How ratings are made.
#[derive(Clone, Debug, PartialEq)]
pub struct BradleyTerry {
    /// Inverse strength of the ridge on the log-strengths, as scikit-learn's `C`. It keeps a model
    /// that never loses at a finite rating.
    pub inverse_penalty: f64,
    /// Rating of the first model, in Elo points.
    pub anchor: f64,
}

impl Default for BradleyTerry {
    fn default() -> Self {
        Self { inverse_penalty: 100.0, anchor: 1000.0 }
    }
}

impl BradleyTerry {
    /// Refuses settings that have no meaning.
    ///
    /// # Errors
    /// [`Error::Config`] names the key, its value and the remedy.
    pub fn validate(&self) -> Result<(), Error> {
        if !(self.inverse_penalty > 0.0 && self.inverse_penalty.is_finite()) {
            let remedy = "use a number above zero, such as 100";
            return Err(Error::Config {
                key: "inverse_penalty",
                value: self.inverse_penalty.to_string(),
                remedy,
            });
        }
        if !self.anchor.is_finite() {
            let remedy = "use a finite number, such as 1000";
            return Err(Error::Config { key: "anchor", value: self.anchor.to_string(), remedy });
        }
        Ok(())
    }
}

/// A model's rating.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rating {
    /// The model.
    pub model: String,
    /// Matches that it took part in.
    pub n_matches: u64,
    /// What it got in them.
    pub points: f64,
    /// Elo points, 400 of them for odds of ten to one, with the interval by bootstrap over prompts.
    pub elo: Estimate,
}

/// Elo points of one unit of log-odds: `400 / ln 10`.
const ELO_PER_NAT: f64 = 400.0 / std::f64::consts::LN_10;

/// Rates the models in the order of `models`, the first of which stands at the anchor. Matches of
/// other models are left out. `None` where the matches do not connect all models, so that no rating
/// of all exists.
///
/// # Source
/// Bradley and Terry 1952: the odds that one beats another are the ratio of their strengths; a tie
/// is half a win for each. Checked against scikit-learn's logistic regression in
/// `tests/controlled.rs`.
pub fn ratings(
    models: &[&str],
    matches: &[Match],
    config: &BradleyTerry,
    bootstrap: &Bootstrap,
) -> Option<Vec<Rating>> {
    let place = |model: &str| models.iter().position(|&known| known == model);
    let games: Vec<(&str, Game)> = matches
        .iter()
        .filter_map(|m| {
            Some((m.prompt_id.as_str(), (place(&m.model)?, place(&m.opponent)?, m.points)))
        })
        .filter(|(_, (a, b, _))| a != b)
        .collect();
    let mut prompts = games.clone();
    prompts.sort_by_key(|game| game.0);
    let clusters: Vec<Vec<Game>> = prompts
        .chunk_by(|a, b| a.0 == b.0)
        .map(|cluster| cluster.iter().map(|game| game.1).collect())
        .collect();
    let rate = |i: usize| {
        bootstrap.estimate(&clusters, |clusters| Some(elo(models.len(), clusters, config)?[i]))
    };
    let rating = |(i, model): (usize, &&str)| {
        let own: Vec<f64> = games.iter().filter_map(|(_, game)| points_of(i, game)).collect();
        Some(Rating {
            model: (*model).to_owned(),
            n_matches: own.len() as u64,
            points: own.iter().sum(),
            elo: rate(i)?,
        })
    };
    models.iter().enumerate().map(rating).collect()
}

/// Places of two models and the points of the first.
type Game = (usize, usize, f64);

fn points_of(model: usize, &(a, b, points): &Game) -> Option<f64> {
    if a == model { Some(points) } else { (b == model).then_some(1.0 - points) }
}

fn elo(n_models: usize, clusters: &[&Vec<Game>], config: &BradleyTerry) -> Option<Vec<f64>> {
    // Matches and points of each two models, by their places.
    let mut table = vec![vec![(0.0, 0.0); n_models]; n_models];
    for &(a, b, points) in clusters.iter().flat_map(|cluster| cluster.iter()) {
        let cell: &mut (f64, f64) = &mut table[a][b];
        *cell = (cell.0 + 1.0, cell.1 + points);
    }
    if !is_connected(&table) {
        return None;
    }
    let mut observations = Vec::new();
    for (a, row) in table.iter().enumerate() {
        for (b, &(n, points)) in row.iter().enumerate().filter(|(_, cell)| cell.0 > 0.0) {
            let mut features = vec![0.0; n_models];
            (features[a], features[b]) = (1.0, -1.0);
            observations.push(Observation { features, share: points / n, n });
        }
    }
    let strengths = fit(&observations, n_models, config.inverse_penalty);
    Some(
        strengths
            .iter()
            .map(|strength| config.anchor + ELO_PER_NAT * (strength - strengths[0]))
            .collect(),
    )
}

/// Whether a chain of matches leads from the first model to every other.
fn is_connected(table: &[Vec<(f64, f64)>]) -> bool {
    let mut reached = vec![false; table.len()];
    let mut open: Vec<usize> = (0..table.len().min(1)).collect();
    while let Some(a) = open.pop() {
        if !std::mem::replace(&mut reached[a], true) {
            open.extend((0..table.len()).filter(|&b| table[a][b].0 + table[b][a].0 > 0.0));
        }
    }
    reached.iter().all(|&is_reached| is_reached)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn game(i: usize, model: &str, opponent: &str, points: f64) -> Match {
        Match {
            prompt_id: i.to_string(),
            model: model.to_owned(),
            opponent: opponent.to_owned(),
            points,
        }
    }

    fn rate(models: &[&str], matches: &[Match]) -> Option<Vec<Rating>> {
        let bootstrap = Bootstrap { n_resamples: 200, ..Bootstrap::default() };
        ratings(
            models,
            matches,
            &BradleyTerry { inverse_penalty: 1e9, ..BradleyTerry::default() },
            &bootstrap,
        )
    }

    #[test]
    fn odds_of_ten_are_400_points() {
        let matches: Vec<_> =
            (0..110).map(|i| game(i, "M1", "M0", f64::from(u8::from(i % 11 > 0)))).collect();
        let found = rate(&["M0", "M1"], &matches).unwrap();
        assert_eq!(
            (found[0].elo.value, found[0].elo.low, found[0].elo.high),
            (1000.0, 1000.0, 1000.0)
        );
        assert!((found[1].elo.value - 1400.0).abs() < 1e-3, "{found:?}");
        assert_eq!((found[1].n_matches, found[1].points, found[0].points), (110, 100.0, 10.0));
    }

    #[test]
    fn strengths_add_up_along_a_chain() {
        let one = |i: usize, a, b| game(i, a, b, f64::from((i % 4).min(1) as u32));
        let matches: Vec<_> =
            (0..400).map(|i| if i < 200 { one(i, "b", "a") } else { one(i, "c", "b") }).collect();
        let found = rate(&["a", "b", "c"], &matches).unwrap();
        let (first, second) =
            (found[1].elo.value - 1000.0, found[2].elo.value - found[1].elo.value);
        assert!(
            (first - 400.0 * 3f64.log10()).abs() < 1e-3 && (first - second).abs() < 1e-6,
            "{found:?}"
        );
    }

    #[test]
    fn models_without_a_chain_have_no_rating() {
        assert_eq!(rate(&["a", "b", "c"], &[game(0, "a", "b", 1.0)]), None);
        assert_eq!(rate(&["a", "b"], &[game(0, "a", "x", 1.0)]), None);
    }

    #[test]
    fn ties_and_exchanged_sides_change_nothing_else() {
        let ties: Vec<_> = (0..10).map(|i| game(i, "a", "b", 0.5)).collect();
        assert!((rate(&["a", "b"], &ties).unwrap()[1].elo.value - 1000.0).abs() < 1e-9);
        let forward: Vec<_> =
            (0..30).map(|i| game(i, "a", "b", f64::from(u8::from(i % 3 > 0)))).collect();
        let backward: Vec<_> =
            (0..30).map(|i| game(i, "b", "a", f64::from(u8::from(i % 3 == 0)))).collect();
        let (x, y) = (rate(&["a", "b"], &forward).unwrap(), rate(&["a", "b"], &backward).unwrap());
        assert!((x[1].elo.value - y[1].elo.value).abs() < 1e-9 && x[1].points == y[1].points);
    }

    #[test]
    fn bad_settings_are_named() {
        let error =
            BradleyTerry { anchor: f64::NAN, ..BradleyTerry::default() }.validate().unwrap_err();
        insta::assert_snapshot!(error, @"anchor = NaN: use a finite number, such as 1000");
        assert!(
            BradleyTerry { inverse_penalty: -1.0, ..BradleyTerry::default() }.validate().is_err()
        );
    }
}
