//! The best model of a run: `best.json`.

use serde::{Deserialize, Serialize};

use crate::{Evaluation, Stop, Verdict};

/// Which model to use, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Best {
    /// The model: `M0`, `M1` ...
    pub model: String,
    /// By which rule, in a sentence.
    pub reason: String,
    /// Why the loop stopped before its last iteration; `None` where it did not.
    pub stopped: Option<Stop>,
}

/// The best of the models evaluated, from M1 on in order.
///
/// It is M1, or M0 where M1 is shown to be worse. A later model takes its place only where its
/// verdict is *improved* and it is not rated below the best so far; without ratings the verdict
/// alone decides. A model that is *suspicious*, or only not shown to be worse, does not.
pub fn best(evaluations: &[Evaluation], stopped: Option<Stop>) -> Best {
    let mut best = ("M0".to_owned(), "no later model has been evaluated".to_owned());
    for (i, evaluation) in evaluations.iter().enumerate() {
        let Evaluation { model, verdict, reason, .. } = evaluation;
        if i == 0 && *verdict == Verdict::Worse {
            best.1 = format!("{model} is worse: {reason}");
        } else if i == 0 {
            best = (model.clone(), "no later model is shown to be better".to_owned());
        } else if *verdict == Verdict::Improved && !is_rated_below(evaluation, &best.0) {
            best = (model.clone(), format!("it improved on the model before it: {reason}"));
        }
    }
    let (model, reason) = best;
    Best { model, reason, stopped }
}

fn is_rated_below(evaluation: &Evaluation, best: &str) -> bool {
    let elo = |model: &str| {
        let ratings = &evaluation.ratings.as_ref()?.models;
        ratings.iter().find(|rating| rating.model == model).map(|rating| rating.elo.value)
    };
    elo(&evaluation.model).zip(elo(best)).is_some_and(|(own, best)| own < best)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::controlled::Rating;
    use crate::{Estimate, Ratings};

    fn run(verdicts: &[Verdict]) -> Vec<Evaluation> {
        let with = |(i, verdict): (usize, &Verdict)| Evaluation {
            verdict: *verdict,
            reason: "win rate 0.60".to_owned(),
            ..Evaluation::new(&format!("M{}", i + 1))
        };
        verdicts.iter().enumerate().map(with).collect()
    }

    #[test]
    fn only_an_improvement_takes_the_place() {
        use Verdict::{Flat, Improved, Inconclusive, Suspicious, Worse};
        let rows: [(&[Verdict], &str); 7] = [
            (&[], "M0"),
            (&[Worse], "M0"),
            (&[Inconclusive], "M1"),
            (&[Improved, Flat, Inconclusive], "M1"),
            (&[Flat, Improved, Suspicious], "M2"),
            (&[Flat, Improved, Improved], "M3"),
            (&[Worse, Improved], "M2"),
        ];
        for (verdicts, expected) in rows {
            assert_eq!(best(&run(verdicts), None).model, expected, "{verdicts:?}");
        }
        insta::assert_snapshot!(best(&run(&[Flat, Improved]), None).reason, @"it improved on the model before it: win rate 0.60");
    }

    #[test]
    fn a_recovery_that_is_rated_below_the_best_is_not_the_best() {
        let mut evaluations = run(&[Verdict::Flat, Verdict::Worse, Verdict::Improved]);
        let rated = |elos: [f64; 3]| {
            let rating = |(i, value): (usize, f64)| Rating {
                model: format!("M{}", i + 1),
                n_matches: 1,
                points: 0.5,
                elo: Estimate { value, low: value, high: value },
            };
            let models = elos.into_iter().enumerate().map(rating).collect();
            Some(Ratings { evaluators: vec![], n_comparisons: 1, n_missing: 0, models })
        };
        evaluations[2].ratings = rated([1000.0, 900.0, 990.0]);
        assert_eq!(best(&evaluations, None).model, "M1");
        evaluations[2].ratings = rated([1000.0, 900.0, 1010.0]);
        assert_eq!(best(&evaluations, None).model, "M3");
    }
}
