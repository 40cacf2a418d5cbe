//! Figures of judgments, as FastChat's `show_result.py` gives them, with intervals over questions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Judgment, PairJudgment, SingleJudgment, Winner};
use crate::head_to_head::Outcome;
use crate::{Bootstrap, Comparison, Estimate, HeadToHead, Preference, head_to_head};

/// All figures. Judgments by different judges stay apart.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// Single scores of each model.
    pub scores: Vec<Scores>,
    /// Each model against all others.
    pub wins: Vec<Wins>,
    /// Every two models that were compared.
    pub opponents: Vec<Opponents>,
}

/// A model's single scores, mostly 1 to 10. Judgments without a score count nowhere else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scores {
    /// The model.
    pub model: String,
    /// The judge.
    pub judge: String,
    /// Judgments of it.
    pub n_judgments: u64,
    /// Those that state no score.
    pub n_without_score: u64,
    /// Mean score of first turns.
    pub first_turn: Option<Estimate>,
    /// Mean score of second turns.
    pub second_turn: Option<Estimate>,
    /// Mean score of all turns.
    pub average: Option<Estimate>,
    /// Mean score of each category.
    pub categories: BTreeMap<String, Estimate>,
}

/// A model against all others that it was compared with, rows without both verdicts left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wins {
    /// The model.
    pub model: String,
    /// The judge.
    pub judge: String,
    /// Rows that both orders give to it.
    pub wins: u64,
    /// Rows that both orders give to the other.
    pub losses: u64,
    /// Rows of ties and disagreement.
    pub ties: u64,
    /// `(wins + ties / 2) / n`, FastChat's `win_rate_adjusted`.
    pub win_rate: Option<Estimate>,
}

/// Two models; `model` is the row's `model_1`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opponents {
    /// One model.
    pub model: String,
    /// The other model.
    pub opponent: String,
    /// The judge.
    pub judge: String,
    /// How `model` does; a row of each turn counts, and the win rate's interval is over questions.
    pub head_to_head: HeadToHead,
}

/// Sums judgments up. `categories` are those of [`categories`](super::categories()), or none.
pub fn summary(
    judgments: &[Judgment],
    categories: &BTreeMap<u32, String>,
    bootstrap: &Bootstrap,
) -> Summary {
    let mut singles: BTreeMap<[&str; 2], Vec<&SingleJudgment>> = BTreeMap::new();
    let mut wins: BTreeMap<[&str; 2], Vec<(u32, Outcome)>> = BTreeMap::new();
    let mut opponents: BTreeMap<[&str; 3], Vec<&PairJudgment>> = BTreeMap::new();
    for judgment in judgments {
        match judgment {
            Judgment::Single(row) => {
                singles.entry([&row.model, &row.judge[0]]).or_default().push(row)
            }
            Judgment::Pair(row) => {
                let (id, outcome) = (row.question_id, comparison(row).outcome());
                wins.entry([&row.model_1, &row.judge[0]]).or_default().push((id, outcome));
                wins.entry([&row.model_2, &row.judge[0]])
                    .or_default()
                    .push((id, mirrored(outcome)));
                opponents.entry([&row.model_1, &row.model_2, &row.judge[0]]).or_default().push(row);
            }
        }
    }
    Summary {
        scores: singles
            .into_iter()
            .map(|(names, rows)| scores(names, &rows, categories, bootstrap))
            .collect(),
        wins: wins.into_iter().map(|(names, rows)| of_wins(names, &rows, bootstrap)).collect(),
        opponents: opponents
            .into_iter()
            .map(|(names, rows)| of_opponents(names, &rows, bootstrap))
            .collect(),
    }
}

