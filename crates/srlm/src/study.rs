//! A study: a configuration, and the settings that its runs change.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use serde::Deserialize;
use srlm_artifact::sha256;
use srlm_eval::study::{PlannedRun, Settings};
use toml::{Table, Value};

use crate::config::{self, RunConfig};
use crate::exit::{Exit, OrExit};

/// Built-in studies by name.
pub(crate) const STUDIES: [(&str, &str); 2] = [
    ("tiny", include_str!("../studies/tiny.toml")),
    ("smollm2", include_str!("../studies/smollm2.toml")),
];

/// Longer names of run folders are cut.
const LONGEST_ID: usize = 120;

/// A study's file. It says what differs from a configuration, so what is absent is empty.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StudyConfig {
    /// Names the study's folder under `studies/`.
    pub(crate) name: String,
    /// A built-in configuration: smollm2, tiny or paper.
    preset: Option<String>,
    /// A configuration file instead, relative to the study's file.
    config: Option<PathBuf>,
    /// Seeds of each point: `run.seed`, the next, and so on.
    repeats: u32,
    /// What all runs change.
    #[serde(default)]
    set: BTreeMap<String, Value>,
    /// Values of settings; a point is a choice of one for each.
    #[serde(default)]
    grid: BTreeMap<String, Vec<Value>>,
    /// Points beside those of the grid, or instead of it.
    #[serde(default)]
    runs: Vec<BTreeMap<String, Value>>,
}

/// A run of a study: its place in the plan and its whole configuration.
pub(crate) struct StudyRun {
    pub(crate) planned: PlannedRun,
    pub(crate) config: RunConfig,
}

/// Reads a study and gives its runs, point by point; `set` changes all of them.
pub(crate) fn load(
    path: Option<&Path>,
    preset: Option<&str>,
    set: &[String],
) -> anyhow::Result<(StudyConfig, Vec<StudyRun>)> {
    let load = || -> anyhow::Result<_> {
        let (name, text) = match (path, preset) {
            (Some(path), None) => {
                let text = std::fs::read_to_string(path)
                    .with_context(|| format!("cannot read {}", path.display()))?;
                (path.display().to_string(), text)
            }
            (None, Some(preset)) => (format!("study {preset}"), built_in(preset)?.to_owned()),
            _ => bail!("give a study's file or --preset {}, one of them", known()),
        };
        let study: StudyConfig = toml::from_str(&text).with_context(|| format!("in {name}"))?;
        study.validate().with_context(|| format!("in {name}"))?;
        let folder = path.and_then(Path::parent).unwrap_or_else(|| Path::new(""));
        let runs = study.runs(folder, set).with_context(|| format!("in {name}"))?;
        Ok((study, runs))
    };
    load().or_exit(Exit::Config)
}

fn known() -> String {
    STUDIES.map(|(name, _)| name).join(" or ")
}

fn built_in(name: &str) -> anyhow::Result<&'static str> {
    let found = STUDIES.iter().find(|(known, _)| *known == name);
    found
        .map(|(_, text)| *text)
        .with_context(|| format!("no study {name:?}: there are {}", known()))
}

impl StudyConfig {
    fn validate(&self) -> anyhow::Result<()> {
        if self.name.is_empty() || self.name.contains(['/', '\\']) || self.name.starts_with('.') {
            bail!("name = {:?} must be a plain folder name", self.name);
        }
        if self.preset.is_some() == self.config.is_some() {
            bail!("give preset or config, one of them: what the study starts from");
        }
        if self.repeats == 0 {
            bail!("repeats = 0: each point needs at least one seed");
        }
        if let Some((key, _)) = self.grid.iter().find(|(_, values)| values.is_empty()) {
            bail!("[grid] {key} has no values");
        }
        let keys = self.grid.keys().chain(self.runs.iter().flat_map(BTreeMap::keys));
        if let Some(key) =
            keys.into_iter().find(|key| ["run.seed", "run.name"].contains(&key.as_str()))
        {
            bail!("{key} is given by the study: repeats = {} takes so many seeds", self.repeats);
        }
        Ok(())
    }

