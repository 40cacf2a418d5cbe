//! AlpacaEval's results: `annotations.json` into win rates, raw and length-controlled.
//!
//! [`read`] gives the annotations; [`summary`] counts them as AlpacaEval does and adds intervals
//! and our own length control. AlpacaEval writes percent, here all rates are shares from 0 to 1.
//!
//! ```
//! use srlm_eval::{Bootstrap, alpaca_eval};
//!
//! let row = |preference: &str| format!(
//!     r#"{{"output_1": "old", "generator_1": "m0", "output_2": "new", "generator_2": "m1", "annotator": "judge",
//!          "preference": {preference}}}"#
//! );
//! let file = tempfile::NamedTempFile::new()?;
//! std::fs::write(file.path(), format!("[{}, {}, {}]", row("2.0"), row("1.25"), row("null")))?;
//! let found = &alpaca_eval::summary(&alpaca_eval::read(file.path())?, None, &Bootstrap::default())[0];
//! assert_eq!((found.model.as_str(), found.n_wins, found.n_losses, found.n_without_preference), ("m1", 1, 1, 1));
//! assert_eq!(found.win_rate.expect("two preferences").value, 0.625);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Source
//! AlpacaEval 0.6.6: `main.py` writes the file, `metrics/winrate.py` and `metrics/glm_winrate.py`
//! count.

mod annotation;
mod gamed;
mod glm;
mod leaderboard;
mod summary;
mod table;

pub use annotation::{Annotation, read};
pub use gamed::{GamedRow, read_gamed};
pub use glm::Glm;
pub use leaderboard::read_leaderboard;
pub use summary::{Summary, summary};
