//! The operations of a decoder on packed rows: native kernels on flex, composed of Burn's own
//! everywhere else.

mod composed;
#[cfg(feature = "flex")]
mod native;

use std::sync::Arc;

use crate::quantized::QuantizedMatrix;
use burn::tensor::{DType, Device, Tensor};
use srlm_kernels::{AdamW, Heads, Layout, PackedMatrix, RopeTable};

/// What attention needs besides the tensors.
#[derive(Clone, Debug)]
pub(crate) struct AttentionPlan {
    pub(crate) heads: Heads,
    pub(crate) layout: Arc<Layout>,
}

/// The position of each row and the table that turns positions into angles.
#[derive(Clone, Debug)]
pub(crate) struct Rotation {
    pub(crate) positions: Vec<u32>,
    pub(crate) table: Arc<RopeTable>,
}

/// Whether a device has the native kernels.
pub(crate) fn has_native(device: &Device) -> bool {
    #[cfg(feature = "flex")]
    return native::serves(device);
    #[cfg(not(feature = "flex"))]
    {
        let _ = device;
        false
    }
}

/// Runs the native kernel where the tensor's device has one for its type, the composed form
/// elsewhere.
macro_rules! by_device {
    ($tensor:expr, $name:ident($($argument:expr),*)) => {{
        #[cfg(feature = "flex")]
        if $tensor.dtype() == DType::F32 && native::serves(&$tensor.device()) {
            return native::$name($($argument),*);
        }
        composed::$name($($argument),*)
    }};
}

/// `x weight^T`: `[rows, input]` by `[output, input]` gives `[rows, output]`.
pub(crate) fn linear(x: Tensor<2>, weight: Tensor<2>) -> Tensor<2> {
    by_device!(x, linear(x, weight))
}

/// Lays a weight `[output, input]` out for the native kernels; `None` where the device has none.
pub(crate) fn pack(weight: Tensor<2>) -> Option<Arc<PackedMatrix>> {
    #[cfg(feature = "flex")]
    if native::serves(&weight.device()) && !weight.device().is_autodiff() {
        let [output, input] = weight.dims();
        let values = weight.into_data().try_into_vec::<f32>().expect("parameters are f32");
        return Some(Arc::new(PackedMatrix::new(&values, output, input)));
    }
    let _ = weight;
    None
}

/// [`linear`] with a weight from [`pack`].
pub(crate) fn linear_packed(x: Tensor<2>, weight: &Arc<PackedMatrix>) -> Tensor<2> {
    #[cfg(feature = "flex")]
    return native::linear_packed(x, weight);
    #[cfg(not(feature = "flex"))]
    unreachable!("`pack` packs nothing here: {x:?} {weight:?}")
}

/// [`linear`] with a weight as its file stores it; only on devices for which [`has_native`] holds.
pub(crate) fn linear_quantized(x: Tensor<2>, weight: &Arc<QuantizedMatrix>) -> Tensor<2> {
    #[cfg(feature = "flex")]
    {
        let dtype = x.dtype();
        native::linear_quantized(x.cast(DType::F32), weight).cast(dtype)
    }
    #[cfg(not(feature = "flex"))]
    unreachable!("no weight is kept in its stored form here: {x:?} {weight:?}")
}

/// RMSNorm of each row: `[rows, width]` by `[width]`.
pub(crate) fn rms_norm(x: Tensor<2>, weight: Tensor<1>, epsilon: f64) -> Tensor<2> {
    by_device!(x, rms_norm(x, weight, epsilon))
}

/// `silu(gate) * up`, both `[rows, width]`.
pub(crate) fn swiglu(gate: Tensor<2>, up: Tensor<2>) -> Tensor<2> {
    by_device!(gate, swiglu(gate, up))
}

/// `down(silu(gate(n)) * up(n))` of the normalized rows n of `x` `[rows, width]`, keeping less for
/// the gradients than its parts do; the weights are `norm` `[width]`, `gate` and `up` `[inner,
/// width]` and `down` `[width, inner]`.
pub(crate) fn feed_forward(
    x: Tensor<2>,
    norm: Tensor<1>,
    weights: [Tensor<2>; 3],
    epsilon: f64,
) -> Tensor<2> {
    by_device!(x, feed_forward(x, norm, weights, epsilon))
}

