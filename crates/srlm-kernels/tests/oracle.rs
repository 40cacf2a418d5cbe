//! Every kernel against a plain f64 oracle, and every gradient against finite differences of that
//! oracle.
#![allow(clippy::unwrap_used)]

use srlm_kernels::{
    AdamW, Attended, Cpu, Filter, Heads, Layout, PackedMatrix, RopeTable, Run, adamw, attention,
    attention_backward, matmul_packed, rms_norm, rms_norm_backward, rope_in_place, sample, swiglu,
    swiglu_backward, token_logps, token_logps_backward, token_logps_kept,
    token_logps_kept_backward, token_logps_packed,
};

/// A small deterministic source of numbers in `(-1, 1)`.
struct Numbers(u64);

/// Keeps the kernels to the instructions that `SRLM_CPU` names: every version against the oracles.
fn follow_environment() {
    static FOLLOWED: std::sync::Once = std::sync::Once::new();
    FOLLOWED.call_once(|| {
        let name = std::env::var("SRLM_CPU").unwrap_or_else(|_| "auto".to_owned());
        Cpu::named(&name).and_then(Cpu::select).unwrap();
    });
}

impl Numbers {
    fn next(&mut self) -> f32 {
        follow_environment();
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((self.0 >> 33) as f64 / (1u64 << 31) as f64 * 2.0 - 1.0) as f32
    }

    fn take(&mut self, n: usize) -> Vec<f32> {
        (0..n).map(|_| self.next()).collect()
    }
}

#[track_caller]
fn close(ours: &[f32], expected: &[f64], tolerance: f64) {
    assert_eq!(ours.len(), expected.len());
    for (i, (&a, &b)) in ours.iter().zip(expected).enumerate() {
        assert!(
            (f64::from(a) - b).abs() <= tolerance * (1.0 + b.abs()),
            "element {i}: {a} for {b}"
        );
    }
}

fn wide(x: &[f32]) -> Vec<f64> {
    x.iter().map(|&v| f64::from(v)).collect()
}

/// Gradient of `sum(weights * f(x))` by central differences.
fn gradient(x: &[f32], weights: &[f32], f: impl Fn(&[f64]) -> Vec<f64>) -> Vec<f64> {
    let value = |x: &[f64]| f(x).iter().zip(weights).map(|(a, &w)| a * f64::from(w)).sum::<f64>();
    let mut x = wide(x);
    (0..x.len())
        .map(|i| {
            let at = x[i];
            x[i] = at + 1e-5;
            let up = value(&x);
            x[i] = at - 1e-5;
            let down = value(&x);
            x[i] = at;
            (up - down) / 2e-5
        })
        .collect()
}

fn visible(run: &Run, j: usize) -> Vec<usize> {
    run.prefix.iter().cloned().flatten().chain(run.own_start..=run.own_first + j).collect()
}

fn attention_oracle(q: &[f64], k: &[f64], v: &[f64], heads: Heads, layout: &Layout) -> Vec<f64> {
    let (dim, group) = (heads.head_dim, heads.n_heads / heads.n_kv_heads);
    let (q_width, kv_width) = (heads.n_heads * dim, heads.n_kv_heads * dim);
    let mut out = vec![0.0; q.len()];
    for run in layout.runs() {
        for j in 0..run.rows.len() {
            for head in 0..heads.n_heads {
                let q = &q[(run.rows.start + j) * q_width + head * dim..][..dim];
                let slots = visible(run, j);
                let key = |slot: usize| slot * kv_width + head / group * dim;
                let dot =
                    |slot: usize| q.iter().zip(&k[key(slot)..]).map(|(a, b)| a * b).sum::<f64>();
                let scores: Vec<f64> =
                    slots.iter().map(|&s| (dot(s) / (dim as f64).sqrt()).exp()).collect();
                let sum: f64 = scores.iter().sum();
                for (&slot, score) in slots.iter().zip(&scores) {
                    for d in 0..dim {
                        out[(run.rows.start + j) * q_width + head * dim + d] +=
                            score / sum * v[key(slot) + d];
                    }
                }
            }
        }
    }
    out
}

