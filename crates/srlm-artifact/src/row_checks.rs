//! Ids, order and rules of each row type.

use crate::row::split_id;
use crate::{
    BattleRow, EftRow, IftRow, JudgmentRow, MetricsRow, PairRow, Prompt, PromptRow, RefLogpsRow,
    ResponseRow, Row, RowProblem, Score, SortKey, UnpairedRefLogpsRow, UnpairedRow,
};

type Checked = Result<(), RowProblem>;

fn not_blank(field: &str, text: &str) -> Checked {
    if text.trim().is_empty() { Err(RowProblem::new(field, "is blank")) } else { Ok(()) }
}

fn answerable(prompt: &Prompt) -> Checked {
    prompt.problem().map_or(Ok(()), |problem| Err(RowProblem::new("prompt", problem)))
}

fn in_score_range(field: &str, score: f64) -> Checked {
    let problem = || RowProblem::new(field, format!("is {score}, outside 0 to {}", Score::MAX));
    Score::new(score).map(|_| ()).ok_or_else(problem)
}

impl Row for IftRow {
    fn id(&self) -> String {
        format!("prompt_id {:?}", self.prompt_id)
    }

    fn sort_key(&self) -> SortKey {
        SortKey::of_prompt(&self.prompt_id, 0)
    }

    fn check(&self) -> Checked {
        not_blank("prompt_id", &self.prompt_id)?;
        answerable(&self.prompt)?;
        not_blank("response", &self.response)
    }
}

impl Row for EftRow {
    fn id(&self) -> String {
        format!("prompt_id {:?}, human_rank {}", self.prompt_id, self.human_rank)
    }

    fn sort_key(&self) -> SortKey {
        SortKey::of_prompt(&self.prompt_id, self.human_rank)
    }

    fn check(&self) -> Checked {
        not_blank("prompt_id", &self.prompt_id)?;
        answerable(&self.prompt)?;
        not_blank("response", &self.response)?;
        not_blank("target", &self.target)
    }
}

impl Row for PromptRow {
    fn id(&self) -> String {
        format!("prompt_id {:?}", self.prompt_id)
    }

    fn sort_key(&self) -> SortKey {
        SortKey::of_prompt(&self.prompt_id, 0)
    }

    fn check(&self) -> Checked {
        not_blank("prompt_id", &self.prompt_id)?;
        answerable(&self.prompt)
    }
}

impl Row for ResponseRow {
    fn id(&self) -> String {
        format!("response_id {:?}", self.response_id)
    }

    fn sort_key(&self) -> SortKey {
        SortKey::of_sample(&self.prompt_id, self.sample_index, &self.response_id)
    }

    fn check(&self) -> Checked {
        not_blank("prompt_id", &self.prompt_id)?;
        not_blank("response_id", &self.response_id)
    }
}

impl Row for JudgmentRow {
    fn id(&self) -> String {
        format!("response_id {:?}, judge_index {}", self.response_id, self.judge_index)
    }

    fn sort_key(&self) -> SortKey {
        SortKey::of_response(&self.prompt_id, &self.response_id, self.judge_index)
    }

    fn check(&self) -> Checked {
        not_blank("prompt_id", &self.prompt_id)?;
        not_blank("response_id", &self.response_id)?;
        match (self.score, self.failure) {
            (None, None) => {
                Err(RowProblem::new("failure", "is null, as `score` is; one of them must be given"))
            }
            (Some(_), Some(_)) => {
                Err(RowProblem::new("failure", "is given beside `score`; one of them must be null"))
            }
            _ => Ok(()),
        }
    }
}

impl Row for BattleRow {
    fn id(&self) -> String {
        let Self { response_id, judge_index_a, judge_index_b, .. } = self;
        format!(
            "response_id {response_id:?}, judge_index_a {judge_index_a}, judge_index_b {judge_index_b}"
        )
    }

