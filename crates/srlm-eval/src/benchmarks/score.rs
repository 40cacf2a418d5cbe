//! What one question came to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Item;

/// What is measured of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Metric {
    /// Whether the right choice is the likeliest, or the continuation the greedy one.
    Acc,
    /// Whether the right choice is the likeliest per character (Unicode scalar value). The
    /// harness's `acc_norm` counts characters, not bytes.
    AccNorm,
    /// Whether the right choice is the likeliest per byte of UTF-8.
    AccBytes,
    /// Of a question: its log-likelihood in nats. Of a benchmark: `exp` of minus their mean.
    Perplexity,
    /// Whether the response is an accepted answer.
    ExactMatch,
    /// Whether the number after `####` is right.
    StrictMatch,
    /// Whether the last number is right.
    FlexibleExtract,
}

/// How likely a model finds a continuation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Likelihood {
    /// Sum of the log-probabilities of its tokens, in nats.
    pub sum: f64,
    /// Whether each of its tokens was the likeliest.
    pub greedy: bool,
}

/// The scores of a question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemScore {
    /// The question's id.
    pub id: String,
    /// 0 or 1, or a log-likelihood in nats.
    pub values: BTreeMap<Metric, f64>,
}

impl Item {
    /// Scores the pairs' likelihoods. Of equally likely choices the first is chosen; NaN is never
    /// chosen.
    ///
    /// # Panics
    /// When there are more or fewer likelihoods than pairs, or a text is to be generated.
    pub fn score(&self, likelihoods: &[Likelihood]) -> ItemScore {
        assert_eq!(likelihoods.len(), self.pairs().len(), "one likelihood for each pair");
        let values = match self {
            Self::Choice { choices, target, .. } => {
                choice_scores(likelihoods, choices, *target).into()
            }
            Self::Continuation { .. } => {
                let Likelihood { sum, greedy } = likelihoods[0];
                [(Metric::Acc, f64::from(u8::from(greedy))), (Metric::Perplexity, sum)].into()
            }
            Self::Generation { .. } => panic!("a response is scored by `score_response`"),
        };
        ItemScore { id: self.id().to_owned(), values }
    }

    /// Scores a generated text, which may go on after a stop string.
    ///
    /// # Panics
    /// When no text was to be generated.
    pub fn score_response(&self, response: &str) -> ItemScore {
        let Self::Generation { id, answers, stop, rule, .. } = self else {
            panic!("likelihoods are scored by `score`");
        };
        ItemScore {
            id: id.clone(),
            values: rule.scores(response, stop, answers).into_iter().collect(),
        }
    }
}

fn choice_scores(
    likelihoods: &[Likelihood],
    choices: &[String],
    target: usize,
) -> [(Metric, f64); 3] {
    let right = |length: fn(&str) -> usize| {
        let values = likelihoods
            .iter()
            .zip(choices)
            .map(|(likelihood, choice)| likelihood.sum / length(choice) as f64);
        f64::from(u8::from(first_greatest(values) == Some(target)))
    };
    [
        (Metric::Acc, right(|_| 1)),
        (Metric::AccNorm, right(|choice| choice.chars().count())),
        (Metric::AccBytes, right(str::len)),
    ]
}

fn first_greatest(values: impl Iterator<Item = f64>) -> Option<usize> {
    let later_is_greater =
        |best: (usize, f64), next: (usize, f64)| if next.1 > best.1 { next } else { best };
    values
        .enumerate()
        .filter(|(_, value)| !value.is_nan())
        .reduce(later_is_greater)
        .map(|(place, _)| place)
}
