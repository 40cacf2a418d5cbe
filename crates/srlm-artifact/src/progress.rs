//! How long work tells its caller how far it is.

use std::ops::ControlFlow;

/// How far a stage is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Units done, those of an earlier attempt included.
    pub done: u64,
    /// Units in all.
    pub total: u64,
    /// What a unit is, in the plural: `prompts`, `steps`.
    pub unit: &'static str,
    /// Tokens that went through the model in this attempt, 0 where that is not counted.
    pub tokens: u64,
}

/// Told after each unit; `Break` asks to stop now, with what is done saved.
pub type OnProgress<'a> = &'a mut dyn FnMut(Progress) -> ControlFlow<()>;