    fn sort_key(&self) -> SortKey {
        SortKey::of_battle(
            &self.prompt_id,
            &self.response_id,
            self.judge_index_a,
            self.judge_index_b,
        )
    }

    fn check(&self) -> Checked {
        not_blank("prompt_id", &self.prompt_id)?;
        not_blank("response_id", &self.response_id)?;
        if self.judge_index_a == self.judge_index_b {
            let problem =
                format!("is {}, as `judge_index_a` is; they must differ", self.judge_index_b);
            return Err(RowProblem::new("judge_index_b", problem));
        }
        match (self.winner, self.failure) {
            (None, None) => Err(RowProblem::new(
                "failure",
                "is null, as `winner` is; one of them must be given",
            )),
            (Some(_), Some(_)) => Err(RowProblem::new(
                "failure",
                "is given beside `winner`; one of them must be null",
            )),
            _ => Ok(()),
        }
    }
}

impl Row for PairRow {
    fn id(&self) -> String {
        format!("chosen_id {:?}, rejected_id {:?}", self.chosen_id, self.rejected_id)
    }

    fn sort_key(&self) -> SortKey {
        SortKey::of_pair(&self.prompt_id, &self.chosen_id, &self.rejected_id)
    }

    fn check(&self) -> Checked {
        not_blank("prompt_id", &self.prompt_id)?;
        answerable(&self.prompt)?;
        not_blank("chosen_id", &self.chosen_id)?;
        not_blank("rejected_id", &self.rejected_id)?;
        in_score_range("score_chosen", self.score_chosen)?;
        in_score_range("score_rejected", self.score_rejected)?;
        if self.score_chosen <= self.score_rejected {
            let problem = format!(
                "is {}, not above `score_rejected` {}",
                self.score_chosen, self.score_rejected
            );
            return Err(RowProblem::new("score_chosen", problem));
        }
        if !(0.0..=1.0).contains(&self.label_weight) {
            return Err(RowProblem::new(
                "label_weight",
                format!("is {}, outside 0 to 1", self.label_weight),
            ));
        }
        Ok(())
    }
}

impl Row for UnpairedRow {
    fn id(&self) -> String {
        format!("response_id {:?}", self.response_id)
    }

    fn sort_key(&self) -> SortKey {
        SortKey::of_response(&self.prompt_id, &self.response_id, 0)
    }

    fn check(&self) -> Checked {
        not_blank("prompt_id", &self.prompt_id)?;
        not_blank("response_id", &self.response_id)?;
        answerable(&self.prompt)?;
        in_score_range("score", self.score)
    }
}

impl Row for RefLogpsRow {
    fn id(&self) -> String {
        format!("chosen_id {:?}, rejected_id {:?}", self.chosen_id, self.rejected_id)
    }

    fn sort_key(&self) -> SortKey {
        SortKey::of_pair(split_id(&self.chosen_id).0, &self.chosen_id, &self.rejected_id)
    }

    fn check(&self) -> Checked {
        not_blank("chosen_id", &self.chosen_id)?;
        not_blank("rejected_id", &self.rejected_id)
    }
}

impl Row for UnpairedRefLogpsRow {
    fn id(&self) -> String {
        format!("response_id {:?}", self.response_id)
    }

    fn sort_key(&self) -> SortKey {
        SortKey::of_response(split_id(&self.response_id).0, &self.response_id, 0)
    }

    fn check(&self) -> Checked {
        not_blank("response_id", &self.response_id)?;
        not_blank("mismatched_id", &self.mismatched_id)
    }
}

impl Row for MetricsRow {
    fn id(&self) -> String {
        format!("step {}", self.step)
    }

    fn sort_key(&self) -> SortKey {
        SortKey::of_prompt("", self.step)
    }

    fn check(&self) -> Checked {
        if self.step == 0 {
            Err(RowProblem::new("step", "is 0; steps count from 1"))
        } else {
            Ok(())
        }
    }
}
