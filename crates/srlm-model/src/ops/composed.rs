//! The same operations from Burn's own, for devices without native kernels.

use std::sync::Arc;

use burn::tensor::activation::{log_softmax, silu, softmax};
use burn::tensor::{DType, Device, IndexingUpdateOp, Int, Tensor, TensorData};
use srlm_kernels::{AdamW, Layout};

use super::{AttentionPlan, Rotation};

/// Rows whose logits are held at a time.
const LOGITS_ROWS: usize = 512;

pub(super) fn linear(x: Tensor<2>, weight: Tensor<2>) -> Tensor<2> {
    let weight = weight.cast(x.dtype());
    x.matmul(weight.transpose())
}

pub(super) fn rms_norm(x: Tensor<2>, weight: Tensor<1>, epsilon: f64) -> Tensor<2> {
    let mean_square = x.clone().powi_scalar(2).mean_dim(1);
    x / (mean_square + epsilon).sqrt() * weight.unsqueeze()
}

pub(super) fn swiglu(gate: Tensor<2>, up: Tensor<2>) -> Tensor<2> {
    silu(gate) * up
}

pub(super) fn feed_forward(
    x: Tensor<2>,
    norm: Tensor<1>,
    [gate, up, down]: [Tensor<2>; 3],
    epsilon: f64,
) -> Tensor<2> {
    let dtype = x.dtype();
    let normed = super::rms_norm(x.cast(DType::F32), norm, epsilon).cast(dtype);
    super::linear(
        super::swiglu(super::linear(normed.clone(), gate), super::linear(normed, up)),
        down,
    )
}

pub(super) fn rope(x: Tensor<2>, rotation: &Arc<Rotation>) -> Tensor<2> {
    let [n, width] = x.dims();
    let half = rotation.table.cos().len() / rotation.table.n_positions();
    let device = x.device();
    let of = |table: &[f32]| {
        let rows = rotation.positions.iter().flat_map(|&p| &table[p as usize * half..][..half]);
        Tensor::<3>::from_data(
            TensorData::new(rows.copied().collect::<Vec<f32>>(), [n, 1, half]),
            &device,
        )
    };
    let (cos, sin) = (of(rotation.table.cos()), of(rotation.table.sin()));
    let dtype = x.dtype();
    let x = x.cast(DType::F32).reshape([n, width / (2 * half), 2 * half]);
    let [first, second]: [Tensor<3>; 2] = [x.clone().narrow(2, 0, half), x.narrow(2, half, half)];
    let rotated =
        [first.clone() * cos.clone() - second.clone() * sin.clone(), second * cos + first * sin];
    Tensor::cat(rotated.into(), 2).reshape([n, width]).cast(dtype)
}

/// Rows, keys and mask of a layout, padded to rectangles: `[runs, longest run]`, `[runs, most
/// keys]`, `[runs, longest run, most keys]`.
struct Padded {
    rows: Tensor<1, Int>,
    keys: Tensor<1, Int>,
    bias: Tensor<3>,
    /// Where each packed row lies among the padded ones.
    back: Tensor<1, Int>,
    n_runs: usize,
    longest: usize,
    most_keys: usize,
}

impl Padded {
    fn new(layout: &Layout, device: &Device) -> Self {
        let runs = layout.runs();
        let longest = runs.iter().map(|run| run.rows.len()).max().unwrap_or(0);
        let most_keys = runs.iter().map(|run| run.n_visible(run.rows.len() - 1)).max().unwrap_or(0);
        let (mut rows, mut keys, mut bias, mut back) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (r, run) in runs.iter().enumerate() {
            let last = run.rows.end - 1;
            rows.extend((0..longest).map(|j| (run.rows.start + j).min(last) as i32));
            let own = run.own_start..run.own_first + run.rows.len();
            let slots: Vec<i32> =
                run.prefix.iter().cloned().chain([own]).flatten().map(|slot| slot as i32).collect();
            keys.extend(slots.iter().copied().chain(std::iter::repeat(slots[0])).take(most_keys));
            for j in 0..longest {
                let seen = run.n_visible(j.min(run.rows.len() - 1));
                bias.extend((0..most_keys).map(|key| if key < seen { 0.0 } else { -1e30 }));
            }
            back.extend((0..run.rows.len()).map(|j| (r * longest + j) as i32));
        }
        let ints = |values: Vec<i32>| {
            Tensor::<1, Int>::from_data(TensorData::from(values.as_slice()), device)
        };
        let bias = Tensor::from_data(
            TensorData::new::<f32, _>(bias, [runs.len(), longest, most_keys]),
            device,
        );
        Self {
            rows: ints(rows),
            keys: ints(keys),
            bias,
            back: ints(back),
            n_runs: runs.len(),
            longest,
            most_keys,
        }
    }
}

