//! Pairs side by side, with what differs marked and what the judge said.

use askama::Template;
use srlm_artifact::JudgmentRow;

use super::word_diff::{Segment, word_diff};
use super::{PairExample, RunSummary};

#[derive(Template)]
#[template(path = "pairs.html")]
struct Pairs {
    iterations: Vec<(u32, Vec<Shown>)>,
}

struct Shown {
    why: &'static str,
    prompt_id: String,
    prompt: String,
    gap: String,
    unrelated: bool,
    sides: [Side; 2],
}

struct Side {
    name: &'static str,
    class: &'static str,
    is_chosen: bool,
    score: String,
    segments: Vec<Segment>,
    judgments: Vec<(String, String)>,
}

pub(crate) fn pairs(run: &RunSummary) -> String {
    let with_examples = run.iterations.iter().filter(|iteration| !iteration.examples.is_empty());
    let iterations =
        with_examples.map(|iteration| (iteration.iteration, iteration.examples.iter().map(shown).collect()));
    super::rendered(&Pairs { iterations: iterations.collect() })
}

fn shown(example: &PairExample) -> Shown {
    let pair = &example.pair;
    let diff = word_diff(&pair.chosen, &pair.rejected);
    let chosen = Side {
        name: "Chosen",
        class: "chosen",
        is_chosen: true,
        score: format!("{:.2}", pair.score_chosen),
        segments: diff.chosen,
        judgments: said(&example.chosen),
    };
    let rejected = Side {
        name: "Rejected",
        class: "rejected",
        is_chosen: false,
        score: format!("{:.2}", pair.score_rejected),
        segments: diff.rejected,
        judgments: said(&example.rejected),
    };
    Shown {
        why: example.why,
        prompt_id: pair.prompt_id.clone(),
        prompt: pair.prompt.to_text(),
        gap: format!("{:.2}", pair.score_chosen - pair.score_rejected),
        unrelated: diff.unrelated,
        sides: [chosen, rejected],
    }
}

/// Score and rationale of each judgment.
fn said(judgments: &[JudgmentRow]) -> Vec<(String, String)> {
    let score = |row: &JudgmentRow| row.score.map_or("no score".to_owned(), |score| format!("score {}", score.get()));
    judgments.iter().map(|row| (score(row), row.rationale.clone())).collect()
}
