//! A trace as plain text.

use std::fmt::{self, Display, Formatter};

use srlm_artifact::{FinishReason, JudgmentFailure, PromptSource};

use super::{Fate, Outcome, Part, Passage, Trace, TracedJudgment, TracedPair, TracedResponse};
use crate::report::words;

/// Characters of a response that are shown; JSON holds all of it.
const N_SHOWN: usize = 76;

impl Display for Trace {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (i, passage) in self.passages.iter().enumerate() {
            f.write_str(if i == 0 { "" } else { "\n" })?;
            passage.fmt(f)?;
        }
        Ok(())
    }
}

impl Display for Passage {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let id = self.prompt_id.as_deref().unwrap_or("a text that is no prompt");
        let source = match self.source {
            PromptSource::Seed => "given",
            PromptSource::Generated => "generated",
        };
        writeln!(f, "{id}: iteration {}, {source}", self.iteration)?;
        self.prompt.to_text().lines().try_for_each(|line| writeln!(f, "  {line}"))?;
        let mut folder = "";
        for response in &self.responses {
            if response.folder != folder {
                folder = response.folder;
                writeln!(f, "{folder}")?;
            }
            response.fmt(f)?;
        }
        self.pairs.iter().try_for_each(|pair| pair.fmt(f))?;
        writeln!(f, "{}", self.fate)
    }
}

impl Display for TracedResponse {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let row = &self.row;
        let finish = match row.finish_reason {
            FinishReason::Stop => "ended by itself",
            FinishReason::Length => "cut off",
        };
        let score = self.score.map_or("no score".to_owned(), |score| format!("score {score:.2}"));
        writeln!(f, "  {}: {} tokens, {finish}, {score}", row.response_id, row.n_tokens)?;
        writeln!(f, "    {}", shortened(&row.response))?;
        self.judgments.iter().try_for_each(|judgment| judgment.fmt(f))?;
        if self.judgments.is_empty() {
            writeln!(f, "    not judged")?;
        }
        for battle in &self.battles {
            let (a, b) = (battle.judge_index_a, battle.judge_index_b);
            let winner = match (battle.winner, battle.failure) {
                (Some(winner), _) => format!("{winner:?} wins"),
                (None, failure) => {
                    format!("no winner, {}", failure.map_or(String::new(), |it| format!("{it:?}")))
                }
            };
            writeln!(f, "    judgments {a} (A) and {b} (B) compared: {winner}")?;
        }
        self.uses.iter().try_for_each(|it| writeln!(f, "    {} in {}", part(it.part), it.folder))
    }
}

impl Display for TracedJudgment {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let row = &self.row;
        write!(f, "    {} {}: ", self.folder, row.judge_index)?;
        match (row.score, row.failure) {
            (Some(score), _) => write!(f, "score {}", score.get())?,
            (None, failure) => write!(f, "no score, {}", failure.map_or("", failed))?,
        }
        if let Some(expected) = row.expected_score {
            write!(f, ", expected score {:.2}", expected.get())?;
        }
        writeln!(f, "{}", if row.truncated { ", of a shortened response" } else { "" })
    }
}

impl Display for TracedPair {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let row = &self.row;
        let fits = match self.fits {
            Some(true) => ", has reference log-probabilities",
            Some(false) => ", has no reference log-probabilities",
            None => "",
        };
        writeln!(f, "{}", self.folder)?;
        writeln!(f, "  {} over {}", row.chosen_id, row.rejected_id)?;
        let (chosen, rejected, weight) = (row.score_chosen, row.score_rejected, row.label_weight);
        writeln!(f, "    score {chosen:.2} over {rejected:.2}, label weight {weight}{fits}")
    }
}

impl Display for Fate {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let outcome = match self.outcome {
            Outcome::Dropped => "dropped",
            Outcome::Waiting => "waiting",
            Outcome::NotPaired => "no pair",
            Outcome::NotPerfect => "no perfect response",
            Outcome::DidNotFit => "did not fit",
            Outcome::TrainedOn => "trained on",
        };
        write!(f, "Fate: {outcome} ({}): {}", words(&self.reason), self.told)
    }
}

fn part(part: Part) -> &'static str {
    match part {
        Part::Chosen => "chosen",
        Part::Rejected => "rejected",
        Part::Good => "good by itself",
        Part::Bad => "bad by itself",
        Part::Perfect => "perfect, to imitate",
    }
}

fn failed(failure: JudgmentFailure) -> &'static str {
    match failure {
        JudgmentFailure::NoScore => "no score line",
        JudgmentFailure::OutOfRange => "outside 0 to 5",
        JudgmentFailure::Truncated => "cut off before a score",
        JudgmentFailure::Empty => "the judge wrote nothing",
    }
}

/// The beginning of a text, on one line.
fn shortened(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(N_SHOWN) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line,
    }
}
