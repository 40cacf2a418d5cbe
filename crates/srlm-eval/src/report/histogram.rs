//! Bars of scores, as inline SVG.

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
    score: usize,
    label: String,
}

#[derive(Template)]
#[template(path = "histogram.html")]
struct Histogram<'a> {
    id: &'a str,
    title: &'a str,
    description: String,
    bars: Vec<Bar>,
    bar_width: f64,
}

/// The figure of an iteration's scores, a bar for each of 0 to 5. `id` is unique in the page.
pub(crate) fn histogram(id: &str, title: &str, counts: &[u64; 6]) -> String {
    let most = counts.iter().copied().max().unwrap_or(0).max(1);
    let slot = (WIDTH - LEFT - 4.0) / counts.len() as f64;
    let bar_width = slot * 0.72;
    let bars = counts.iter().enumerate().map(|(score, &n)| {
        let height = (BOTTOM - TOP) * n as f64 / most as f64;
        let center = LEFT + slot * (score as f64 + 0.5);
        Bar { x: center - bar_width / 2.0, y: BOTTOM - height, height, center, score, label: format::count(n) }
    });
    let described: Vec<String> = counts.iter().enumerate().map(|(score, n)| format!("score {score}: {n}")).collect();
    let description = format!("Number of judgments by score. {}.", described.join(", "));
    super::rendered(&Histogram { id, title, description, bars: bars.collect(), bar_width })
}
