//! Lines over steps or models, as inline SVG with a table of the same numbers.

use askama::Template;

use super::axis::{Axis, Tick};
use super::format::NOTHING;

/// Size of the drawing, and the frame of the plot in it.
const WIDTH: f64 = 380.0;
const HEIGHT: f64 = 232.0;
const LEFT: f64 = 68.0;
const RIGHT: f64 = 372.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 188.0;
/// More points than this do not show in [`WIDTH`]; neighbors are averaged.
const MOST_POINTS: usize = 160;
/// Rows of the table that says the same.
const MOST_ROWS: usize = 12;

/// Lines that a reader can tell apart by color, dashes and marker.
pub(crate) const N_STYLES: usize = 6;

/// One line: its name, which of the [`N_STYLES`] it is drawn in, and its points.
#[derive(Clone, Debug, Default)]
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) style: usize,
    pub(crate) points: Vec<(f64, f64)>,
    /// Intervals: place, lower and upper end.
    pub(crate) intervals: Vec<(f64, f64, f64)>,
}

/// What lies along the horizontal axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Over {
    /// Optimizer steps, from 0.
    Steps,
    /// Models: 0 is M0.
    Models,
    /// Any number; its name with the unit.
    Number(&'static str),
}

/// What to draw.
pub(crate) struct Plot<'a> {
    /// Unique in the page; names the text alternative.
    pub(crate) id: &'a str,
    pub(crate) title: &'a str,
    pub(crate) over: Over,
    pub(crate) y_label: &'a str,
    /// What the reader should look for.
    pub(crate) note: &'a str,
    /// A level with a meaning, and its name.
    pub(crate) level: Option<(f64, &'a str)>,
    pub(crate) lines: Vec<Line>,
    /// What each line comes to: class of the mark, name, text.
    pub(crate) findings: Vec<(&'static str, String, String)>,
}

#[derive(Template)]
#[template(path = "line_chart.html")]
struct LineChart<'a> {
    plot: &'a Plot<'a>,
    x_label: &'static str,
    description: String,
    x_ticks: Vec<Tick>,
    y_ticks: Vec<Tick>,
    level: Option<(f64, &'a str)>,
    paths: Vec<Path>,
    rows: Vec<(String, Vec<String>)>,
    n_points: usize,
}

/// A line in the drawing's units.
struct Path {
    style: usize,
    /// As `polyline` wants them.
    coordinates: String,
    /// Where markers stand.
    dots: Vec<(f64, f64)>,
    intervals: Vec<(f64, f64, f64)>,
}

impl Over {
    fn label(self) -> &'static str {
        match self {
            Self::Steps => "optimizer step",
            Self::Models => "model",
            Self::Number(name) => name,
        }
    }

    fn value(self, x: f64) -> String {
        if self == Self::Models { format!("M{x:.0}") } else { format!("{x:.0}") }
    }

    fn axis(self, places: impl Iterator<Item = f64>) -> (Axis, Vec<Tick>) {
        let ends = (LEFT, RIGHT);
        if self != Self::Models {
            let start = (self == Self::Steps).then_some(0.0);
            let axis = Axis::between(places.chain(start), 4, ends);
            return (axis, axis.ticks());
        }
        let (low, high) =
            places.fold((f64::INFINITY, 0.0_f64), |(low, high), x| (low.min(x), high.max(x)));
        // Half a model of room on both sides, so that markers do not lie on the frame.
        let axis = Axis::between([low - 0.5, high + 0.5].into_iter(), 4, ends);
        let tick = |t: i64| Tick { at: axis.place(t as f64), label: format!("M{t}") };
        (axis, (low as i64..=high as i64).map(tick).collect())
    }
}

/// The figure; `None` without a point.
pub(crate) fn line_chart(plot: &Plot<'_>) -> Option<String> {
    let lines: Vec<Line> =
        plot.lines.iter().map(thinned).filter(|line| !line.points.is_empty()).collect();
    let points = || lines.iter().flat_map(|line| &line.points);
    points().next()?;
    let (x, x_ticks) = plot.over.axis(points().map(|point| point.0));
    let ends =
        lines.iter().flat_map(|line| &line.intervals).flat_map(|interval| [interval.1, interval.2]);
    let y_values = points().map(|point| point.1).chain(ends).chain(plot.level.map(|level| level.0));
    let y = Axis::over(y_values, 4, (BOTTOM, TOP));
    let chart = LineChart {
        plot,
        x_label: plot.over.label(),
        description: describe(plot),
        x_ticks,
        y_ticks: y.ticks(),
        level: plot.level.map(|(value, name)| (y.place(value), name)),
        paths: lines.iter().map(|line| path(line, plot.over, &x, &y)).collect(),
        rows: table(plot),
        n_points: plot.lines.iter().map(|line| line.points.len()).sum(),
    };
    Some(super::rendered(&chart))
}