/// Rotates every head of every row, `[rows, heads * head_dim]`.
pub(crate) fn rope(x: Tensor<2>, rotation: &Arc<Rotation>) -> Tensor<2> {
    by_device!(x, rope(x, rotation))
}

/// Attention of `q` `[rows, n_heads * head_dim]` over `k`, `v` `[slots, n_kv_heads * head_dim]`.
pub(crate) fn attention(
    q: Tensor<2>,
    k: Tensor<2>,
    v: Tensor<2>,
    plan: &Arc<AttentionPlan>,
) -> Tensor<2> {
    by_device!(q, attention(q, k, v, plan))
}

/// Log-probability in nats of each row's target: hidden `[rows, width]`, head `[vocabulary,
/// width]`, result `[rows]`.
pub(crate) fn token_logps(
    hidden: Tensor<2>,
    head: Tensor<2>,
    targets: &Arc<Vec<u32>>,
) -> Tensor<1> {
    by_device!(hidden, token_logps(hidden, head, targets))
}

/// Overwrites rows `slots` of `cache` `[slots, width]` with `rows`.
pub(crate) fn write_rows(cache: Tensor<2>, rows: Tensor<2>, slots: &Arc<Vec<usize>>) -> Tensor<2> {
    by_device!(cache, write_rows(cache, rows, slots))
}

/// One AdamW step of `[weight, grad, mean, square]`; returns the new weight, mean and square.
///
/// All four are of one shape and outside any autodiff graph. On flex, tensors that nobody else
/// holds are updated in place.
pub fn adamw_step<const D: usize>(
    tensors: [Tensor<D>; 4],
    step: AdamW,
) -> (Tensor<D>, Tensor<D>, Tensor<D>) {
    by_device!(tensors[0], adamw(tensors, step))
}

/// Sum of the squares of all elements, as a tensor of one.
pub fn sum_of_squares<const D: usize>(x: Tensor<D>) -> Tensor<1> {
    by_device!(x, sum_of_squares(x))
}

#[cfg(all(test, feature = "flex"))]
mod tests {
    use burn::tensor::{Distribution, TensorData};

    use super::*;

    /// A result and the gradients of the weights that learn, and of the rows.
    type Found = (TensorData, Vec<Option<TensorData>>);

    fn found(
        learns: [bool; 3],
        f: impl Fn(Tensor<2>, Tensor<1>, [Tensor<2>; 3]) -> Tensor<2>,
    ) -> Found {
        let device = Device::flex().autodiff();
        device.seed(7);
        let random = |shape| Tensor::<2>::random(shape, Distribution::Normal(0.0, 0.7), &device);
        let x = random([5, 8]).require_grad();
        let norm = Tensor::<1>::random([8], Distribution::Uniform(0.5, 1.5), &device);
        let (shapes, mut learns) = ([[12, 8], [12, 8], [8, 12]], learns.into_iter());
        let weights =
            shapes.map(|shape| random(shape).set_require_grad(learns.next() == Some(true)));
        let y = f(x.clone(), norm, weights.clone());
        let gradients = (y.clone() * random([5, 8])).sum().backward();
        let tensors = weights.iter().chain([&x]);
        (
            y.into_data(),
            tensors.map(|tensor| tensor.grad(&gradients).map(Tensor::into_data)).collect(),
        )
    }

    #[test]
    fn a_feed_forward_block_is_its_parts_whatever_learns() {
        for bits in 0..8 {
            let learns = [0, 1, 2].map(|i| bits >> i & 1 == 1);
            let whole = found(learns, |x, norm, weights| feed_forward(x, norm, weights, 1e-5));
            let parts = found(learns, |x, norm, [gate, up, down]| {
                let x = rms_norm(x, norm, 1e-5);
                linear(swiglu(linear(x.clone(), gate), linear(x, up)), down)
            });
            assert_eq!(whole, parts, "{learns:?}");
            assert_eq!(
                whole.1.iter().map(Option::is_some).collect::<Vec<_>>(),
                [&learns[..], &[true]].concat()
            );
        }
    }
}
