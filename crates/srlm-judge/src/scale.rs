//! The scores that a rubric gives, and how they are stored.

use srlm_artifact::Score;

/// The lowest and the highest score of a rubric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Scale {
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Scale {
    /// From 0 to 5, the paper's.
    pub(crate) const STORED: Self = Self { min: 0.0, max: Score::MAX };

    /// `None` unless both are numbers and `min` lies below `max`.
    pub(crate) fn new(min: f64, max: f64) -> Option<Self> {
        (min.is_finite() && max.is_finite() && min < max).then_some(Self { min, max })
    }

    /// A score as it is stored: a scale within 0 to 5 as it is, every other so that `min` becomes 0
    /// and `max` 5. `None` outside the scale.
    pub(crate) fn stored(self, value: f64) -> Option<Score> {
        if !(self.min..=self.max).contains(&value) {
            return None;
        }
        let fits = self.min >= 0.0 && self.max <= Score::MAX;
        Score::new(if fits {
            value
        } else {
            Score::MAX * (value - self.min) / (self.max - self.min)
        })
    }

    /// Whether a longer whole number of the scale begins with this text: `1` on a scale to 10.
    pub(crate) fn goes_on(self, text: &str) -> bool {
        self.whole_numbers()
            .map(|n| n.to_string())
            .any(|score| score.len() > text.len() && score.starts_with(text))
    }

    /// The whole numbers of the scale. A scale has few: at most the first thousand are given.
    pub(crate) fn whole_numbers(self) -> impl Iterator<Item = i64> {
        (self.min.ceil() as i64..=self.max.floor() as i64).take(1000)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_scale_within_0_to_5_is_stored_as_it_is_and_every_other_from_0_to_5() {
        let rows = [
            ((0.0, 5.0), 4.0, Some(4.0)),
            ((1.0, 5.0), 1.0, Some(1.0)),
            ((1.0, 5.0), 0.0, None),
            ((1.0, 10.0), 1.0, Some(0.0)),
            ((1.0, 10.0), 5.5, Some(2.5)),
            ((1.0, 10.0), 10.0, Some(5.0)),
            ((1.0, 10.0), 10.5, None),
            ((-1.0, 1.0), 0.0, Some(2.5)),
            ((0.0, 100.0), 80.0, Some(4.0)),
            ((0.0, 100.0), f64::NAN, None),
        ];
        for ((min, max), value, expected) in rows {
            assert_eq!(
                Scale { min, max }.stored(value).map(Score::get),
                expected,
                "{value} of {min} to {max}"
            );
        }
    }

    #[test]
    fn a_scale_has_a_length() {
        assert!(Scale::new(1.0, 10.0).is_some());
        for (min, max) in [(1.0, 1.0), (2.0, 1.0), (f64::NAN, 1.0), (0.0, f64::INFINITY)] {
            assert_eq!(Scale::new(min, max), None);
        }
        assert!(Scale { min: 0.5, max: 3.5 }.whole_numbers().eq([1, 2, 3]));
        assert!(Scale { min: -1.0, max: 1.0 }.whole_numbers().eq([-1, 0, 1]));
        let ten = Scale { min: 1.0, max: 10.0 };
        assert!(
            ten.goes_on("1")
                && !ten.goes_on("10")
                && !ten.goes_on("2")
                && !Scale::STORED.goes_on("1")
        );
    }

    proptest! {
        #[test]
        fn a_stored_score_keeps_the_order(min in -50_i32..50, length in 1_i32..100, a in 0_f64..=1.0, b in 0_f64..=1.0) {
            let scale = Scale { min: min.into(), max: (min + length).into() };
            let [low, high] = [a.min(b), a.max(b)].map(|x| scale.min + x * (scale.max - scale.min));
            if let (Some(low), Some(high)) = (scale.stored(low), scale.stored(high)) {
                prop_assert!(low <= high);
            }
            prop_assert!(scale.stored(scale.min).is_some() && scale.stored(scale.max).is_some());
        }
    }
}
