//! Verdicts on pairs as ranked responses, for an import.

use std::collections::BTreeMap;

use serde_json::Value;
use srlm_artifact::Role;

use super::HumanFormat;
use super::fields::Fields;
use super::label::{Numbering, worths};
use super::row::{Opinion, Row, parse};
use crate::example::{Content, Example, Parsed};
use crate::{ImportConfig, Place, Problem, Reason};

/// Pairs on their way to examples: what a number means shows once all rows are there.
#[derive(Default)]
pub(crate) struct Pairs(Vec<(Place, Row)>);

impl Pairs {
    /// Takes a row in; what gives nothing comes back with its reason.
    pub(crate) fn row(
        &mut self,
        row: &Value,
        place: &Place,
        columns: &BTreeMap<String, String>,
    ) -> Result<Option<Parsed>, Problem> {
        match parse(row, HumanFormat::Pairwise, Fields::checked(columns))? {
            Ok(row) => {
                self.0.push((place.clone(), row));
                Ok(None)
            }
            Err(reason) => Ok(Some(Err(reason))),
        }
    }

    /// The better response before the worse.
    pub(crate) fn examples(self, config: &ImportConfig) -> Vec<(Place, Result<Parsed, Problem>)> {
        let label = |row: &Row| match row.opinion {
            Opinion::Pair(_, label) => Some(label),
            _ => None,
        };
        let numbering = Numbering::of(self.0.iter().filter_map(|(_, row)| label(row)));
        self.0.into_iter().map(|(place, row)| (place, example(row, numbering, config))).collect()
    }
}

fn example(
    row: Row,
    numbering: Option<Numbering>,
    config: &ImportConfig,
) -> Result<Parsed, Problem> {
    let (texts, label) = match row.opinion {
        Opinion::Pair(texts, label) => (texts, label),
        _ => return Ok(Err(Reason::NoResponse)),
    };
    let [first, second] = worths(label, numbering)?;
    let n_turns =
        row.prompt.messages().iter().filter(|message| message.role != Role::System).count();
    if n_turns > 1 && !config.multi_turn {
        return Ok(Err(Reason::LaterTurn));
    }
    if texts.iter().any(|text| text.trim().is_empty()) {
        return Ok(Err(Reason::Blank));
    }
    let [a, b] = texts;
    let ranked = match first.total_cmp(&second) {
        std::cmp::Ordering::Greater => vec![a, b],
        std::cmp::Ordering::Less => vec![b, a],
        std::cmp::Ordering::Equal => return Ok(Err(Reason::HumanTie)),
    };
    let content = Content::Answers { ift: None, ranked };
    Ok(Example { id: row.id, prompt: row.prompt, content }.checked())
}
