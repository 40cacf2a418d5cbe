//! A run's folders, whatever of them exists.

use std::path::Path;

use srlm_artifact::layout::{self, Part};
use srlm_artifact::{
    Artifact, Eft, Eval, Ift, JudgeHealth, Judgments, Kind, Manifest, Model, Pairs, Prompts,
    RefLogps, Responses, read_metrics,
};

use super::artifacts::{artifacts, facts};
use super::{
    Facts, Folder, FolderState, IterationSummary, JudgingExamples, ModelSummary, RunSummary,
    curve_findings, pair_examples,
};
use crate::{Best, Error, Evaluation};

impl RunSummary {
    /// Reads what there is: a missing stage is pending and a broken one is shown as unreadable,
    /// with the reason.
    ///
    /// The number of iterations is the greater of `iterations` in `run.toml`, at the top or in one
    /// of its tables, and what the folders show.
    ///
    /// # Errors
    /// [`Error::Io`] when `run_dir` is no folder or cannot be listed.
    pub fn read(run_dir: &Path) -> Result<Self, Error> {
        let names = folder_names(run_dir)?;
        let config = read_config(run_dir);
        let n_iterations = iterations_of(&names, config.as_deref());
        let name = run_dir.canonicalize().unwrap_or_else(|_| run_dir.to_owned());
        let models: Vec<ModelSummary> = (0..=n_iterations + 1).map(|t| model(run_dir, t)).collect();
        Ok(Self {
            name: name
                .file_name()
                .map_or("run".to_owned(), |name| name.to_string_lossy().into_owned()),
            config,
            seeds: seeds(run_dir, &names)?,
            best: best(run_dir, &models),
            models,
            iterations: (1..=n_iterations).map(|t| iteration(run_dir, t)).collect(),
            judging_examples: JudgingExamples::read(run_dir),
            artifacts: artifacts(run_dir),
        })
    }
}

/// How many iterations a run has or will have, as [`RunSummary::read`] finds it.
///
/// # Errors
/// [`Error::Io`]
pub(crate) fn n_iterations(run_dir: &Path) -> Result<u32, Error> {
    Ok(iterations_of(&folder_names(run_dir)?, read_config(run_dir).as_deref()))
}

fn read_config(run_dir: &Path) -> Option<String> {
    std::fs::read_to_string(run_dir.join("run.toml")).ok()
}

fn iterations_of(names: &[String], config: Option<&str>) -> u32 {
    let rounds = names.iter().filter_map(|name| match layout::part_of(name) {
        Some(Part::Round(t)) => Some(t),
        _ => None,
    });
    config.and_then(planned_iterations).max(rounds.max()).unwrap_or(0)
}

