//! What starts the processes: accelerate's settings, and DeepSpeed's where axolotl wants them
//! apart.

use serde_json::json;

use super::mixed;
use super::yaml::{Document, Value};
use crate::config::{Device, ExternalConfig, Sharding};
use crate::training::Training;

/// `accelerate.yaml`.
pub(crate) fn render(config: &ExternalConfig, training: Training<'_>) -> String {
    let mut yaml = Document::default();
    yaml.note("Processes and devices, for accelerate. trl.yaml names this file.");
    let is_cpu = config.device == Device::Cpu;
    let distributed = match config.sharding {
        Sharding::Fsdp => "FSDP",
        Sharding::Zero3 => "DEEPSPEED",
        Sharding::None if config.num_processes == 1 => "NO",
        Sharding::None if is_cpu => "MULTI_CPU",
        Sharding::None => "MULTI_GPU",
    };
    yaml.set("compute_environment", Value::text("LOCAL_MACHINE"), "");
    yaml.set("distributed_type", Value::text(distributed), "external.sharding");
    match config.sharding {
        Sharding::None => {}
        Sharding::Fsdp => yaml.block(
            "fsdp_config",
            &[
                ("fsdp_version", Value::Int(2)),
                ("fsdp_auto_wrap_policy", Value::text("TRANSFORMER_BASED_WRAP")),
                ("fsdp_reshard_after_forward", Value::Bool(true)),
                ("fsdp_offload_params", Value::Bool(false)),
                ("fsdp_cpu_ram_efficient_loading", Value::Bool(true)),
                // One file of all weights, which is what the run takes back.
                ("fsdp_state_dict_type", Value::text("FULL_STATE_DICT")),
                ("fsdp_activation_checkpointing", Value::Bool(false)),
            ],
        ),
        Sharding::Zero3 => yaml.block(
            "deepspeed_config",
            &[
                ("zero_stage", Value::Int(3)),
                ("offload_optimizer_device", Value::text("none")),
                ("offload_param_device", Value::text("none")),
                ("zero3_init_flag", Value::Bool(true)),
                // Gathers all weights when the model is saved, which is what the run takes back.
                ("zero3_save_16bit_model", Value::Bool(true)),
            ],
        ),
    }
    yaml.set("num_processes", Value::Int(config.num_processes as u64), "external.num_processes");
    yaml.set("num_machines", Value::Int(1), "");
    yaml.set("machine_rank", Value::Int(0), "");
    yaml.set(
        "mixed_precision",
        Value::text(if mixed(training) { "bf16" } else { "no" }),
        "train.precision",
    );
    yaml.set("use_cpu", Value::Bool(is_cpu), "external.device");
    yaml.set("main_training_function", Value::text("main"), "");
    yaml.set("rdzv_backend", Value::text("static"), "");
    yaml.set("same_network", Value::Bool(true), "");
    yaml.finish()
}

/// `deepspeed.json`, which axolotl names.
pub(crate) fn deepspeed(training: Training<'_>) -> String {
    let settings = json!({
        "zero_optimization": { "stage": 3, "stage3_gather_16bit_weights_on_model_save": true, "overlap_comm": true },
        "bf16": { "enabled": mixed(training) },
        "gradient_accumulation_steps": "auto",
        "gradient_clipping": "auto",
        "train_batch_size": "auto",
        "train_micro_batch_size_per_gpu": "auto",
    });
    format!("{settings:#}\n")
}
