//! Settings of pair selection.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use srlm_artifact::{Aggregation, Score};

use crate::Error;

/// Which two candidates of a prompt make a pair.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// The best against the worst, as the paper does; one pair or none.
    #[default]
    BestWorst,
    /// The best against a random one that it may be paired with (RLHFlow's `max_random`); one pair
    /// or none.
    BestRandom,
    /// Every two that may be paired, the farthest apart first.
    AllAboveGap,
    /// Every one of the `candidates_per_end` best against every one of the `candidates_per_end` worst, the farthest apart
    /// first.
    TopBottom,
    /// `max_pairs_per_prompt` random ones of every two that may be paired (Iterative RPO).
    Random,
}

/// What the label weight of a pair is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LabelWeights {
    /// 1, as in the paper.
    #[default]
    None,
    /// The mean rank consistency of all prompts (CREAM).
    Mean,
    /// The rank consistency of the pair's prompt, and the mean where it has none.
    Prompt,
}

/// Which pairs are made, and which are kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PairsConfig {
    /// How a response's judgments become its score: `mean` (the paper), `median`, `majority` or
    /// `expected`.
    #[schemars(schema_with = "aggregation")]
    pub aggregation: Aggregation,
    /// Which two candidates make a pair: `best_worst` (the paper), `best_random`, `all_above_gap`,
    /// `top_bottom` or `random`.
    pub strategy: Strategy,
    /// Candidates at each end that `top_bottom` takes, at most half of a prompt's; nothing else
    /// reads it.
    pub candidates_per_end: u32,
    /// Pairs of a prompt that are kept; 0 keeps all. The paper keeps 1; Iterative RPO 10.
    pub max_pairs_per_prompt: u32,
    /// A pair is kept where `score_chosen - score_rejected` is at least this, in points of the
    /// judge's 0 to 5, and above 0: ties never make a pair. The paper takes 0.
    pub min_score_gap: f64,
    /// By iteration the share of the range of a prompt's scores, from its best down and from its
    /// worst up, within which the shortest is chosen and the longest rejected; the last value holds
    /// on, and an empty list (the paper) pays no heed to length. Meta-Rewarding takes 0, 0.32, 0.32
    /// and 0.4. For `best_worst` only.
    pub length_control: Vec<f64>,
    /// Points taken off a score for each 1000 characters of the response, while candidates are
    /// ranked; a pair holds the full scores. The paper takes 0.
    pub length_penalty: f64,
    /// The longer text of a pair has at most this many times the characters of the shorter; 0 (the
    /// paper) sets no limit.
    pub max_length_ratio: f64,
    /// By iteration the most characters that a chosen response may have; 0 sets no limit, the last
    /// value holds on, and an empty list (the paper) sets none at all. Meta-Rewarding takes 2500 in
    /// its first iteration: `[2500, 0]`.
    pub max_chosen_characters: Vec<u32>,
    /// Leave out responses that were cut off at the token limit, as chosen and as rejected. The
    /// paper does not say; NeMo-Aligner leaves them out.
    pub exclude_unfinished: bool,
    /// Take the rejected response from M0's answers to the prompt: the worst of them, where it is
    /// worse than the best of the model at hand (Temporal Self-Rewarding). The paper does not. For
    /// `best_worst` only.
    pub anchored_rejection: bool,
    /// How far the order in a pair is trusted, by how far this judge and the one before agree:
    /// `none` (the paper), `mean` (CREAM) or `prompt`.
    pub label_weights: LabelWeights,
}

impl Default for PairsConfig {
    fn default() -> Self {
        Self {
            aggregation: Aggregation::Mean,
            strategy: Strategy::BestWorst,
            candidates_per_end: 1,
            max_pairs_per_prompt: 1,
            min_score_gap: 0.0,
            length_control: Vec::new(),
            length_penalty: 0.0,
            max_length_ratio: 0.0,
            max_chosen_characters: Vec::new(),
            exclude_unfinished: false,
            anchored_rejection: false,
            label_weights: LabelWeights::None,
        }
    }
}

impl PairsConfig {
    /// # Errors
    /// [`Error::Config`] with the first setting that cannot be used, or not with this strategy.
    pub fn validate(&self) -> Result<(), Error> {
        in_points("min_score_gap", self.min_score_gap)?;
        in_points("length_penalty", self.length_penalty)?;
        let best_worst = self.strategy == Strategy::BestWorst;
        let (ratio, rhos) = (self.max_length_ratio, &self.length_control);
        check(
            self.candidates_per_end >= 1,
            "candidates_per_end",
            self.candidates_per_end,
            "it must be at least 1",
        )?;
        check(
            ratio == 0.0 || ratio.is_finite() && ratio >= 1.0,
            "max_length_ratio",
            ratio,
            "it must be 0 or at least 1",
        )?;
        let are_shares = rhos.iter().all(|rho| (0.0..0.5).contains(rho));
        check(
            are_shares,
            "length_control",
            format!("{rhos:?}"),
            "each must be from 0 to below 0.5",
        )?;
        let remedy = "set strategy = \"best_worst\", or length_control = []";
        check(best_worst || rhos.is_empty(), "length_control", format!("{rhos:?}"), remedy)?;
        let remedy = "set strategy = \"best_worst\", or anchored_rejection = false";
        check(best_worst || !self.anchored_rejection, "anchored_rejection", true, remedy)
    }

