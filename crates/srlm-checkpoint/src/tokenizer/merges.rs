//! Byte-pair merges from SentencePiece scores.

use std::cmp::Ordering;
use std::collections::HashMap;

/// Every way to put a piece together from two others, best score first.
///
/// SentencePiece joins the neighbours whose union has the best score; byte-pair merging joins those
/// whose rule comes first. With rules sorted by score the two agree.
///
/// # Source
/// transformers, `convert_slow_tokenizer.py: generate_merges`.
pub(crate) fn from_scores(pieces: &HashMap<&str, u32>, scores: &[f32]) -> Vec<(String, String)> {
    let mut rules: Vec<(f32, u32, u32, &str, &str)> = Vec::new();
    for (&piece, &id) in pieces {
        let score = scores.get(id as usize).copied().unwrap_or(0.0);
        for (at, _) in piece.char_indices().skip(1) {
            let (left, right) = piece.split_at(at);
            if let (Some(&l), Some(&r)) = (pieces.get(left), pieces.get(right)) {
                rules.push((score, l, r, left, right));
            }
        }
    }
    rules.sort_by(order);
    rules.into_iter().map(|(.., left, right)| (left.to_owned(), right.to_owned())).collect()
}

/// Better score first; then the longer left part, the longer right part, and the lower ids.
fn order(a: &(f32, u32, u32, &str, &str), b: &(f32, u32, u32, &str, &str)) -> Ordering {
    let chars = |s: &str| s.chars().count();
    let score = b.0.total_cmp(&a.0);
    score
        .then_with(|| chars(b.3).cmp(&chars(a.3)))
        .then_with(|| chars(b.4).cmp(&chars(a.4)))
        .then((a.1, a.2).cmp(&(b.1, b.2)))
}
