//! A made-up run: rows and evaluations of a loop that did a little, with words of our own.

pub(crate) mod folders;

use srlm_artifact::{
    FinishReason, JudgmentFailure, JudgmentRow, MetricsRow, PairRow, Prompt, ResponseRow, Score,
    row_seed,
};
use srlm_eval::controlled::{BradleyTerry, LengthControl, Scored, diversity, length_bias};
use srlm_eval::{
    Bootstrap, ComparisonRow, Evaluation, Evaluator, HeldOutLoss, Preference, RankedGroup,
    RankedResponse, VerdictForm, VerdictRules, accuracy_change, accuracy_sign_test, agreement,
    answer_rates, calibration, judge_rates, lengths, match_up, rating_table,
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
    let ids = (0..N_PROMPTS).flat_map(|i| {
        (0..N_SAMPLES).map(move |sample_index| (prompt_id(iteration, i), sample_index))
    });
    let row = |(prompt_id, sample_index): (String, u32)| {
        let id = format!("{prompt_id}/{sample_index}");
        let n_sentences = 1 + draw(&id, 0, 3) + u64::from(iteration);
        let sentences = (0..n_sentences).map(|k| ENDINGS[draw(&id, k as u32, 4) as usize]);
        let response = sentences.collect::<Vec<_>>().join(" ");
        let n_tokens = response.len() as u32 / 4;
        let finish_reason =
            if draw(&id, 9, 12) == 0 { FinishReason::Length } else { FinishReason::Stop };
        ResponseRow {
            response_id: id,
            prompt_id,
            sample_index,
            response,
            finish_reason,
            n_tokens,
            seed: 1,
        }
    };
    ids.map(row).collect()
}

pub(crate) fn judgments(iteration: u32) -> Vec<JudgmentRow> {
    let of = |response: ResponseRow| {
        (0..3).map(move |judge_index| {
            let id = &response.response_id;
            let fails = draw(id, 20 + judge_index, 11) == 0;
            let points = 1
                + draw(id, 30 + judge_index, 3)
                + u64::from(response.response.len() > 250)
                + u64::from(iteration > 1);
            let failure = if draw(id, 40, 3) == 0 {
                JudgmentFailure::Truncated
            } else {
                JudgmentFailure::NoScore
            };
            JudgmentRow {
                response_id: id.clone(),
                prompt_id: response.prompt_id.clone(),
                judge_index,
                score: (!fails).then(|| Score::new(points.min(5) as f64).expect("at most 5")),
                rationale: format!(
                    "The response is relevant and clear, though it says little. Score: {points}"
                ),
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
        let scores =
            judgments.iter().filter(|row| row.response_id == id).filter_map(|row| row.score);
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

/// Held-out ranked responses as M1, M2 or M3 scores them.
fn ranked(model: u32) -> Vec<RankedGroup> {
    let group = |g: u32| {
        let id = format!("group-{g}");
        let response = |rank: u32| RankedResponse {
            human_rank: rank,
            mean_score: (draw(&id, rank, 14) > 0).then(|| {
                ((draw(&id, rank + 40 * model, 5) + u64::from(rank == 0)) as f64).min(5.0)
            }),
            n_characters: 500 - 60 * u64::from(rank) + draw(&id, 80 + rank, 260),
        };
        RankedGroup { responses: (0..3).map(response).collect(), prompt_id: id.clone() }
    };
    (0..100).map(group).collect()
}

/// Comparisons of M2 or M3 with the model before it.
fn comparisons(model: u32) -> Vec<ComparisonRow> {
    let comparison = |i: u32| {
        let luck = draw("luck", i + 1000 * model, 100);
        use Preference::{A, B};
        let (new_first, new_second) = match luck {
            0..4 => (None, Some(A)),
            4..46 => (Some(A), Some(A)),
            46..80 => (Some(A), Some(B)),
            _ => (Some(B), Some(A)),
        };
        ComparisonRow {
            prompt_id: format!("held-out-{i}"),
            model: format!("M{model}"),
            opponent: format!("M{}", model - 1),
            new_first,
            new_second,
            new_characters: 200 + draw("new", i, 300),
            old_characters: 180 + draw("old", i, 300),
        }
    };
    (0..if model == 2 { 256 } else { 64 }).map(comparison).collect()
}

/// Evaluation of M1, M2 or M3: a weak judge, and a small gain each time.
pub(crate) fn evaluation(model: u32) -> Evaluation {
    let bootstrap = Bootstrap { n_resamples: 400, ..Bootstrap::default() };
    let groups = ranked(model);
    let answers = responses(model - 1);
    let agreement = agreement(&groups, &bootstrap);
    let texts: Vec<&str> = answers.iter().map(|row| row.response.as_str()).collect();
    let scored = groups.iter().flat_map(|group| &group.responses).filter_map(|response| {
        let quality = -f64::from(response.human_rank);
        Some(Scored { length: response.n_characters, score: response.mean_score?, quality })
    });
    let mut evaluation = Evaluation {
        held_out: Some(HeldOutLoss { loss: 2.05 - 0.04 * f64::from(model), n_tokens: 48_212 }),
        judge_rates: Some(judge_rates(&judgments(1), &agreement)),
        agreement: Some(agreement),
        calibration: calibration(&groups, 5, &bootstrap),
        length_bias: Some(length_bias(&scored.collect::<Vec<_>>(), 8)),
        lengths: lengths(&answers),
        diversity: Some(diversity(&texts)),
        answers: answer_rates(&answers),
        ..Evaluation::new(&format!("M{model}"))
    };
    if model > 1 {
        compared(&mut evaluation, model, &bootstrap);
    } else {
        evaluation.unmeasured.insert("head_to_head".to_owned(), "M0 answered nothing".to_owned());
    }
    evaluation.decided(&VerdictRules::default())
}

/// What stands beside the model before.
fn compared(evaluation: &mut Evaluation, model: u32, bootstrap: &Bootstrap) {
    let found = match_up(&comparisons(model), &LengthControl::default(), bootstrap);
    evaluation.head_to_head = Some(found.head_to_head);
    evaluation.position = found.position;
    evaluation.length_controlled = found.length_controlled;
    evaluation.length_matched = found.length_matched;
    evaluation.unmeasured = found.unmeasured;
    let before = format!("M{}", model - 1);
    evaluation.evaluator = Some(Evaluator {
        name: before.clone(),
        independent: false,
        part_in_training: Some(format!("it judged the answers that M{model} learned from")),
        form: VerdictForm::Written,
    });
    evaluation.opponent = Some(before);
    evaluation.accuracy_change = accuracy_change(&ranked(model - 1), &ranked(model), bootstrap);
    evaluation.accuracy_sign_test_p = Some(accuracy_sign_test(&ranked(model - 1), &ranked(model)));
    evaluation.length_growth = Some(1.0 + 0.2 * f64::from(model - 1));
    let models: Vec<String> = (1..=model).map(|t| format!("M{t}")).collect();
    let models: Vec<&str> = models.iter().map(String::as_str).collect();
    let rows: Vec<ComparisonRow> = (2..=model).flat_map(comparisons).collect();
    let evaluators = models[..models.len() - 1].iter().map(|model| (*model).to_owned()).collect();
    evaluation.ratings =
        rating_table(&models, &rows, evaluators, &BradleyTerry::default(), bootstrap);
}
