//! The table as text and as Markdown.

use std::fmt;

use super::row::{Count, FunnelRow, RowState};
use super::{Funnel, IterationFunnel};
use crate::report::{count, plain, words};

const HEADS: [&str; 5] = ["stage", "unit", "in", "out", "left out"];

impl FunnelRow {
    /// `n_in` and how it came about: `160 (40 x 4)`, `52 (40 + 12 judge pairs)`.
    pub(crate) fn taken_in(&self) -> String {
        let n_in = count(self.n_in);
        let Some(source) = &self.source else { return n_in };
        if source.times > 1 {
            return format!("{n_in} ({} x {})", count(source.n), source.times);
        }
        match joined(&self.joined) {
            joined if joined.is_empty() => n_in,
            joined => format!("{n_in} ({} + {joined})", count(source.n)),
        }
    }

    /// `3 tied, 1 below gap`: the greatest first, without zeros.
    pub(crate) fn left_out(&self) -> String {
        joined(&self.dropped)
    }

    /// What keeps the row from being counted.
    pub(crate) fn standing(&self) -> Option<String> {
        match &self.state {
            RowState::Counted => None,
            RowState::Pending => Some("pending".to_owned()),
            RowState::Unreadable(reason) => Some(format!("unreadable: {reason}")),
        }
    }

    /// The stage's name, with its folder where rows of several folders have one name.
    pub(crate) fn title(&self) -> String {
        let folder = self.folder.rsplit('/').next().unwrap_or_default();
        if self.is_side { format!("{} ({folder})", self.stage) } else { self.stage.to_owned() }
    }

    fn cells(&self) -> [String; 5] {
        let (title, unit) = (self.title(), self.unit.to_owned());
        match self.standing() {
            Some(standing) => [title, unit, String::new(), String::new(), standing],
            None => [title, unit, self.taken_in(), count(self.n_out), self.left_out()],
        }
    }
}

/// Counts as one text, the greatest first, without zeros.
pub(crate) fn joined(counts: &[Count]) -> String {
    let mut counts: Vec<&Count> = counts.iter().filter(|count| count.n > 0).collect();
    counts.sort_by_key(|count| std::cmp::Reverse(count.n));
    let text = |one: &Count| {
        format!("{} {}", count(one.n), words(one.name.trim_end_matches("_responses")))
    };
    counts.into_iter().map(text).collect::<Vec<_>>().join(", ")
}

impl IterationFunnel {
    /// The table of the iteration as Markdown, and what does not add up below it.
    pub fn to_markdown(&self) -> String {
        let line =
            |cells: [String; 5]| format!("| {} |\n", cells.map(|cell| plain(&cell)).join(" | "));
        let mut text = line(HEADS.map(str::to_owned)) + "|---|---|--:|--:|---|\n";
        text.extend(self.rows.iter().map(|row| line(row.cells())));
        for misfit in self.check() {
            text += &format!("\n**Does not add up**, {}: {}\n", misfit.stage, misfit.problem);
        }
        text
    }
}

impl Funnel {
    /// Every iteration's table as Markdown, each under its heading.
    pub fn to_markdown(&self) -> String {
        let one = |funnel: &IterationFunnel| {
            format!("## Iteration {}\n\n{}", funnel.iteration, funnel.to_markdown())
        };
        self.iterations.iter().map(one).collect::<Vec<_>>().join("\n")
    }
}

/// Aligned columns.
impl fmt::Display for IterationFunnel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<[String; 5]> = std::iter::once(HEADS.map(str::to_owned))
            .chain(self.rows.iter().map(FunnelRow::cells))
            .collect();
        let width =
            |i: usize| lines.iter().map(|cells| cells[i].chars().count()).max().unwrap_or(0);
        let widths = [0, 1, 2, 3].map(width);
        writeln!(f, "Iteration {}", self.iteration)?;
        for [stage, unit, n_in, n_out, left] in &lines {
            let [a, b, c, d] = widths;
            let line = format!("{stage:a$}  {unit:b$}  {n_in:>c$}  {n_out:>d$}  {left}");
            writeln!(f, "{}", line.trim_end())?;
        }
        self.check().iter().try_for_each(|misfit| {
            writeln!(f, "does not add up: {}: {}", misfit.stage, misfit.problem)
        })
    }
}

impl fmt::Display for Funnel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, iteration) in self.iterations.iter().enumerate() {
            f.write_str(if i == 0 { "" } else { "\n" })?;
            iteration.fmt(f)?;
        }
        Ok(())
    }
}
