//! A measure over the values of one setting, everything else equal.

use serde::Serialize;
use serde_json::Value;

use super::measure::MEASURES;
use super::{Point, Reading, Settings};

/// A setting with more than one value.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Axis {
    /// Its key.
    pub key: String,
    /// Numbers in their order, all else in that of the points.
    pub values: Vec<Value>,
}

/// The points that differ on one axis only, in the order of its values; at least two, done or not.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Curve {
    /// Key of the axis.
    pub axis: String,
    /// Name of the measure.
    pub measure: &'static str,
    /// What the points have in common, on the other axes.
    pub others: Settings,
    /// Those that have the measure.
    pub points: Vec<CurvePoint>,
}

/// A place on a curve.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CurvePoint {
    /// The setting's value.
    pub value: Value,
    /// The measure there.
    pub reading: Reading,
}

/// The settings that differ, sorted by key.
pub(crate) fn axes(points: &[Point]) -> Vec<Axis> {
    let keys = points
        .first()
        .map(|point| point.settings.keys().cloned().collect::<Vec<_>>())
        .unwrap_or_default();
    let axes = keys.into_iter().map(|key| Axis { values: values(&key, points), key });
    axes.filter(|axis| axis.values.len() > 1).collect()
}

fn values(key: &str, points: &[Point]) -> Vec<Value> {
    let mut values: Vec<Value> = Vec::new();
    for value in points.iter().filter_map(|point| point.settings.get(key)) {
        if !values.contains(value) {
            values.push(value.clone());
        }
    }
    if values.iter().all(Value::is_number) {
        values.sort_by(|a, b| {
            a.as_f64().partial_cmp(&b.as_f64()).unwrap_or(std::cmp::Ordering::Equal)
        });
    }
    values
}

/// Every curve with two points or more in the plan.
pub(crate) fn curves(axes: &[Axis], points: &[Point]) -> Vec<Curve> {
    let mut curves = Vec::new();
    for axis in axes {
        let lines = lines(axis, axes, points);
        for measure in &MEASURES {
            curves.extend(lines.iter().map(|(others, on_line)| {
                Curve {
                    axis: axis.key.clone(),
                    measure: measure.name,
                    others: others.clone(),
                    points: on_line
                        .iter()
                        .filter_map(|point| curve_point(axis, measure.name, point))
                        .collect(),
                }
            }));
        }
    }
    curves
}

fn curve_point(axis: &Axis, measure: &str, point: &Point) -> Option<CurvePoint> {
    Some(CurvePoint {
        value: point.settings.get(&axis.key)?.clone(),
        reading: *point.readings.get(measure)?,
    })
}

/// Groups of points that are alike but on this axis, each in the order of its values.
fn lines<'p>(axis: &Axis, axes: &[Axis], points: &'p [Point]) -> Vec<(Settings, Vec<&'p Point>)> {
    let mut lines: Vec<(Settings, Vec<&Point>)> = Vec::new();
    for value in &axis.values {
        for point in points.iter().filter(|point| point.settings.get(&axis.key) == Some(value)) {
            let is_other =
                |key: &String| *key != axis.key && axes.iter().any(|axis| axis.key == *key);
            let others = point.settings.iter().filter(|(key, _)| is_other(key));
            let others: Settings =
                others.map(|(key, value)| (key.clone(), value.clone())).collect();
            match lines.iter_mut().find(|(found, _)| *found == others) {
                Some((_, line)) => line.push(point),
                None => lines.push((others, vec![point])),
            }
        }
    }
    lines.retain(|(_, line)| line.len() > 1);
    lines
}

impl Curve {
    /// Whether two of its points have intervals without a common value.
    pub fn has_points_apart(&self) -> bool {
        let readings = || self.points.iter().map(|point| point.reading);
        readings().any(|one| readings().any(|other| one.is_apart_from(&other)))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    fn points(settings: &[(u32, u32)]) -> Vec<Point> {
        let point = |(samples, share): &(u32, u32)| Point {
            settings: BTreeMap::from([
                ("samples".to_owned(), json!(samples)),
                ("share".to_owned(), json!(share)),
                ("same".to_owned(), json!("x")),
            ]),
            runs: Vec::new(),
            readings: BTreeMap::from([(
                "win_rate",
                Reading { value: 0.5, interval: None, n_runs: 1 },
            )]),
        };
        settings.iter().map(point).collect()
    }

    /// Curves of one measure, as `axis: values (others)`.
    fn check(settings: &[(u32, u32)], expected: &[&str]) {
        let points = points(settings);
        let of_win_rate =
            curves(&axes(&points), &points).into_iter().filter(|curve| curve.measure == "win_rate");
        let text = |curve: Curve| {
            let values: Vec<String> =
                curve.points.iter().map(|point| point.value.to_string()).collect();
            format!("{}: {} {}", curve.axis, values.join(" "), json!(curve.others))
        };
        assert_eq!(of_win_rate.map(text).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_curve_joins_what_differs_on_its_axis_only() {
        check(&[], &[]);
        check(&[(2, 1)], &[]);
        check(&[(4, 1), (2, 1)], &["samples: 2 4 {}"]);
        check(
            &[(2, 1), (4, 1), (2, 3), (4, 3)],
            &[
                r#"samples: 2 4 {"share":1}"#,
                r#"samples: 2 4 {"share":3}"#,
                r#"share: 1 3 {"samples":2}"#,
                r#"share: 1 3 {"samples":4}"#,
            ],
        );
        // One point beside the grid lies on one curve only.
        check(
            &[(2, 1), (4, 1), (4, 3)],
            &[r#"samples: 2 4 {"share":1}"#, r#"share: 1 3 {"samples":4}"#],
        );
        check(&[(2, 1), (4, 3)], &[]);
    }
}
