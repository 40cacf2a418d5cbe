//! The rows of the artifacts, side by side.

use srlm_artifact::{EftRow, FinishReason, IftRow, PromptRow, PromptSource, ResponseRow};

use crate::ImportConfig;
use crate::clusters::Clusters;
use crate::example::Content;
use crate::ids::Ids;
use crate::split::Placed;
use crate::target::{scaled, target};

/// What one side of the split holds.
#[derive(Debug, Default)]
pub(crate) struct Side {
    pub(crate) ift: Vec<IftRow>,
    pub(crate) ranked_prompts: Vec<PromptRow>,
    pub(crate) ranked_responses: Vec<ResponseRow>,
    pub(crate) eft: Vec<EftRow>,
    pub(crate) prompts: Vec<PromptRow>,
}

/// The rows of every side. Ids are given in the order of the input.
pub(crate) fn sides(placed: Vec<Placed>, clusters: &Clusters, config: &ImportConfig) -> [Side; 3] {
    let mut sides: [Side; 3] = Default::default();
    let mut ids = Ids::default();
    let mut ratings = Vec::new();
    for Placed { example, prompt: number, split } in placed {
        let prompt_id = ids.of(number, example.id.as_deref(), clusters.text(number));
        let prompt = example.prompt;
        let side = &mut sides[split];
        match example.content {
            Content::Answers { ift, ranked } => {
                if !ranked.is_empty() {
                    side.ranked_responses.extend(
                        (0..).zip(ranked).map(|(rank, text)| ranked_row(&prompt_id, rank, text)),
                    );
                    side.ranked_prompts.push(prompt_row(&prompt_id, prompt.clone()));
                }
                let source = config.source().to_owned();
                side.ift.extend(ift.map(|response| IftRow { prompt_id, prompt, response, source }));
            }
            Content::Rating { response, score, critique } => {
                let scaled = scaled(score, config);
                let target = target(&critique, scaled, config);
                let row =
                    EftRow { prompt_id, prompt, response, target, score: scaled, human_rank: 0 };
                ratings.push((split, score, row));
            }
            Content::Nothing => side.prompts.push(prompt_row(&prompt_id, prompt)),
        }
    }
    for (split, row) in in_rank_order(ratings) {
        sides[split].eft.push(row);
    }
    sides
}

/// Numbers each prompt's rated responses, the best score first; equal ones keep the order of the
/// input.
fn in_rank_order(mut ratings: Vec<(usize, f64, EftRow)>) -> Vec<(usize, EftRow)> {
    ratings.sort_by(|(_, a, first), (_, b, second)| {
        first.prompt_id.cmp(&second.prompt_id).then(b.total_cmp(a))
    });
    let mut rows: Vec<(usize, EftRow)> = Vec::with_capacity(ratings.len());
    for (split, _, mut row) in ratings {
        if let Some((_, last)) = rows.last().filter(|(_, last)| last.prompt_id == row.prompt_id) {
            row.human_rank = last.human_rank + 1;
        }
        rows.push((split, row));
    }
    rows
}

fn prompt_row(prompt_id: &str, prompt: srlm_artifact::Prompt) -> PromptRow {
    PromptRow { prompt_id: prompt_id.to_owned(), prompt, source: PromptSource::Seed }
}

fn ranked_row(prompt_id: &str, rank: u32, response: String) -> ResponseRow {
    ResponseRow {
        response_id: format!("{prompt_id}/{rank}"),
        prompt_id: prompt_id.to_owned(),
        sample_index: rank,
        response,
        finish_reason: FinishReason::Stop,
        n_tokens: 0,
        seed: 0,
    }
}