/// A tree of rows: a root of `n_root` rows, and under it sequences, one of which branches again.
fn tree(n_root: usize, lengths: &[usize]) -> Layout {
    let mut runs = vec![Run { rows: 0..n_root, prefix: vec![], own_start: 0, own_first: 0 }];
    let mut next = n_root;
    for (i, &n) in lengths.iter().enumerate() {
        let mut prefix = std::iter::once(0..n_root).collect::<Vec<_>>();
        if i == lengths.len() - 1 && i > 0 {
            let before = runs.last().unwrap().rows.clone();
            prefix.push(before);
        }
        runs.push(Run { rows: next..next + n, prefix, own_start: next, own_first: next });
        next += n;
    }
    Layout::new(runs)
}

const HEADS: Heads = Heads { n_heads: 6, n_kv_heads: 2, head_dim: 16 };

#[test]
fn attention_agrees_with_the_oracle_on_trees() {
    for lengths in [vec![1], vec![3, 1, 5], vec![40, 70, 2], vec![1; 50]] {
        let layout = tree(37, &lengths);
        let n = layout.n_rows();
        let mut numbers = Numbers(n as u64);
        let (q, k, v) = (numbers.take(n * 96), numbers.take(n * 32), numbers.take(n * 32));
        let mut out = vec![0.0; q.len()];
        attention(&mut out, None, (&q, &k, &v), HEADS, &layout);
        close(&out, &attention_oracle(&wide(&q), &wide(&k), &wide(&v), HEADS, &layout), 1e-5);
    }
}

#[test]
fn decode_rows_share_prefixes_and_keep_private_slots() {
    // Two prompts of three samples each under one rubric; every sample is at its own depth.
    let mut runs = Vec::new();
    for sample in 0..6 {
        let prompt = if sample < 3 { 20..31 } else { 31..33 };
        let own_start = 40 + sample * 8;
        let row = runs.len();
        runs.push(Run {
            rows: row..row + 1,
            prefix: vec![0..20, prompt],
            own_start,
            own_first: own_start + sample,
        });
    }
    let layout = Layout::new(runs);
    let mut numbers = Numbers(7);
    let (q, k, v) = (numbers.take(6 * 96), numbers.take(100 * 32), numbers.take(100 * 32));
    let mut out = vec![0.0; q.len()];
    attention(&mut out, None, (&q, &k, &v), HEADS, &layout);
    close(&out, &attention_oracle(&wide(&q), &wide(&k), &wide(&v), HEADS, &layout), 1e-5);
}

#[test]
fn attention_gradients_agree_with_finite_differences() {
    let heads = Heads { n_heads: 4, n_kv_heads: 2, head_dim: 4 };
    let layout = tree(3, &[2, 4, 3]);
    let n = layout.n_rows();
    let mut numbers = Numbers(3);
    let (q, k, v) = (numbers.take(n * 16), numbers.take(n * 8), numbers.take(n * 8));
    let dout = numbers.take(n * 16);
    let (mut out, mut lse) = (vec![0.0; n * 16], vec![0.0; n * 4]);
    attention(&mut out, Some(&mut lse), (&q, &k, &v), heads, &layout);
    let forward = Attended { q: &q, k: &k, v: &v, out: &out, lse: &lse };
    let (dq, dk, dv) = attention_backward(&dout, forward, heads, &layout);
    let (wq, wk, wv) = (wide(&q), wide(&k), wide(&v));
    close(&dq, &gradient(&q, &dout, |q| attention_oracle(q, &wk, &wv, heads, &layout)), 1e-4);
    close(&dk, &gradient(&k, &dout, |k| attention_oracle(&wq, k, &wv, heads, &layout)), 1e-4);
    close(&dv, &gradient(&v, &dout, |v| attention_oracle(&wq, &wk, v, heads, &layout)), 1e-4);
}

