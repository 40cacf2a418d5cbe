//! The kernels of `srlm-kernels` as operations of Burn's flex backend, with their gradients.

use std::fmt::Debug;
use std::sync::Arc;

use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{
    Autodiff, AutodiffBackend, Backend, Dispatch, DispatchDevice, Flex, TensorMetadata,
    backend_extension,
};
use burn::tensor::{DType, Device, Tensor, TensorData};
use srlm_kernels::{self as kernels, AdamW, Attended, Matrix, PackedMatrix, Threads};

use super::{AttentionPlan, Rotation};
use crate::quantized::QuantizedMatrix;

/// Whether tensors of this device can go through the native kernels.
pub(crate) fn serves(device: &Device) -> bool {
    match device.as_dispatch() {
        DispatchDevice::Flex(_) => true,
        DispatchDevice::Autodiff(device) => {
            matches!(device.clone().inner(), DispatchDevice::Flex(_))
        }
        #[allow(unreachable_patterns, reason = "other backends may be built in")]
        _ => false,
    }
}

type F<B> = FloatTensor<B>;

/// The operations; every tensor is f32 and row-major, see the functions in [`super`] for shapes.
#[backend_extension(Flex, Autodiff)]
pub(crate) trait NativeOps: Backend {
    fn native_linear(x: FloatTensor<Self>, weight: FloatTensor<Self>) -> FloatTensor<Self>;
    fn native_linear_packed(x: FloatTensor<Self>, weight: Arc<PackedMatrix>) -> FloatTensor<Self>;
    fn native_linear_quantized(
        x: FloatTensor<Self>,
        weight: Arc<QuantizedMatrix>,
    ) -> FloatTensor<Self>;
    fn native_linear_quantized_dx(
        dy: FloatTensor<Self>,
        weight: Arc<QuantizedMatrix>,
    ) -> FloatTensor<Self>;
    fn native_linear_dx(dy: FloatTensor<Self>, weight: FloatTensor<Self>) -> FloatTensor<Self>;
    fn native_linear_dw(dy: FloatTensor<Self>, x: FloatTensor<Self>) -> FloatTensor<Self>;
    fn native_rms_norm(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        epsilon: f32,
    ) -> FloatTensor<Self>;
    fn native_rms_norm_backward(
        dy: FloatTensor<Self>,
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        epsilon: f32,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
    fn native_swiglu(gate: FloatTensor<Self>, up: FloatTensor<Self>) -> FloatTensor<Self>;
    fn native_swiglu_backward(
        dy: FloatTensor<Self>,
        gate: FloatTensor<Self>,
        up: FloatTensor<Self>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
    fn native_feed_forward(
        x: FloatTensor<Self>,
        norm: FloatTensor<Self>,
        gate: FloatTensor<Self>,
        up: FloatTensor<Self>,
        down: FloatTensor<Self>,
        epsilon: f32,
    ) -> FloatTensor<Self>;
    fn native_rope(
        x: FloatTensor<Self>,
        rotation: Arc<Rotation>,
        inverse: bool,
    ) -> FloatTensor<Self>;
    fn native_attention(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        plan: Arc<AttentionPlan>,
    ) -> FloatTensor<Self>;
    fn native_attention_lse(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        plan: Arc<AttentionPlan>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
    fn native_attention_backward(
        dout: FloatTensor<Self>,
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        out: FloatTensor<Self>,
        lse: FloatTensor<Self>,
        plan: Arc<AttentionPlan>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
    fn native_token_logps(
        hidden: FloatTensor<Self>,
        head: FloatTensor<Self>,
        targets: Arc<Vec<u32>>,
    ) -> FloatTensor<Self>;
    /// The log-probabilities, and the probabilities of all tokens where they are few enough to be
    /// kept, else nothing.
    fn native_token_logps_kept(
        hidden: FloatTensor<Self>,
        head: FloatTensor<Self>,
        targets: Arc<Vec<u32>>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
    fn native_token_logps_backward(
        dlogps: FloatTensor<Self>,
        kept: FloatTensor<Self>,
        hidden: FloatTensor<Self>,
        head: FloatTensor<Self>,
        targets: Arc<Vec<u32>>,
        with_dhead: bool,
    ) -> (FloatTensor<Self>, FloatTensor<Self>);
    fn native_write_rows(
        cache: FloatTensor<Self>,
        rows: FloatTensor<Self>,
        slots: Arc<Vec<usize>>,
    ) -> FloatTensor<Self>;
    fn native_adamw(
        weight: FloatTensor<Self>,
        grad: FloatTensor<Self>,
        mean: FloatTensor<Self>,
        square: FloatTensor<Self>,
        step: Arc<AdamW>,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
    fn native_sum_of_squares(x: FloatTensor<Self>) -> FloatTensor<Self>;
}

type Flat = F<Flex>;

fn tensor<const D: usize>(values: Vec<f32>, shape: [usize; D]) -> Flat {
    Flat::from_data(TensorData::new(values, shape))
}

/// Row-major storage of this tensor alone; copies only what is a view.
fn whole(x: Flat) -> Flat {
    let whole = x.is_contiguous() && x.layout().start_offset() == 0;
    let whole = if whole { x } else { x.to_contiguous() };
    assert_eq!(whole.dtype(), DType::F32, "the native kernels take f32");
    whole
}

fn slice(x: &Flat) -> &[f32] {
    &x.storage::<f32>()[..x.shape().num_elements()]
}

fn dims2(x: &Flat) -> [usize; 2] {
    x.shape().dims::<2>()
}

impl NativeOps for Flex {
    fn native_linear(x: Flat, weight: Flat) -> Flat {
        let (x, weight) = (whole(x), whole(weight));
        let ([n, input], [output, _]) = (dims2(&x), dims2(&weight));
        let mut y = vec![0.0; n * output];
        let (a, b) = (
            Matrix::new(slice(&x), n, input, input),
            Matrix::new(slice(&weight), output, input, input),
        );
        kernels::matmul(&mut y, output, false, a, b.t(), Threads::All);
        tensor(y, [n, output])
    }

    fn native_linear_packed(x: Flat, weight: Arc<PackedMatrix>) -> Flat {
        let x = whole(x);
        let [n, _] = dims2(&x);
        let mut y = vec![0.0; n * weight.output()];
        kernels::matmul_packed(&mut y, slice(&x), &weight);
        tensor(y, [n, weight.output()])
    }

    fn native_linear_quantized(x: Flat, weight: Arc<QuantizedMatrix>) -> Flat {
        let x = whole(x);
        let (n, [output, input]) = (dims2(&x)[0], weight.shape());
        let mut y = vec![0.0; n * output];
        let a = Matrix::new(slice(&x), n, input, input);
        weight.for_each_block(|rows, values| {
            let b = Matrix::new(values, rows.len(), input, input);
            kernels::matmul(&mut y[rows.start..], output, false, a, b.t(), Threads::All);
        });
        tensor(y, [n, output])
    }

    fn native_linear_quantized_dx(dy: Flat, weight: Arc<QuantizedMatrix>) -> Flat {
        let dy = whole(dy);
        let (n, [output, input]) = (dims2(&dy)[0], weight.shape());
        let mut dx = vec![0.0; n * input];
        weight.for_each_block(|rows, values| {
            let a = Matrix::new(&slice(&dy)[rows.start..], n, rows.len(), output);
            let b = Matrix::new(values, rows.len(), input, input);
            kernels::matmul(&mut dx, input, true, a, b, Threads::All);
        });
        tensor(dx, [n, input])
    }

    fn native_linear_dx(dy: Flat, weight: Flat) -> Flat {
        let (dy, weight) = (whole(dy), whole(weight));
        let ([n, output], [_, input]) = (dims2(&dy), dims2(&weight));
        let mut dx = vec![0.0; n * input];
        let (a, b) = (
            Matrix::new(slice(&dy), n, output, output),
            Matrix::new(slice(&weight), output, input, input),
        );
        kernels::matmul(&mut dx, input, false, a, b, Threads::All);
        tensor(dx, [n, input])
    }

    fn native_linear_dw(dy: Flat, x: Flat) -> Flat {
        let (dy, x) = (whole(dy), whole(x));
        let ([n, output], [_, input]) = (dims2(&dy), dims2(&x));
        let mut dw = vec![0.0; output * input];
        let (a, b) =
            (Matrix::new(slice(&dy), n, output, output), Matrix::new(slice(&x), n, input, input));
        kernels::matmul(&mut dw, input, false, a.t(), b, Threads::All);
        tensor(dw, [output, input])
    }

    fn native_rms_norm(x: Flat, weight: Flat, epsilon: f32) -> Flat {
        let (x, weight) = (whole(x), whole(weight));
        let mut y = vec![0.0; slice(&x).len()];
        kernels::rms_norm(&mut y, slice(&x), slice(&weight), epsilon);
        tensor(y, dims2(&x))
    }

    fn native_rms_norm_backward(dy: Flat, x: Flat, weight: Flat, epsilon: f32) -> (Flat, Flat) {
        let (dy, x, weight) = (whole(dy), whole(x), whole(weight));
        let (dx, dweight) =
            kernels::rms_norm_backward(slice(&dy), slice(&x), slice(&weight), epsilon);
        let width = dweight.len();
        (tensor(dx, dims2(&x)), tensor(dweight, [width]))
    }

    fn native_swiglu(gate: Flat, up: Flat) -> Flat {
        let (gate, up) = (whole(gate), whole(up));
        let mut y = vec![0.0; slice(&gate).len()];
        kernels::swiglu(&mut y, slice(&gate), slice(&up));
        tensor(y, dims2(&gate))
    }

    fn native_swiglu_backward(dy: Flat, gate: Flat, up: Flat) -> (Flat, Flat) {
        let (dy, gate, up) = (whole(dy), whole(gate), whole(up));
        let (dgate, dup) = kernels::swiglu_backward(slice(&dy), slice(&gate), slice(&up));
        (tensor(dgate, dims2(&gate)), tensor(dup, dims2(&gate)))
    }

    fn native_feed_forward(
        x: Flat,
        norm: Flat,
        gate: Flat,
        up: Flat,
        down: Flat,
        epsilon: f32,
    ) -> Flat {
        let normed = Self::native_rms_norm(x, norm, epsilon);
        let (gate, up) =
            (Self::native_linear(normed.clone(), gate), Self::native_linear(normed, up));
        Self::native_linear(Self::native_swiglu(gate, up), down)
    }

    fn native_rope(x: Flat, rotation: Arc<Rotation>, inverse: bool) -> Flat {
        let mut x = whole(x);
        let [n, width] = dims2(&x);
        let values = &mut x.storage_mut::<f32>()[..n * width];
        kernels::rope_in_place(values, width, &rotation.positions, &rotation.table, inverse);
        x
    }

    fn native_attention(q: Flat, k: Flat, v: Flat, plan: Arc<AttentionPlan>) -> Flat {
        let (q, k, v) = (whole(q), whole(k), whole(v));
        let mut out = vec![0.0; slice(&q).len()];
        kernels::attention(
            &mut out,
            None,
            (slice(&q), slice(&k), slice(&v)),
            plan.heads,
            &plan.layout,
        );
        tensor(out, dims2(&q))
    }

    fn native_attention_lse(q: Flat, k: Flat, v: Flat, plan: Arc<AttentionPlan>) -> (Flat, Flat) {
        let (q, k, v) = (whole(q), whole(k), whole(v));
        let ([n, width], heads) = (dims2(&q), plan.heads);
        let (mut out, mut lse) = (vec![0.0; n * width], vec![0.0; n * heads.n_heads]);
        kernels::attention(
            &mut out,
            Some(&mut lse),
            (slice(&q), slice(&k), slice(&v)),
            heads,
            &plan.layout,
        );
        (tensor(out, [n, width]), tensor(lse, [n, heads.n_heads]))
    }

    fn native_attention_backward(
        dout: Flat,
        q: Flat,
        k: Flat,
        v: Flat,
        out: Flat,
        lse: Flat,
        plan: Arc<AttentionPlan>,
    ) -> (Flat, Flat, Flat) {
        let (dout, q, k, v, out, lse) =
            (whole(dout), whole(q), whole(k), whole(v), whole(out), whole(lse));
        let forward = Attended {
            q: slice(&q),
            k: slice(&k),
            v: slice(&v),
            out: slice(&out),
            lse: slice(&lse),
        };
        let (dq, dk, dv) =
            kernels::attention_backward(slice(&dout), forward, plan.heads, &plan.layout);
        (tensor(dq, dims2(&q)), tensor(dk, dims2(&k)), tensor(dv, dims2(&v)))
    }

    fn native_token_logps(hidden: Flat, head: Flat, targets: Arc<Vec<u32>>) -> Flat {
        let (hidden, head) = (whole(hidden), whole(head));
        let [_, width] = dims2(&head);
        tensor(kernels::token_logps(slice(&hidden), slice(&head), width, &targets), [targets.len()])
    }

    fn native_token_logps_kept(hidden: Flat, head: Flat, targets: Arc<Vec<u32>>) -> (Flat, Flat) {
        let (hidden, head) = (whole(hidden), whole(head));
        let ([vocabulary, width], rows) = (dims2(&head), targets.len());
        if !kernels::are_probabilities_kept(rows, vocabulary) {
            return (
                Self::native_token_logps(hidden, head, targets),
                tensor(Vec::new(), [0, vocabulary]),
            );
        }
        let (logps, kept) =
            kernels::token_logps_kept(slice(&hidden), slice(&head), width, &targets);
        (tensor(logps, [rows]), tensor(kept, [rows, vocabulary]))
    }

    fn native_token_logps_backward(
        dlogps: Flat,
        kept: Flat,
        hidden: Flat,
        head: Flat,
        targets: Arc<Vec<u32>>,
        with_dhead: bool,
    ) -> (Flat, Flat) {
        let (dlogps, hidden, head) = (whole(dlogps), whole(hidden), whole(head));
        let [vocabulary, width] = dims2(&head);
        let (dhidden, dhead) = if dims2(&kept)[0] == 0 {
            kernels::token_logps_backward(
                slice(&dlogps),
                slice(&hidden),
                slice(&head),
                width,
                &targets,
                with_dhead,
            )
        } else {
            let kept = kept.into_data().try_into_vec::<f32>().expect("probabilities are in f32");
            let given = (slice(&hidden), slice(&head), width);
            kernels::token_logps_kept_backward(slice(&dlogps), kept, given, &targets, with_dhead)
        };
        let dhead = dhead.map_or_else(
            || tensor(Vec::new(), [0, width]),
            |dhead| tensor(dhead, [vocabulary, width]),
        );
        (tensor(dhidden, dims2(&hidden)), dhead)
    }

    fn native_write_rows(cache: Flat, rows: Flat, slots: Arc<Vec<usize>>) -> Flat {
        let (mut cache, rows) = (whole(cache), whole(rows));
        let [_, width] = dims2(&cache);
        let values = cache.storage_mut::<f32>();
        for (row, &slot) in slice(&rows).chunks_exact(width).zip(slots.iter()) {
            values[slot * width..][..width].copy_from_slice(row);
        }
        cache
    }

    fn native_adamw(
        weight: Flat,
        grad: Flat,
        mean: Flat,
        square: Flat,
        step: Arc<AdamW>,
    ) -> (Flat, Flat, Flat) {
        let (mut weight, grad, mut mean, mut square) =
            (whole(weight), whole(grad), whole(mean), whole(square));
        kernels::adamw(
            weight.storage_mut(),
            slice(&grad),
            mean.storage_mut(),
            square.storage_mut(),
            *step,
        );
        (weight, mean, square)
    }

    fn native_sum_of_squares(x: Flat) -> Flat {
        let x = whole(x);
        tensor(vec![kernels::sum_of_squares(slice(&x)) as f32], [1])
    }
}

/// What a differentiable operation keeps and how it turns its output's gradient into its inputs'.
macro_rules! backward {
    ($name:ident, $parents:literal, $state:ty, |$ops_state:ident, $dy:ident, $needed:ident| $body:block) => {
        #[derive(Debug)]
        struct $name;
        impl<B: Backend + NativeOps> Backward<B, $parents> for $name {
            type State = $state;

            fn backward(
                self,
                ops: Ops<Self::State, $parents>,
                gradients: &mut Gradients,
                _checkpointer: &mut Checkpointer,
            ) {
                let $dy = gradients.consume::<B>(&ops.node);
                let $ops_state = ops.state;
                let $needed: [bool; $parents] = std::array::from_fn(|i| ops.parents[i].is_some());
                let grads: [Option<F<B>>; $parents] = $body;
                for (parent, grad) in ops.parents.into_iter().zip(grads) {
                    if let (Some(parent), Some(grad)) = (parent, grad) {
                        gradients.register::<B>(parent.id, grad);
                    }
                }
            }
        }
    };
}

backward!(LinearBackward, 2, (F<B>, F<B>), |state, dy, needed| {
    let (x, weight) = state;
    let dx = needed[0].then(|| B::native_linear_dx(dy.clone(), weight));
    let dw = needed[1].then(|| B::native_linear_dw(dy, x));
    [dx, dw]
});

backward!(LinearQuantizedBackward, 1, Arc<QuantizedMatrix>, |state, dy, _needed| {
    [Some(B::native_linear_quantized_dx(dy, state))]
});

backward!(RmsNormBackward, 2, (F<B>, F<B>, f32), |state, dy, _needed| {
    let (x, weight, epsilon) = state;
    let (dx, dweight) = B::native_rms_norm_backward(dy, x, weight, epsilon);
    [Some(dx), Some(dweight)]
});

backward!(SwigluBackward, 2, (F<B>, F<B>), |state, dy, _needed| {
    let (gate, up) = state;
    let (dgate, dup) = B::native_swiglu_backward(dy, gate, up);
    [Some(dgate), Some(dup)]
});

// The normalized rows and the gated ones are quick to make again: they are not kept.
backward!(FeedForwardBackward, 5, (F<B>, [F<B>; 4], [F<B>; 2], f32), |state, dy, needed| {
    let (x, [norm, gate_weight, up_weight, down_weight], [gate, up], epsilon) = state;
    let ddown = needed[4]
        .then(|| B::native_linear_dw(dy.clone(), B::native_swiglu(gate.clone(), up.clone())));
    let (dgate, dup) = B::native_swiglu_backward(B::native_linear_dx(dy, down_weight), gate, up);
    let normed =
        (needed[2] || needed[3]).then(|| B::native_rms_norm(x.clone(), norm.clone(), epsilon));
    let weight_gradient = |needed: bool, dy: &F<B>| {
        normed.clone().filter(|_| needed).map(|normed| B::native_linear_dw(dy.clone(), normed))
    };
    let (dgate_weight, dup_weight) =
        (weight_gradient(needed[2], &dgate), weight_gradient(needed[3], &dup));
    let dnormed =
        B::float_add(B::native_linear_dx(dgate, gate_weight), B::native_linear_dx(dup, up_weight));
    let (dx, dnorm) = B::native_rms_norm_backward(dnormed, x, norm, epsilon);
    [Some(dx), Some(dnorm), dgate_weight, dup_weight, ddown]
});

backward!(RopeBackward, 1, (Arc<Rotation>, bool), |state, dy, _needed| {
    let (rotation, inverse) = state;
    [Some(B::native_rope(dy, rotation, !inverse))]
});

backward!(
    AttentionBackward,
    3,
    (F<B>, F<B>, F<B>, F<B>, F<B>, Arc<AttentionPlan>),
    |state, dy, _needed| {
        let (q, k, v, out, lse, plan) = state;
        let (dq, dk, dv) = B::native_attention_backward(dy, q, k, v, out, lse, plan);
        [Some(dq), Some(dk), Some(dv)]
    }
);

backward!(TokenLogpsBackward, 2, (F<B>, F<B>, F<B>, Arc<Vec<u32>>), |state, dy, needed| {
    let (kept, hidden, head, targets) = state;
    let (dhidden, dhead) =
        B::native_token_logps_backward(dy, kept, hidden, head, targets, needed[1]);
    [Some(dhidden), needed[1].then_some(dhead)]
});

const FIRST_ORDER: &str = "the native kernels have first-order gradients only";

impl<B: Backend + NativeOps, C: CheckpointStrategy> NativeOps for Autodiff<B, C> {
    fn native_linear(x: F<Self>, weight: F<Self>) -> F<Self> {
        match LinearBackward.prepare::<C>([x.node(), weight.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let (x, weight) = (x.primitive().clone(), weight.primitive().clone());
                let y = B::native_linear(x.clone(), weight.clone());
                prepared.finish((x, weight), y)
            }
            OpsKind::UnTracked(prepared) => {
                prepared.finish(B::native_linear(x.into_primitive(), weight.into_primitive()))
            }
        }
    }

    fn native_linear_quantized(x: F<Self>, weight: Arc<QuantizedMatrix>) -> F<Self> {
        match LinearQuantizedBackward.prepare::<C>([x.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let y = B::native_linear_quantized(x.into_primitive(), weight.clone());
                prepared.finish(weight, y)
            }
            OpsKind::UnTracked(prepared) => {
                prepared.finish(B::native_linear_quantized(x.into_primitive(), weight))
            }
        }
    }

    fn native_rms_norm(x: F<Self>, weight: F<Self>, epsilon: f32) -> F<Self> {
        match RmsNormBackward.prepare::<C>([x.node(), weight.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let (x, weight) = (x.primitive().clone(), weight.primitive().clone());
                let y = B::native_rms_norm(x.clone(), weight.clone(), epsilon);
                prepared.finish((x, weight, epsilon), y)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(B::native_rms_norm(
                x.into_primitive(),
                weight.into_primitive(),
                epsilon,
            )),
        }
    }

    fn native_swiglu(gate: F<Self>, up: F<Self>) -> F<Self> {
        match SwigluBackward.prepare::<C>([gate.node(), up.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let (gate, up) = (gate.primitive().clone(), up.primitive().clone());
                let y = B::native_swiglu(gate.clone(), up.clone());
                prepared.finish((gate, up), y)
            }
            OpsKind::UnTracked(prepared) => {
                prepared.finish(B::native_swiglu(gate.into_primitive(), up.into_primitive()))
            }
        }
    }

    fn native_feed_forward(
        x: F<Self>,
        norm: F<Self>,
        gate: F<Self>,
        up: F<Self>,
        down: F<Self>,
        epsilon: f32,
    ) -> F<Self> {
        let parents = [x.node(), norm.node(), gate.node(), up.node(), down.node()];
        let x = x.into_primitive();
        let weights = [norm, gate, up, down].map(F::<Self>::into_primitive);
        match FeedForwardBackward.prepare::<C>(parents).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let [norm, gate, up, down] = weights.clone();
                let normed = B::native_rms_norm(x.clone(), norm, epsilon);
                let (gate, up) =
                    (B::native_linear(normed.clone(), gate), B::native_linear(normed, up));
                let y = B::native_linear(B::native_swiglu(gate.clone(), up.clone()), down);
                prepared.finish((x, weights, [gate, up], epsilon), y)
            }
            OpsKind::UnTracked(prepared) => {
                let [norm, gate, up, down] = weights;
                prepared.finish(B::native_feed_forward(x, norm, gate, up, down, epsilon))
            }
        }
    }

    fn native_rope(x: F<Self>, rotation: Arc<Rotation>, inverse: bool) -> F<Self> {
        match RopeBackward.prepare::<C>([x.node()]).compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let y = B::native_rope(x.into_primitive(), rotation.clone(), inverse);
                prepared.finish((rotation, inverse), y)
            }
            OpsKind::UnTracked(prepared) => {
                prepared.finish(B::native_rope(x.into_primitive(), rotation, inverse))
            }
        }
    }

    fn native_attention(q: F<Self>, k: F<Self>, v: F<Self>, plan: Arc<AttentionPlan>) -> F<Self> {
        match AttentionBackward
            .prepare::<C>([q.node(), k.node(), v.node()])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prepared) => {
                let (q, k, v) = (q.into_primitive(), k.into_primitive(), v.into_primitive());
                let (out, lse) =
                    B::native_attention_lse(q.clone(), k.clone(), v.clone(), plan.clone());
                prepared.finish((q, k, v, out.clone(), lse, plan), out)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(B::native_attention(
                q.into_primitive(),
                k.into_primitive(),
                v.into_primitive(),
                plan,
            )),
        }
    }

    fn native_token_logps(hidden: F<Self>, head: F<Self>, targets: Arc<Vec<u32>>) -> F<Self> {
        match TokenLogpsBackward
            .prepare::<C>([hidden.node(), head.node()])
            .compute_bound()
            .stateful()
        {
            OpsKind::Tracked(prepared) => {
                let (hidden, head) = (hidden.primitive().clone(), head.primitive().clone());
                let (logps, kept) =
                    B::native_token_logps_kept(hidden.clone(), head.clone(), targets.clone());
                prepared.finish((kept, hidden, head, targets), logps)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(B::native_token_logps(
                hidden.into_primitive(),
                head.into_primitive(),
                targets,
            )),
        }
    }

    fn native_linear_packed(_: F<Self>, _: Arc<PackedMatrix>) -> F<Self> {
        unimplemented!("packed weights have no gradient")
    }
    fn native_linear_quantized_dx(_: F<Self>, _: Arc<QuantizedMatrix>) -> F<Self> {
        unimplemented!("{FIRST_ORDER}")
    }
    fn native_linear_dx(_: F<Self>, _: F<Self>) -> F<Self> {
        unimplemented!("{FIRST_ORDER}")
    }
    fn native_linear_dw(_: F<Self>, _: F<Self>) -> F<Self> {
        unimplemented!("{FIRST_ORDER}")
    }
    fn native_rms_norm_backward(_: F<Self>, _: F<Self>, _: F<Self>, _: f32) -> (F<Self>, F<Self>) {
        unimplemented!("{FIRST_ORDER}")
    }
    fn native_swiglu_backward(_: F<Self>, _: F<Self>, _: F<Self>) -> (F<Self>, F<Self>) {
        unimplemented!("{FIRST_ORDER}")
    }
    fn native_attention_lse(
        _: F<Self>,
        _: F<Self>,
        _: F<Self>,
        _: Arc<AttentionPlan>,
    ) -> (F<Self>, F<Self>) {
        unimplemented!("{FIRST_ORDER}")
    }
    fn native_attention_backward(
        _: F<Self>,
        _: F<Self>,
        _: F<Self>,
        _: F<Self>,
        _: F<Self>,
        _: F<Self>,
        _: Arc<AttentionPlan>,
    ) -> (F<Self>, F<Self>, F<Self>) {
        unimplemented!("{FIRST_ORDER}")
    }
    fn native_token_logps_kept(_: F<Self>, _: F<Self>, _: Arc<Vec<u32>>) -> (F<Self>, F<Self>) {
        unimplemented!("{FIRST_ORDER}")
    }
    fn native_token_logps_backward(
        _: F<Self>,
        _: F<Self>,
        _: F<Self>,
        _: F<Self>,
        _: Arc<Vec<u32>>,
        _: bool,
    ) -> (F<Self>, F<Self>) {
        unimplemented!("{FIRST_ORDER}")
    }
    fn native_write_rows(cache: F<Self>, rows: F<Self>, slots: Arc<Vec<usize>>) -> F<Self> {
        Self::from_inner(B::native_write_rows(cache.into_primitive(), rows.into_primitive(), slots))
    }
    fn native_adamw(
        _: F<Self>,
        _: F<Self>,
        _: F<Self>,
        _: F<Self>,
        _: Arc<AdamW>,
    ) -> (F<Self>, F<Self>, F<Self>) {
        unimplemented!("optimizer state lives outside the autodiff graph")
    }
    fn native_sum_of_squares(_: F<Self>) -> F<Self> {
        unimplemented!("{FIRST_ORDER}")
    }
}

pub(crate) fn linear(x: Tensor<2>, weight: Tensor<2>) -> Tensor<2> {
    Tensor::from_dispatch(<Dispatch as NativeOps>::native_linear(
        x.into_dispatch(),
        weight.into_dispatch(),
    ))
}

pub(crate) fn linear_packed(x: Tensor<2>, weight: &Arc<PackedMatrix>) -> Tensor<2> {
    Tensor::from_dispatch(<Dispatch as NativeOps>::native_linear_packed(
        x.into_dispatch(),
        weight.clone(),
    ))
}

pub(crate) fn linear_quantized(x: Tensor<2>, weight: &Arc<QuantizedMatrix>) -> Tensor<2> {
    let y = <Dispatch as NativeOps>::native_linear_quantized(x.into_dispatch(), weight.clone());
    Tensor::from_dispatch(y)
}

pub(crate) fn rms_norm(x: Tensor<2>, weight: Tensor<1>, epsilon: f64) -> Tensor<2> {
    let y = <Dispatch as NativeOps>::native_rms_norm(
        x.into_dispatch(),
        weight.into_dispatch(),
        epsilon as f32,
    );
    Tensor::from_dispatch(y)
}

pub(crate) fn swiglu(gate: Tensor<2>, up: Tensor<2>) -> Tensor<2> {
    Tensor::from_dispatch(<Dispatch as NativeOps>::native_swiglu(
        gate.into_dispatch(),
        up.into_dispatch(),
    ))
}

pub(crate) fn feed_forward(
    x: Tensor<2>,
    norm: Tensor<1>,
    [gate, up, down]: [Tensor<2>; 3],
    epsilon: f64,
) -> Tensor<2> {
    let (x, norm) = (x.into_dispatch(), norm.into_dispatch());
    let [gate, up, down] = [gate, up, down].map(Tensor::into_dispatch);
    Tensor::from_dispatch(<Dispatch as NativeOps>::native_feed_forward(
        x,
        norm,
        gate,
        up,
        down,
        epsilon as f32,
    ))
}

pub(crate) fn rope(x: Tensor<2>, rotation: &Arc<Rotation>) -> Tensor<2> {
    Tensor::from_dispatch(<Dispatch as NativeOps>::native_rope(
        x.into_dispatch(),
        rotation.clone(),
        false,
    ))
}

pub(crate) fn attention(
    q: Tensor<2>,
    k: Tensor<2>,
    v: Tensor<2>,
    plan: &Arc<AttentionPlan>,
) -> Tensor<2> {
    let (q, k, v) = (q.into_dispatch(), k.into_dispatch(), v.into_dispatch());
    Tensor::from_dispatch(<Dispatch as NativeOps>::native_attention(q, k, v, plan.clone()))
}

pub(crate) fn token_logps(
    hidden: Tensor<2>,
    head: Tensor<2>,
    targets: &Arc<Vec<u32>>,
) -> Tensor<1> {
    let (hidden, head) = (hidden.into_dispatch(), head.into_dispatch());
    Tensor::from_dispatch(<Dispatch as NativeOps>::native_token_logps(
        hidden,
        head,
        targets.clone(),
    ))
}

pub(crate) fn write_rows(cache: Tensor<2>, rows: Tensor<2>, slots: &Arc<Vec<usize>>) -> Tensor<2> {
    let (cache, rows) = (cache.into_dispatch(), rows.into_dispatch());
    Tensor::from_dispatch(<Dispatch as NativeOps>::native_write_rows(cache, rows, slots.clone()))
}

pub(crate) fn adamw<const D: usize>(
    [weight, grad, mean, square]: [Tensor<D>; 4],
    step: AdamW,
) -> (Tensor<D>, Tensor<D>, Tensor<D>) {
    let [weight, grad, mean, square] = [weight, grad, mean, square].map(Tensor::into_dispatch);
    let (weight, mean, square) =
        <Dispatch as NativeOps>::native_adamw(weight, grad, mean, square, Arc::new(step));
    (Tensor::from_dispatch(weight), Tensor::from_dispatch(mean), Tensor::from_dispatch(square))
}

pub(crate) fn sum_of_squares<const D: usize>(x: Tensor<D>) -> Tensor<1> {
    Tensor::from_dispatch(<Dispatch as NativeOps>::native_sum_of_squares(x.into_dispatch()))
}
