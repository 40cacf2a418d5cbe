//! Training on single responses with a verdict each: KTO (Ethayarajh et al. 2024) and the unpaired
//! APO-zero.

mod example;
mod loss;
mod objective;
mod reference;
mod stage;

pub use example::UnpairedExample;
pub use loss::{Unpaired, UnpairedLogps, UnpairedLosses, unpaired_loss};
pub use objective::UnpairedObjective;
pub use reference::run as reference;
pub use stage::{Inputs, run};