#[test]
fn long_sequences_have_the_same_gradients_in_blocks() {
    // 150 rows cross the blocks of both passes; the oracle is the same attention asked one row at a
    // time.
    let heads = Heads { n_heads: 1, n_kv_heads: 1, head_dim: 4 };
    let layout = tree(10, &[150]);
    let n = layout.n_rows();
    let mut numbers = Numbers(9);
    let (q, k, v) = (numbers.take(n * 4), numbers.take(n * 4), numbers.take(n * 4));
    let dout = numbers.take(n * 4);
    let (mut out, mut lse) = (vec![0.0; n * 4], vec![0.0; n]);
    attention(&mut out, Some(&mut lse), (&q, &k, &v), heads, &layout);
    let forward = Attended { q: &q, k: &k, v: &v, out: &out, lse: &lse };
    let (_, dk, dv) = attention_backward(&dout, forward, heads, &layout);
    let (wq, wk, wv) = (wide(&q), wide(&k), wide(&v));
    close(&dk, &gradient(&k, &dout, |k| attention_oracle(&wq, k, &wv, heads, &layout)), 1e-4);
    close(&dv, &gradient(&v, &dout, |v| attention_oracle(&wq, &wk, v, heads, &layout)), 1e-4);
}

#[test]
fn rms_norm_and_its_gradients() {
    let oracle = |x: &[f64], w: &[f64]| -> Vec<f64> {
        x.chunks(w.len())
            .flat_map(|x| {
                let scale =
                    (x.iter().map(|v| v * v).sum::<f64>() / x.len() as f64 + 1e-5).sqrt().recip();
                x.iter().zip(w).map(move |(x, w)| x * scale * w).collect::<Vec<_>>()
            })
            .collect()
    };
    let mut numbers = Numbers(1);
    let (x, w, dy) = (numbers.take(70 * 40), numbers.take(40), numbers.take(70 * 40));
    let mut y = vec![0.0; x.len()];
    rms_norm(&mut y, &x, &w, 1e-5);
    close(&y, &oracle(&wide(&x), &wide(&w)), 1e-5);
    let (dx, dw) = rms_norm_backward(&dy, &x, &w, 1e-5);
    let x2 = &x[..3 * 40];
    close(&dx[..3 * 40], &gradient(x2, &dy, |x| oracle(x, &wide(&w))), 1e-4);
    close(&dw, &gradient(&w, &dy, |w| oracle(&wide(&x), w)), 1e-4);
}

#[test]
fn swiglu_and_its_gradients() {
    let oracle = |g: &[f64], u: &[f64]| -> Vec<f64> {
        g.iter().zip(u).map(|(g, u)| g / (1.0 + (-g).exp()) * u).collect()
    };
    let mut numbers = Numbers(2);
    let (g, u, dy) = (numbers.take(300), numbers.take(300), numbers.take(300));
    let mut y = vec![0.0; 300];
    swiglu(&mut y, &g, &u);
    close(&y, &oracle(&wide(&g), &wide(&u)), 1e-6);
    let (dg, du) = swiglu_backward(&dy, &g, &u);
    close(&dg, &gradient(&g, &dy, |g| oracle(g, &wide(&u))), 1e-5);
    close(&du, &gradient(&u, &dy, |u| oracle(&wide(&g), u)), 1e-5);
}

#[test]
fn rope_rotates_halves_and_back() {
    let table = RopeTable::new(&[1.0, 0.1], 50);
    let mut numbers = Numbers(4);
    let x = numbers.take(3 * 8);
    let positions = [0, 7, 49];
    let mut y = x.clone();
    rope_in_place(&mut y, 8, &positions, &table, false);
    assert_eq!(y[..8], x[..8], "position 0 does not turn");
    let (sin, cos) = 7f64.sin_cos();
    close(&y[8..9], &[f64::from(x[8]) * cos - f64::from(x[10]) * sin], 1e-6);
    rope_in_place(&mut y, 8, &positions, &table, true);
    close(&y, &wide(&x), 1e-6);
}

