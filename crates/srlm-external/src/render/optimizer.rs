//! The numbers of schedule and optimizer, which both programs hand to transformers.

use super::schedule;
use super::yaml::{Document, Value};
use crate::training::Training;

/// The settings, with the program's names of schedule and optimizer and what it says of weight
/// decay.
pub(super) fn settings(
    yaml: &mut Document,
    training: Training<'_>,
    [schedule, optimizer]: [&str; 2],
    of_decay: &str,
) {
    yaml.section("Learning rate");
    let (name, arguments) = schedule::scheduler(training);
    yaml.set("learning_rate", Value::Float(training.numbers().learning_rate), schedule::CAVEAT);
    yaml.set(schedule, Value::text(name), "decay, final_learning_rate");
    yaml.set("lr_scheduler_kwargs", arguments, "");
    yaml.set("warmup_steps", Value::Int(u64::from(training.numbers().warmup_steps)), "");
    yaml.section("Optimizer");
    yaml.set(optimizer, Value::text("adamw_torch"), "");
    yaml.set("adam_beta1", Value::Float(training.numbers().adam_beta1), "");
    yaml.set("adam_beta2", Value::Float(training.numbers().adam_beta2), "");
    yaml.set("adam_epsilon", Value::Float(training.numbers().adam_epsilon), "");
    let comment = if training.numbers().weight_decay > 0.0 { of_decay } else { "" };
    yaml.set("weight_decay", Value::Float(training.numbers().weight_decay), comment);
    yaml.set("max_grad_norm", Value::Float(training.numbers().max_grad_norm), "0 does not clip.");
}
