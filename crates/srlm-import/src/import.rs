//! From files to artifact folders.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::example::{Example, Parsed};
use crate::human::Pairs;
use crate::oasst::{self, Forest, Given};
use crate::write::Written;
use crate::{Accounting, Error, Format, ImportConfig, OnBadRow, Place, Problem};
use crate::{chat, columns, dedup, files, limits, read, sides, split, write};

/// What an import made.
#[derive(Clone, Debug)]
pub struct Imported {
    /// What was read, kept and left out.
    pub accounting: Accounting,
    /// The folders: train, validation, test, with the kinds of each together.
    pub artifacts: Vec<Written>,
}

/// Reads files and folders of one format and writes
/// `out/{ift,ranked-prompts,ranked-responses,eft,prompts}-{train, validation,test}`, as far as
/// there are such rows.
///
/// # Errors
/// [`Error::Config`], [`Error::Column`] before anything is read; [`Error::Io`], [`Error::Input`],
/// [`Error::Row`] while reading; [`Error::Nothing`] where nothing is left; [`Error::Changed`] where
/// a folder was made from other files or settings; [`Error::Artifact`] while writing.
pub fn import(config: &ImportConfig, inputs: &[PathBuf], out: &Path) -> Result<Imported, Error> {
    config.validate()?;
    let files = files::expand(inputs)?;
    let mut reading = Reading::new(config);
    for file in &files {
        reading.accounting.files += 1;
        read::for_each_row(file, &mut |place, row| reading.row(place, row))?;
    }
    let (examples, mut accounting) = reading.finish()?;
    let mut distinct = dedup::distinct(examples, config, &mut accounting);
    let placed = split::place(&mut distinct, config, &mut accounting);
    if placed.is_empty() {
        return Err(nothing(&accounting));
    }
    let sides = sides::sides(placed, &distinct.clusters, config);
    let recipe = write::recipe(config, &files)?;
    let artifacts = write::write(sides, &recipe, config, &mut accounting, out)?;
    Ok(Imported { accounting, artifacts })
}

/// Rows on their way to examples.
struct Reading<'a> {
    config: &'a ImportConfig,
    accounting: Accounting,
    examples: Vec<Example>,
    forest: Forest,
    pairs: Pairs,
}

impl<'a> Reading<'a> {
    fn new(config: &'a ImportConfig) -> Self {
        Self {
            config,
            accounting: Accounting::default(),
            examples: Vec::new(),
            forest: Forest::default(),
            pairs: Pairs::default(),
        }
    }

    fn row(&mut self, place: Place, row: Result<Value, Problem>) -> Result<(), Error> {
        self.accounting.rows += 1;
        let parsed = row.and_then(|row| self.parse(&row, &place));
        self.parsed(place, parsed)
    }

    fn parsed(
        &mut self,
        place: Place,
        parsed: Result<Option<Parsed>, Problem>,
    ) -> Result<(), Error> {
        match parsed {
            Ok(Some(parsed)) => self.example(parsed),
            Ok(None) => {}
            Err(problem) if self.config.on_bad_row == OnBadRow::Drop => {
                self.accounting.bad_row(place, problem)
            }
            Err(problem) => return Err(Error::Row { place, problem }),
        }
        Ok(())
    }

    /// `None` for messages of Open Assistant and for pairs, which become examples once all are
    /// there.
    fn parse(&mut self, row: &Value, place: &Place) -> Result<Option<Parsed>, Problem> {
        match self.config.format {
            Format::Oasst => match oasst::parse(row, place, self.config, &mut self.forest)? {
                Given::Group(parsed) => Ok(Some(parsed)),
                Given::Messages => Ok(None),
            },
            Format::Pairwise => self.pairs.row(row, place, &self.config.columns),
            Format::Sharegpt | Format::Messages => chat::parse(row, self.config).map(Some),
            _ => columns::parse(row, self.config).map(Some),
        }
    }

    fn example(&mut self, parsed: Parsed) {
        self.accounting.examples += 1;
        match parsed.and_then(|example| limits::within(example, self.config)) {
            Ok(example) => self.examples.push(example),
            Err(reason) => self.accounting.dropped(reason),
        }
    }

    fn finish(mut self) -> Result<(Vec<Example>, Accounting), Error> {
        let pairs = std::mem::take(&mut self.pairs);
        for (place, parsed) in pairs.examples(self.config) {
            self.parsed(place, parsed.map(Some))?;
        }
        let forest = std::mem::take(&mut self.forest);
        for parsed in forest.examples(self.config, &mut self.accounting) {
            self.example(parsed);
        }
        Ok((self.examples, self.accounting))
    }
}

fn nothing(accounting: &Accounting) -> Error {
    let bad = (accounting.bad_rows > 0).then(|| format!("bad rows: {}", accounting.bad_rows));
    let dropped = accounting.dropped.iter().map(|(reason, n)| format!("{}: {n}", reason.name()));
    let reasons: Vec<String> = bad.into_iter().chain(dropped).collect();
    let reasons = if reasons.is_empty() { "no rows".to_owned() } else { reasons.join(", ") };
    Error::Nothing { rows: accounting.rows, reasons }
}
