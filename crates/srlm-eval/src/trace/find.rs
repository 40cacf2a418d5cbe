//! Which prompts and dropped texts are meant.

use std::collections::BTreeSet;
use std::path::Path;

use srlm_artifact::{PromptRow, Prompts, layout};

use super::dropped::{DroppedText, dropped};
use super::folders::open;
use crate::Error;

/// How many close matches an error names.
const N_CLOSE: usize = 5;

/// A prompt or a dropped text, and its iteration.
#[derive(Clone)]
pub(super) enum Found {
    Prompt(u32, PromptRow),
    Dropped(u32, DroppedText),
}

impl Found {
    fn id(&self) -> Option<&str> {
        match self {
            Self::Prompt(_, row) => Some(&row.prompt_id),
            Self::Dropped(..) => None,
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Prompt(_, row) => collapsed(&row.prompt.to_text()),
            Self::Dropped(_, row) => collapsed(&row.text),
        }
    }
}

/// Looks for the query in this order: an id, a text, the id of a response, the beginning of an id,
/// that of a text.
///
/// # Errors
/// [`Error::UnknownPrompt`], [`Error::AmbiguousPrompt`], and those of the folders.
pub(super) fn find(run_dir: &Path, query: &str) -> Result<Vec<Found>, Error> {
    let all = all(run_dir)?;
    let (query, text) = (query.trim(), collapsed(query));
    let of_response = query.rsplit_once('/').map(|(prompt_id, _)| prompt_id);
    let exact: [&dyn Fn(&Found) -> bool; 3] =
        [&|found| found.id() == Some(query), &|found| found.text() == text, &|found| {
            found.id().is_some() && found.id() == of_response
        }];
    for is_meant in exact {
        let found: Vec<Found> = all.iter().filter(|found| is_meant(found)).cloned().collect();
        if !found.is_empty() {
            return Ok(found);
        }
    }
    let id = |found: &Found| found.id().map(str::to_owned);
    if let Some(found) = beginning(&all, query, id)? {
        return Ok(found);
    }
    let whole = |found: &Found| Some(found.text());
    beginning(&all, &text, whole)?.ok_or_else(|| unknown(run_dir, query, &all))
}

/// Those whose name begins with the query, if all of them have one name.
fn beginning(
    all: &[Found],
    query: &str,
    name: impl Fn(&Found) -> Option<String>,
) -> Result<Option<Vec<Found>>, Error> {
    let begins = |found: &Found| name(found).is_some_and(|name| name.starts_with(query));
    let found: Vec<Found> = all.iter().filter(|found| begins(found)).cloned().collect();
    let names: BTreeSet<String> = found.iter().filter_map(&name).collect();
    match names.len() {
        0 => Ok(None),
        1 => Ok(Some(found)),
        n => Err(Error::AmbiguousPrompt { query: query.to_owned(), n, some: listed(names) }),
    }
}

fn all(run_dir: &Path) -> Result<Vec<Found>, Error> {
    let mut all = Vec::new();
    for t in 1..=crate::report::n_iterations(run_dir)? {
        let Some(prompts) = open::<Prompts>(&run_dir.join(layout::round(t, "prompts")))? else {
            continue;
        };
        all.extend(prompts.rows()?.into_iter().map(|row| Found::Prompt(t, row)));
        all.extend(dropped(&prompts)?.into_iter().map(|row| Found::Dropped(t, row)));
    }
    Ok(all)
}

fn unknown(run_dir: &Path, query: &str, all: &[Found]) -> Error {
    let name = |found: &Found| found.id().map_or_else(|| found.text(), str::to_owned);
    let names: BTreeSet<String> = all.iter().map(name).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let close = similar::get_close_matches(query, &names, N_CLOSE, 0.5);
    let close = listed(close.into_iter().map(str::to_owned));
    Error::UnknownPrompt { query: query.to_owned(), run_dir: run_dir.to_owned(), close }
}

/// The first few names, texts shortened.
fn listed(names: impl IntoIterator<Item = String>) -> Vec<String> {
    let short = |name: String| match name.char_indices().nth(60) {
        Some((end, _)) => format!("{}...", &name[..end]),
        None => name,
    };
    names.into_iter().take(N_CLOSE).map(short).collect()
}

fn collapsed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
