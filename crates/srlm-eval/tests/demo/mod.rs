//! A made-up run: rows and evaluations of a loop that did a little, with words of our own.

pub(crate) mod folders;

use srlm_artifact::{
    FinishReason, JudgmentFailure, JudgmentRow, MetricsRow, PairRow, Prompt, ResponseRow, Score, row_seed,
};
use srlm_eval::{
    Bootstrap, Comparison, Evaluation, Evaluator, HeldOutLoss, Measurements, Preference, RankedGroup, RankedResponse,
    agreement, head_to_head, lengths,
};

const PROMPTS: [&str; 6] = [
    "How do I keep bread from going stale?",
    "Write a short note to a neighbor about a borrowed ladder.",
    "Why does the moon look larger near the horizon?",
    "Name three ways to practice a foreign language alone.",
    "Explain what a hash function does to a ten-year-old.",
    "Plan a rainy afternoon for two children.",
];

const ENDINGS: [&str; 4] = [
    "Keep it simple and try one thing at a time.",
    "Start small, see what works, and keep a note of it for the next time.\n\n1. Pick a quiet hour.\n2. Take what you have at hand.\n3. Stop before it feels like work.",
    "It depends. It depends. It depends. It depends.",
    "There is no single answer, but most people do well with a paper bag, a dry shelf and a little patience.",
];

pub(crate) const N_PROMPTS: usize = 60;
pub(crate) const N_SAMPLES: u32 = 4;

/// A number below `n` that only the name decides.
fn draw(name: &str, index: u32, n: u64) -> u64 {
    row_seed(7, "demo", 0, name, index) % n
}

pub(crate) fn prompt_id(iteration: u32, i: usize) -> String {
    format!("iter{iteration}-{i:05}")
}

pub(crate) fn prompt(i: usize) -> Prompt {
    Prompt::user(PROMPTS[i % PROMPTS.len()])
}

pub(crate) fn responses(iteration: u32) -> Vec<ResponseRow> {
    let ids =
        (0..N_PROMPTS).flat_map(|i| (0..N_SAMPLES).map(move |sample_index| (prompt_id(iteration, i), sample_index)));
    let row = |(prompt_id, sample_index): (String, u32)| {
        let id = format!("{prompt_id}/{sample_index}");
        let n_sentences = 1 + draw(&id, 0, 3) + u64::from(iteration);
        let sentences = (0..n_sentences).map(|k| ENDINGS[draw(&id, k as u32, 4) as usize]);
        let response = sentences.collect::<Vec<_>>().join(" ");
        let n_tokens = response.len() as u32 / 4;
        let finish_reason = if draw(&id, 9, 12) == 0 { FinishReason::Length } else { FinishReason::Stop };
        ResponseRow { response_id: id, prompt_id, sample_index, response, finish_reason, n_tokens, seed: 1 }
    };
    ids.map(row).collect()
}

pub(crate) fn judgments(iteration: u32) -> Vec<JudgmentRow> {
    let of = |response: ResponseRow| {
        (0..3).map(move |judge_index| {
            let id = &response.response_id;
            let fails = draw(id, 20 + judge_index, 11) == 0;
            let points =
                1 + draw(id, 30 + judge_index, 3) + u64::from(response.response.len() > 250) + u64::from(iteration > 1);
            let failure = if draw(id, 40, 3) == 0 { JudgmentFailure::Truncated } else { JudgmentFailure::NoScore };
            JudgmentRow {
                response_id: id.clone(),
                prompt_id: response.prompt_id.clone(),
                judge_index,
                score: (!fails).then(|| Score::new(points.min(5) as f64).expect("at most 5")),
                rationale: format!("The response is relevant and clear, though it says little. Score: {points}"),
                failure: fails.then_some(failure),
                seed: 1,
                expected_score: None,
                truncated: false,
            }
        })
    };
    responses(iteration).into_iter().flat_map(of).collect()
}