    /// Whether something is drawn, so that the seed of the run matters.
    pub(crate) fn draws(&self) -> bool {
        matches!(self.strategy, Strategy::BestRandom | Strategy::Random)
    }

    /// Whether the same inputs may give other pairs in another iteration.
    pub(crate) fn depends_on_iteration(&self) -> bool {
        self.draws() || self.length_control.len() > 1 || self.max_chosen_characters.len() > 1
    }
}

/// The value for an iteration, from 1 on, of a list whose last value holds on.
pub(crate) fn in_iteration<T: Copy>(values: &[T], iteration: u32) -> Option<T> {
    let last = values.len().checked_sub(1)?;
    Some(values[last.min(iteration.saturating_sub(1) as usize)])
}

/// Fails with the setting unless `is_fine`.
pub(crate) fn check(
    is_fine: bool,
    key: &'static str,
    value: impl ToString,
    remedy: &'static str,
) -> Result<(), Error> {
    if is_fine { Ok(()) } else { Err(Error::Config { key, value: value.to_string(), remedy }) }
}

/// Fails unless `value` could be a score.
pub(crate) fn in_points(key: &'static str, value: f64) -> Result<(), Error> {
    check(Score::new(value).is_some(), key, format!("{value:?}"), "it must be from 0 to 5")
}

/// The schema of [`Aggregation`], whose crate knows nothing of schemas.
pub(crate) fn aggregation(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": ["mean", "median", "majority", "expected"] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_cannot_be_used_are_named() {
        let check = |change: fn(&mut PairsConfig), expected: &str| {
            let mut config = PairsConfig::default();
            change(&mut config);
            assert_eq!(
                config.validate().err().map(|error| error.to_string()).unwrap_or_default(),
                expected
            );
        };
        check(|_| (), "");
        check(|c| c.min_score_gap = 5.0, "");
        check(|c| c.min_score_gap = 5.5, "`min_score_gap` is 5.5; it must be from 0 to 5");
        check(|c| c.min_score_gap = -0.5, "`min_score_gap` is -0.5; it must be from 0 to 5");
        check(|c| c.min_score_gap = f64::NAN, "`min_score_gap` is NaN; it must be from 0 to 5");
        check(
            |c| c.length_penalty = f64::INFINITY,
            "`length_penalty` is inf; it must be from 0 to 5",
        );
        check(|c| c.candidates_per_end = 0, "`candidates_per_end` is 0; it must be at least 1");
        check(|c| c.max_length_ratio = 1.0, "");
        check(
            |c| c.max_length_ratio = 0.5,
            "`max_length_ratio` is 0.5; it must be 0 or at least 1",
        );
        check(|c| c.length_control = vec![0.0, 0.32, 0.4], "");
        check(
            |c| c.length_control = vec![0.0, 0.5],
            "`length_control` is [0.0, 0.5]; each must be from 0 to below 0.5",
        );
        let random = |c: &mut PairsConfig| c.strategy = Strategy::Random;
        let expected =
            "`length_control` is [0.1]; set strategy = \"best_worst\", or length_control = []";
        let mut config = PairsConfig { length_control: vec![0.1], ..PairsConfig::default() };
        random(&mut config);
        assert_eq!(config.validate().unwrap_err().to_string(), expected);
        let mut config = PairsConfig { anchored_rejection: true, ..PairsConfig::default() };
        config.validate().unwrap();
        random(&mut config);
        let expected = "`anchored_rejection` is true; set strategy = \"best_worst\", or anchored_rejection = false";
        assert_eq!(config.validate().unwrap_err().to_string(), expected);
    }

    #[test]
    fn the_last_value_of_a_list_holds_on() {
        let rhos = [0.0, 0.32, 0.4];
        let found = [0, 1, 2, 3, 4, u32::MAX].map(|iteration| in_iteration(&rhos, iteration));
        assert_eq!(found, [0.0, 0.0, 0.32, 0.4, 0.4, 0.4].map(Some));
        assert_eq!(in_iteration::<f64>(&[], 1), None);
    }

    #[test]
    fn only_known_settings_are_read_and_every_one_is_needed() {
        let mut settings = serde_json::to_value(PairsConfig::default()).unwrap();
        let parse =
            |settings: &serde_json::Value| serde_json::from_value::<PairsConfig>(settings.clone());
        assert_eq!(parse(&settings).unwrap(), PairsConfig::default());
        settings["min_gap"] = 1.into();
        assert!(parse(&settings).unwrap_err().to_string().contains("unknown field `min_gap`"));
        let settings = settings.as_object().unwrap();
        for key in settings.keys().filter(|key| *key != "min_gap") {
            let mut fewer = settings.clone();
            fewer.remove(key);
            fewer.remove("min_gap");
            let error = parse(&fewer.into()).unwrap_err().to_string();
            assert!(error.contains(&format!("missing field `{key}`")), "{error}");
        }
    }

    #[test]
    fn the_schema_has_every_aggregation() {
        let schema = serde_json::to_value(schemars::schema_for!(PairsConfig)).unwrap();
        let names = schema["properties"]["aggregation"]["enum"].as_array().unwrap();
        for name in names {
            serde_json::from_value::<Aggregation>(name.clone()).unwrap();
        }
        assert_eq!(names.len(), 4);
    }
}
