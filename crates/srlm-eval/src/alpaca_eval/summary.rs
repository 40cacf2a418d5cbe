//! Win rates of annotated models.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::glm::glm;
use super::{Annotation, GamedRow, Glm};
use crate::controlled::{
    LengthControl, LengthControlled, LengthMatched, LengthPair, length_controlled_win_rate,
    length_matched_win_rate,
};
use crate::{Bootstrap, Estimate, sign_test};

/// A model against a baseline, by one annotator. Wins, losses, draws and rows without a preference
/// add up to all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// The model.
    pub model: String,
    /// What it is compared with.
    pub baseline: String,
    /// Who preferred.
    pub annotator: String,
    /// Instructions.
    pub n_instructions: u64,
    /// Preferences above one half.
    pub n_wins: u64,
    /// Preferences below one half.
    pub n_losses: u64,
    /// Preferences of one half.
    pub n_draws: u64,
    /// Instructions without a preference, which count for nobody.
    pub n_without_preference: u64,
    /// Mean length of the model's answers, in characters.
    pub mean_length: f64,
    /// Mean length of the baseline's answers, in characters.
    pub baseline_mean_length: f64,
    /// Mean preference, AlpacaEval's `win_rate`.
    pub win_rate: Option<Estimate>,
    /// Wins and half of the draws, AlpacaEval's `discrete_win_rate`.
    pub discrete_win_rate: Option<Estimate>,
    /// Two-sided p-value of the exact sign test of wins against losses.
    pub sign_test_p: f64,
    /// Our length control: a ridge of fixed strength, with intervals.
    pub controlled: Option<LengthControlled>,
    /// Our win rate over the answers of nearly equal length.
    pub length_matched: Option<LengthMatched>,
    /// AlpacaEval's `length_controlled_winrate`; `None` for fewer than five preferences.
    pub as_alpaca_eval: Option<Glm>,
}

/// One summary for each model, baseline and annotator. `gamed` are the rows of AlpacaEval's
/// `df_gamed.csv`; without them its length control has no term for the difficulty of instructions.
pub fn summary(
    annotations: &[Annotation],
    gamed: Option<&[GamedRow]>,
    bootstrap: &Bootstrap,
) -> Vec<Summary> {
    let mut groups: BTreeMap<[&str; 3], Vec<&Annotation>> = BTreeMap::new();
    for row in annotations {
        groups.entry([&row.generator_2, &row.generator_1, &row.annotator]).or_default().push(row);
    }
    groups.into_iter().map(|(names, rows)| of_group(names, &rows, gamed, bootstrap)).collect()
}

fn of_group(
    [model, baseline, annotator]: [&str; 3],
    rows: &[&Annotation],
    gamed: Option<&[GamedRow]>,
    bootstrap: &Bootstrap,
) -> Summary {
    let pairs: Vec<LengthPair> = rows.iter().filter_map(|row| pair(row)).collect();
    let n = |is: fn(f64) -> bool| pairs.iter().filter(|pair| is(pair.preference)).count() as u64;
    let (n_wins, n_losses) = (n(|share| share > 0.5), n(|share| share < 0.5));
    let control = LengthControl::default();
    Summary {
        model: model.to_owned(),
        baseline: baseline.to_owned(),
        annotator: annotator.to_owned(),
        n_instructions: rows.len() as u64,
        n_wins,
        n_losses,
        n_draws: n(|share| share == 0.5),
        n_without_preference: (rows.len() - pairs.len()) as u64,
        mean_length: mean_length(rows, |row| &row.output_2),
        baseline_mean_length: mean_length(rows, |row| &row.output_1),
        win_rate: bootstrap.estimate(&pairs, |pairs| mean(pairs, |share| share)),
        discrete_win_rate: bootstrap.estimate(&pairs, |pairs| mean(pairs, whole)),
        sign_test_p: sign_test(n_wins, n_losses),
        controlled: length_controlled_win_rate(&pairs, &control, bootstrap),
        length_matched: length_matched_win_rate(&pairs, &control, bootstrap),
        as_alpaca_eval: glm(rows, gamed),
    }
}

fn n_characters(text: &str) -> u64 {
    text.chars().count() as u64
}

fn pair(row: &Annotation) -> Option<LengthPair> {
    let (new_length, old_length) = (n_characters(&row.output_2), n_characters(&row.output_1));
    Some(LengthPair { preference: row.preference?, new_length, old_length })
}

fn mean_length(rows: &[&Annotation], text: fn(&Annotation) -> &str) -> f64 {
    rows.iter().map(|row| n_characters(text(row))).sum::<u64>() as f64 / rows.len() as f64
}

fn mean(pairs: &[&LengthPair], points: fn(f64) -> f64) -> Option<f64> {
    let sum: f64 = pairs.iter().map(|pair| points(pair.preference)).sum();
    (!pairs.is_empty()).then(|| sum / pairs.len() as f64)
}

/// A whole win, loss or draw.
fn whole(share: f64) -> f64 {
    if share == 0.5 { 0.5 } else { f64::from(u8::from(share > 0.5)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(model: &str, preference: Option<f64>) -> Annotation {
        Annotation {
            output_1: "aé".to_owned(),
            generator_1: "m0".to_owned(),
            output_2: "abcd".to_owned(),
            generator_2: model.to_owned(),
            annotator: "judge".to_owned(),
            preference,
        }
    }

    #[test]
    fn counts_add_up_and_draws_are_half() {
        let rows =
            [Some(1.0), Some(0.75), Some(0.5), Some(0.0), None].map(|share| row("m1", share));
        let found = &summary(&rows, None, &Bootstrap::default())[0];
        assert_eq!(
            (found.n_wins, found.n_losses, found.n_draws, found.n_without_preference),
            (2, 1, 1, 1)
        );
        assert_eq!(found.n_instructions, 5);
        assert_eq!(found.win_rate.unwrap().value, 0.5625);
        assert_eq!(found.discrete_win_rate.unwrap().value, 0.625);
        assert_eq!((found.mean_length, found.baseline_mean_length), (4.0, 2.0));
        assert_eq!(found.as_alpaca_eval, None);
    }

    #[test]
    fn models_stay_apart_and_nothing_preferred_gives_no_rate() {
        let rows = [row("m2", None), row("m1", Some(1.0))];
        let found = summary(&rows, None, &Bootstrap::default());
        assert_eq!(found.iter().map(|one| one.model.as_str()).collect::<Vec<_>>(), ["m1", "m2"]);
        assert_eq!((found[1].win_rate, found[1].n_without_preference), (None, 1));
        assert_eq!(summary(&[], None, &Bootstrap::default()), []);
    }

    #[test]
    fn an_instruction_without_difficulty_gives_no_fit_of_alpaca_evals() {
        let rows: Vec<_> = (0..6).map(|i| row("m1", Some(f64::from(i % 2)))).collect();
        let found = &summary(&rows, Some(&[]), &Bootstrap::default())[0];
        assert_eq!(found.as_alpaca_eval, None);
        assert!(summary(&rows, None, &Bootstrap::default())[0].as_alpaca_eval.is_some());
    }
}
