//! A study as Markdown, for terminals and pull requests.

use super::measure::MEASURES;
use super::page::{cells, length_baseline};
use super::sentences::settings;
use super::{Point, RunState, Study};
use crate::report::plain;

/// The outcome in sentences, the table of points, and the reasons of runs that failed.
pub fn study_markdown(study: &Study) -> String {
    let mut lines = vec![format!("# {}", plain(&study.name)), String::new()];
    for sentence in study.sentences() {
        lines.extend([plain(&sentence), String::new()]);
    }
    let titles = MEASURES
        .iter()
        .map(|measure| format!("{} ({})", measure.title.to_lowercase(), measure.unit));
    lines.push(row(["settings".to_owned(), "runs done".to_owned()]
        .into_iter()
        .chain(titles)
        .chain(["longer response".to_owned()])));
    lines.push("|---".repeat(MEASURES.len() + 3) + "|");
    lines.extend(study.points.iter().map(point_row));
    for run in study.runs() {
        if let RunState::Failed(reason) = &run.state {
            lines.push(format!("\n{} failed: {}", plain(&run.id), plain(reason)));
        }
    }
    lines.join("\n") + "\n"
}

fn point_row(point: &Point) -> String {
    let done = point.runs.iter().filter(|run| run.state == RunState::Done).count();
    let first = [settings(&point.settings), format!("{done} of {}", point.runs.len())];
    row(first.into_iter().chain(cells(point)).chain([length_baseline(point)]))
}

fn row(cells: impl Iterator<Item = String>) -> String {
    format!("| {} |", cells.map(|cell| plain(&cell)).collect::<Vec<_>>().join(" | "))
}