fn path(line: &Line, over: Over, x: &Axis, y: &Axis) -> Path {
    let places: Vec<(f64, f64)> =
        line.points.iter().map(|point| (x.place(point.0), y.place(point.1))).collect();
    let coordinates: Vec<String> = places.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    let last = places.len().saturating_sub(1);
    let dots = if over == Over::Steps { places[last..].to_vec() } else { places };
    let interval = |&(at, low, high): &(f64, f64, f64)| (x.place(at), y.place(low), y.place(high));
    let intervals = line.intervals.iter().map(interval).collect();
    Path { style: line.style, coordinates: coordinates.join(" "), dots, intervals }
}

fn describe(plot: &Plot<'_>) -> String {
    let over = plot.over;
    let lines = plot.lines.iter().filter_map(|line| {
        let (first, last) = (line.points.first()?, line.points.last()?);
        let at = |x: f64| {
            if over == Over::Models {
                over.value(x)
            } else {
                format!("{} {}", over.label(), over.value(x))
            }
        };
        let (from, to) = (round(first.1), round(last.1));
        Some(format!("{}: from {from} at {} to {to} at {}.", line.name, at(first.0), at(last.0)))
    });
    format!("{} by {}. {}", plot.y_label, over.label(), lines.collect::<Vec<_>>().join(" "))
}

/// The same numbers for those who do not see the drawing: a row each place, a few of many.
fn table(plot: &Plot<'_>) -> Vec<(String, Vec<String>)> {
    let mut places: Vec<f64> =
        plot.lines.iter().flat_map(|line| &line.points).map(|point| point.0).collect();
    places.sort_unstable_by(f64::total_cmp);
    places.dedup();
    let last = places.len().saturating_sub(1);
    let n = places.len().min(MOST_ROWS);
    let chosen = (0..n).map(|i| places[i * last / (n - 1).max(1)]);
    let cell = |line: &Line, x: f64| {
        let value = line.points.iter().find(|point| point.0 == x).map(|point| round(point.1));
        let interval = line.intervals.iter().find(|interval| interval.0 == x);
        let interval =
            interval.map(|(_, low, high)| format!(" [{}, {}]", round(*low), round(*high)));
        value.map_or_else(|| NOTHING.to_owned(), |value| value + &interval.unwrap_or_default())
    };
    chosen
        .map(|x| (plot.over.value(x), plot.lines.iter().map(|line| cell(line, x)).collect()))
        .collect()
}

fn round(value: f64) -> String {
    if value != 0.0 && value.abs() < 1e-3 { format!("{value:.2e}") } else { format!("{value:.3}") }
}

/// Averages neighbors until few enough points are left; what is not finite cannot be drawn.
fn thinned(line: &Line) -> Line {
    let finite: Vec<(f64, f64)> =
        line.points.iter().copied().filter(|point| point.1.is_finite()).collect();
    let together = finite.len().div_ceil(MOST_POINTS).max(1);
    let mean = |group: &[(f64, f64)]| {
        let sum = group.iter().fold((0.0, 0.0), |sum, point| (sum.0 + point.0, sum.1 + point.1));
        (sum.0 / group.len() as f64, sum.1 / group.len() as f64)
    };
    Line { points: finite.chunks(together).map(mean).collect(), ..line.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(over: Over, points: Vec<(f64, f64)>) -> Option<String> {
        let lines = vec![Line { name: "<M1>".to_owned(), points, ..Line::default() }];
        let (id, title, y_label, note, level, findings) = ("x", "Loss", "nats", "", None, vec![]);
        line_chart(&Plot { id, title, over, y_label, note, level, lines, findings })
    }

    #[test]
    fn no_points_give_no_figure_and_names_are_escaped() {
        assert_eq!(chart(Over::Steps, vec![]), None);
        assert_eq!(chart(Over::Steps, vec![(1.0, f64::NAN)]), None);
        let figure = chart(Over::Steps, vec![(1.0, 2.0)]).unwrap();
        assert!(figure.contains("&#60;M1&#62;") && !figure.contains("<M1>"), "{figure}");
        assert!(figure.contains("<title") && figure.contains("<desc") && figure.contains("<table"));
    }

    #[test]
    fn models_have_a_tick_each() {
        let figure = chart(Over::Models, vec![(1.0, 0.5), (3.0, 0.6)]).unwrap();
        for label in [">M1<", ">M2<", ">M3<"] {
            assert!(figure.contains(label), "{figure}");
        }
        assert!(!figure.contains(">M0<") && !figure.contains(">M4<"));
    }

    #[test]
    fn many_points_are_averaged_and_few_are_told() {
        let points: Vec<_> = (0..10_000).map(|i| (f64::from(i), f64::from(i % 2))).collect();
        let line = thinned(&Line { points: points.clone(), ..Line::default() });
        assert!(line.points.len() <= MOST_POINTS);
        assert!(line.points.iter().all(|point| (point.1 - 0.5).abs() < 0.02));
        let rows = chart(Over::Steps, points).unwrap().matches("<th scope=\"row\"").count();
        assert_eq!(rows, MOST_ROWS);
    }
}