#[test]
fn token_logps_and_their_gradients() {
    let oracle = |h: &[f64], w: &[f64], targets: &[u32]| -> Vec<f64> {
        h.chunks(8)
            .zip(targets)
            .map(|(h, &t)| {
                let logits: Vec<f64> =
                    w.chunks(8).map(|w| h.iter().zip(w).map(|(a, b)| a * b).sum()).collect();
                logits[t as usize] - logits.iter().map(|l| l.exp()).sum::<f64>().ln()
            })
            .collect()
    };
    let mut numbers = Numbers(5);
    let (n, vocabulary) = (5, 100);
    let (h, w, dy) = (numbers.take(n * 8), numbers.take(vocabulary * 8), numbers.take(n));
    let targets = [0, 99, 3, 3, 50];
    close(&token_logps(&h, &w, 8, &targets), &oracle(&wide(&h), &wide(&w), &targets), 1e-5);
    let (dh, dw) = token_logps_backward(&dy, &h, &w, 8, &targets, true);
    close(&dh, &gradient(&h, &dy, |h| oracle(h, &wide(&w), &targets)), 1e-4);
    close(&dw.unwrap(), &gradient(&w, &dy, |w| oracle(&wide(&h), w, &targets)), 1e-4);
    // The same from probabilities that are kept.
    let (logps, kept) = token_logps_kept(&h, &w, 8, &targets);
    close(&logps, &oracle(&wide(&h), &wide(&w), &targets), 1e-5);
    let (dh, dw) = token_logps_kept_backward(&dy, kept, (&h, &w, 8), &targets, true);
    close(&dh, &gradient(&h, &dy, |h| oracle(h, &wide(&w), &targets)), 1e-4);
    close(&dw.unwrap(), &gradient(&w, &dy, |w| oracle(&wide(&h), w, &targets)), 1e-4);
    // More rows than a chunk give the same values row by row.
    let (h, targets) = (numbers.take(400 * 8), (0..400).map(|i| i % 100).collect::<Vec<u32>>());
    close(&token_logps(&h, &w, 8, &targets), &oracle(&wide(&h), &wide(&w), &targets), 1e-5);
}

#[test]
fn adamw_takes_the_published_step() {
    let (mut w, g) = (vec![1.0f32, -2.0], vec![0.5f32, 0.25]);
    let (mut m, mut v) = (vec![0.0; 2], vec![0.0; 2]);
    let (lr, decay) = (0.1, 0.01);
    let mut expected = wide(&w);
    let (mut em, mut ev) = ([0.0f64; 2], [0.0f64; 2]);
    for step in 1..=3 {
        adamw(
            &mut w,
            &g,
            &mut m,
            &mut v,
            AdamW {
                learning_rate: lr,
                beta1: 0.9,
                beta2: 0.999,
                epsilon: 1e-8,
                weight_decay: decay,
                step,
                grad_scale: 0.5,
            },
        );
        for i in 0..2 {
            let grad = f64::from(g[i]) * 0.5;
            em[i] = 0.9 * em[i] + 0.1 * grad;
            ev[i] = 0.999 * ev[i] + 0.001 * grad * grad;
            expected[i] -= f64::from(lr * decay) * expected[i];
            let (m, v) = (
                em[i] / (1.0 - 0.9f64.powi(step as i32)),
                ev[i] / (1.0 - 0.999f64.powi(step as i32)),
            );
            expected[i] -= f64::from(lr) * m / (v.sqrt() + 1e-8);
        }
        close(&w, &expected, 1e-6);
    }
}

/// Probabilities of every token by the textbook filters, sorting everything.
fn sampling_oracle(logits: &[f32], filter: Filter) -> Vec<f64> {
    let mut order: Vec<usize> = (0..logits.len()).collect();
    order.sort_by(|&a, &b| logits[b].total_cmp(&logits[a]).then(a.cmp(&b)));
    let top = logits[order[0]];
    let weight = |i: usize| (f64::from(logits[i] - top) / f64::from(filter.temperature)).exp();
    if filter.top_k > 0 {
        order.truncate(filter.top_k);
    }
    let total: f64 = order.iter().map(|&i| weight(i)).sum();
    let mut kept = Vec::new();
    let mut reached = 0.0;
    for &i in &order {
        if filter.top_p < 1.0 && reached >= f64::from(filter.top_p) * total {
            break;
        }
        reached += weight(i);
        kept.push(i);
    }
    kept.retain(|&i| weight(i) >= f64::from(filter.min_p));
    let total: f64 = kept.iter().map(|&i| weight(i)).sum();
    let mut p = vec![0.0; logits.len()];
    for i in kept {
        p[i] = weight(i) / total;
    }
    p
}

