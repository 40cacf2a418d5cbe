//! A file of human judgments.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use srlm_artifact::{Role, sha256};

use super::fields::Fields;
use super::label::{Label, Numbering, worths};
use super::row::{Opinion, Row, parse};
use super::{HumanData, HumanFormat, HumanGroup, HumanResponse};
use crate::ids::Ids;
use crate::read::for_each_row;
use crate::{Error, Place, Problem};

/// Reads what people said of responses: JSON Lines, JSON or Parquet, plain or compressed.
///
/// | form | a row |
/// |---|---|
/// | `ranked` | `messages` or a prompt, and `replies`: `{text, rank}` each, rank 0 the best, or texts, the best first |
/// | `pairwise` | a prompt, `response_a` and `response_b` or `responses`, and `verdict`; or `chosen` and `rejected` |
/// | `ratings` | a prompt, `response`, `score` |
///
/// The usual other names of these fields are known; `columns` names the rest, as in `prompt` =
/// `question.text`. Without a `format` the first row decides. Numbers as verdicts count from 0
/// where a 0 occurs in the file, else from 1: first, second, tie. Ratings of equal prompts are one
/// group.
///
/// # Errors
/// [`Error::Column`], [`Error::Io`], [`Error::HumanRow`] with the place of a row that cannot be
/// read, and
/// [`Error::Nothing`] where no row is left.
pub fn read_human(
    path: &Path,
    format: Option<HumanFormat>,
    columns: &BTreeMap<String, String>,
) -> Result<HumanData, Error> {
    let fields = Fields::new(columns)?;
    let mut reading =
        Reading { format, fields, rows: Vec::new(), n_rows: 0, left_out: BTreeMap::new() };
    for_each_row(path, &mut |place, row| {
        reading.n_rows += 1;
        let read = row.and_then(|row| reading.row(&row));
        match read {
            Ok(Some(row)) => reading.rows.push((place, row)),
            Ok(None) => {}
            Err(problem) => return Err(Error::HumanRow { place, problem }),
        }
        Ok(())
    })?;
    reading.finish()
}

struct Reading<'a> {
    format: Option<HumanFormat>,
    fields: Fields<'a>,
    rows: Vec<(Place, Row)>,
    n_rows: u64,
    left_out: BTreeMap<&'static str, u64>,
}

impl Reading<'_> {
    fn row(&mut self, row: &serde_json::Value) -> Result<Option<Row>, Problem> {
        let format = match self.format.or_else(|| HumanFormat::of(row, self.fields)) {
            Some(format) => *self.format.insert(format),
            None => {
                return Err(Problem::new(
                    "",
                    "has neither ranked replies, nor two responses, nor a scored one",
                ));
            }
        };
        let reason = match parse(row, format, self.fields)? {
            Ok(row) if matches!(&row.opinion, Opinion::Ranked(ranked) if ranked.len() < 2) => {
                "one_response"
            }
            Ok(row) => return Ok(Some(row)),
            Err(reason) => reason.name(),
        };
        *self.left_out.entry(reason).or_default() += 1;
        Ok(None)
    }

    fn finish(self) -> Result<HumanData, Error> {
        let Some(format) = self.format.filter(|_| !self.rows.is_empty()) else {
            let reasons = self
                .left_out
                .iter()
                .map(|(reason, n)| format!("{reason}: {n}"))
                .collect::<Vec<_>>();
            let reasons =
                if reasons.is_empty() { "no rows".to_owned() } else { reasons.join(", ") };
            return Err(Error::Nothing { rows: self.n_rows, reasons });
        };
        let numbering = Numbering::of(self.rows.iter().filter_map(|(_, row)| match row.opinion {
            Opinion::Pair(_, label) => Some(label),
            _ => None,
        }));
        let groups = match format {
            HumanFormat::Ratings => rated(self.rows),
            _ => compared(self.rows, numbering)?,
        };
        let labels = numbering.map(Numbering::words);
        Ok(HumanData { format, groups, rows: self.n_rows, left_out: self.left_out, labels })
    }
}

/// A group for each row.
fn compared(
    rows: Vec<(Place, Row)>,
    numbering: Option<Numbering>,
) -> Result<Vec<HumanGroup>, Error> {
    let mut ids = Ids::default();
    let group = |(i, (place, row)): (usize, (Place, Row))| {
        let source = row.id.clone().unwrap_or_else(|| format!("row-{}", place.line));
        let prompt_id = ids.of(i, Some(&source), &row.prompt.to_text());
        let tree = tree(&row);
        let responses = match row.opinion {
            Opinion::Ranked(ranked) => ranked
                .into_iter()
                .map(|(text, rank)| HumanResponse { text, worth: -rank })
                .collect(),
            Opinion::Pair(texts, label) => {
                let worths = pair_worths(label, numbering, place)?;
                texts
                    .into_iter()
                    .zip(worths)
                    .map(|(text, worth)| HumanResponse { text, worth })
                    .collect()
            }
            Opinion::Rating(text, worth) => vec![HumanResponse { text, worth }],
        };
        Ok(HumanGroup { prompt_id, tree, prompt: row.prompt, responses })
    };
    rows.into_iter().enumerate().map(group).collect()
}

fn pair_worths(
    label: Label,
    numbering: Option<Numbering>,
    place: Place,
) -> Result<[f64; 2], Error> {
    worths(label, numbering).map_err(|problem| Error::HumanRow { place, problem })
}

/// A group for each prompt.
fn rated(rows: Vec<(Place, Row)>) -> Vec<HumanGroup> {
    let (mut ids, mut groups, mut numbers) =
        (Ids::default(), Vec::<HumanGroup>::new(), HashMap::new());
    for (_, row) in rows {
        let text = row.prompt.to_text();
        let number = *numbers.entry(text.clone()).or_insert(groups.len());
        if number == groups.len() {
            let (prompt_id, tree) = (ids.of(number, row.id.as_deref(), &text), tree(&row));
            groups.push(HumanGroup { prompt_id, tree, prompt: row.prompt, responses: Vec::new() });
        }
        if let Opinion::Rating(text, worth) = row.opinion {
            groups[number].responses.push(HumanResponse { text, worth });
        }
    }
    groups
}

/// The row's own tree, else a hash of its first user's turn.
fn tree(row: &Row) -> String {
    let first = row.prompt.messages().iter().find(|message| message.role == Role::User);
    let text = first.map_or("", |message| message.content.trim());
    row.tree.clone().unwrap_or_else(|| sha256(text)[..16].to_owned())
}