/// Names of the folders in `dir`, sorted.
pub(crate) fn folder_names(dir: &Path) -> Result<Vec<String>, Error> {
    let io = |source| Error::Io { path: dir.to_owned(), source };
    let mut names = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(io)? {
        let entry = entry.map_err(io)?;
        if entry.path().is_dir() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort_unstable();
    Ok(names)
}

fn planned_iterations(config: &str) -> Option<u32> {
    let config: toml::Table = config.parse().ok()?;
    let in_tables = config.values().filter_map(|value| value.get("iterations"));
    config
        .get("iterations")
        .into_iter()
        .chain(in_tables)
        .find_map(|value| value.as_integer()?.try_into().ok())
}

/// Folders named `seed...`, or those inside them.
fn seeds(run_dir: &Path, names: &[String]) -> Result<Vec<Folder>, Error> {
    let mut folders = Vec::new();
    for name in names.iter().filter(|name| name.starts_with("seed")) {
        let paths: Vec<String> = if run_dir.join(name).join("manifest.json").exists() {
            vec![name.clone()]
        } else {
            folder_names(&run_dir.join(name))?
                .into_iter()
                .map(|inner| format!("{name}/{inner}"))
                .collect()
        };
        folders.extend(paths.into_iter().map(|path| seed(run_dir, path)));
    }
    Ok(folders)
}

/// Seed data is of one of four kinds.
fn seed(run_dir: &Path, path: String) -> Folder {
    match Manifest::read(&run_dir.join(&path)).map(|manifest| manifest.kind).as_deref() {
        Ok(Eft::NAME) => open::<Eft>(run_dir, path).0,
        Ok(Prompts::NAME) => open::<Prompts>(run_dir, path).0,
        Ok(Responses::NAME) => open::<Responses>(run_dir, path).0,
        _ => open::<Ift>(run_dir, path).0,
    }
}

fn model(run_dir: &Path, t: u32) -> ModelSummary {
    let (mut folder, artifact) = open::<Model>(run_dir, layout::model(t));
    let metrics = content(
        &mut folder,
        artifact.filter(has_metrics).map(|artifact| read_metrics(artifact.dir())),
    );
    let training = curve_findings(&metrics);
    let label = format!("M{t}");
    let mut summary = ModelSummary { label, folder, metrics, training, ..ModelSummary::default() };
    if t > 0 {
        let (mut eval_folder, artifact) = open::<Eval>(run_dir, layout::evaluation(t, "eval"));
        summary.evaluation = content(
            &mut eval_folder,
            artifact.as_ref().map(|artifact| crate::read(artifact).map(Some)),
        );
        summary.eval_folder = Some(eval_folder);
        let measured = |name: &str| open::<Eval>(run_dir, layout::evaluation(t, name)).1;
        summary.anchors =
            measured("anchors").and_then(|artifact| crate::anchors::read(&artifact).ok());
        summary.safety =
            measured("eval-safety").and_then(|artifact| crate::safety::read(&artifact).ok());
    }
    summary
}

/// What the loop wrote down as its best model, else what the rules say of the evaluations so far.
fn best(run_dir: &Path, models: &[ModelSummary]) -> Option<Best> {
    let written = std::fs::read_to_string(run_dir.join("best.json")).ok();
    if let Some(best) = written.and_then(|text| serde_json::from_str(&text).ok()) {
        return Some(best);
    }
    let evaluations: Vec<Evaluation> =
        models.iter().filter_map(|model| model.evaluation.clone()).collect();
    (!evaluations.is_empty()).then(|| crate::best(&evaluations, None))
}

/// A model that was not trained here has no curve.
fn has_metrics(model: &Artifact<Model>) -> bool {
    model.manifest().files.iter().any(|file| file.path == "metrics.jsonl")
}

fn iteration(run_dir: &Path, t: u32) -> IterationSummary {
    let path = |stage: &str| layout::round(t, stage);
    let (prompts, _) = open::<Prompts>(run_dir, path("prompts"));
    let (mut responses, artifact) = open::<Responses>(run_dir, path("responses"));
    let response_rows = content(&mut responses, artifact.map(|artifact| artifact.rows()));
    let (mut judgments, judged) = open::<Judgments>(run_dir, path("judgments"));
    let judgment_rows = content(&mut judgments, judged.map(|artifact| artifact.rows()));
    let (mut pairs, artifact) = open::<Pairs>(run_dir, path("pairs"));
    let pair_rows = content(&mut pairs, artifact.map(|artifact| artifact.rows()));
    let (ref_logps, _) = open::<RefLogps>(run_dir, path("ref-logps"));
    let funnel = crate::funnel::of_iteration(
        run_dir,
        t,
        judgments.facts().map(|_| judgment_rows.as_slice()),
    );
    let judge = judgments.facts().map(|_| JudgeHealth::of(&response_rows, &judgment_rows));
    let seed = pairs.facts().map_or(0, |facts| facts.seed);
    let examples = pair_examples(&pair_rows, &judgment_rows, seed);
    let stages = vec![prompts, responses, judgments, pairs, ref_logps];
    let judged_by = stages[2].facts().map(|facts| judge_name(run_dir, t, facts));
    IterationSummary { iteration: t, judged_by, stages, funnel, judge, examples }
}

/// M_t where the judge's identity begins with the hash of its weights, else what identifies the
/// judge.
fn judge_name(run_dir: &Path, t: u32, judgments: &Facts) -> String {
    let weights =
        Manifest::read(&run_dir.join(layout::model(t))).map(|manifest| manifest.content_hash);
    let judge =
        judgments.inputs.iter().find(|(role, _)| role == "model").map(|(_, judge)| judge.as_str());
    match (weights, judge) {
        _ if judgments.stage.starts_with("srlm-judge/verify") => "known answers".to_owned(),
        (Ok(weights), Some(judge)) if !judge.starts_with(&weights) => {
            let name = judge.split(';').next().unwrap_or(judge);
            let is_hash = name.starts_with("sha256:");
            format!("another model, {}", if is_hash { &name[..name.len().min(19)] } else { name })
        }
        _ => format!("M{t}"),
    }
}

/// What was read of a complete artifact; if reading failed, the folder turns unreadable.
fn content<T: Default, E: std::error::Error>(folder: &mut Folder, read: Option<Result<T, E>>) -> T {
    match read {
        None => T::default(),
        Some(Ok(content)) => content,
        Some(Err(error)) => {
            folder.state = FolderState::Unreadable(with_causes(&error));
            T::default()
        }
    }
}

fn open<K: Kind>(run_dir: &Path, path: String) -> (Folder, Option<Artifact<K>>) {
    match Artifact::<K>::open(&run_dir.join(&path)) {
        Ok(artifact) => (
            Folder { path, state: FolderState::Complete(facts(artifact.manifest())) },
            Some(artifact),
        ),
        Err(srlm_artifact::Error::Missing { .. }) => {
            (Folder { path, state: FolderState::Pending }, None)
        }
        Err(error) => (Folder { path, state: FolderState::Unreadable(with_causes(&error)) }, None),
    }
}

/// An error and its causes in one line.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(|cause| cause.to_string()).collect::<Vec<_>>().join(": ")
}