    /// The choices of the grid, then those of `runs`.
    fn points(&self) -> Vec<BTreeMap<String, Value>> {
        let mut points = vec![BTreeMap::new()];
        for (key, values) in &self.grid {
            let with = |point: &BTreeMap<String, Value>, value: &Value| {
                let mut point = point.clone();
                point.insert(key.clone(), value.clone());
                point
            };
            points = points
                .iter()
                .flat_map(|point| values.iter().map(move |value| with(point, value)))
                .collect();
        }
        if self.grid.is_empty() && !self.runs.is_empty() {
            points.clear();
        }
        points.extend(self.runs.iter().cloned());
        points
    }

    /// Every run, each setting of the study with its value in it. A point that is there already is
    /// left out.
    fn runs(&self, folder: &Path, set: &[String]) -> anyhow::Result<Vec<StudyRun>> {
        let points = self.points();
        let keys: BTreeSet<&String> = points.iter().flat_map(BTreeMap::keys).collect();
        let path = self.config.as_ref().map(|path| folder.join(path));
        let (mut runs, mut known) = (Vec::new(), Vec::new());
        for point in &points {
            let assigned =
                self.set.iter().chain(point).map(|(key, value)| format!("{key}={value}"));
            let set: Vec<String> = assigned.chain(set.iter().cloned()).collect();
            let config = config::load(path.as_deref(), self.preset.as_deref(), &set)?;
            let settings = as_written(settings(&config, &keys)?, point);
            if !known.contains(&settings) {
                runs.extend((0..self.repeats).map(|repeat| run(&config, &settings, point, repeat)));
                known.push(settings);
            }
        }
        Ok(runs)
    }
}

fn run(
    config: &RunConfig,
    settings: &Settings,
    point: &BTreeMap<String, Value>,
    repeat: u32,
) -> StudyRun {
    let mut config = config.clone();
    config.run.seed += u64::from(repeat);
    let id = id(point, config.run.seed);
    config.run.name.clone_from(&id);
    let planned = PlannedRun { id, settings: settings.clone(), seed: config.run.seed };
    StudyRun { planned, config }
}

/// The values of the keys in the configuration.
fn settings(config: &RunConfig, keys: &BTreeSet<&String>) -> anyhow::Result<Settings> {
    let table = Table::try_from(config).context("a configuration is plain data")?;
    let value = |key: &&String| {
        let mut parts = key.split('.');
        let first = table.get(parts.next()?)?;
        parts.try_fold(first, |value, part| value.get(part))
    };
    let setting = |key: &&String| -> anyhow::Result<_> {
        let value = value(key).ok_or_else(|| anyhow!("the configuration has no {key}"))?;
        Ok(((*key).clone(), serde_json::to_value(value).context("settings are plain data")?))
    };
    keys.iter().map(setting).collect()
}

/// The settings with texts as the study has them: a file's whole path differs between machines.
fn as_written(mut settings: Settings, point: &BTreeMap<String, Value>) -> Settings {
    for (key, value) in point {
        if let (Some(setting), Some(text)) = (settings.get_mut(key), value.as_str()) {
            *setting = text.into();
        }
    }
    settings
}

