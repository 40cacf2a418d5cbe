//! Settings files, to the letter. They were read by TRL 1.16 and axolotl 0.19; see
//! `docs/guides/external-training.md`.

use insta::assert_snapshot;
use srlm_external::{Device, ExternalConfig, Sharding, Tool, Training, render};
use srlm_settings::{LossType, Order, Precision, SftConfig};

use crate::samples::{dpo, lora, of_dpo, of_sft, sft};

fn file(config: &ExternalConfig, training: Training<'_>, name: &str) -> String {
    let files = render(config, training).unwrap();
    files.into_iter().find(|(found, _)| *found == name).unwrap().1
}

fn refused(config: &ExternalConfig, training: Training<'_>) -> String {
    render(config, training).unwrap_err().to_string()
}

fn axolotl() -> ExternalConfig {
    ExternalConfig { tool: Tool::Axolotl, ..ExternalConfig::default() }
}

#[test]
fn trl_is_told_every_number_of_preference_training() {
    let config =
        ExternalConfig { num_processes: 8, sharding: Sharding::Fsdp, ..ExternalConfig::default() };
    let table = dpo(&[LossType::Sigmoid, LossType::Nll]);
    let table = of_dpo(&table);
    assert_snapshot!("trl_dpo", file(&config, table, "trl.yaml"));
    assert_snapshot!("accelerate_fsdp", file(&config, table, "accelerate.yaml"));
}

#[test]
fn trl_is_told_every_number_of_fine_tuning_with_adapters_on_the_processor() {
    let config = ExternalConfig {
        device: Device::Cpu,
        micro_batch_size: 4,
        gradient_checkpointing: false,
        ..ExternalConfig::default()
    };
    let mut table = SftConfig { lora: Some(lora()), ..sft() };
    table.train.weight_decay = 0.1;
    table.train.precision = Precision::F32;
    table.train.order = Order::AsGiven;
    let table = of_sft(&table);
    assert_snapshot!("trl_sft_lora", file(&config, table, "trl.yaml"));
    assert_snapshot!("accelerate_cpu", file(&config, table, "accelerate.yaml"));
}

#[test]
fn axolotl_is_told_the_same() {
    let config = ExternalConfig { num_processes: 4, sharding: Sharding::Zero3, ..axolotl() };
    assert_snapshot!(
        "axolotl_dpo",
        file(&config, of_dpo(&dpo(&[LossType::ApoZero])), "axolotl.yaml")
    );
    assert_snapshot!(
        "axolotl_deepspeed",
        file(&config, of_dpo(&dpo(&[LossType::ApoZero])), "deepspeed.json")
    );
    let table = SftConfig { lora: Some(lora()), ..sft() };
    assert_snapshot!("axolotl_sft_lora", file(&axolotl(), of_sft(&table), "axolotl.yaml"));
    let simpo = file(&axolotl(), of_dpo(&dpo(&[LossType::Simpo])), "axolotl.yaml");
    assert!(simpo.contains("rl: \"simpo\"") && simpo.contains("cpo_alpha: 0.0"), "{simpo}");
}

#[test]
fn what_has_no_counterpart_is_refused_with_a_remedy() {
    let trl = ExternalConfig::default();
    let mut smoothed = dpo(&[LossType::Sigmoid]);
    smoothed.ld_alpha = 0.5;
    assert_snapshot!(refused(&axolotl(), of_dpo(&smoothed)), @r#"axolotl has no counterpart of ld_alpha = 0.5: set ld_alpha = 1.0, or tool = "trl""#);
    assert!(file(&trl, of_dpo(&smoothed), "trl.yaml").contains("ld_alpha: 0.5\n"));
    assert_snapshot!(refused(&trl, of_dpo(&dpo(&[LossType::Simpo]))), @r#"trl has no counterpart of loss_type = "simpo": train with tool = "axolotl" and simpo as the only loss, or with engine = "self""#);
    let mut fractional = sft();
    fractional.lora = Some(srlm_settings::LoraConfig { alpha: 2.5, ..lora() });
    assert_snapshot!(refused(&trl, of_sft(&fractional)), @"trl has no counterpart of lora.alpha = 2.5: it takes whole numbers; alpha / rank is what counts");
    let mut averaged = sft();
    averaged.train.ema_decay = 0.99;
    assert_snapshot!(refused(&trl, of_sft(&averaged)), @r#"trl has no counterpart of train.ema_decay = 0.99: set train.ema_decay = 0.0, or train with engine = "self""#);
}

#[test]
fn a_batch_is_made_of_whole_passes() {
    let config = ExternalConfig { num_processes: 3, ..ExternalConfig::default() };
    assert_snapshot!(refused(&config, of_sft(&sft())), @"batch_size = 16 is no multiple of external.num_processes x external.micro_batch_size = 3 x 1: change one of the three");
}

#[test]
fn a_bad_key_is_named() {
    let refused = |config: ExternalConfig| config.validate().unwrap_err().to_string();
    assert_snapshot!(refused(ExternalConfig { num_processes: 0, ..axolotl() }), @"num_processes must be at least 1");
    assert_snapshot!(refused(ExternalConfig { device: Device::Cpu, ..axolotl() }), @r#"device must be "gpu" with tool = "axolotl", which trains on GPUs only"#);
    let command = "trl {stag}".to_owned();
    assert_snapshot!(refused(ExternalConfig { command, ..axolotl() }), @"command has the unknown placeholder {stag}; known are {stage}, {config}, {data}, {model}, {output} and {resume}");
}
