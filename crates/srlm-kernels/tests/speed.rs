//! Every version of every kernel is made of vector instructions: it is faster than the same sums
//! one number at a time. A function that the compiler left scalar is not.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use srlm_kernels::{
    Attended, Cpu, Heads, Layout, Matrix, PackedMatrix, Run, Threads, attention,
    attention_backward, matmul, matmul_packed, rms_norm, swiglu, swiglu_backward, token_logp,
};

/// The shortest of many short runs: what else the machine does only makes some of them longer.
fn shortest(mut work: impl FnMut()) -> Duration {
    let timed = (0..25).map(|_| {
        let began = Instant::now();
        work();
        began.elapsed()
    });
    timed.min().unwrap()
}

/// One number at a time, in an order that only the data tell; eight sums, so that none waits.
fn scalar_dot(a: &[f32], b: &[f32], order: &[u16]) -> f32 {
    let mut sums = [0.0f32; 8];
    for order in order.chunks_exact(8) {
        for (sum, &i) in sums.iter_mut().zip(order) {
            *sum += a[i as usize & 4095] * b[i as usize & 4095];
        }
    }
    sums.iter().sum()
}

struct Timed {
    name: &'static str,
    time: Duration,
    /// Multiplications with a sum.
    n: usize,
}

fn timed(name: &'static str, n: usize, work: impl FnMut()) -> Timed {
    Timed { name, time: shortest(work), n }
}

fn kernels() -> Vec<Timed> {
    let numbers = |n: usize| -> Vec<f32> { (0..n).map(|i| (i % 17) as f32 / 16.0 - 0.5).collect() };
    let (rows, width, columns) = (64, 768, 384);
    let x = numbers(rows * width);
    let w = numbers(columns * width);
    let packed = PackedMatrix::new(&w, columns, width);
    let mut out = vec![0.0; rows * columns];
    let mut all = vec![timed("matmul_packed", rows * width * columns, || {
        matmul_packed(&mut out, black_box(&x), &packed);
    })];
    let few = PackedMatrix::new(&w[..48 * width], 48, width);
    all.push(timed("matmul_packed of one row", width * 48, || {
        matmul_packed(&mut out[..48], black_box(&x[..width]), &few);
    }));
    all.push(timed("matmul", rows * width * columns, || {
        let w = Matrix::new(&w, columns, width, width).t();
        let x = Matrix::new(black_box(&x), rows, width, width);
        matmul(&mut out, columns, false, x, w, Threads::One);
    }));
    let heads = Heads { n_heads: 2, n_kv_heads: 1, head_dim: 64 };
    let n = 192;
    let layout = Layout::new(vec![Run { rows: 0..n, prefix: vec![], own_start: 0, own_first: 0 }]);
    let q = numbers(n * 128);
    let k = numbers(n * 64);
    let v = numbers(n * 64);
    let mut attended = vec![0.0; n * 128];
    let mut lse = vec![0.0; n * 2];
    all.push(timed("attention", n * n * 2 * 64, || {
        attention(&mut attended, Some(&mut lse), (black_box(&q), &k, &v), heads, &layout);
    }));
    all.push(timed("attention_backward", n * n * 2 * 64 * 4, || {
        let forward = Attended { q: &q, k: &k, v: &v, out: &attended, lse: &lse };
        black_box(attention_backward(black_box(&q), forward, heads, &layout));
    }));
    let row = numbers(8192);
    let weight = numbers(512);
    let mut normed = vec![0.0; 8192];
    all.push(timed("rms_norm", 8192, || rms_norm(&mut normed, black_box(&row), &weight, 1e-5)));
    // An exponential is about a dozen operations.
    all.push(timed("swiglu", 8192 * 12, || swiglu(&mut normed, black_box(&row), &row)));
    all.push(timed("swiglu_backward", 8192 * 12, || {
        black_box(swiglu_backward(&row, black_box(&row), &row));
    }));
    all.push(timed("token_logp", 8192 * 12, || {
        black_box(token_logp(black_box(&row), 3));
    }));
    all
}

#[test]
fn no_version_of_a_kernel_is_scalar() {
    if cfg!(debug_assertions) {
        return eprintln!("not compiled for speed");
    }
    let a: Vec<f32> = (0..4096).map(|i| i as f32).collect();
    let order: Vec<u16> = (0..4096).map(|i| i * 37 % 4096).collect();
    let scalar = shortest(|| {
        black_box(scalar_dot(black_box(&a), &a, &order));
    });
    let scalar = scalar.as_secs_f64() / a.len() as f64;
    for cpu in Cpu::ALL.into_iter().filter(|&cpu| cpu <= Cpu::detected()) {
        cpu.select().unwrap();
        for Timed { name, time, n } in kernels() {
            let ratio = scalar * n as f64 / time.as_secs_f64();
            eprintln!("{cpu:<8} {name:<26} {ratio:>6.1} times one number at a time");
            assert!(ratio > LEAST, "{name} with {cpu} looks scalar: {ratio:.2}");
        }
    }
}

/// Four numbers at a time come to twice this and more, a function left scalar to half.
const LEAST: f64 = 1.5;
