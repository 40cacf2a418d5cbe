//! Pairs side by side, with what differs marked and what the judge said.

use askama::Template;
use srlm_artifact::JudgmentRow;

use super::clip::clip;
use super::word_diff::{Segment, word_diff};
use super::{PairExample, RunSummary};

/// Characters shown of a response, of a prompt, and of a judgment; the rest is in the run's folder.
const MOST_OF_RESPONSE: usize = 4000;
const MOST_OF_PROMPT: usize = 2000;
const MOST_OF_JUDGMENT: usize = 1500;
/// Judgments shown of a response.
const MOST_JUDGMENTS: usize = 8;
/// Characters of the prompt in the line that opens a pair.
const MOST_OF_HEAD: usize = 90;

#[derive(Template)]
#[template(path = "pairs.html")]
struct Pairs {
    iterations: Vec<Iteration>,
}

struct Iteration {
    number: u32,
    n_pairs: u64,
    n_shown: usize,
    shown: Vec<Shown>,
}

struct Shown {
    why: &'static str,
    prompt_id: String,
    head: String,
    prompt: String,
    prompt_rest: String,
    gap: String,
    weight: Option<String>,
    unrelated: bool,
    is_open: bool,
    sides: [Side; 2],
}

struct Side {
    name: &'static str,
    class: &'static str,
    is_chosen: bool,
    score: String,
    segments: Vec<Segment>,
    rest: String,
    judgments: Vec<Said>,
    n_judgments: usize,
}

/// A judgment.
struct Said {
    score: String,
    rationale: String,
    rest: String,
}

pub(crate) fn pairs(run: &RunSummary) -> String {
    let with_examples = run.iterations.iter().filter(|iteration| !iteration.examples.is_empty());
    let iterations = with_examples.map(|iteration| Iteration {
        number: iteration.iteration,
        n_pairs: iteration
            .stages
            .iter()
            .find(|folder| folder.path.ends_with("/pairs"))
            .map_or(0, n_rows),
        n_shown: iteration.examples.len(),
        shown: iteration
            .examples
            .iter()
            .enumerate()
            .map(|(i, example)| shown(example, i == 0))
            .collect(),
    });
    super::rendered(&Pairs { iterations: iterations.collect() })
}

fn n_rows(folder: &super::Folder) -> u64 {
    folder.facts().map_or(0, |facts| facts.n_rows)
}

fn shown(example: &PairExample, is_open: bool) -> Shown {
    let pair = &example.pair;
    let (chosen, rejected) =
        (clip(&pair.chosen, MOST_OF_RESPONSE), clip(&pair.rejected, MOST_OF_RESPONSE));
    let diff = word_diff(chosen.text, rejected.text);
    let side = |is_chosen, segments, rest, score: f64, judgments: &[JudgmentRow]| Side {
        name: if is_chosen { "Chosen" } else { "Rejected" },
        class: if is_chosen { "chosen" } else { "rejected" },
        is_chosen,
        score: format!("{score:.2}"),
        segments,
        rest,
        judgments: judgments.iter().take(MOST_JUDGMENTS).map(said).collect(),
        n_judgments: judgments.len(),
    };
    let text = pair.prompt.to_text();
    let (prompt, head) = (clip(&text, MOST_OF_PROMPT), clip(&text, MOST_OF_HEAD));
    Shown {
        why: example.why,
        prompt_id: pair.prompt_id.clone(),
        head: head.text.to_owned() + if head.n_left_out > 0 { "…" } else { "" },
        prompt_rest: prompt.rest(),
        prompt: prompt.text.to_owned(),
        gap: format!("{:.2}", pair.score_chosen - pair.score_rejected),
        weight: (pair.label_weight < 1.0).then(|| format!("{:.2}", pair.label_weight)),
        unrelated: diff.unrelated,
        is_open,
        sides: [
            side(true, diff.chosen, chosen.rest(), pair.score_chosen, &example.chosen),
            side(false, diff.rejected, rejected.rest(), pair.score_rejected, &example.rejected),
        ],
    }
}

/// Score and rationale of a judgment.
fn said(row: &JudgmentRow) -> Said {
    let rationale = clip(&row.rationale, MOST_OF_JUDGMENT);
    Said {
        score: row.score.map_or("no score".to_owned(), |score| format!("score {}", score.get())),
        rest: rationale.rest(),
        rationale: rationale.text.to_owned(),
    }
}
