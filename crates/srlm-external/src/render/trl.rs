//! `trl.yaml`, for `trl sft|dpo --config`.

use srlm_settings::{DpoConfig, LoraConfig, Order};

use super::batch::Batch;
use super::yaml::{Document, Value};
use super::{
    ACCELERATE, DATA, MODEL, OUTPUT, heading, losses, mixed, optimizer, unsupported, whole_alpha,
};
use crate::config::{Device, ExternalConfig, Tool};
use crate::error::Error;
use crate::training::{Table, Training};

/// The text of the file.
pub(crate) fn render(
    config: &ExternalConfig,
    training: Training<'_>,
    batch: &Batch,
) -> Result<String, Error> {
    let mut yaml = Document::default();
    yaml.note(&heading(Tool::Trl, training, &format!("trl {} --config trl.yaml", training.name())));
    model(&mut yaml, training)?;
    data(&mut yaml, training);
    match training.table {
        Table::Sft(_) => sft_loss(&mut yaml),
        Table::Dpo(preference) => preference_loss(&mut yaml, preference, batch)?,
    }
    steps(&mut yaml, training, batch);
    optimizer::settings(
        &mut yaml,
        training,
        ["lr_scheduler_type", "optim"],
        "transformers leaves biases and norms out of it; ours decays every parameter.",
    );
    machine(&mut yaml, config, training);
    output(&mut yaml, training);
    Ok(yaml.finish())
}

fn model(yaml: &mut Document, training: Training<'_>) -> Result<(), Error> {
    yaml.section("Model");
    yaml.set(
        "model_name_or_path",
        Value::text(format!("./{MODEL}")),
        "M_t, with its tokenizer and chat template.",
    );
    let frozen = mixed(training) && training.lora().is_some();
    let dtype = if frozen { "bfloat16" } else { "float32" };
    let why = if frozen {
        "Frozen below the adapters."
    } else {
        "The weights; passes may be in less, see bf16."
    };
    yaml.set("dtype", Value::text(dtype), why);
    let Some(LoraConfig { rank, alpha, dropout, dora, target_modules, stored_base: _ }) =
        training.lora()
    else {
        yaml.set("use_peft", Value::Bool(false), "No lora table: all parameters are trained.");
        return Ok(());
    };
    yaml.set("use_peft", Value::Bool(true), "lora");
    yaml.set("lora_r", Value::Int(*rank as u64), "lora.rank");
    yaml.set(
        "lora_alpha",
        Value::Signed(whole_alpha(Tool::Trl, *alpha)?),
        "lora.alpha; the scale is alpha / rank.",
    );
    yaml.set("lora_dropout", Value::Float(*dropout), "lora.dropout");
    yaml.set(
        "lora_target_modules",
        Value::texts(target_modules.iter().map(String::as_str)),
        "lora.target_modules",
    );
    yaml.set("use_dora", Value::Bool(*dora), "lora.dora");
    yaml.set("use_rslora", Value::Bool(false), "");
    yaml.set("lora_task_type", Value::text("CAUSAL_LM"), "");
    Ok(())
}

fn data(yaml: &mut Document, training: Training<'_>) {
    let rows = match training.table {
        Table::Sft(_) => "{prompt: messages, completion: [the response]}",
        Table::Dpo(_) => "{prompt: messages, chosen: [a response], rejected: [a response]}",
    };
    yaml.section(&format!("Data: rows {rows}"));
    let source = Value::Map(vec![
        ("path", Value::text("json")),
        ("data_files", Value::text(DATA)),
        ("split", Value::text("train")),
    ]);
    yaml.set("datasets", Value::List(vec![source]), "");
    let comment = "Tokens of prompt and response together. Responses are cut at the end; examples whose prompt leaves no room are\n\
                   left out.";
    yaml.set("max_length", Value::Int(training.numbers().max_length as u64), comment);
    yaml.set("truncation_mode", Value::text("keep_start"), "");
    if matches!(training.table, Table::Sft(_)) {
        yaml.set("packing", Value::Bool(false), "Each example stands alone.");
    }
}

fn sft_loss(yaml: &mut Document) {
    yaml.section("Loss: of the response's tokens, each counting the same within an optimizer step");
    yaml.set("loss_type", Value::text("nll"), "");
    yaml.set(
        "completion_only_loss",
        Value::Bool(true),
        "The last response alone; the prompt is context.",
    );
}

