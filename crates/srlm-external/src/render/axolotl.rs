//! `axolotl.yaml`, for `axolotl train`.

use srlm_settings::{DpoConfig, LoraConfig, LossType, Order};

use super::batch::Batch;
use super::yaml::{Document, Value};
use super::{
    DATA, DEEPSPEED, MODEL, OUTPUT, heading, losses, mixed, optimizer, unsupported, whole_alpha,
};
use crate::config::{ExternalConfig, Sharding, Tool};
use crate::error::Error;
use crate::training::{Table, Training};

/// The text of the file.
pub(crate) fn render(
    config: &ExternalConfig,
    training: Training<'_>,
    batch: &Batch,
) -> Result<String, Error> {
    let mut yaml = Document::default();
    yaml.note(&heading(Tool::Axolotl, training, "axolotl train axolotl.yaml"));
    model(&mut yaml, training)?;
    data(&mut yaml, training);
    match training.table {
        Table::Sft(_) => {
            yaml.section("Loss: of the response's tokens, as `train` marks them");
            yaml.set("train_on_inputs", Value::Bool(false), "");
        }
        Table::Dpo(preference) => loss(&mut yaml, preference, batch)?,
    }
    steps(&mut yaml, training, batch);
    optimizer::settings(
        &mut yaml,
        training,
        ["lr_scheduler", "optimizer"],
        "Biases and norms are left out of it; ours decays every parameter.",
    );
    machine(&mut yaml, config, training);
    output(&mut yaml, training);
    Ok(yaml.finish())
}

fn model(yaml: &mut Document, training: Training<'_>) -> Result<(), Error> {
    yaml.section("Model");
    yaml.set("base_model", Value::text(format!("./{MODEL}")), "M_t, with its tokenizer.");
    yaml.set("chat_template", Value::text("tokenizer_default"), "The model's own.");
    let Some(LoraConfig { rank, alpha, dropout, dora, target_modules, stored_base: _ }) =
        training.lora()
    else {
        yaml.note("No lora table: all parameters are trained.");
        return Ok(());
    };
    yaml.set("adapter", Value::text("lora"), "lora");
    yaml.set("lora_r", Value::Int(*rank as u64), "lora.rank");
    yaml.set("lora_alpha", Value::Signed(whole_alpha(Tool::Axolotl, *alpha)?), "lora.alpha");
    yaml.set("lora_dropout", Value::Float(*dropout), "lora.dropout");
    yaml.set(
        "lora_target_modules",
        Value::texts(target_modules.iter().map(String::as_str)),
        "lora.target_modules",
    );
    yaml.set("peft_use_dora", Value::Bool(*dora), "lora.dora");
    Ok(())
}

fn data(yaml: &mut Document, training: Training<'_>) {
    let roles = Value::Map(vec![
        ("user", Value::texts(["user"])),
        ("assistant", Value::texts(["assistant"])),
        ("system", Value::texts(["system"])),
    ]);
    let mut source = vec![
        ("path", Value::text(DATA)),
        ("ds_type", Value::text("json")),
        ("split", Value::text("train")),
        ("roles", roles),
    ];
    match training.table {
        Table::Sft(_) => {
            yaml.section("Data: rows {messages: [{role, content, train}]}, `train` on the last response alone");
            source.extend([
                ("type", Value::text("chat_template")),
                ("field_messages", Value::text("messages")),
                ("message_field_training", Value::text("train")),
                ("roles_to_train", Value::texts([])),
                ("train_on_eos", Value::text("turn")),
            ]);
        }
        Table::Dpo(_) => {
            yaml.section(
                "Data: rows {prompt: messages, chosen: [a response], rejected: [a response]}",
            );
            source.extend([
                ("type", Value::text("chat_template.default")),
                ("field_messages", Value::text("prompt")),
                ("field_chosen", Value::text("chosen")),
                ("field_rejected", Value::text("rejected")),
            ]);
        }
    }
    yaml.set("datasets", Value::List(vec![Value::Map(source)]), "");
    yaml.set(
        "sequence_len",
        Value::Int(training.numbers().max_length as u64),
        "max_length: tokens of prompt and response together.",
    );
    yaml.set("excess_length_strategy", Value::text("truncate"), "Responses are cut at the end.");
    yaml.set("sample_packing", Value::Bool(false), "Each example stands alone.");
    yaml.set("val_set_size", Value::Float(0.0), "The run evaluates by itself.");
}

