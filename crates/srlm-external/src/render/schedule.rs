//! The learning rate's way by the names of transformers.

use srlm_settings::Decay;

use super::yaml::Value;
use crate::training::Training;

/// `lr_scheduler_type` and its arguments.
///
/// # Source
/// transformers, `optimization.py`: `polynomial` with power 1 is a line down to `lr_end`,
/// `cosine_with_min_lr` half a cosine down to `min_lr`; both hold the floor.
pub(crate) fn scheduler(training: Training<'_>) -> (&'static str, Value) {
    let (peak, floor) = (training.numbers().learning_rate, training.numbers().final_learning_rate);
    match training.numbers().decay {
        // A polynomial refuses a floor that is no lower than the peak.
        _ if floor == peak => ("constant_with_warmup", Value::Null),
        Decay::Constant => ("constant_with_warmup", Value::Null),
        Decay::Cosine => ("cosine_with_min_lr", Value::Map(vec![("min_lr", Value::Float(floor))])),
        Decay::Linear => (
            "polynomial",
            Value::Map(vec![("lr_end", Value::Float(floor)), ("power", Value::Float(1.0))]),
        ),
    }
}

/// How the way differs from ours.
pub(crate) const CAVEAT: &str = "Peak, floor, warmup and shape are ours. transformers counts steps from 0: its warmup starts at rate 0, one step\n\
     behind ours, and the floor is reached one step after the last.";
