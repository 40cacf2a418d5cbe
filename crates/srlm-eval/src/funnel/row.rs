//! One row of the table, and whether it adds up.

use serde::Serialize;

/// A number with its name in the manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Count {
    /// Such as `too_long`.
    pub name: String,
    /// How many.
    pub n: u64,
}

/// What a row counts on from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Source {
    /// The earlier row.
    pub stage: &'static str,
    /// How many it handed on.
    pub n: u64,
    /// How many are made of each: samples of a prompt, judgments of a response; else 1.
    pub times: u64,
}

/// Whether there is something to count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RowState {
    /// The folder is complete.
    Counted,
    /// The folder does not exist yet.
    Pending,
    /// The folder cannot be read, and why.
    Unreadable(String),
}

/// What one step took in, handed on and left out: `n_in` is `n_out` and all of `dropped` together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FunnelRow {
    /// What `n_out` counts, such as `prompts kept`.
    pub stage: &'static str,
    /// What `n_in` and `dropped` count.
    pub unit: &'static str,
    /// The folder whose manifest is read, relative to the run.
    pub folder: String,
    /// Whether there is one. Without, all numbers are 0.
    pub state: RowState,
    /// Whether the row stands beside the way from texts to the next model.
    pub is_side: bool,
    /// Where `n_in` comes from; `None` where the row counts something anew.
    pub source: Option<Source>,
    /// What comes in beside that.
    pub joined: Vec<Count>,
    /// Taken in.
    pub n_in: u64,
    /// Handed on.
    pub n_out: u64,
    /// Left out, by reason; zeros as well.
    pub dropped: Vec<Count>,
    /// More about what was handed on.
    pub notes: Vec<Count>,
    /// Which numbers contradict each other; empty where the row adds up.
    pub problems: Vec<String>,
}

impl FunnelRow {
    /// A row of a folder that is not there.
    pub(crate) fn new(stage: &'static str, unit: &'static str, folder: String) -> Self {
        Self {
            stage,
            unit,
            folder,
            state: RowState::Pending,
            is_side: false,
            source: None,
            joined: Vec::new(),
            n_in: 0,
            n_out: 0,
            dropped: Vec::new(),
            notes: Vec::new(),
            problems: Vec::new(),
        }
    }

    /// Everything left out.
    pub fn n_dropped(&self) -> u64 {
        self.dropped.iter().map(|count| count.n).sum()
    }

    /// Whether there is something to count.
    pub fn is_counted(&self) -> bool {
        self.state == RowState::Counted
    }

    /// This row as what the next one counts on from; `None` where nothing was counted.
    pub(crate) fn as_source(&self, times: u64) -> Option<Source> {
        self.is_counted().then_some(Source { stage: self.stage, n: self.n_out, times })
    }

    /// Notes what contradicts `n_out` having been handed on; `n_found` is how many there are, where
    /// that is known.
    pub(crate) fn checked(mut self, n_found: Option<u64>) -> Self {
        let Self { n_in, n_out, unit, .. } = self;
        let n_dropped = self.n_dropped();
        let mut note = |holds: bool, problem: String| {
            if !holds {
                self.problems.push(problem);
            }
        };
        let sum = format!(
            "{n_in} {unit} in, but {n_out} out and {n_dropped} left out make {}",
            n_out + n_dropped
        );
        note(n_in == n_out + n_dropped, sum);
        if let Some(Source { stage, n, times }) = self.source {
            let handed = n * times + self.joined.iter().map(|count| count.n).sum::<u64>();
            note(n_in == handed, format!("{n_in} {unit} in, but `{stage}` hands on {handed}"));
        }
        if let Some(found) = n_found {
            note(n_out == found, format!("{n_out} out, but the rows show {found}"));
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_what_does_not_add_up() {
        let row = |n_in, n_out, n_dropped, handed: Option<(u64, u64)>| FunnelRow {
            source: handed.map(|(n, times)| Source { stage: "prompts kept", n, times }),
            n_in,
            n_out,
            dropped: vec![Count { name: "tied".to_owned(), n: n_dropped }],
            ..FunnelRow::new("prompts paired", "prompts", String::new())
        };
        let check = |row: FunnelRow, n_found, expected: &[&str]| {
            assert_eq!(row.checked(n_found).problems, expected)
        };
        check(row(5, 3, 2, None), None, &[]);
        check(row(6, 4, 2, Some((3, 2))), Some(4), &[]);
        check(row(5, 3, 1, None), None, &["5 prompts in, but 3 out and 1 left out make 4"]);
        check(row(5, 3, 2, Some((2, 2))), None, &["5 prompts in, but `prompts kept` hands on 4"]);
        check(row(5, 3, 2, Some((5, 1))), Some(4), &["3 out, but the rows show 4"]);
    }
}