pub(crate) fn pairs(iteration: u32) -> Vec<PairRow> {
    let judgments = judgments(iteration);
    let mean = |id: &str| {
        let scores = judgments.iter().filter(|row| row.response_id == id).filter_map(|row| row.score);
        let scores: Vec<f64> = scores.map(Score::get).collect();
        scores.iter().sum::<f64>() / scores.len().max(1) as f64
    };
    let responses = responses(iteration);
    let pair = |(i, candidates): (usize, &[ResponseRow])| {
        let scored = candidates.iter().map(|row| (mean(&row.response_id), row));
        let best = scored.clone().max_by(|a, b| a.0.total_cmp(&b.0))?;
        let worst = scored.min_by(|a, b| a.0.total_cmp(&b.0))?;
        (best.0 > worst.0).then(|| PairRow {
            prompt_id: prompt_id(iteration, i),
            prompt: prompt(i),
            chosen: best.1.response.clone(),
            rejected: worst.1.response.clone(),
            chosen_id: best.1.response_id.clone(),
            rejected_id: worst.1.response_id.clone(),
            score_chosen: best.0,
            score_rejected: worst.0,
            label_weight: 1.0,
        })
    };
    responses.chunks(N_SAMPLES as usize).enumerate().filter_map(pair).collect()
}

/// SFT for `model` 1, else DPO.
pub(crate) fn metrics(model: u32) -> Vec<MetricsRow> {
    let n_steps = if model == 1 { 400 } else { 120 };
    let row = |step: u32| {
        let progress = f64::from(step) / f64::from(n_steps);
        let noise = draw("noise", step + 1000 * model, 1000) as f64 / 1000.0 - 0.5;
        let learned = (1.0 - (-3.0 * progress).exp()) / f64::from(model.max(2) - 1);
        let base = MetricsRow {
            step,
            epoch: progress,
            grad_norm: 1.2 + 0.8 * noise - 0.4 * progress,
            learning_rate: 1.1e-6 + 2.2e-6 * (1.0 + (std::f64::consts::PI * progress).cos()),
            n_tokens: 4096,
            ..MetricsRow::default()
        };
        if model == 1 {
            return MetricsRow { loss: 2.9 - 1.1 * learned + 0.25 * noise, ..base };
        }
        MetricsRow {
            loss: std::f64::consts::LN_2 - 0.12 * learned + 0.03 * noise,
            rewards_chosen: Some(-0.1 * learned),
            rewards_rejected: Some(-0.5 * learned),
            rewards_margins: Some(0.4 * learned + 0.1 * noise),
            rewards_accuracies: Some((0.5 + 0.2 * learned + 0.1 * noise).clamp(0.0, 1.0)),
            logps_chosen: Some(-180.0 - 12.0 * learned + 3.0 * noise),
            logps_rejected: Some(-170.0 - 20.0 * learned),
            ..base
        }
    };
    (1..=n_steps).map(row).collect()
}

/// Evaluation of M1, M2 or M3: a weak judge, and a small gain each time.
pub(crate) fn evaluation(model: u32) -> Evaluation {
    let bootstrap = Bootstrap::default();
    let group = |g: u32| {
        let id = format!("group-{g}");
        let response = |rank: u32| RankedResponse {
            human_rank: rank,
            mean_score: (draw(&id, rank, 14) > 0)
                .then(|| ((draw(&id, rank + 40 * model, 5) + u64::from(rank == 0)) as f64).min(5.0)),
            n_characters: 500 - 60 * u64::from(rank) + draw(&id, 80 + rank, 260),
        };
        RankedGroup { responses: (0..3).map(response).collect(), prompt_id: id.clone() }
    };
    let comparison = |i: u32| {
        let luck = draw("luck", i + 1000 * model, 100);
        use Preference::{A, B};
        let (new_first, new_second) = match luck {
            0..4 => (None, Some(A)),
            4..46 => (Some(A), Some(A)),
            46..80 => (Some(A), Some(B)),
            _ => (Some(B), Some(A)),
        };
        Comparison { prompt_id: format!("held-out-{i}"), new_first, new_second }
    };
    let groups: Vec<RankedGroup> = (0..100).map(group).collect();
    let comparisons: Vec<Comparison> = (0..if model == 2 { 256 } else { 64 }).map(comparison).collect();
    let measurements = Measurements {
        held_out: Some(HeldOutLoss { loss: 2.05 - 0.04 * f64::from(model), n_tokens: 48_212 }),
        agreement: Some(agreement(&groups, &bootstrap)),
        head_to_head: (model > 1).then(|| head_to_head(&comparisons, &bootstrap)),
        evaluator: (model > 1).then(|| Evaluator { name: format!("M{}", model - 1), independent: false }),
        lengths: lengths(&responses(model - 1)),
    };
    Evaluation::new(&format!("M{model}"), measurements)
}