fn preference_loss(
    yaml: &mut Document,
    preference: &DpoConfig,
    batch: &Batch,
) -> Result<(), Error> {
    let DpoConfig { loss_weights, beta, label_smoothing, simpo_gamma, ld_alpha, .. } = preference;
    let names = losses::names(Tool::Trl, preference)?;
    yaml.section("Loss");
    yaml.set("loss_type", Value::texts(names), losses::caveat(preference, batch.per_process));
    yaml.set(
        "loss_weights",
        Value::List(loss_weights.iter().map(|&w| Value::Float(w)).collect()),
        "",
    );
    yaml.set("beta", Value::Float(*beta), "");
    yaml.set("label_smoothing", Value::Float(*label_smoothing), "Read by `robust` alone.");
    if *simpo_gamma > 0.0 {
        return Err(unsupported(
            Tool::Trl,
            "simpo_gamma",
            format!("{simpo_gamma:?}"),
            "set simpo_gamma = 0.0",
        ));
    }
    let off = *ld_alpha == 1.0;
    let value = if off { Value::Null } else { Value::Float(*ld_alpha) };
    yaml.set("ld_alpha", value, if off { "1 in ours: all tokens weigh alike." } else { "" });
    let comment = "The reference is M_t: `model` as it is before the first step, or below its adapters. Its log-probabilities are\n\
                   computed once, as ours are, and no second model stays in memory.";
    yaml.set("precompute_ref_log_probs", Value::Bool(true), comment);
    yaml.set("sync_ref_model", Value::Bool(false), "The reference never moves.");
    yaml.set("f_divergence_type", Value::text("reverse_kl"), "");
    yaml.set(
        "disable_dropout",
        Value::Bool(true),
        "The models we read have none; an adapter's own dropout stays.",
    );
    Ok(())
}

fn steps(yaml: &mut Document, training: Training<'_>, batch: &Batch) {
    yaml.section(&format!(
        "Steps: batch_size {} = {} processes x {} x {}",
        training.numbers().batch_size,
        training.numbers().batch_size / (batch.per_process * batch.accumulation),
        batch.per_process,
        batch.accumulation
    ));
    yaml.set(
        "per_device_train_batch_size",
        Value::Int(batch.per_process as u64),
        "external.micro_batch_size",
    );
    yaml.set("gradient_accumulation_steps", Value::Int(batch.accumulation as u64), "");
    yaml.set("num_train_epochs", Value::Int(u64::from(training.numbers().epochs)), "epochs");
    let limit = if training.numbers().max_steps == 0 {
        Value::Signed(-1)
    } else {
        Value::Int(u64::from(training.numbers().max_steps))
    };
    yaml.set("max_steps", limit, "-1 sets no limit; 0 in ours.");
    yaml.set(
        "dataloader_drop_last",
        Value::Bool(false),
        "The last step of an epoch may be smaller, as in ours.",
    );
    let (sampling, comment) = match training.numbers().order {
        Order::Shuffled => {
            ("random", "The order of examples is TRL's own, drawn from this seed; ours is another.")
        }
        Order::AsGiven => ("sequential", ""),
    };
    yaml.set("train_sampling_strategy", Value::text(sampling), "order");
    yaml.set("seed", Value::Int(training.narrow_seed()), comment);
    yaml.set("data_seed", Value::Int(training.narrow_seed()), "");
}

fn machine(yaml: &mut Document, config: &ExternalConfig, training: Training<'_>) {
    yaml.section("Machine: what may differ without changing what is computed, up to rounding");
    yaml.set("accelerate_config", Value::text(ACCELERATE), "Processes and devices.");
    yaml.set(
        "bf16",
        Value::Bool(mixed(training)),
        "train.precision: passes in bfloat16, weights and optimizer in float32.",
    );
    yaml.set("fp16", Value::Bool(false), "");
    yaml.set("use_cpu", Value::Bool(config.device == Device::Cpu), "external.device");
    let comment = "external.gradient_checkpointing";
    yaml.set("gradient_checkpointing", Value::Bool(config.gradient_checkpointing), comment);
}

fn output(yaml: &mut Document, training: Training<'_>) {
    yaml.section("Output");
    yaml.set("output_dir", Value::text(OUTPUT), "The run takes this folder back.");
    yaml.set(
        "save_strategy",
        Value::text("steps"),
        "The last step is always saved; its trainer_state.json has the curve.",
    );
    let every = if training.numbers().checkpoint_every == 0 {
        1_000_000_000
    } else {
        training.numbers().checkpoint_every
    };
    yaml.set("save_steps", Value::Int(u64::from(every)), "checkpoint_every");
    yaml.set("save_total_limit", Value::Int(1), "");
    yaml.set("logging_steps", Value::Int(1), "Every step is a row of the model's metrics.jsonl.");
    yaml.set("report_to", Value::text("none"), "");
    yaml.set("push_to_hub", Value::Bool(false), "");
}
