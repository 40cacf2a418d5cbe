//! One prompt through the folders of its iteration.

use std::path::Path;

use srlm_artifact::{
    Battles, Ift, Judgments, Kind, Manifest, PairRow, Pairs, PromptRow, PromptSource, RefLogps,
    RefLogpsRow, Responses, Unpaired, aggregate, layout,
};

use super::fate::{Fate, Outcome, Stages};
use super::find::Found;
use super::folders::{Iteration, Part as Rows};
use super::ranking::Settings;
use super::{DroppedText, Part, Passage, TracedJudgment, TracedPair, TracedResponse, Use};
use crate::Error;

/// Whose responses there are, with the judgments of them, those that count first, and what pairs
/// put before their ids.
const SAMPLES: [(&str, &[&str], &str); 3] = [
    ("responses", &["judgments", "judgments-before", SAFETY], ""),
    ("anchor-responses", &["anchor-judgments"], "m0:"),
    ("future-responses", &["future-judgments"], "future:"),
];

/// Judgments by the safety rubric.
const SAFETY: &str = "safety-judgments";

/// Folders of pairs, in the order in which they are made.
const PAIRS: [&str; 4] = ["pairs", "guided-pairs", "judge-pairs", "all-pairs"];

/// # Errors
/// [`Error::Artifact`]
pub(super) fn follow(run_dir: &Path, found: Found) -> Result<Passage, Error> {
    match found {
        Found::Dropped(iteration, text) => Ok(dropped(iteration, text)),
        Found::Prompt(number, prompt) => kept(Iteration { run_dir, number }, prompt),
    }
}

fn dropped(iteration: u32, text: DroppedText) -> Passage {
    let like = text.nearest.as_ref().map(|nearest| format!("; too much like {nearest}"));
    let rouge_l = text.rouge_l.map(|rouge_l| format!(", ROUGE-L {rouge_l:.2}"));
    let (like, rouge_l) = (like.unwrap_or_default(), rouge_l.unwrap_or_default());
    let told = format!(
        "not kept in round {} of generation, from request {}{like}{rouge_l}",
        text.round, text.request
    );
    Passage {
        iteration,
        prompt_id: None,
        prompt: text.text.as_str().into(),
        source: PromptSource::Generated,
        fate: Fate { outcome: Outcome::Dropped, reason: text.reason.clone(), told },
        dropped: Some(text),
        responses: Vec::new(),
        pairs: Vec::new(),
    }
}

fn kept(iteration: Iteration<'_>, prompt: PromptRow) -> Result<Passage, Error> {
    let PromptRow { prompt_id, prompt, source } = prompt;
    let pairs = pairs(iteration, &prompt_id)?;
    let manifest = |folder| {
        pairs.iter().find(|(name, _)| *name == folder).map(|(_, rows)| rows.manifest.clone())
    };
    let settings = manifest("pairs").map(|manifest| settings(&manifest)).unwrap_or_default();
    let (mut responses, is_judged) = responses(iteration, &prompt_id, &settings)?;
    let perfect = mark_uses(iteration, &prompt_id, &pairs, &mut responses)?;
    let (pairs_manifest, guided) = (manifest("pairs"), manifest("guided-pairs"));
    let (pairs, has_ref_logps) = traced(iteration, &prompt_id, pairs)?;
    let stages = Stages {
        iteration: iteration.number,
        settings,
        is_answered: iteration.part::<Responses>("responses", |_| false)?.is_some(),
        is_judged,
        pairs: pairs_manifest,
        guided,
        perfect,
        has_ref_logps,
        is_trained: Manifest::read(&iteration.run_dir.join(layout::model(iteration.number + 1)))
            .is_ok(),
    };
    let fate = stages.fate(&responses, &pairs);
    Ok(Passage {
        iteration: iteration.number,
        prompt_id: Some(prompt_id),
        prompt,
        source,
        dropped: None,
        responses,
        pairs,
        fate,
    })
}

/// Those of the pairs' manifest; what it lacks, and what this version does not know, is as it was
/// by default.
fn settings(manifest: &Manifest) -> Settings {
    serde_json::from_value((*manifest.provenance.config).clone()).unwrap_or_default()
}

