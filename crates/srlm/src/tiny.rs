//! A model small enough to run the whole loop in seconds, made from nothing: `tiny:` as a model
//! source.
//!
//! It is a two-layer Llama trained for a few seconds on text that a grammar writes: numbered lists
//! of tasks, answers to tasks, and judgments. It knows nothing, but it keeps to the forms, so every
//! stage has something to work on.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::Context;
use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Device, Tensor, TensorData};
use rand::seq::IndexedRandom;
use rand::{Rng, RngExt};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use srlm_artifact::{EftRow, IftRow, Prompt, Score};
use srlm_checkpoint::{Architecture, ModelConfig, RopeScaling, Tokenizer};
use srlm_judge::Rubric;
use srlm_judge::meta::MetaRubric;
use srlm_model::{Conversation, Model};
use srlm_sft::{Example, ResponseLoss};
use srlm_train::{Decay, Hooks, Settings, TrainConfig, TrainRuntime, train};
use tokenizers::models::bpe::{BPE, BpeTrainer};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::{AddedToken, TokenizerBuilder};

/// Raised when the model that this makes changes.
const VERSION: u32 = 2;
const SEED: u64 = 7;
const TEMPLATE: &str = "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + \
    message['content'] + '<|im_end|>' + '\\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

const VERBS: [&str; 8] =
    ["Describe", "Compare", "Explain", "Sketch", "Praise", "Sell", "Rename", "Review"];
const ADJECTIVES: [&str; 12] = [
    "small", "green", "quiet", "old", "bright", "heavy", "round", "soft", "early", "cheap",
    "brave", "plain",
];
const NOUNS: [&str; 14] = [
    "boat", "garden", "lamp", "river", "teacher", "bread", "window", "song", "horse", "market",
    "coat", "bridge", "clock", "forest",
];
const PLACES: [&str; 8] = [
    "near the sea",
    "in winter",
    "after school",
    "at night",
    "for a friend",
    "on a train",
    "by hand",
    "in the city",
];

/// A text source over the grammar.
struct Grammar(ChaCha8Rng);

impl Grammar {
    fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words.choose(&mut self.0).copied().unwrap_or_default()
    }

    fn thing(&mut self) -> String {
        format!("{} {}", self.pick(&ADJECTIVES), self.pick(&NOUNS))
    }

    fn task(&mut self) -> String {
        let (verb, one, other, place) =
            (self.pick(&VERBS), self.thing(), self.thing(), self.pick(&PLACES));
        format!("{verb} a {one} and a {other} {place}.")
    }

    fn answer(&mut self) -> String {
        let n = self.0.random_range(1..=3);
        let sentences: Vec<String> = (0..n)
            .map(|_| format!("The {} is a {} {}.", self.thing(), self.thing(), self.pick(&PLACES)))
            .collect();
        sentences.join(" ")
    }

    fn judgment(&mut self, score: u32) -> String {
        let view = ["off topic", "thin", "partial", "useful", "clear", "excellent"][score as usize];
        format!("The answer about the {} is {view}.\nScore: {score}", self.thing())
    }

    fn list(&mut self) -> String {
        let tasks: Vec<String> = (1..=10).map(|n| format!("{n}. {}", self.task())).collect();
        format!("Come up with a series of tasks:\n{}\n", tasks.join("\n"))
    }
}

/// Seed data in the form of the real one.
pub(crate) struct TinyData {
    pub(crate) ift: Vec<IftRow>,
    pub(crate) eft: Vec<EftRow>,
}

/// `n` instruction examples and `n / 3` groups of three judged ones; `name` keeps splits apart.
pub(crate) fn data(name: &str, n: usize) -> TinyData {
    let seed = srlm_artifact::row_seed(SEED, name, 0, "", 0);
    let mut grammar = Grammar(ChaCha8Rng::seed_from_u64(seed));
    let ift = (0..n)
        .map(|i| IftRow {
            prompt_id: format!("tiny-{name}-ift-{i:03}"),
            prompt: Prompt::user(grammar.task()),
            response: grammar.answer(),
            source: "tiny grammar".to_owned(),
        })
        .collect();
    let mut eft = Vec::new();
    for group in 0..n / 3 {
        let prompt = Prompt::user(grammar.task());
        let base = grammar.0.random_range(0..=1);
        for rank in 0..3 {
            let score = base + 2 * (2 - rank);
            eft.push(EftRow {
                prompt_id: format!("tiny-{name}-eft-{group:03}"),
                prompt: prompt.clone(),
                response: grammar.answer(),
                target: grammar.judgment(score),
                score: Score::new(f64::from(score)).expect("scores of the grammar lie in range"),
                human_rank: rank,
            });
        }
    }
    TinyData { ift, eft }
}

/// The folder of the tiny model under `cache`, made if it is not there.
pub(crate) fn folder(cache: &Path, device: &Device) -> anyhow::Result<PathBuf> {
    let done = cache.join(format!("tiny-v{VERSION}"));
    if done.join("config.json").exists() {
        return Ok(done);
    }
    std::fs::create_dir_all(cache).with_context(|| format!("cannot create {}", cache.display()))?;
    let staging = cache.join(format!("tiny-v{VERSION}.new-{}", std::process::id()));
    make(&staging, device)?;
    match std::fs::rename(&staging, &done) {
        // Another process may have made the same model meanwhile.
        Err(_) if done.join("config.json").exists() => std::fs::remove_dir_all(&staging)?,
        result => result.with_context(|| format!("cannot create {}", done.display()))?,
    }
    Ok(done)
}

