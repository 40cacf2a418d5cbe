//! From scored responses to what the next model was trained on.

use srlm_artifact::{Aggregation, Manifest, layout};

use super::folder::{Folders, count, counts};
use super::row::{Count, FunnelRow};
use super::tally::Tally;

/// Why a prompt with two scored responses has no pair.
const NOT_PAIRED: [&str; 7] = [
    "unfinished",
    "tied",
    "not_lower",
    "below_gap",
    "identical",
    "chosen_too_long",
    "length_ratio",
];

/// Why a pair that the strategy names is not kept.
const NOT_A_PAIR: [&str; 6] = [
    "pairs_over_limit",
    "pairs_not_lower",
    "pairs_below_gap",
    "pairs_identical",
    "pairs_chosen_too_long",
    "pairs_length_ratio",
];

/// Prompts with two scored responses.
pub(super) fn comparable(
    folders: Folders<'_>,
    prompts: &FunnelRow,
    tally: Option<&Tally<'_>>,
) -> FunnelRow {
    let fill = |row: FunnelRow, manifest: &Manifest| {
        let n_in = count(manifest, "prompts").unwrap_or(prompts.n_out);
        let shown = tally
            .filter(|_| !has_other_scores(manifest))
            .map(|tally| tally.n_comparable(aggregation(manifest)));
        let told = count(manifest, "unscored");
        let unscored = told.or(shown.map(|n| n_in.saturating_sub(n))).unwrap_or(0);
        let dropped = vec![Count { name: "unscored".to_owned(), n: unscored }];
        FunnelRow {
            source: prompts.as_source(1),
            n_in,
            n_out: n_in.saturating_sub(unscored),
            dropped,
            ..row
        }
        .checked(shown)
    };
    folders.row(("prompts with two scores", "prompts"), folders.path("pairs"), fill)
}

/// Prompts with a pair, or several.
pub(super) fn paired(folders: Folders<'_>, comparable: &FunnelRow) -> FunnelRow {
    let fill = |row: FunnelRow, manifest: &Manifest| {
        // Older versions made one pair of a prompt and counted nothing else.
        let n_out = count(manifest, "paired").or(count(manifest, "pairs")).unwrap_or(manifest.rows);
        let dropped = counts(manifest, &NOT_PAIRED);
        let n_found = (!has_several(manifest)).then_some(manifest.rows);
        FunnelRow { source: comparable.as_source(1), n_in: comparable.n_out, n_out, dropped, ..row }
            .checked(n_found)
    };
    folders.row(("prompts paired", "prompts"), folders.path("pairs"), fill)
}

/// The pairs themselves, where a prompt may have several; `None` where each has one.
pub(super) fn pairs(folders: Folders<'_>) -> Option<FunnelRow> {
    let manifest = Manifest::read(&folders.run_dir.join(folders.path("pairs"))).ok()?;
    let fill = |row: FunnelRow, manifest: &Manifest| {
        let n_in = count(manifest, "pairs_proposed").unwrap_or(manifest.rows);
        let mut dropped = counts(manifest, &NOT_A_PAIR);
        dropped.iter_mut().for_each(|count| count.name = count.name.replace("pairs_", ""));
        let n_out = count(manifest, "pairs").unwrap_or(manifest.rows);
        FunnelRow { n_in, n_out, dropped, ..row }.checked(Some(manifest.rows))
    };
    has_several(&manifest)
        .then(|| folders.row(("pairs kept", "pairs"), folders.path("pairs"), fill))
}

/// Self-play: a pair of each response with another text than the human's.
pub(super) fn spin(folders: Folders<'_>, responses: &FunnelRow) -> Option<FunnelRow> {
    let manifest = Manifest::read(&folders.run_dir.join(folders.path("pairs"))).ok()?;
    let fill = |row: FunnelRow, manifest: &Manifest| {
        let n_in = count(manifest, "responses").unwrap_or(manifest.rows);
        let n_out = count(manifest, "pairs").unwrap_or(manifest.rows);
        let (source, dropped) = (responses.as_source(1), counts(manifest, &["identical"]));
        FunnelRow { source, n_in, n_out, dropped, ..row }.checked(Some(manifest.rows))
    };
    let is_spin = manifest.provenance.stage == "srlm-pairs/spin";
    is_spin.then(|| folders.row(("pairs kept", "responses"), folders.path("pairs"), fill))
}

