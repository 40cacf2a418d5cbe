//! What is trained and how, in the words of `[sft]` and `[dpo]`.

use serde::Serialize;

/// Everything that a stage's table says of its training.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Training {
    /// What is learned.
    pub method: Method,
    /// Passes over the data.
    pub epochs: u32,
    /// Most optimizer steps; 0 sets no limit.
    pub max_steps: u32,
    /// Examples (pairs, for preference training) in one optimizer step.
    pub batch_size: usize,
    /// Most tokens of one example, prompt and response.
    pub max_length: usize,
    /// Peak learning rate.
    pub learning_rate: f64,
    /// Learning rate at the last step.
    pub final_learning_rate: f64,
    /// Shape of the way from peak to floor.
    pub decay: Decay,
    /// Steps of linear warmup.
    pub warmup_steps: u32,
    /// AdamW's decay of the gradient's mean.
    pub adam_beta1: f64,
    /// AdamW's decay of the squared gradient's mean.
    pub adam_beta2: f64,
    /// AdamW's epsilon.
    pub adam_epsilon: f64,
    /// Decoupled weight decay.
    pub weight_decay: f64,
    /// Largest global norm of the gradient; 0 does not clip.
    pub max_grad_norm: f64,
    /// Numbers of the forward and backward pass; weights, loss and optimizer have 32 bits.
    pub precision: Precision,
    /// The order of examples.
    pub order: Order,
    /// Steps between checkpoints; 0 writes one at the end only.
    pub checkpoint_every: u32,
    /// Adapters instead of all parameters.
    pub lora: Option<Lora>,
    /// Keys of the table that no other program has, with their values, which must be those given
    /// beside them.
    #[serde(skip)]
    pub ours_alone: Vec<OursAlone>,
    /// Seed of the order of examples and of fresh adapters.
    pub seed: u64,
}

/// A setting that only our own training has.
#[derive(Clone, Debug, PartialEq)]
pub struct OursAlone {
    /// The key in the stage's table.
    pub key: &'static str,
    /// Its value, as TOML writes it.
    pub value: String,
    /// The value under which other programs train alike.
    pub off: String,
}

/// What is learned.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// The responses of examples.
    Sft,
    /// Preferences between pairs of responses, against the model itself as reference.
    Preference(Preference),
}

impl Method {
    /// TRL's subcommand, and the end of the stage's name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Sft => "sft",
            Self::Preference(_) => "dpo",
        }
    }
}

/// A weighted sum of preference losses.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Preference {
    /// Names as `[dpo] loss_type` has them.
    pub loss_type: Vec<String>,
    /// Weight of each.
    pub loss_weights: Vec<f64>,
    /// Strength of the pull toward the reference.
    pub beta: f64,
    /// Share of pairs assumed to be the wrong way round.
    pub label_smoothing: f64,
    /// SimPO's margin.
    pub simpo_gamma: f64,
    /// Weight of tokens beyond the shorter response's length; 1 weighs all alike.
    pub ld_alpha: f64,
}

/// Low-rank adapters.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Lora {
    /// Rank of the update.
    pub rank: usize,
    /// The update is scaled by `alpha / rank`.
    pub alpha: f64,
    /// Share of the adapter's inputs that become 0 in training.
    pub dropout: f64,
    /// A trained magnitude for every output.
    pub dora: bool,
    /// Projections that get an adapter.
    pub target_modules: Vec<String>,
}

/// Numbers of a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32-bit floats.
    F32,
    /// bfloat16 under automatic mixed precision.
    Bf16,
}

/// In which order examples are learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// A new order in each epoch, drawn from the seed.
    Shuffled,
    /// The order of the data, in each epoch.
    AsGiven,
}

/// How the learning rate goes from its peak to its floor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Decay {
    /// Half a cosine.
    Cosine,
    /// A straight line.
    Linear,
    /// None.
    Constant,
}