pub(super) fn attention(
    q: Tensor<2>,
    k: Tensor<2>,
    v: Tensor<2>,
    plan: &Arc<AttentionPlan>,
) -> Tensor<2> {
    let heads = plan.heads;
    let (group, dim) = (heads.n_heads / heads.n_kv_heads, heads.head_dim);
    let padded = Padded::new(&plan.layout, &q.device());
    let (runs, longest, most_keys) = (padded.n_runs, padded.longest, padded.most_keys);
    // The query heads of a group become rows of their key-value head: no key is repeated.
    let q = q
        .select(0, padded.rows)
        .reshape([runs, longest, heads.n_kv_heads, group, dim])
        .permute([0, 2, 3, 1, 4])
        .reshape([runs, heads.n_kv_heads, group * longest, dim]);
    let of_keys = |x: Tensor<2>| {
        x.select(0, padded.keys.clone())
            .reshape([runs, most_keys, heads.n_kv_heads, dim])
            .swap_dims(1, 2)
    };
    let (k, v) = (of_keys(k), of_keys(v));
    // The softmax is in f32, whatever the states are in.
    let dtype = v.dtype();
    let scores = q.matmul(k.transpose()).cast(DType::F32) / (dim as f64).sqrt();
    let scores = scores.reshape([runs, heads.n_kv_heads, group, longest, most_keys])
        + padded.bias.reshape([runs, 1, 1, longest, most_keys]);
    let weights = softmax(scores, 4)
        .reshape([runs, heads.n_kv_heads, group * longest, most_keys])
        .cast(dtype);
    let out = weights
        .matmul(v)
        .reshape([runs, heads.n_kv_heads, group, longest, dim])
        .permute([0, 3, 1, 2, 4])
        .reshape([runs * longest, heads.n_heads * dim]);
    out.select(0, padded.back)
}

pub(super) fn token_logps(
    hidden: Tensor<2>,
    head: Tensor<2>,
    targets: &Arc<Vec<u32>>,
) -> Tensor<1> {
    let device = hidden.device();
    let [_, width] = hidden.dims();
    let chunks = targets.chunks(LOGITS_ROWS).enumerate().map(|(i, targets)| {
        let n = targets.len();
        let hidden = hidden.clone().slice([i * LOGITS_ROWS..i * LOGITS_ROWS + n, 0..width]);
        let targets: Vec<i32> = targets.iter().map(|&t| t as i32).collect();
        let targets = Tensor::<2, Int>::from_data(TensorData::new(targets, [n, 1]), &device);
        log_softmax(linear(hidden, head.clone()).cast(DType::F32), 1)
            .gather(1, targets)
            .reshape([n])
    });
    Tensor::cat(chunks.collect(), 0)
}

pub(super) fn write_rows(cache: Tensor<2>, rows: Tensor<2>, slots: &Arc<Vec<usize>>) -> Tensor<2> {
    let slots: Vec<i32> = slots.iter().map(|&slot| slot as i32).collect();
    let slots = Tensor::<1, Int>::from_data(TensorData::from(slots.as_slice()), &cache.device());
    cache.select_assign(0, slots, rows, IndexingUpdateOp::Assign)
}

pub(super) fn adamw<const D: usize>(
    [weight, grad, mean, square]: [Tensor<D>; 4],
    step: AdamW,
) -> (Tensor<D>, Tensor<D>, Tensor<D>) {
    let grad = grad * step.grad_scale;
    let mean = mean * step.beta1 + grad.clone() * (1.0 - step.beta1);
    let square = square * step.beta2 + grad.powi_scalar(2) * (1.0 - step.beta2);
    let correction1 = 1.0 - f64::from(step.beta1).powi(step.step as i32);
    let correction2 = 1.0 - f64::from(step.beta2).powi(step.step as i32);
    let denominator = (square.clone() / correction2).sqrt() + step.epsilon;
    let decayed = weight * (1.0 - f64::from(step.learning_rate) * f64::from(step.weight_decay));
    let weight =
        decayed - mean.clone() / denominator * (f64::from(step.learning_rate) / correction1);
    (weight, mean, square)
}

pub(super) fn sum_of_squares<const D: usize>(x: Tensor<D>) -> Tensor<1> {
    x.powi_scalar(2).sum()
}