/// Pairs whose chosen response may be the future model's.
pub(super) fn guided(folders: Folders<'_>, pairs: &FunnelRow) -> FunnelRow {
    let fill = |row: FunnelRow, manifest: &Manifest| {
        let n_in = count(manifest, "pairs_given").unwrap_or(pairs.n_out);
        let (dropped, notes) = (
            counts(manifest, &["not_lower", "identical"]),
            counts(manifest, &["replaced", "kept"]),
        );
        let n_out = count(manifest, "pairs").unwrap_or(manifest.rows);
        FunnelRow { source: pairs.as_source(1), n_in, n_out, dropped, notes, ..row }
            .checked(Some(manifest.rows))
    };
    folders.row(("pairs guided by the future model", "pairs"), folders.path("guided-pairs"), fill)
}

/// A stage beside the loop, by the names of its counts: what it takes, what it makes of it, and the
/// reasons.
pub(super) fn side(
    folders: Folders<'_>,
    what: (&'static str, &'static str),
    folder: &str,
    (taken, made, reasons): (&str, &str, &[&str]),
) -> FunnelRow {
    let fill = |row: FunnelRow, manifest: &Manifest| {
        let n_out = count(manifest, made).unwrap_or(manifest.rows);
        let dropped = counts(manifest, reasons);
        FunnelRow {
            n_in: count(manifest, taken).unwrap_or(n_out),
            n_out,
            dropped,
            is_side: true,
            ..row
        }
        .checked(None)
    };
    folders.row(what, folders.path(folder), fill)
}

/// Pairs of responses and pairs of judgments together.
pub(super) fn all_pairs(
    folders: Folders<'_>,
    pairs: &FunnelRow,
    judge_pairs: &FunnelRow,
) -> FunnelRow {
    let fill = |row: FunnelRow, manifest: &Manifest| {
        let joined = vec![Count { name: "judge_pairs".to_owned(), n: judge_pairs.n_out }];
        let (n_in, n_out) = (manifest.rows, manifest.rows);
        FunnelRow { source: pairs.as_source(1), joined, n_in, n_out, ..row }.checked(None)
    };
    folders.row(("pairs with judge pairs", "pairs"), folders.path("all-pairs"), fill)
}

/// Pairs whose prompt leaves room for both responses.
pub(super) fn fitting(folders: Folders<'_>, pairs: &FunnelRow) -> FunnelRow {
    let fill = |row: FunnelRow, manifest: &Manifest| {
        let n_in = count(manifest, "pairs").unwrap_or(pairs.n_out);
        let dropped = counts(manifest, &["prompt_too_long"]);
        FunnelRow { source: pairs.as_source(1), n_in, n_out: manifest.rows, dropped, ..row }
            .checked(None)
    };
    folders.row(("pairs that fit", "pairs"), folders.path("ref-logps"), fill)
}

/// Whether another program trained on the pairs: which of them fit, it alone knows.
pub(super) fn is_trained_elsewhere(folders: Folders<'_>) -> bool {
    let model = folders.run_dir.join(layout::model(folders.iteration + 1));
    Manifest::read(&model)
        .is_ok_and(|manifest| manifest.provenance.stage.starts_with("srlm-external/"))
}

pub(super) fn trained_on_pairs(folders: Folders<'_>, fitting: &FunnelRow) -> FunnelRow {
    let fill = |row: FunnelRow, manifest: &Manifest| {
        let n_out = count(manifest, "pairs").unwrap_or(fitting.n_out);
        let notes = counts(manifest, &["steps"]);
        FunnelRow { source: fitting.as_source(1), n_in: fitting.n_out, n_out, notes, ..row }
            .checked(None)
    };
    folders.row(("pairs trained on", "pairs"), layout::model(folders.iteration + 1), fill)
}

