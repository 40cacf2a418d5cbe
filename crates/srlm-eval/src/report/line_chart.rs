//! Lines over steps, as inline SVG.

use askama::Template;

use super::axis::{Axis, Tick};

/// Size of the drawing, and the frame of the plot in it.
const WIDTH: f64 = 380.0;
const HEIGHT: f64 = 232.0;
const LEFT: f64 = 58.0;
const RIGHT: f64 = 372.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 188.0;
/// More points than this do not show in [`WIDTH`]; neighbors are averaged.
const MOST_POINTS: usize = 160;

/// Lines that a reader can tell apart by color and dashes.
pub(crate) const N_STYLES: usize = 6;

/// One line: its name, which of the [`N_STYLES`] it is drawn in, and its points.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) style: usize,
    pub(crate) points: Vec<(f64, f64)>,
}

/// What to draw.
pub(crate) struct Plot<'a> {
    /// Unique in the page; names the text alternative.
    pub(crate) id: &'a str,
    pub(crate) title: &'a str,
    pub(crate) y_label: &'a str,
    /// What the reader should look for.
    pub(crate) note: &'a str,
    /// A level with a meaning, and its name.
    pub(crate) level: Option<(f64, &'a str)>,
    pub(crate) lines: Vec<Line>,
}

#[derive(Template)]
#[template(path = "line_chart.html")]
struct LineChart<'a> {
    plot: &'a Plot<'a>,
    description: String,
    x_ticks: Vec<Tick>,
    y_ticks: Vec<Tick>,
    level: Option<(f64, &'a str)>,
    paths: Vec<Path>,
}

/// A line in the drawing's units.
struct Path {
    style: usize,
    /// As `polyline` wants them.
    coordinates: String,
    last: (f64, f64),
}

/// The figure; `None` without a point.
pub(crate) fn line_chart(plot: &Plot<'_>) -> Option<String> {
    let lines: Vec<(usize, Vec<(f64, f64)>)> = plot.lines.iter().map(|line| (line.style, thin(&line.points))).collect();
    let points = || lines.iter().flat_map(|line| &line.1);
    points().next()?;
    let x = Axis::between(points().map(|point| point.0).chain([0.0]), 4, (LEFT, RIGHT));
    let y_values = points().map(|point| point.1).chain(plot.level.map(|level| level.0));
    let y = Axis::over(y_values, 4, (BOTTOM, TOP));
    let path = |(style, points): &(usize, Vec<(f64, f64)>)| {
        let places: Vec<(f64, f64)> = points.iter().map(|point| (x.place(point.0), y.place(point.1))).collect();
        let coordinates: Vec<String> = places.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        Some(Path { style: *style, coordinates: coordinates.join(" "), last: *places.last()? })
    };
    let chart = LineChart {
        plot,
        description: describe(plot),
        x_ticks: x.ticks(),
        y_ticks: y.ticks(),
        level: plot.level.map(|(value, name)| (y.place(value), name)),
        paths: lines.iter().filter_map(path).collect(),
    };
    Some(super::rendered(&chart))
}

fn describe(plot: &Plot<'_>) -> String {
    let lines = plot.lines.iter().filter_map(|line| {
        let (first, last) = (line.points.first()?, line.points.last()?);
        Some(format!(
            "{}: from {} at step {} to {} at step {}.",
            line.name,
            round(first.1),
            first.0,
            round(last.1),
            last.0
        ))
    });
    format!("{} over optimizer steps. {}", plot.y_label, lines.collect::<Vec<_>>().join(" "))
}

fn round(value: f64) -> String {
    if value != 0.0 && value.abs() < 1e-3 { format!("{value:.2e}") } else { format!("{value:.3}") }
}

/// Averages neighbors until few enough points are left; what is not finite cannot be drawn.
fn thin(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let finite: Vec<(f64, f64)> = points.iter().copied().filter(|point| point.1.is_finite()).collect();
    let together = finite.len().div_ceil(MOST_POINTS).max(1);
    let mean = |group: &[(f64, f64)]| {
        let sum = group.iter().fold((0.0, 0.0), |sum, point| (sum.0 + point.0, sum.1 + point.1));
        (sum.0 / group.len() as f64, sum.1 / group.len() as f64)
    };
    finite.chunks(together).map(mean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(points: Vec<(f64, f64)>) -> Option<String> {
        let lines = vec![Line { name: "<M1>".to_owned(), style: 0, points }];
        line_chart(&Plot { id: "x", title: "Loss", y_label: "nats", note: "", level: None, lines })
    }

    #[test]
    fn no_points_give_no_figure_and_names_are_escaped() {
        assert_eq!(chart(vec![]), None);
        assert_eq!(chart(vec![(1.0, f64::NAN)]), None);
        let figure = chart(vec![(1.0, 2.0)]).unwrap();
        assert!(figure.contains("&#60;M1&#62;") && !figure.contains("<M1>"), "{figure}");
        assert!(figure.contains("<title") && figure.contains("<desc"));
    }

    #[test]
    fn many_points_are_averaged() {
        let points: Vec<_> = (0..10_000).map(|i| (f64::from(i), f64::from(i % 2))).collect();
        let thinned = thin(&points);
        assert!(thinned.len() <= MOST_POINTS);
        assert!(thinned.iter().all(|point| (point.1 - 0.5).abs() < 0.02));
    }
}
