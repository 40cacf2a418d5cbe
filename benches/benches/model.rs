//! A layer stack of SmolLM2-135M's shape, but four layers deep: prefill, decoding, a training step.
#![allow(missing_docs)]

use std::ops::ControlFlow;
use std::sync::Arc;

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Device, Tensor, TensorData};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use srlm_checkpoint::{Architecture, ModelConfig, RopeScaling};
use srlm_kernels::{Matrix, Threads, matmul};
use srlm_model::{Conversation, Model, PackedSequences};
use srlm_sft::{Example, ResponseLoss};
use srlm_train::{Hooks, Settings, TrainConfig, TrainRuntime, train};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn config() -> ModelConfig {
    ModelConfig {
        architecture: Architecture::Llama,
        vocab_size: 49_152,
        hidden_size: 576,
        intermediate_size: 1536,
        n_layers: 4,
        n_heads: 9,
        n_kv_heads: 3,
        head_dim: 64,
        rms_norm_eps: 1e-5,
        rope_theta: 100_000.0,
        rope_scaling: RopeScaling::None,
        max_positions: 2048,
        tie_word_embeddings: true,
        attention_bias: false,
        attention_out_bias: false,
        mlp_bias: false,
        qk_norm: false,
        sliding_window: None,
        bos_token_id: Some(1),
        eos_token_ids: vec![2],
        pad_token_id: None,
    }
}

fn model(device: &Device) -> Model {
    struct Fill(u64);
    impl ModuleMapper for Fill {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let shape = param.dims();
            let values: Vec<f32> = (0..shape.iter().product::<usize>())
                .map(|_| {
                    self.0 = self
                        .0
                        .wrapping_mul(6_364_136_223_846_793_005)
                        .wrapping_add(1_442_695_040_888_963_407);
                    let unit = (self.0 >> 40) as f32 / (1u64 << 24) as f32 - 0.5;
                    if D == 1 { 1.0 } else { 0.08 * unit }
                })
                .collect();
            let device = param.val().device();
            let tensor = Tensor::from_data(TensorData::new(values, shape), &device);
            Param::initialized(
                param.id,
                if device.is_autodiff() { tensor.require_grad() } else { tensor },
            )
        }
    }
    Model::zeros(&config(), device).map(&mut Fill(3))
}

fn tokens(seed: u32, n: usize) -> Vec<u32> {
    (0..n as u32).map(|i| (seed.wrapping_mul(31) + i * 7919) % 49_152).collect()
}

fn products(c: &mut Criterion) {
    let mut group = c.benchmark_group("matmul");
    for (m, k, n) in [(16, 576, 1536), (256, 576, 1536), (1024, 1536, 576)] {
        let (a, b) = (vec![0.5f32; m * k], vec![0.25f32; n * k]);
        let mut out = vec![0.0; m * n];
        group.throughput(Throughput::Elements((2 * m * k * n) as u64));
        group.bench_function(format!("{m}x{k}x{n}"), |bench| {
            bench.iter(|| {
                let (a, b) = (Matrix::new(&a, m, k, k), Matrix::new(&b, n, k, k).t());
                matmul(&mut out, n, false, a, b, Threads::All);
            })
        });
    }
}

fn passes(c: &mut Criterion) {
    let model = model(&Device::flex());
    let sequences: Vec<Vec<u32>> = (0..4).map(|i| tokens(i, 256)).collect();
    let views: Vec<&[u32]> = sequences.iter().map(Vec::as_slice).collect();
    let packed = PackedSequences::new(&views);
    let layout = Arc::new(packed.layout.clone());
    let mut group = c.benchmark_group("pass");
    group.sample_size(10).throughput(Throughput::Elements(packed.n_rows() as u64));
    group.bench_function("hidden_4x256", |b| b.iter(|| model.hidden(&packed.ids, &layout)));
    group.bench_function("response_logps_4x256", |b| {
        b.iter(|| model.response_logps(&views, &[1; 4]))
    });
}

fn training(c: &mut Criterion) {
    let dir = std::env::temp_dir();
    let examples: Vec<Example> = (0..4)
        .map(|i| {
            Example::response(
                i.to_string(),
                Conversation { ids: tokens(i, 256), response_start: 128 },
            )
        })
        .collect();
    let config = TrainConfig { batch_size: 4, checkpoint_every: 0, ..TrainConfig::default() };
    let model = model(&Device::flex().autodiff());
    let mut group = c.benchmark_group("train");
    group.sample_size(10).throughput(Throughput::Elements(4 * 256));
    group.bench_function("sft_step_4x256", |b| {
        b.iter(|| {
            let hooks = Hooks { on_step: &mut |_, _| ControlFlow::Continue(()), validate: None };
            let runtime = TrainRuntime::default();
            let settings = Settings {
                config: &config,
                runtime: &runtime,
                more_devices: &[],
                adapter_dropout: 0.0,
                seed: 1,
            };
            train(model.clone(), &ResponseLoss, &examples, settings, &dir, hooks)
                .map(|trained| trained.metrics)
        })
    });
}

criterion_group!(benches, products, passes, training);
criterion_main!(benches);
