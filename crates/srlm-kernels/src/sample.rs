//! Drawing a token.

use crate::cpu::versions;
use crate::exp::{exp, max, sum_of};

/// Which tokens may be drawn. Applied in the order temperature, top-k, top-p, min-p.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Filter {
    /// 0 takes the likeliest token; the first of equals.
    pub temperature: f32,
    /// Keep this many likeliest; 0 keeps all.
    pub top_k: usize,
    /// Keep the smallest set of likeliest tokens whose probability reaches this; 1 keeps all.
    pub top_p: f32,
    /// Drop tokens less likely than this share of the likeliest; 0 keeps all.
    pub min_p: f32,
}

versions! {
    /// Draws a token from `softmax(logits / temperature)` with `uniform` in `[0, 1)`.
    ///
    /// # Panics
    /// When `logits` is empty or holds no finite number.
    pub fn sample(logits: &[f32], filter: Filter, uniform: f64) -> u32 {
        let top = max(logits);
        assert!(top.is_finite(), "logits hold no finite maximum");
        if filter.temperature == 0.0 {
            return logits.iter().position(|&v| v == top).map_or(0, |i| i as u32);
        }
        let inverse = filter.temperature.recip();
        let candidates = candidates(logits, filter, top, inverse);
        let total: f64 = candidates.iter().map(|&(_, p)| f64::from(p)).sum();
        let mut left = uniform * total;
        for &(token, p) in &candidates {
            left -= f64::from(p);
            if left < 0.0 {
                return token;
            }
        }
        // Rounding alone leads here; the last candidate is then the one drawn.
        candidates.last().map_or(0, |&(token, _)| token)
    }
}

versions! {
    /// The `n` largest of `log softmax(logits)` with their places, largest first; of equals, the first
    /// comes first.
    pub fn top_logps(logits: &[f32], n: usize) -> Vec<(u32, f64)> {
        let top = max(logits);
        let log_total = f64::from(sum_of(logits, |v| exp(v - top))).ln();
        let mut best: Vec<(u32, f32)> = Vec::with_capacity(n + 1);
        for (token, &logit) in logits.iter().enumerate() {
            if best.len() == n && best.last().is_none_or(|&(_, least)| logit <= least) {
                continue;
            }
            let at = best.partition_point(|&(_, other)| other >= logit);
            best.insert(at, (token as u32, logit));
            best.truncate(n);
        }
        best.into_iter()
            .map(|(token, logit)| (token, f64::from(logit) - f64::from(top) - log_total))
            .collect()
    }
}

versions! {
    /// `log softmax(logits)` of one token, bit for bit as [`top_logps`] tells it.
    pub fn token_logp(logits: &[f32], token: u32) -> f64 {
        let top = max(logits);
        let log_total = f64::from(sum_of(logits, |v| exp(v - top))).ln();
        f64::from(logits[token as usize]) - f64::from(top) - log_total
    }
}

/// The tokens that may be drawn with their unnormalized probabilities; the likeliest has 1.
#[inline(always)]
fn candidates(logits: &[f32], filter: Filter, top: f32, inverse: f32) -> Vec<(u32, f32)> {
    let total = sum_of(logits, |v| exp((v - top) * inverse));
    let top_k = if filter.top_k == 0 { logits.len() } else { filter.top_k };
    // Few tokens carry nearly all the probability: look below a depth, in units of logit /
    // temperature, only when those above it do not settle the question.
    let mut depth = 6.0f32;
    loop {
        let everything = depth > 80.0;
        let cut = if everything { f32::NEG_INFINITY } else { top - depth * filter.temperature };
        let mut found = above(logits, cut, top, inverse);
        let mass: f32 = found.iter().map(|&(_, p)| p).sum();
        let settled = everything
            || found.len() >= top_k
            || (filter.top_p < 1.0 && mass >= filter.top_p * total);
        if !settled {
            depth *= 2.0;
            continue;
        }
        if filter.top_k > 0 || filter.top_p < 1.0 {
            found.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        }
        found.truncate(top_k);
        // Top-p counts within what top-k left, as transformers does.
        let kept = if filter.top_k == 0 { total } else { found.iter().map(|&(_, p)| p).sum() };
        if filter.top_p < 1.0 {
            let mut reached = 0.0;
            let n = found.iter().take_while(|&&(_, p)| {
                let before = reached;
                reached += p;
                before < filter.top_p * kept
            });
            let n = n.count();
            found.truncate(n.max(1));
        }
        if filter.min_p > 0.0 {
            found.retain(|&(_, p)| p >= filter.min_p);
        }
        return found;
    }
}

#[inline(always)]
fn above(logits: &[f32], cut: f32, top: f32, inverse: f32) -> Vec<(u32, f32)> {
    const BLOCK: usize = 64;
    let mut found = Vec::new();
    for (b, block) in logits.chunks(BLOCK).enumerate() {
        if max(block) >= cut {
            for (i, &v) in block.iter().enumerate() {
                if v >= cut {
                    found.push(((b * BLOCK + i) as u32, exp((v - top) * inverse)));
                }
            }
        }
    }
    found
}
