//! Bars of scores, as inline SVG with a table of the same numbers.

use askama::Template;

use super::format;

const WIDTH: f64 = 300.0;
const HEIGHT: f64 = 190.0;
const LEFT: f64 = 28.0;
const TOP: f64 = 22.0;
const BOTTOM: f64 = 146.0;

struct Bar {
    x: f64,
    y: f64,
    height: f64,
    center: f64,
    name: String,
    label: String,
}

#[derive(Template)]
#[template(path = "histogram.html")]
struct Histogram<'a> {
    id: &'a str,
    title: &'a str,
    unit: &'a str,
    description: String,
    bars: Vec<Bar>,
    bar_width: f64,
}

/// The figure of how common scores are, a bar for each of `counts`: its name and the number of
/// `unit`s. `id` is unique in the page.
pub(crate) fn histogram(id: &str, title: &str, unit: &str, counts: &[(String, u64)]) -> String {
    let most = counts.iter().map(|(_, n)| *n).max().unwrap_or(0).max(1);
    let slot = (WIDTH - LEFT - 4.0) / counts.len().max(1) as f64;
    let bar_width = (slot * 0.72).min(40.0);
    let bars = counts.iter().enumerate().map(|(i, (name, n))| {
        let height = (BOTTOM - TOP) * *n as f64 / most as f64;
        let center = LEFT + slot * (i as f64 + 0.5);
        let (name, label) = (name.clone(), format::count(*n));
        Bar { x: center - bar_width / 2.0, y: BOTTOM - height, height, center, name, label }
    });
    let described: Vec<String> =
        counts.iter().map(|(name, n)| format!("score {name}: {n}")).collect();
    let description = format!("Number of {unit} by score. {}.", described.join(", "));
    super::rendered(&Histogram { id, title, unit, description, bars: bars.collect(), bar_width })
}

/// Counts of the scores 0 to 5, named.
pub(crate) fn of_scores(counts: &[u64; 6]) -> Vec<(String, u64)> {
    counts.iter().enumerate().map(|(score, n)| (score.to_string(), *n)).collect()
}