/// Responses with verdicts whose prompt leaves room for them.
pub(super) fn fitting_responses(folders: Folders<'_>) -> FunnelRow {
    let fill = |row: FunnelRow, manifest: &Manifest| {
        let n_in = count(manifest, "responses").unwrap_or(manifest.rows);
        let dropped = counts(manifest, &["prompt_too_long"]);
        FunnelRow { n_in, n_out: manifest.rows, dropped, ..row }.checked(None)
    };
    folders.row(
        ("responses with verdicts that fit", "responses"),
        folders.path("unpaired-ref-logps"),
        fill,
    )
}

pub(super) fn trained_on_responses(folders: Folders<'_>, fitting: &FunnelRow) -> FunnelRow {
    let fill = |row: FunnelRow, manifest: &Manifest| {
        let n_out =
            ["desirable", "undesirable"].iter().filter_map(|name| count(manifest, name)).sum();
        let notes = counts(manifest, &["desirable", "undesirable", "steps"]);
        FunnelRow { source: fitting.as_source(1), n_in: fitting.n_out, n_out, notes, ..row }
            .checked(None)
    };
    folders.row(("responses trained on", "responses"), layout::model(folders.iteration + 1), fill)
}

/// Perfect responses, to be imitated.
pub(super) fn perfect(folders: Folders<'_>, responses: &FunnelRow) -> FunnelRow {
    let fill = |row: FunnelRow, manifest: &Manifest| {
        let n_in = count(manifest, "responses").unwrap_or(responses.n_out);
        let n_out = count(manifest, "perfect").unwrap_or(manifest.rows);
        let dropped = counts(manifest, &["imperfect", "unscored", "blank"]);
        FunnelRow { source: responses.as_source(1), n_in, n_out, dropped, ..row }
            .checked(Some(manifest.rows))
    };
    folders.row(("perfect responses", "responses"), folders.path("perfect"), fill)
}

/// The examples of fine-tuning on seed data and perfect responses.
pub(super) fn trained_on_examples(folders: Folders<'_>, perfect: &FunnelRow) -> FunnelRow {
    let all = Manifest::read(&folders.run_dir.join(folders.path("seed-and-perfect")));
    let fill = |row: FunnelRow, manifest: &Manifest| {
        let n_in = all.as_ref().map_or(perfect.n_out, |all| all.rows);
        let n_other = n_in.saturating_sub(perfect.n_out);
        let joined = vec![Count { name: "seed_and_earlier_examples".to_owned(), n: n_other }];
        let n_out = count(manifest, "ift_examples").unwrap_or(n_in);
        let dropped = counts(manifest, &["ift_prompt_too_long"]);
        let notes = counts(manifest, &["steps"]);
        FunnelRow { source: perfect.as_source(1), joined, n_in, n_out, dropped, notes, ..row }
            .checked(None)
    };
    folders.row(("examples trained on", "examples"), layout::model(folders.iteration + 1), fill)
}

/// Whether the strategy names several pairs of a prompt: then pairs are counted apart from prompts.
fn has_several(manifest: &Manifest) -> bool {
    let Some(proposed) = count(manifest, "pairs_proposed") else { return false };
    let of_prompts =
        ["paired", "not_lower", "below_gap", "identical", "chosen_too_long", "length_ratio"];
    proposed != counts(manifest, &of_prompts).iter().map(|count| count.n).sum::<u64>()
}

/// Whether more than the judgments of the responses decides which prompts have two scores: M0's
/// responses, or a safety rubric.
fn has_other_scores(manifest: &Manifest) -> bool {
    let config = &manifest.provenance.config;
    let is_anchored =
        config.get("anchored_rejection").and_then(serde_json::Value::as_bool) == Some(true);
    is_anchored || config.get("safety_weight").is_some()
}

/// That of the settings; older versions knew the mean only.
fn aggregation(manifest: &Manifest) -> Aggregation {
    let named = manifest.provenance.config.get("aggregation").cloned();
    named.and_then(|named| serde_json::from_value(named).ok()).unwrap_or_default()
}
