//! The judge's score.

use serde::{Deserialize, Deserializer, Serialize};

/// What the judge gives a response: a number from 0 to 5, never NaN.
///
/// A score is not a reward: the reward of preference training is `beta` times a log-ratio.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Score(f64);

impl Score {
    /// The best score.
    pub const MAX: f64 = 5.0;

    /// `None` unless `0 <= value <= 5`.
    pub fn new(value: f64) -> Option<Self> {
        // Adding zero turns -0.0 into 0.0, so that equal scores have equal bytes.
        (0.0..=Self::MAX).contains(&value).then_some(Self(value + 0.0))
    }

    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl Eq for Score {}

impl Ord for Score {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Score {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<'de> Deserialize<'de> for Score {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = f64::deserialize(deserializer)?;
        Self::new(value).ok_or_else(|| {
            serde::de::Error::custom(format_args!("score {value} is outside 0 to 5"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_zero_to_five_is_a_score() {
        for (value, expected) in
            [(0.0, true), (5.0, true), (2.5, true), (-0.1, false), (5.000_001, false)]
        {
            assert_eq!(Score::new(value).is_some(), expected, "{value}");
        }
        assert_eq!(Score::new(f64::NAN), None);
        assert_eq!(Score::new(-0.0).map(|score| score.get().is_sign_positive()), Some(true));
    }
}
