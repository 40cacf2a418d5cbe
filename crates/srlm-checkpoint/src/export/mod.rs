//! What goes beside a model when it leaves: a card for people, a Modelfile for Ollama.

mod go_template;
mod model_card;
mod modelfile;

pub use self::model_card::{CardTable, ModelCard};
pub use self::modelfile::{OllamaSettings, modelfile};