fn scores(
    [model, judge]: [&str; 2],
    rows: &[&SingleJudgment],
    categories: &BTreeMap<u32, String>,
    bootstrap: &Bootstrap,
) -> Scores {
    let scored: Vec<&SingleJudgment> =
        rows.iter().copied().filter(|row| row.score != -1.0).collect();
    let mean = |is: &dyn Fn(&SingleJudgment) -> bool| {
        mean_by_question(
            scored.iter().filter(|row| is(row)).map(|row| (row.question_id, row.score)),
            bootstrap,
        )
    };
    let of = |category: &String| mean(&|row| categories.get(&row.question_id) == Some(category));
    let names: std::collections::BTreeSet<&String> = categories.values().collect();
    Scores {
        model: model.to_owned(),
        judge: judge.to_owned(),
        n_judgments: rows.len() as u64,
        n_without_score: (rows.len() - scored.len()) as u64,
        first_turn: mean(&|row| row.turn == 1),
        second_turn: mean(&|row| row.turn == 2),
        average: mean(&|_| true),
        categories: names.into_iter().filter_map(|name| Some((name.clone(), of(name)?))).collect(),
    }
}

/// The mean of all values, with an interval over questions: the turns of one question depend on
/// each other.
fn mean_by_question(
    values: impl Iterator<Item = (u32, f64)>,
    bootstrap: &Bootstrap,
) -> Option<Estimate> {
    let mut questions: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    values.for_each(|(id, value)| questions.entry(id).or_default().push(value));
    let questions: Vec<Vec<f64>> = questions.into_values().collect();
    bootstrap.estimate(&questions, |questions| {
        let n: usize = questions.iter().map(|values| values.len()).sum();
        (n > 0).then(|| questions.iter().flat_map(|values| values.iter()).sum::<f64>() / n as f64)
    })
}

/// The row with `model_1` as the new model.
fn comparison(row: &PairJudgment) -> Comparison {
    let preference = |winner, [model_1, model_2]: [Preference; 2]| match winner {
        Winner::Model1 => Some(model_1),
        Winner::Model2 => Some(model_2),
        Winner::Tie => Some(Preference::Tie),
        Winner::Error => None,
    };
    Comparison {
        prompt_id: format!("{}/{}", row.question_id, row.turn),
        new_first: preference(row.g1_winner, [Preference::A, Preference::B]),
        new_second: preference(row.g2_winner, [Preference::B, Preference::A]),
    }
}

fn mirrored(outcome: Outcome) -> Outcome {
    match outcome {
        Outcome::Win => Outcome::Loss,
        Outcome::Loss => Outcome::Win,
        other => other,
    }
}

fn points((question_id, outcome): (u32, Outcome)) -> Option<(u32, f64)> {
    let points = match outcome {
        Outcome::Win => 1.0,
        Outcome::Tie | Outcome::Disagreement => 0.5,
        Outcome::Loss => 0.0,
        Outcome::Missing => return None,
    };
    Some((question_id, points))
}

fn of_wins([model, judge]: [&str; 2], rows: &[(u32, Outcome)], bootstrap: &Bootstrap) -> Wins {
    let n = |wanted: &[Outcome]| {
        rows.iter().filter(|(_, outcome)| wanted.contains(outcome)).count() as u64
    };
    Wins {
        model: model.to_owned(),
        judge: judge.to_owned(),
        wins: n(&[Outcome::Win]),
        losses: n(&[Outcome::Loss]),
        ties: n(&[Outcome::Tie, Outcome::Disagreement]),
        win_rate: mean_by_question(rows.iter().copied().filter_map(points), bootstrap),
    }
}

fn of_opponents(
    [model, opponent, judge]: [&str; 3],
    rows: &[&PairJudgment],
    bootstrap: &Bootstrap,
) -> Opponents {
    let comparisons: Vec<Comparison> = rows.iter().map(|row| comparison(row)).collect();
    let outcomes =
        rows.iter().map(|row| row.question_id).zip(comparisons.iter().map(Comparison::outcome));
    let win_rate = mean_by_question(outcomes.filter_map(points), bootstrap);
    Opponents {
        model: model.to_owned(),
        opponent: opponent.to_owned(),
        judge: judge.to_owned(),
        head_to_head: HeadToHead { win_rate, ..head_to_head(&comparisons, bootstrap) },
    }
}
