//! From generated texts to scored responses.

use srlm_artifact::Manifest;

use super::folder::{Folders, count, counts, setting};
use super::row::{Count, FunnelRow, Source};
use super::tally::Tally;

/// Why a generated text, or a prompt of a pool, is not kept.
const NOT_KEPT: [&str; 12] = [
    "truncated",
    "too_short",
    "too_long",
    "keyword",
    "prefix",
    "first_character",
    "duplicate",
    "near_duplicate",
    "similar",
    "surplus",
    "taken_before",
    "left",
];

const FAILURES: [&str; 4] = ["no_score", "out_of_range", "truncated", "empty"];

pub(super) fn prompts(folders: Folders<'_>) -> FunnelRow {
    let fill = |row: FunnelRow, manifest: &Manifest| {
        let total = count(manifest, "generated").or(count(manifest, "pool"));
        let dropped = counts(manifest, &NOT_KEPT);
        let n_out = count(manifest, "kept").unwrap_or(manifest.rows);
        FunnelRow { n_in: total.unwrap_or(n_out), n_out, dropped, ..row }
            .checked(Some(manifest.rows))
    };
    folders.row(("prompts kept", "texts"), folders.path("prompts"), fill)
}

/// Responses to `prompts` in `folder`.
pub(super) fn responses(folders: Folders<'_>, folder: &str, prompts: &FunnelRow) -> FunnelRow {
    let fill = |row: FunnelRow, manifest: &Manifest| {
        let n_prompts = count(manifest, "prompts").unwrap_or(prompts.n_out);
        let even =
            (manifest.rows.checked_rem(n_prompts) == Some(0)).then(|| manifest.rows / n_prompts);
        let samples = setting(manifest, "samples").or(even).unwrap_or(1);
        FunnelRow {
            source: prompts.as_source(samples),
            n_in: n_prompts * samples,
            n_out: count(manifest, "responses").unwrap_or(manifest.rows),
            notes: counts(manifest, &["stop", "length", "blank"]),
            ..row
        }
        .checked(Some(manifest.rows))
    };
    folders.row(("responses written", "responses"), folders.path(folder), fill)
}

/// Responses that are judged at all.
pub(super) fn judged(
    folders: Folders<'_>,
    folder: &str,
    responses: &FunnelRow,
    tally: Option<&Tally<'_>>,
) -> FunnelRow {
    let fill = |row: FunnelRow, manifest: &Manifest| {
        let dropped = counts(manifest, &["excluded_responses"]);
        let n_in = count(manifest, "responses").unwrap_or(responses.n_out);
        let n_out = n_in.saturating_sub(dropped.iter().map(|count| count.n).sum());
        let notes = counts(manifest, &["unfinished_responses", "shortened_responses"]);
        FunnelRow { source: responses.as_source(1), n_in, n_out, dropped, notes, ..row }
            .checked(tally.map(Tally::n_judged))
    };
    folders.row(("responses judged", "responses"), folders.path(folder), fill)
}

pub(super) fn judgments(
    folders: Folders<'_>,
    folder: &str,
    judged: &FunnelRow,
    tally: Option<&Tally<'_>>,
) -> FunnelRow {
    let fill = |row: FunnelRow, manifest: &Manifest| {
        let n_in = count(manifest, "judgments").unwrap_or(manifest.rows);
        let even = (n_in.checked_rem(judged.n_out) == Some(0)).then(|| n_in / judged.n_out);
        let times = setting(manifest, "judgments").or(even).unwrap_or(1);
        let verified = || Some(count(manifest, "correct")? + count(manifest, "wrong")?);
        let n_out = count(manifest, "scored")
            .or_else(verified)
            .or(tally.map(Tally::n_scores))
            .unwrap_or(n_in);
        let dropped = counts(manifest, &FAILURES);
        FunnelRow { source: judged.as_source(times), n_in, n_out, dropped, ..row }
            .checked(tally.map(Tally::n_scores))
    };
    folders.row(("judgments scored", "judgments"), folders.path(folder), fill)
}

/// Responses with a score at least.
pub(super) fn scored(
    folders: Folders<'_>,
    folder: &str,
    judged: &FunnelRow,
    tally: Option<&Tally<'_>>,
) -> FunnelRow {
    let fill = |row: FunnelRow, manifest: &Manifest| {
        let n_in = judged.n_out;
        let shown = || Some(n_in.saturating_sub(tally?.n_scored()));
        let unscored = count(manifest, "unscored_responses").or_else(shown).unwrap_or(0);
        let dropped = vec![Count { name: "unscored_responses".to_owned(), n: unscored }];
        let source = Some(Source { stage: judged.stage, n: n_in, times: 1 });
        FunnelRow { source, n_in, n_out: n_in.saturating_sub(unscored), dropped, ..row }
            .checked(tally.map(Tally::n_scored))
    };
    folders.row(("responses scored", "responses"), folders.path(folder), fill)
}
