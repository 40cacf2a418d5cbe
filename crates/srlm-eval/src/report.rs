//! The report of a run: one HTML file, a Markdown summary, and JSON for programs.

mod answer;
mod answer_view;
mod artifacts;
pub(crate) mod axis;
mod clip;
mod compared_view;
mod curve_health;
pub(crate) mod format;
mod funnel_view;
mod histogram;
mod judge_view;
mod judging_examples;
mod key_measures;
mod known_view;
pub(crate) mod line_chart;
mod markdown;
mod pair_example;
mod pairs_view;
mod provenance_view;
mod read;
mod responses_view;
mod summary;
mod training_view;
mod visible;
mod word_diff;

use askama::Template;

pub use curve_health::{CurveFinding, CurveState, curve_findings};
pub(crate) use format::{count, interval, or_nothing, percent, percent_interval, words};
pub use judging_examples::{ExampleScores, JudgingExamples};
pub use key_measures::KeyMeasures;
pub(crate) use line_chart::{Line, N_STYLES, Over, Plot, line_chart};
pub use markdown::summary_markdown;
pub(crate) use markdown::{plain, table};
pub use pair_example::{PairExample, pair_examples};
pub(crate) use read::{folder_names, n_iterations, with_causes};
pub use summary::{Facts, Folder, FolderState, IterationSummary, ModelSummary, RunSummary};
pub(crate) use visible::VisibleHtml;

#[derive(Template)]
#[template(path = "page.html")]
struct Page<'a> {
    name: &'a str,
    kicker: &'static str,
    question: &'static str,
    answer: String,
    sections: Vec<Section>,
}

/// A part of a page under its heading.
pub(crate) struct Section {
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    pub(crate) body: String,
}

/// The report as one HTML file: no script, no network, model text escaped. The same summary gives
/// the same bytes.
pub fn render(run: &RunSummary) -> String {
    let section = |id, title, body| Section { id, title, body };
    let sections = vec![
        section("judge", "The judge", judge_view::judge_section(run)),
        section("compared", "Answers compared", compared_view::compared(run)),
        section("known", "Anchors and safety", known_view::known(run)),
        section("responses", "Length and diversity", responses_view::responses(run)),
        section("funnel", "Made and dropped", funnel_view::funnel(run)),
        section("training", "Training", training_view::training(run)),
        section("pairs", "Pairs side by side", pairs_view::pairs(run)),
        section("provenance", "Provenance", provenance_view::provenance(run)),
    ];
    page(&run.name, ("self-rewarding run", "Does it improve?"), answer_view::answer(run), sections)
}

/// A whole page; `answer` and the bodies are HTML.
pub(crate) fn page(
    name: &str,
    (kicker, question): (&'static str, &'static str),
    answer: String,
    sections: Vec<Section>,
) -> String {
    rendered(&Page { name, kicker, question, answer, sections })
}

/// The summary for programs: key measures, evaluations, judge health, counts and hashes, without
/// texts and curves.
pub fn summary_json(run: &RunSummary) -> serde_json::Value {
    let mut json =
        serde_json::to_value(run).expect("the keys of every map of a summary are strings");
    let measures =
        serde_json::to_value(run.key_measures()).expect("the keys of a measure are strings");
    json["key_measures"] = measures;
    json["sentences"] = run.sentences().into();
    json
}

pub(crate) fn rendered(template: &impl Template) -> String {
    template.render().expect("writing into a string cannot fail")
}