fn loss(yaml: &mut Document, preference: &DpoConfig, batch: &Batch) -> Result<(), Error> {
    let DpoConfig { loss_type, loss_weights, beta, label_smoothing, simpo_gamma, ld_alpha, .. } =
        preference;
    yaml.section("Loss");
    let refuse = |key, value: f64, remedy| {
        Err(unsupported(Tool::Axolotl, key, format!("{value:?}"), remedy))
    };
    if *ld_alpha != 1.0 {
        return refuse("ld_alpha", *ld_alpha, "set ld_alpha = 1.0, or tool = \"trl\"");
    }
    if loss_type.as_slice() == [LossType::Simpo.into()] {
        if loss_weights.as_slice() != [1.0] {
            return refuse("loss_weights", loss_weights[0], "set loss_weights = [1.0] with simpo");
        }
        yaml.set("rl", Value::text("simpo"), "Without a reference.");
        yaml.set("rl_beta", Value::Float(*beta), "beta");
        yaml.set("simpo_gamma", Value::Float(*simpo_gamma), "");
        yaml.set("cpo_alpha", Value::Float(0.0), "No loss a token beside it.");
        return Ok(());
    }
    if *simpo_gamma > 0.0 {
        return refuse(
            "simpo_gamma",
            *simpo_gamma,
            "set simpo_gamma = 0.0 with losses other than simpo",
        );
    }
    let names = losses::names(Tool::Axolotl, preference)?;
    yaml.set("rl", Value::text("dpo"), "TRL's DPO trainer.");
    yaml.set("dpo_loss_type", Value::texts(names), losses::caveat(preference, batch.per_process));
    yaml.set(
        "dpo_loss_weights",
        Value::List(loss_weights.iter().map(|&w| Value::Float(w)).collect()),
        "",
    );
    yaml.set("rl_beta", Value::Float(*beta), "beta");
    yaml.set("dpo_label_smoothing", Value::Float(*label_smoothing), "Read by `robust` alone.");
    let comment =
        "The reference is M_t: `model` as it is before the first step, or below its adapters.";
    yaml.set("precompute_ref_log_probs", Value::Bool(true), comment);
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
    yaml.set("micro_batch_size", Value::Int(batch.per_process as u64), "external.micro_batch_size");
    yaml.set("gradient_accumulation_steps", Value::Int(batch.accumulation as u64), "");
    yaml.set("num_epochs", Value::Int(u64::from(training.numbers().epochs)), "epochs");
    if training.numbers().max_steps > 0 {
        yaml.set("max_steps", Value::Int(u64::from(training.numbers().max_steps)), "");
    }
    if training.numbers().order == Order::AsGiven {
        yaml.set("shuffle_merged_datasets", Value::Bool(false), "order");
        yaml.set("curriculum_sampling", Value::Bool(true), "");
    }
    yaml.set(
        "seed",
        Value::Int(training.narrow_seed()),
        "The order of examples is axolotl's own where it is drawn.",
    );
}

fn machine(yaml: &mut Document, config: &ExternalConfig, training: Training<'_>) {
    yaml.section("Machine: what may differ without changing what is computed, up to rounding");
    yaml.set("bf16", Value::Bool(mixed(training)), "train.precision");
    yaml.set("fp16", Value::Bool(false), "");
    yaml.set("tf32", Value::Bool(false), "");
    yaml.set(
        "gradient_checkpointing",
        Value::Bool(config.gradient_checkpointing),
        "external.gradient_checkpointing",
    );
    if config.num_processes > 1 {
        yaml.note(&format!(
            "external.num_processes: start with `--launcher accelerate -- --num_processes {}`.",
            config.num_processes
        ));
    }
    match config.sharding {
        Sharding::None => {}
        Sharding::Zero3 => yaml.set("deepspeed", Value::text(DEEPSPEED), "external.sharding"),
        Sharding::Fsdp => {
            yaml.set("fsdp_version", Value::Int(2), "external.sharding");
            yaml.block(
                "fsdp_config",
                &[
                    ("auto_wrap_policy", Value::text("TRANSFORMER_BASED_WRAP")),
                    ("reshard_after_forward", Value::Bool(true)),
                    ("offload_params", Value::Bool(false)),
                    ("cpu_ram_efficient_loading", Value::Bool(true)),
                    ("state_dict_type", Value::text("FULL_STATE_DICT")),
                ],
            );
        }
    }
}

fn output(yaml: &mut Document, training: Training<'_>) {
    yaml.section("Output");
    yaml.set("output_dir", Value::text(OUTPUT), "The run takes this folder back.");
    yaml.set("save_strategy", Value::text("steps"), "");
    let every = if training.numbers().checkpoint_every == 0 {
        1_000_000_000
    } else {
        training.numbers().checkpoint_every
    };
    yaml.set("save_steps", Value::Int(u64::from(every)), "checkpoint_every");
    yaml.set("save_total_limit", Value::Int(1), "");
    yaml.set("auto_resume_from_checkpoints", Value::Bool(true), "");
    yaml.set("logging_steps", Value::Int(1), "Every step is a row of the model's metrics.jsonl.");
    yaml.set("dataset_prepared_path", Value::text("prepared"), "");
}