/// `judge.judgments=1,responses.samples=2,seed=42`: a folder's name that stays when a study gets
/// more points.
fn id(point: &BTreeMap<String, Value>, seed: u64) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let set = point.iter().map(|(key, value)| format!("{key}={}", text(value)));
    let exact = set.chain([format!("seed={seed}")]).collect::<Vec<_>>().join(",");
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._=,-".contains(c);
    if exact.len() <= LONGEST_ID && exact.chars().all(is_plain) {
        return exact;
    }
    // What a folder's name cannot say is told apart by a hash.
    let plain: String =
        exact.chars().map(|c| if is_plain(c) { c } else { '-' }).take(LONGEST_ID).collect();
    format!("{plain}-{}", &sha256(exact)[..8])
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn of(text: &str) -> anyhow::Result<Vec<StudyRun>> {
        let study: StudyConfig = toml::from_str(text)?;
        study.validate()?;
        study.runs(Path::new(""), &[])
    }

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let runs = of(&format!("name = \"x\"\npreset = \"tiny\"\n{text}")).unwrap();
        assert_eq!(runs.iter().map(|run| run.planned.id.as_str()).collect::<Vec<_>>(), expected);
        assert!(runs.iter().all(|run| run.config.run.name == run.planned.id));
    }

    #[test]
    fn points_are_the_product_of_the_grid_and_the_runs_beside_it() {
        check("repeats = 2", &["seed=42", "seed=43"]);
        check(
            "repeats = 1\n[grid]\n\"responses.samples\" = [2, 4]\n\"judge.judgments\" = [1, 3]",
            &[
                "judge.judgments=1,responses.samples=2,seed=42",
                "judge.judgments=1,responses.samples=4,seed=42",
                "judge.judgments=3,responses.samples=2,seed=42",
                "judge.judgments=3,responses.samples=4,seed=42",
            ],
        );
        check("repeats = 1\n[[runs]]\n\"dpo.beta\" = 0.3", &["dpo.beta=0.3,seed=42"]);
        // The preset has four samples: the second point is the first.
        check(
            "repeats = 1\n[grid]\n\"responses.samples\" = [4]\n[[runs]]\n\"data.train_share\" = 1.0\n[[runs]]\n\"data.train_share\" = 0.5",
            &["responses.samples=4,seed=42", "data.train_share=0.5,seed=42"],
        );
        check(
            "repeats = 1\n[[runs]]\n\"model.source\" = \"hub:a/b\"",
            &["model.source=hub-a-b,seed=42-5a116b73"],
        );
    }

    #[test]
    fn every_run_has_every_setting() {
        let text = "name = \"x\"\npreset = \"tiny\"\nrepeats = 1\n[[runs]]\n\"dpo.beta\" = 0.3\n[[runs]]\n\"judge.rubric\" = \"other\"";
        let runs = of(text).unwrap();
        let settings: Vec<String> =
            runs.iter().map(|run| serde_json::json!(run.planned.settings).to_string()).collect();
        let expected = [
            r#"{"dpo.beta":0.3,"judge.rubric":"additive"}"#,
            r#"{"dpo.beta":0.1,"judge.rubric":"other"}"#,
        ];
        assert_eq!(settings, expected);
    }

    #[test]
    fn what_makes_no_study_is_refused() {
        for (text, part) in [
            ("name = \"a/b\"\npreset = \"tiny\"\nrepeats = 1", "plain folder name"),
            ("name = \"x\"\nrepeats = 1", "preset or config"),
            ("name = \"x\"\npreset = \"tiny\"\nrepeats = 0", "at least one seed"),
            (
                "name = \"x\"\npreset = \"tiny\"\nrepeats = 1\n[grid]\n\"run.seed\" = [1]",
                "repeats = 1 takes",
            ),
            (
                "name = \"x\"\npreset = \"tiny\"\nrepeats = 1\n[grid]\n\"dpo.beta\" = []",
                "dpo.beta has no values",
            ),
            (
                "name = \"x\"\npreset = \"tiny\"\nrepeats = 1\n[grid]\n\"dpo.bta\" = [1]",
                "dpo.bta=1",
            ),
            ("name = \"x\"\npreset = \"tiny\"\nrepeats = 1\n[grd]", "unknown field `grd`"),
        ] {
            let error = of(text).map(|_| ()).unwrap_err();
            assert!(format!("{error:#}").contains(part), "{error:#}");
        }
    }

    #[test]
    fn built_in_studies_are_whole() {
        for (name, _) in STUDIES {
            let (study, runs) = load(None, Some(name), &[]).unwrap();
            assert_eq!(study.name, name);
            assert!(runs.len() >= 5, "{name}");
        }
    }
}
