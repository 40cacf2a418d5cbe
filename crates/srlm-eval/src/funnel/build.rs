//! All rows of an iteration, in the order of the loop.

use std::path::Path;

use srlm_artifact::JudgmentRow;

use super::folder::Folders;
use super::row::FunnelRow;
use super::tally::Tally;
use super::{preference_rows as preference, sampling_rows as sampling};

pub(super) fn rows(
    run_dir: &Path,
    iteration: u32,
    judgments: Option<&[JudgmentRow]>,
) -> Vec<FunnelRow> {
    let folders = Folders { run_dir, iteration };
    let prompts = sampling::prompts(folders);
    let responses = sampling::responses(folders, "responses", &prompts);
    if let Some(pairs) = preference::spin(folders, &responses) {
        let last = trained_on(folders, &pairs);
        return [vec![prompts, responses, pairs], last].concat();
    }
    let tally = judgments.map(Tally::of);
    let tally = tally.as_ref();
    let mut rows = vec![prompts, responses];
    rows.extend(judged(folders, "judgments", &rows[1], tally));
    let is_imitating = folders.exists("perfect") && !folders.exists("pairs");
    rows.extend(if is_imitating {
        imitated(folders, &rows[1])
    } else {
        preferred(folders, &rows[0], tally)
    });
    rows.extend(beside(folders, &rows[0]));
    rows
}

/// What became of the responses when they were judged.
fn judged(
    folders: Folders<'_>,
    folder: &str,
    responses: &FunnelRow,
    tally: Option<&Tally<'_>>,
) -> [FunnelRow; 3] {
    let judged = sampling::judged(folders, folder, responses, tally);
    let judgments = sampling::judgments(folders, folder, &judged, tally);
    let scored = sampling::scored(folders, folder, &judged, tally);
    [judged, judgments, scored]
}

/// From prompts with two scores to the pairs that the next model was trained on.
fn preferred(
    folders: Folders<'_>,
    prompts: &FunnelRow,
    tally: Option<&Tally<'_>>,
) -> Vec<FunnelRow> {
    let comparable = preference::comparable(folders, prompts, tally);
    let paired = preference::paired(folders, &comparable);
    let mut rows = vec![comparable, paired];
    rows.extend(preference::pairs(folders));
    if folders.exists("guided-pairs") {
        rows.push(preference::guided(folders, last(&rows)));
    }
    if folders.exists("all-pairs") {
        let of_judgments =
            ("responses", "pairs", &["equal", "identical", "too_long", "thinned"][..]);
        let judge_pairs =
            preference::side(folders, ("judge pairs", "responses"), "judge-pairs", of_judgments);
        let all = preference::all_pairs(folders, last(&rows), &judge_pairs);
        rows.extend([judge_pairs, all]);
    }
    let trained = if folders.exists("unpaired-ref-logps") {
        let fitting = preference::fitting_responses(folders);
        let trained = preference::trained_on_responses(folders, &fitting);
        vec![fitting, trained]
    } else {
        trained_on(folders, last(&rows))
    };
    rows.extend(trained);
    rows
}

fn last(rows: &[FunnelRow]) -> &FunnelRow {
    rows.last().expect("there are two rows at least")
}

fn trained_on(folders: Folders<'_>, pairs: &FunnelRow) -> Vec<FunnelRow> {
    if preference::is_trained_elsewhere(folders) {
        return vec![preference::trained_on_pairs(folders, pairs)];
    }
    let fitting = preference::fitting(folders, pairs);
    let trained = preference::trained_on_pairs(folders, &fitting);
    vec![fitting, trained]
}

fn imitated(folders: Folders<'_>, responses: &FunnelRow) -> Vec<FunnelRow> {
    let perfect = preference::perfect(folders, responses);
    let trained = preference::trained_on_examples(folders, &perfect);
    vec![perfect, trained]
}

/// Stages beside the way from texts to the next model, as far as there are any.
fn beside(folders: Folders<'_>, prompts: &FunnelRow) -> Vec<FunnelRow> {
    let mut rows = Vec::new();
    for whose in ["anchor", "future"] {
        let (responses, judgments) = (format!("{whose}-responses"), format!("{whose}-judgments"));
        if folders.exists(&responses) {
            let responses = sampling::responses(folders, &responses, prompts);
            let judged = judged(folders, &judgments, &responses, None);
            rows.push(responses);
            rows.extend(judged);
        }
    }
    if folders.exists("battles") {
        let counted = ("prompts", "battled", &["too_few_judgments"][..]);
        rows.push(preference::side(
            folders,
            ("prompts with compared judgments", "prompts"),
            "battles",
            counted,
        ));
    }
    if folders.exists("unpaired") {
        let counted = ("prompts", "tied", &["untied", "unscored"][..]);
        rows.push(preference::side(
            folders,
            ("tied prompts with verdicts", "prompts"),
            "unpaired",
            counted,
        ));
    }
    rows.iter_mut().for_each(|row| row.is_side = true);
    rows
}