#[test]
fn samples_follow_the_filtered_distribution() {
    let mut numbers = Numbers(6);
    let logits: Vec<f32> = numbers.take(500).iter().map(|v| v * 9.0).collect();
    for (temperature, top_k, top_p, min_p) in [
        (1.0, 0, 1.0, 0.0),
        (0.7, 0, 0.9, 0.0),
        (2.0, 7, 1.0, 0.0),
        (1.5, 40, 0.8, 0.05),
        (20.0, 0, 0.95, 0.0),
    ] {
        let filter = Filter { temperature, top_k, top_p, min_p };
        let expected = sampling_oracle(&logits, filter);
        let n = 40_000;
        let mut counts = vec![0u32; logits.len()];
        for i in 0..n {
            counts[sample(&logits, filter, (i as f64 + 0.5) / n as f64) as usize] += 1;
        }
        for (i, (&c, &p)) in counts.iter().zip(&expected).enumerate() {
            assert!(
                (f64::from(c) / n as f64 - p).abs() < 2e-3,
                "{filter:?} token {i}: {c} of {n} for {p}"
            );
        }
    }
}

#[test]
fn temperature_zero_takes_the_first_likeliest() {
    let filter = Filter { temperature: 0.0, top_k: 0, top_p: 1.0, min_p: 0.0 };
    assert_eq!(sample(&[1.0, 3.0, 3.0, 2.0], filter, 0.99), 1);
}

#[test]
fn the_likeliest_tokens_have_their_log_probabilities() {
    let logits = [1.5f32, -2.0, 3.25, 1.5, 0.0];
    let total: f64 = logits.iter().map(|&l| f64::from(l).exp()).sum();
    let logp = |i: usize| f64::from(logits[i]) - total.ln();
    for n in 0..=6 {
        let found = srlm_kernels::top_logps(&logits, n);
        let expected: Vec<usize> = [2, 0, 3, 4, 1].into_iter().take(n).collect();
        assert_eq!(found.iter().map(|&(token, _)| token as usize).collect::<Vec<_>>(), expected);
        found
            .iter()
            .for_each(|&(token, found)| assert!((found - logp(token as usize)).abs() < 1e-6));
    }
}

#[test]
fn a_packed_product_is_the_product_whatever_rows_ride_together() {
    let mut numbers = Numbers(11);
    // Panels that are full and not, stretches of the inner dimension that are whole and not, every
    // number of rows.
    for (output, input) in [(1, 1), (47, 5), (48, 33), (100, 800), (576, 40), (13, 1600)] {
        let weight = numbers.take(output * input);
        let packed = PackedMatrix::new(&weight, output, input);
        let x = numbers.take(19 * input);
        let expected: Vec<f64> = x
            .chunks_exact(input)
            .flat_map(|x| {
                weight
                    .chunks_exact(input)
                    .map(|w| wide(x).iter().zip(wide(w)).map(|(a, b)| a * b).sum())
            })
            .collect();
        let mut whole = vec![f32::NAN; 19 * output];
        matmul_packed(&mut whole, &x, &packed);
        close(&whole, &expected, 2e-5);
        for n in 1..=9 {
            let mut few = vec![f32::NAN; n * output];
            matmul_packed(&mut few, &x[3 * input..][..n * input], &packed);
            assert_eq!(few, whole[3 * output..][..n * output], "{n} rows of {output} x {input}");
        }
        let mut row = vec![0.0; input];
        packed.copy_row(output - 1, &mut row);
        assert_eq!(row, weight[(output - 1) * input..]);
    }
}

#[test]
fn log_probabilities_from_a_packed_head_are_those_from_the_plain_one() {
    let mut numbers = Numbers(12);
    let (width, vocabulary, rows) = (24, 131, 200);
    let (hidden, head) = (numbers.take(rows * width), numbers.take(vocabulary * width));
    let targets: Vec<u32> = (0..rows as u32).map(|i| i * 17 % vocabulary as u32).collect();
    let plain: Vec<f64> = wide(&token_logps(&hidden, &head, width, &targets));
    close(
        &token_logps_packed(&hidden, &PackedMatrix::new(&head, vocabulary, width), &targets),
        &plain,
        1e-5,
    );
}
