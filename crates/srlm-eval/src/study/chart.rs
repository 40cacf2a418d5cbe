//! Points with intervals over the values of a setting, as inline SVG.

use askama::Template;
use serde_json::Value;

use super::measure::Measure;
use super::sentences::{settings, text};
use super::{Axis, Curve, CurvePoint};
use crate::report::axis::{Axis as Scale, Tick};
use crate::report::line_chart::N_STYLES;

/// Size of the drawing, and the frame of the plot in it: those of the report's curves.
const WIDTH: f64 = 380.0;
const HEIGHT: f64 = 232.0;
const LEFT: f64 = 58.0;
const RIGHT: f64 = 372.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 188.0;
/// Room between the frame and the outermost points.
const INSET: f64 = 28.0;
/// Lines stand beside each other, so that their intervals do not hide one another.
const BESIDE: f64 = 6.0;
/// Numbers whose largest is this many times the smallest stand on a logarithmic axis.
const LOGARITHMIC_FROM: f64 = 8.0;

#[derive(Template)]
#[template(path = "interval_chart.html")]
struct IntervalChart<'a> {
    id: String,
    measure: &'a Measure,
    axis: &'a str,
    description: String,
    x_ticks: Vec<Tick>,
    y_ticks: Vec<Tick>,
    level: Option<(f64, &'static str)>,
    lines: Vec<DrawnLine>,
}

/// A curve in the drawing's units.
struct DrawnLine {
    style: usize,
    /// As `polyline` wants them.
    coordinates: String,
    points: Vec<DrawnPoint>,
}

struct DrawnPoint {
    x: f64,
    y: f64,
    /// Where the interval begins and ends.
    ends: Option<[f64; 2]>,
}

/// The figure of one measure on one axis; `None` without a point.
pub(crate) fn chart(axis: &Axis, measure: &Measure, curves: &[&Curve]) -> Option<String> {
    let points = || curves.iter().flat_map(|curve| &curve.points);
    points().next()?;
    let values = points().flat_map(|point| {
        let ends = point.reading.interval.into_iter().flatten();
        ends.chain([point.reading.value])
    });
    let y = Scale::over(values.chain(measure.level.map(|level| level.0)), 4, (BOTTOM, TOP));
    let ticks: Vec<Tick> = axis
        .values
        .iter()
        .zip(places(&axis.values))
        .map(|(value, at)| Tick { at, label: text(value) })
        .collect();
    let shift = |i: usize| (i as f64 - (curves.len() - 1) as f64 / 2.0) * BESIDE;
    let place =
        |value: &Value| axis.values.iter().position(|other| other == value).map(|i| ticks[i].at);
    let draw = |(i, curve): (usize, &&Curve)| {
        let drawn =
            curve.points.iter().filter_map(|point| Some((place(&point.value)? + shift(i), point)));
        line(i, drawn.map(|(x, point)| drawn_point(x, point, &y)).collect())
    };
    let chart = IntervalChart {
        id: format!("{}-{}", anchor(&axis.key), measure.name),
        measure,
        axis: &axis.key,
        description: describe(axis, measure, curves),
        y_ticks: y.ticks(),
        level: measure.level.map(|(value, name)| (y.place(value), name)),
        lines: curves.iter().enumerate().map(draw).collect(),
        x_ticks: ticks.clone(),
    };
    Some(crate::report::rendered(&chart))
}

fn line(i: usize, points: Vec<DrawnPoint>) -> DrawnLine {
    let coordinates: Vec<String> =
        points.iter().map(|point| format!("{:.1},{:.1}", point.x, point.y)).collect();
    DrawnLine { style: i % N_STYLES, coordinates: coordinates.join(" "), points }
}

fn drawn_point(x: f64, point: &CurvePoint, y: &Scale) -> DrawnPoint {
    let ends = point.reading.interval.map(|ends| ends.map(|end| y.place(end)));
    DrawnPoint { x, y: y.place(point.reading.value), ends }
}

/// Where each value of the axis stands: numbers to scale, all else at equal distances.
fn places(values: &[Value]) -> Vec<f64> {
    let ends = (LEFT + INSET, RIGHT - INSET);
    let numbers: Option<Vec<f64>> = values.iter().map(Value::as_f64).collect();
    let numbers = numbers.unwrap_or_else(|| (0..values.len()).map(|i| i as f64).collect());
    let (low, high) =
        numbers.iter().fold((f64::INFINITY, 0f64), |(low, high), n| (low.min(*n), high.max(*n)));
    let is_logarithmic = low > 0.0 && high >= LOGARITHMIC_FROM * low;
    let numbers: Vec<f64> =
        numbers.into_iter().map(|n| if is_logarithmic { n.ln() } else { n }).collect();
    let scale = Scale::between(numbers.iter().copied(), 4, ends);
    numbers.into_iter().map(|n| scale.place(n)).collect()
}

/// The text alternative: every point in words.
fn describe(axis: &Axis, measure: &Measure, curves: &[&Curve]) -> String {
    let line = |curve: &&Curve| {
        let points = curve
            .points
            .iter()
            .map(|point| format!("{}: {}", text(&point.value), measure.reading(&point.reading)));
        let name = if curve.others.is_empty() {
            String::new()
        } else {
            format!("{}. ", settings(&curve.others))
        };
        format!("{name}{}.", points.collect::<Vec<_>>().join(", "))
    };
    let lines: Vec<String> =
        curves.iter().filter(|curve| !curve.points.is_empty()).map(line).collect();
    format!("{}, {}, over {}. {}", measure.title, measure.unit, axis.key, lines.join(" "))
}

/// A key as an id in the page.
pub(crate) fn anchor(key: &str) -> String {
    key.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(values: Value, expected: &[f64]) {
        let found = places(values.as_array().unwrap());
        assert!(
            found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 0.1)
                && found.len() == expected.len(),
            "{found:?}"
        );
    }

    #[test]
    fn numbers_stand_to_scale_and_words_at_equal_distances() {
        check(json!([2, 4]), &[86.0, 344.0]);
        check(json!([1, 2, 4]), &[86.0, 172.0, 344.0]);
        check(json!([1, 4, 16]), &[86.0, 215.0, 344.0]);
        check(json!(["a", "b", "c"]), &[86.0, 215.0, 344.0]);
        check(json!([false, true]), &[86.0, 344.0]);
    }
}
