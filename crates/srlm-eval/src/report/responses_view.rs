//! How long, how varied and how willing the held-out answers are, model by model.

use askama::Template;

use super::RunSummary;
use super::format::{NOTHING, count, or_nothing, percent, percent_interval};
use super::line_chart::{Line, N_STYLES, Over, Plot, line_chart};
use crate::{Evaluation, Lengths};

#[derive(Template)]
#[template(path = "responses.html")]
struct Responses<'a> {
    models: Vec<&'a str>,
    rows: Vec<(&'static str, &'static str, Vec<String>)>,
    figures: Vec<String>,
}

/// A measure's name, what to know of it, and its text.
type Measure = (&'static str, &'static str, fn(&Evaluation) -> Option<String>);

const MEASURES: [Measure; 13] = [
    ("responses", "to held-out prompts", |e| {
        e.lengths.as_ref().map(|lengths| count(lengths.n_responses))
    }),
    ("tokens", "mean; median; nine in ten are shorter", |e| {
        let tokens = e.lengths.as_ref()?.tokens;
        Some(format!("{:.0}; {:.0}; {:.0}", tokens.mean, tokens.median, tokens.p90))
    }),
    ("characters", "mean; median; nine in ten are shorter", |e| {
        let characters = e.lengths.as_ref()?.characters;
        Some(format!("{:.0}; {:.0}; {:.0}", characters.mean, characters.median, characters.p90))
    }),
    ("length growth", "mean tokens over the model before", |e| {
        e.length_growth.map(|growth| format!("{growth:.2}"))
    }),
    ("cut off", "at the token limit", |e| {
        e.answers.as_ref().map(|rates| percent_interval(rates.truncation))
    }),
    ("refusals", "begin by declining", |e| {
        e.answers.as_ref().map(|rates| percent_interval(rates.refusal))
    }),
    ("empty", "", |e| e.answers.as_ref().map(|rates| percent_interval(rates.empty))),
    ("distinct words", "of all words", |e| e.diversity.as_ref()?.distinct_1.map(percent)),
    ("distinct word pairs", "of all pairs", |e| e.diversity.as_ref()?.distinct_2.map(percent)),
    ("distinct runs of three words", "of all runs", |e| {
        e.diversity.as_ref()?.distinct_3.map(percent)
    }),
    ("self-BLEU", "0 all different, 1 all alike", |e| {
        Some(format!("{:.3}", e.diversity.as_ref()?.self_bleu?))
    }),
    ("repetition", "runs of four words used before", |e| {
        e.diversity.as_ref()?.repetition_rate.map(percent)
    }),
    ("compression ratio", "high where texts repeat", |e| {
        Some(format!("{:.2}", e.diversity.as_ref()?.compression_ratio?))
    }),
];

pub(crate) fn responses(run: &RunSummary) -> String {
    let evaluated: Vec<(&str, &Evaluation)> = run
        .models
        .iter()
        .filter_map(|model| Some((model.label.as_str(), model.evaluation.as_ref()?)))
        .collect();
    let row = |(name, note, text): &Measure| {
        let cells =
            evaluated.iter().map(|(_, evaluation)| or_nothing(text(evaluation), |text| text));
        (*name, *note, cells.collect::<Vec<String>>())
    };
    let is_measured = |row: &(&str, &str, Vec<String>)| row.2.iter().any(|cell| cell != NOTHING);
    super::rendered(&Responses {
        rows: MEASURES.iter().map(row).filter(is_measured).collect(),
        figures: [length_figure(run), bias_figure(&evaluated)].into_iter().flatten().collect(),
        models: evaluated.iter().map(|(label, _)| *label).collect(),
    })
}

/// A line's name and what it draws.
type NamedLength = (&'static str, fn(&Lengths) -> f64);

fn length_figure(run: &RunSummary) -> Option<String> {
    let points = |value: fn(&Lengths) -> f64| {
        let lengths = |(t, model): (usize, &super::ModelSummary)| {
            Some((t as f64, value(model.evaluation.as_ref()?.lengths.as_ref()?)))
        };
        run.models.iter().enumerate().filter_map(lengths).collect()
    };
    let line = |(style, (name, value)): (usize, NamedLength)| Line {
        name: name.to_owned(),
        style,
        points: points(value),
        intervals: vec![],
    };
    let kinds: [NamedLength; 3] = [
        ("mean", |l| l.tokens.mean),
        ("median", |l| l.tokens.median),
        ("90th percentile", |l| l.tokens.p90),
    ];
    line_chart(&Plot {
        id: "response-length",
        title: "Response length",
        over: Over::Models,
        y_label: "tokens",
        note: "growth without a gain at equal lengths is reward hacking",
        level: None,
        lines: kinds.into_iter().enumerate().map(line).collect(),
        findings: vec![],
    })
}

fn bias_figure(evaluated: &[(&str, &Evaluation)]) -> Option<String> {
    let line = |(i, (label, evaluation)): (usize, &(&str, &Evaluation))| {
        let bias = evaluation.length_bias.as_ref()?;
        let middle =
            |bin: &crate::controlled::LengthBin| ((bin.from + bin.to) as f64 / 2.0, bin.mean_score);
        let points = bias.curve.iter().map(middle).collect();
        Some(Line { name: (*label).to_owned(), style: i % N_STYLES, points, intervals: vec![] })
    };
    line_chart(&Plot {
        id: "score-by-length",
        title: "Score by length",
        over: Over::Number("response length in characters"),
        y_label: "mean score",
        note: "as a judge of ranked responses; a steep line rewards length",
        level: None,
        lines: evaluated.iter().enumerate().filter_map(line).collect(),
        findings: vec![],
    })
}