type PairFolders = Vec<(&'static str, Rows<Pairs>)>;

/// The pairs of the prompt, and of judgments of its responses, by folder.
fn pairs(iteration: Iteration<'_>, prompt_id: &str) -> Result<PairFolders, Error> {
    let of_judgments = format!("judge/{prompt_id}/");
    let is_of =
        |row: &PairRow| row.prompt_id == prompt_id || row.prompt_id.starts_with(&of_judgments);
    let part = |folder| Ok(iteration.part::<Pairs>(folder, is_of)?.map(|rows| (folder, rows)));
    PAIRS.into_iter().filter_map(|folder| part(folder).transpose()).collect()
}

/// All responses to the prompt with their judgments, and whether the iteration's judge is done.
fn responses(
    iteration: Iteration<'_>,
    prompt_id: &str,
    settings: &Settings,
) -> Result<(Vec<TracedResponse>, bool), Error> {
    let (mut traced, mut is_judged) = (Vec::new(), false);
    for (folder, judgment_folders, _) in SAMPLES {
        let rows = iteration.part::<Responses>(folder, |row| row.prompt_id == prompt_id)?;
        let Some(Rows { rows, .. }) = rows else { continue };
        let mut judgments = Vec::new();
        for (i, folder) in judgment_folders.iter().copied().enumerate() {
            let part = iteration.part::<Judgments>(folder, |row| row.prompt_id == prompt_id)?;
            is_judged |= folder == "judgments" && part.is_some();
            let rows = part.map(|part| part.rows).unwrap_or_default();
            judgments.extend(rows.into_iter().map(|row| (i == 0, TracedJudgment { folder, row })));
        }
        traced.extend(rows.into_iter().map(|row| {
            let of_it = judgments
                .iter()
                .filter(|(_, judgment)| judgment.row.response_id == row.response_id);
            let counting =
                of_it.clone().filter(|(counts, _)| *counts).map(|(_, judgment)| &judgment.row);
            let safety = of_it
                .clone()
                .filter(|(_, judgment)| judgment.folder == SAFETY)
                .map(|(_, judgment)| &judgment.row);
            let [score, safety] = [
                aggregate(settings.aggregation, counting),
                aggregate(settings.aggregation, safety),
            ];
            let score = settings.reward(score, safety);
            let judgments = of_it.map(|(_, judgment)| judgment.clone()).collect();
            TracedResponse { folder, row, judgments, score, uses: Vec::new(), battles: Vec::new() }
        }));
    }
    Ok((traced, is_judged))
}

/// Notes what each response became; gives the manifest of the perfect responses, where there are
/// any.
fn mark_uses(
    iteration: Iteration<'_>,
    prompt_id: &str,
    pairs: &PairFolders,
    responses: &mut [TracedResponse],
) -> Result<Option<Manifest>, Error> {
    let unpaired = iteration.part::<Unpaired>("unpaired", |row| row.prompt_id == prompt_id)?;
    // A perfect response is an example of its own, which goes by its id.
    let perfect = iteration.part::<Ift>("perfect", |row| {
        responses.iter().any(|one| one.row.response_id == row.prompt_id)
    })?;
    let battles = iteration.part::<Battles>("battles", |row| row.prompt_id == prompt_id)?;
    for response in responses {
        let prefix = SAMPLES
            .iter()
            .find(|(folder, ..)| *folder == response.folder)
            .map_or("", |(.., prefix)| prefix);
        let (own_id, id) =
            (response.row.response_id.clone(), format!("{prefix}{}", response.row.response_id));
        for (folder, rows) in pairs {
            let is_chosen = rows.rows.iter().any(|row| row.chosen_id == id).then_some(Part::Chosen);
            let is_rejected =
                rows.rows.iter().any(|row| row.rejected_id == id).then_some(Part::Rejected);
            response
                .uses
                .extend(is_chosen.into_iter().chain(is_rejected).map(|part| Use { folder, part }));
        }
        if response.folder != "responses" {
            continue;
        }
        let verdict = rows(&unpaired).iter().find(|row| row.response_id == own_id);
        let verdict =
            verdict.map(|row| ("unpaired", if row.label { Part::Good } else { Part::Bad }));
        let is_perfect = rows(&perfect)
            .iter()
            .any(|row| row.prompt_id == own_id)
            .then_some(("perfect", Part::Perfect));
        response.uses.extend(
            verdict.into_iter().chain(is_perfect).map(|(folder, part)| Use { folder, part }),
        );
        response.battles =
            rows(&battles).iter().filter(|row| row.response_id == own_id).cloned().collect();
    }
    Ok(perfect.map(|part| part.manifest))
}

fn rows<K: Kind>(part: &Option<Rows<K>>) -> &[K::Row] {
    part.as_ref().map_or(&[], |part| &part.rows)
}

/// The pairs, those of the folder that the next model is trained on with whether they fit; and
/// whether that is known.
fn traced(
    iteration: Iteration<'_>,
    prompt_id: &str,
    pairs: PairFolders,
) -> Result<(Vec<TracedPair>, bool), Error> {
    let last = pairs.iter().map(|(folder, _)| *folder).rfind(|folder| *folder != "judge-pairs");
    let is_of = |id: &str| id.contains(prompt_id);
    let fitting = iteration
        .part::<RefLogps>("ref-logps", |row| is_of(&row.chosen_id) || is_of(&row.rejected_id))?;
    let mut traced = Vec::new();
    for (folder, rows) in pairs {
        traced.extend(rows.rows.into_iter().map(|row| {
            let is_it = |one: &RefLogpsRow| {
                (&one.chosen_id, &one.rejected_id) == (&row.chosen_id, &row.rejected_id)
            };
            let fits = fitting
                .as_ref()
                .filter(|_| Some(folder) == last)
                .map(|part| part.rows.iter().any(is_it));
            TracedPair { folder, row, fits }
        }));
    }
    Ok((traced, fitting.is_some()))
}
