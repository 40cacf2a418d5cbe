//! Judging examples as conversations that a model can be trained on.

use srlm_artifact::{EftRow, Prompt};

use crate::{Error, Rubric};

/// A conversation with the judge, and what it should answer.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingExample {
    /// What the judge reads.
    pub prompt: Prompt,
    /// The rationale and the score line.
    pub target: String,
}

/// The conversation of a judging example: what [`run`](crate::run) asks, and the example's target.
///
/// # Errors
/// [`Error::Target`] and [`Error::TargetScore`] where the target does not say the example's score
/// in the rubric's form,
/// [`Error::NotScoring`].
pub fn training_example(rubric: &Rubric, row: &EftRow) -> Result<TrainingExample, Error> {
    let prompt = rubric.conversation(&row.prompt, &row.response)?;
    let (prompt_id, human_rank) = (row.prompt_id.clone(), row.human_rank);
    match rubric.parse_score(&row.target) {
        Ok(found) if found == row.score => {
            Ok(TrainingExample { prompt, target: row.target.clone() })
        }
        Ok(found) => Err(Error::TargetScore {
            prompt_id,
            human_rank,
            expected: row.score.get(),
            found: found.get(),
        }),
        Err(source) => Err(Error::Target { prompt_id, human_rank, source }),
    }
}

#[cfg(test)]
mod tests {
    use srlm_artifact::Score;

    use super::*;

    fn row(target: &str) -> EftRow {
        EftRow {
            prompt_id: "eft-1".to_owned(),
            prompt: Prompt::user("Name a tree."),
            response: "Oak.".to_owned(),
            target: target.to_owned(),
            score: Score::new(4.0).unwrap(),
            human_rank: 1,
        }
    }

    #[test]
    fn the_judge_learns_what_it_will_be_asked() {
        let rubric = Rubric::additive();
        let example = training_example(&rubric, &row("A tree.\nScore: 4")).unwrap();
        assert_eq!(example.prompt, Prompt::user(rubric.render("Name a tree.", "Oak.")));
        assert_eq!(example.target, "A tree.\nScore: 4");
    }

    #[test]
    fn a_target_that_says_another_score_is_refused() {
        let error = |rubric: &Rubric, target| {
            training_example(rubric, &row(target)).unwrap_err().to_string()
        };
        let additive = Rubric::additive();
        insta::assert_snapshot!(error(&additive, "Score: 3"), @r#"the target of prompt_id "eft-1", human_rank 1 says 3, its `score` is 4"#);
        insta::assert_snapshot!(error(&additive, "Good."), @r#"the target of prompt_id "eft-1", human_rank 1 cannot be read"#);
        insta::assert_snapshot!(error(&Rubric::pairwise(), "Score: 4"), @"the rubric `pairwise` compares two responses; scoring one needs a rubric with {{ response }}");
    }
}
