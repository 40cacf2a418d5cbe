//! Where the ticks of an axis stand, and what they say.

/// A labelled place on an axis.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tick {
    /// In the drawing's units.
    pub(crate) at: f64,
    pub(crate) label: String,
}

/// Maps values to the drawing, between two round numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Axis {
    low: f64,
    high: f64,
    step: f64,
    /// Where `low` and `high` are drawn.
    ends: (f64, f64),
}

impl Axis {
    /// An axis between the least and the greatest of the finite `values`, with about `n_steps`
    /// ticks at multiples of 1, 2 or 5 times a power of ten.
    pub(crate) fn between(
        values: impl Iterator<Item = f64>,
        n_steps: u32,
        ends: (f64, f64),
    ) -> Self {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.filter(|value| value.is_finite()) {
            (low, high) = (low.min(value), high.max(value));
        }
        if low > high {
            (low, high) = (0.0, 1.0);
        }
        if high - low <= 1e-12 * high.abs().max(low.abs()) {
            let room = if high == 0.0 { 1.0 } else { high.abs() / 2.0 };
            (low, high) = (low - room, high + room);
        }
        Self { low, high, step: round_step((high - low) / f64::from(n_steps)), ends }
    }

    /// The same, widened to begin and end at a tick.
    pub(crate) fn over(values: impl Iterator<Item = f64>, n_steps: u32, ends: (f64, f64)) -> Self {
        let Self { low, high, step, .. } = Self::between(values, n_steps, ends);
        Self { low: (low / step).floor() * step, high: (high / step).ceil() * step, step, ends }
    }

    pub(crate) fn place(&self, value: f64) -> f64 {
        let share = (value - self.low) / (self.high - self.low);
        self.ends.0 + share * (self.ends.1 - self.ends.0)
    }

    pub(crate) fn ticks(&self) -> Vec<Tick> {
        // A little slack, so that rounding does not lose the tick at an end.
        let (first, last) = (self.low / self.step - 1e-6, self.high / self.step + 1e-6);
        (first.ceil() as i64..=last.floor() as i64)
            .map(|i| i as f64 * self.step)
            .map(|value| Tick { at: self.place(value), label: self.label(value) })
            .collect()
    }

    fn label(&self, value: f64) -> String {
        let value = if value.abs() < self.step / 1e6 { 0.0 } else { value };
        let is_tiny = self.high.abs().max(self.low.abs()) < 1e-3;
        if is_tiny && value == 0.0 {
            return "0".to_owned();
        }
        if is_tiny {
            // Through a rounded form, so that 0.0000030000000000000005 reads 3e-6.
            let text = format!("{value:.2e}");
            let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
            return format!("{}e{power}", digits.trim_end_matches('0').trim_end_matches('.'));
        }
        let decimals = (-self.step.log10().floor()).clamp(0.0, 6.0) as usize;
        format!("{value:.decimals$}").replace('-', "\u{2212}")
    }
}

/// The smallest of 1, 2 or 5 times a power of ten that is not below `step`.
fn round_step(step: f64) -> f64 {
    let power = 10f64.powf(step.log10().floor());
    let rounded = [1.0, 2.0, 5.0]
        .into_iter()
        .find(|digit| digit * power >= step * (1.0 - 1e-9))
        .unwrap_or(10.0);
    rounded * power
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn labels(values: &[f64]) -> Vec<String> {
        Axis::over(values.iter().copied(), 4, (0.0, 100.0))
            .ticks()
            .into_iter()
            .map(|tick| tick.label)
            .collect()
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(labels(&[0.0, 1.0]), ["0.0", "0.5", "1.0"]);
        assert_eq!(labels(&[1.0, 97.0]), ["0", "50", "100"]);
        assert_eq!(labels(&[0.52, 0.69]), ["0.50", "0.55", "0.60", "0.65", "0.70"]);
        assert_eq!(labels(&[-0.1, 0.3]), ["\u{2212}0.1", "0.0", "0.1", "0.2", "0.3"]);
        assert_eq!(labels(&[0.0, 5.5e-6]), ["0", "2e-6", "4e-6", "6e-6"]);
        assert_eq!(labels(&[]).len(), 3);
        assert_eq!(labels(&[3.0, 3.0]).first().map(String::as_str), Some("1"));
    }

    proptest! {
        #[test]
        fn every_value_lies_between_the_ends(values in prop::collection::vec(-1e6..1e6f64, 1..20)) {
            let axis = Axis::over(values.iter().copied(), 4, (10.0, 200.0));
            for value in values {
                prop_assert!((9.999..200.001).contains(&axis.place(value)));
            }
            prop_assert!((2..=8).contains(&axis.ticks().len()));
        }
    }
}
