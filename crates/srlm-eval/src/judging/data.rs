//! What people and a judge say of the same responses.

use serde::{Deserialize, Serialize};
use srlm_artifact::Score;

use crate::{Preference, RankedGroup, RankedResponse};

/// Responses to one prompt.
#[derive(Clone, Debug, PartialEq)]
pub struct JudgedGroup {
    /// The prompt.
    pub prompt_id: String,
    /// What the prompt depends on others in; the cluster of the bootstrap.
    pub tree: String,
    /// Two or more where responses are compared.
    pub responses: Vec<JudgedResponse>,
}

/// One response, twice judged.
#[derive(Clone, Debug, PartialEq)]
pub struct JudgedResponse {
    /// People's opinion, higher is better.
    pub worth: f64,
    /// One score of the judge's written ones, `None` where none can be read.
    pub written: Option<f64>,
    /// The mean of the judge's expected scores, where the engine tells probabilities.
    pub expected: Option<f64>,
    /// Length of the response in characters.
    pub n_characters: u64,
}

/// Two responses that the judge compared in both orders.
#[derive(Clone, Debug, PartialEq)]
pub struct JudgedPair {
    /// The pair.
    pub prompt_id: String,
    /// What the pair depends on others in.
    pub tree: String,
    /// People's verdict.
    pub people: Preference,
    /// The judge's with the first response shown first; `None` where it gave none that can be read.
    pub forward: Option<Preference>,
    /// The judge's with the second response shown first: `A` is the one shown first.
    pub backward: Option<Preference>,
    /// Lengths of both in characters.
    pub n_characters: [u64; 2],
}

/// The scale of human ratings.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scale {
    /// The worst rating.
    pub min: f64,
    /// The best rating.
    pub max: f64,
}

impl Scale {
    /// The scale that ratings look like: within 0 to 5, 1 to 10, 0 to 10, or 0 to 100; `None` for
    /// any other.
    pub fn of(ratings: impl IntoIterator<Item = f64>) -> Option<Self> {
        let (low, high) =
            ratings.into_iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), rating| {
                (low.min(rating), high.max(rating))
            });
        let scales = [(0.0, Score::MAX), (1.0, 10.0), (0.0, 10.0), (0.0, 100.0)];
        let holds = |&(min, max): &(f64, f64)| min <= low && high <= max;
        scales.into_iter().find(holds).map(|(min, max)| Self { min, max })
    }

    /// A rating as judgments are stored: one within 0 to 5 as it is, of any other scale `5 (rating
    /// - min) / (max - min)`.
    pub fn stored(self, rating: f64) -> f64 {
        let fits = self.min >= 0.0 && self.max <= Score::MAX;
        if fits { rating } else { Score::MAX * (rating - self.min) / (self.max - self.min) }
    }
}

/// Which of a response's scores is measured.
pub(crate) type Pick = fn(&JudgedResponse) -> Option<f64>;

impl JudgedGroup {
    /// The group as human ranks, 0 for the best; equal opinions share a rank.
    pub(crate) fn ranked(&self, pick: Pick) -> RankedGroup {
        let n_better =
            |worth: f64| self.responses.iter().filter(|other| other.worth > worth).count() as u32;
        let responses = self.responses.iter().map(|response| RankedResponse {
            human_rank: n_better(response.worth),
            mean_score: pick(response),
            n_characters: response.n_characters,
        });
        RankedGroup { prompt_id: self.prompt_id.clone(), responses: responses.collect() }
    }
}

/// Items by their trees, in the order of the trees' names.
pub(crate) fn by_tree<T>(items: &[T], tree: fn(&T) -> &str) -> Vec<Vec<&T>> {
    let mut trees: std::collections::BTreeMap<&str, Vec<&T>> = std::collections::BTreeMap::new();
    items.iter().for_each(|item| trees.entry(tree(item)).or_default().push(item));
    trees.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_is_the_first_that_holds_all() {
        let check = |ratings: &[f64], expected: Option<(f64, f64)>| {
            let found = Scale::of(ratings.iter().copied()).map(|scale| (scale.min, scale.max));
            assert_eq!(found, expected, "{ratings:?}");
        };
        check(&[1.0, 4.5], Some((0.0, 5.0)));
        check(&[1.0, 7.0], Some((1.0, 10.0)));
        check(&[0.0, 7.0], Some((0.0, 10.0)));
        check(&[20.0, 90.0], Some((0.0, 100.0)));
        check(&[-1.0, 1.0], None);
        let ten = Scale { min: 1.0, max: 10.0 };
        assert_eq!(
            (ten.stored(1.0), ten.stored(10.0), Scale { min: 1.0, max: 5.0 }.stored(1.0)),
            (0.0, 5.0, 1.0)
        );
    }

    #[test]
    fn equal_opinions_share_a_rank() {
        let response =
            |worth| JudgedResponse { worth, written: None, expected: None, n_characters: 0 };
        let responses = [2.0, 5.0, 2.0, 1.0].map(response).to_vec();
        let group = JudgedGroup { prompt_id: "p".to_owned(), tree: "t".to_owned(), responses };
        let ranks: Vec<u32> =
            group.ranked(|_| None).responses.iter().map(|response| response.human_rank).collect();
        assert_eq!(ranks, [1, 0, 1, 3]);
    }
}