fn make(dir: &Path, device: &Device) -> anyhow::Result<()> {
    let mut grammar = Grammar(ChaCha8Rng::seed_from_u64(SEED));
    let rubric = Rubric::additive();
    let mut chats: Vec<(Prompt, String)> = Vec::new();
    for i in 0..240 {
        let (task, answer) = (grammar.task(), grammar.answer());
        if i % 2 == 0 {
            chats.push((Prompt::user(task), answer));
        } else {
            let judged = rubric.render(&task, &answer);
            chats.push((Prompt::user(judged), grammar.judgment(i % 6)));
        }
    }
    let meta = MetaRubric::built_in();
    for _ in 0..60 {
        let (task, answer) = (Prompt::user(grammar.task()), grammar.answer());
        let [(one, a), (other, b)] = std::array::from_fn(|_| {
            let score = grammar.0.random_range(0..=5);
            (score, grammar.judgment(score))
        });
        let winner = if one >= other { "A" } else { "B" };
        let verdict = format!("Judgment {winner} is closer to the answer.\nWinner: {winner}");
        chats.push((Prompt::user(meta.render(&task, &answer, &a, &b)), verdict));
    }
    let lists: Vec<String> = (0..120).map(|_| grammar.list()).collect();
    let texts = chats.iter().map(|(prompt, answer)| format!("{}\n{answer}", prompt.to_text()));
    let tokenizer = tokenizer(texts.chain(lists.iter().cloned()).collect())?;
    let config = config(tokenizer.vocab_size());
    let mut examples = Vec::new();
    for (i, (prompt, answer)) in chats.iter().enumerate() {
        let conversation = Conversation::new(&tokenizer, prompt, answer)?;
        examples.push(Example::response(format!("chat-{i}"), conversation));
    }
    for (i, list) in lists.iter().enumerate() {
        let conversation = Conversation { ids: tokenizer.encode(list, true)?, response_start: 1 };
        examples.push(Example::response(format!("list-{i}"), conversation));
    }
    let settings = TrainConfig {
        epochs: 6,
        batch_size: 12,
        learning_rate: 6e-3,
        final_learning_rate: 6e-4,
        decay: Decay::Cosine,
        warmup_steps: 10,
        checkpoint_every: 0,
        ..TrainConfig::default()
    };
    let model = random(&config, &device.clone().autodiff());
    let runtime = TrainRuntime { micro_batch_tokens: 1 << 14, ..TrainRuntime::default() };
    let settings = Settings {
        config: &settings,
        runtime: &runtime,
        more_devices: &[],
        adapter_dropout: 0.0,
        seed: SEED,
    };
    let hooks = Hooks { on_step: &mut |_, _| ControlFlow::Continue(()), validate: None };
    let trained = train(model, &ResponseLoss, &examples, settings, dir, hooks)?;
    Ok(trained.model.save_as(dir, &config, &tokenizer)?)
}

fn config(vocab_size: usize) -> ModelConfig {
    ModelConfig {
        architecture: Architecture::Llama,
        vocab_size,
        hidden_size: 64,
        intermediate_size: 160,
        n_layers: 2,
        n_heads: 4,
        n_kv_heads: 2,
        head_dim: 16,
        rms_norm_eps: 1e-5,
        rope_theta: 10_000.0,
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
        pad_token_id: Some(0),
    }
}

/// Weights of a fresh model: norms 1, the rest normal with deviation 0.05, from our own generator
/// so that every backend starts alike.
fn random(config: &ModelConfig, device: &Device) -> Model {
    struct Init(ChaCha8Rng);
    impl ModuleMapper for Init {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let shape = param.dims();
            let n: usize = shape.iter().product();
            let values: Vec<f32> = if D == 1 {
                vec![1.0; n]
            } else {
                (0..n).map(|_| 0.05 * normal(&mut self.0)).collect()
            };
            let tensor = Tensor::from_data(TensorData::new(values, shape), &param.val().device());
            Param::initialized(param.id, tensor.require_grad())
        }
    }
    Model::zeros(config, device).map(&mut Init(ChaCha8Rng::seed_from_u64(SEED)))
}

/// A standard normal number, by Box and Muller.
fn normal(random: &mut impl Rng) -> f32 {
    let (u, v): (f64, f64) = (1.0 - random.random::<f64>(), random.random());
    ((-2.0 * u.ln()).sqrt() * (2.0 * std::f64::consts::PI * v).cos()) as f32
}

/// A byte-level BPE of a few hundred tokens learned from `texts`.
fn tokenizer(texts: Vec<String>) -> anyhow::Result<Tokenizer> {
    let failed =
        |error: tokenizers::Error| anyhow::anyhow!("cannot make the tiny tokenizer: {error}");
    let special = ["<pad>", "<|im_start|>", "<|im_end|>"].map(|text| AddedToken::from(text, true));
    let mut trainer = BpeTrainer::builder()
        .vocab_size(640)
        .show_progress(false)
        .special_tokens(special.to_vec())
        .initial_alphabet(ByteLevel::alphabet().into_iter().collect())
        .build();
    let byte_level = ByteLevel::new(false, true, true);
    let mut raw = TokenizerBuilder::<
        BPE,
        tokenizers::NormalizerWrapper,
        ByteLevel,
        tokenizers::PostProcessorWrapper,
        ByteLevel,
    >::new()
    .with_model(BPE::default())
    .with_pre_tokenizer(Some(byte_level))
    .with_decoder(Some(byte_level))
    .build()
    .map_err(failed)?;
    raw.train(&mut trainer, texts.into_iter()).map_err(failed)?;
    let json = raw.to_string(false).map_err(failed)?;
    let names = BTreeMap::from([("bos", "<|im_start|>"), ("eos", "<|im_end|>"), ("pad", "<pad>")]);
    Ok(Tokenizer::from_parts(&json, &names, Some(TEMPLATE))?)
}
