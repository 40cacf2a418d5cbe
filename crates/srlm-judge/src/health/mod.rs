//! What a stage's judgments say about the judge.

mod breach;
mod config;
mod file;

pub use breach::{Breach, breaches};
pub use config::{Action, HealthConfig};
pub use file::read_health;
pub(crate) use file::write_health;
