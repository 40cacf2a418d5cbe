//! Which response's judgments are compared.

use crate::{JudgedPrompt, JudgedResponse};

/// The response whose scores vary most, of several the first by `sample_index`; `None` where no
/// response has two judgments with a score. The variance may be 0.
///
/// # Source
/// Wu et al. 2024: where a judge disagrees with itself there is something to learn.
pub fn choose_response(prompt: &JudgedPrompt) -> Option<&JudgedResponse> {
    let place = |judged: &JudgedResponse| {
        (judged.response.sample_index, judged.response.response_id.clone())
    };
    let varying = prompt.responses.iter().filter_map(|judged| Some((variance(judged)?, judged)));
    let first = varying
        .min_by(|(a, one), (b, other)| b.total_cmp(a).then_with(|| place(one).cmp(&place(other))));
    first.map(|(_, judged)| judged)
}

/// The variance of the scores, in squared points; `None` of fewer than two.
fn variance(judged: &JudgedResponse) -> Option<f64> {
    let mut scores: Vec<_> = judged.judgments.iter().filter_map(|row| row.score).collect();
    if scores.len() < 2 {
        return None;
    }
    // Sums do not depend on the order of the rows, and of whole scores they are exact: equal
    // variances stay equal.
    scores.sort_unstable();
    let n = scores.len() as f64;
    let sum: f64 = scores.iter().map(|score| score.get()).sum();
    let squares: f64 = scores.iter().map(|score| score.get() * score.get()).sum();
    Some((n * squares - sum * sum) / (n * n))
}
