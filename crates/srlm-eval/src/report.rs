//! The report of a run: one HTML file, a Markdown summary, and JSON for programs.

mod answer;
mod answer_view;
pub(crate) mod axis;
pub(crate) mod format;
mod funnel_view;
mod histogram;
mod judge_health;
mod judge_view;
pub(crate) mod line_chart;
mod markdown;
mod pair_example;
mod pairs_view;
mod provenance_view;
mod read;
mod summary;
mod training_view;
mod word_diff;

use askama::Template;

pub(crate) use format::{count, words};
pub use judge_health::JudgeHealth;
pub(crate) use markdown::plain;
pub use markdown::summary_markdown;
pub use pair_example::{PairExample, pair_examples};
pub(crate) use read::{folder_names, n_iterations, with_causes};
pub use summary::{Facts, Folder, FolderState, IterationSummary, ModelSummary, RunSummary};

#[derive(Template)]
#[template(path = "page.html")]
struct Page<'a> {
    name: &'a str,
    answer: String,
    sections: [Section; 5],
}

struct Section {
    id: &'static str,
    title: &'static str,
    body: String,
}

/// The report as one HTML file: no script, no network, model text escaped. The same summary gives the same bytes.
pub fn render(run: &RunSummary) -> String {
    let section = |id, title, body| Section { id, title, body };
    let sections = [
        section("judge", "The judge", judge_view::judge_section(run)),
        section("funnel", "Made and dropped", funnel_view::funnel(run)),
        section("training", "Training", training_view::training(run)),
        section("pairs", "Pairs side by side", pairs_view::pairs(run)),
        section("provenance", "Provenance", provenance_view::provenance(run)),
    ];
    rendered(&Page { name: &run.name, answer: answer_view::answer(run), sections })
}

/// The summary for programs: evaluations, judge health, counts and hashes, without texts and curves.
pub fn summary_json(run: &RunSummary) -> serde_json::Value {
    serde_json::to_value(run).expect("the keys of every map of a summary are strings")
}

pub(crate) fn rendered(template: &impl Template) -> String {
    template.render().expect("writing into a string cannot fail")
}
