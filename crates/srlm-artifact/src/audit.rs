//! All that is wrong with a run's folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::error::message;
use crate::files::entries;
use crate::layout::{Part, Step, When, iteration_of, part_of};
use crate::manifest::MANIFEST;
use crate::staging::check_staging;
use crate::{Input, Kind, Manifest, Model, inspect};

/// Something wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file or folder, relative to the run's where it is in it.
    pub path: String,
    /// What is wrong.
    pub problem: String,
}

/// What a run's folder holds.
#[derive(Debug, Default)]
pub struct Audit {
    /// Artifacts by their folder, as far as their manifests can be read.
    pub artifacts: BTreeMap<String, Manifest>,
    /// All that is wrong.
    pub findings: Vec<Finding>,
}

/// Looks at everything below `dir`: each artifact and its files, what interrupted stages left,
/// whether folders hold what `steps` (those of the run, in their order) say, and whether each
/// artifact was made of those that lie where it took them from.
///
/// Links are not followed, and nothing but files is opened, so neither a loop nor a pipe can hold
/// it. Folders that were moved aside (`*.old-N`) and names with a leading dot are left out.
pub fn audit(dir: &Path, steps: &[Step]) -> Audit {
    let mut audit = Audit::default();
    audit.walk(dir, "");
    for step in steps {
        audit.check_step(dir, step);
    }
    audit.check_gaps(steps);
    audit.check_inputs(steps);
    audit
}

impl Audit {
    fn find(&mut self, path: &str, problem: impl Into<String>) {
        self.findings.push(Finding { path: path.to_owned(), problem: problem.into() });
    }

    fn walk(&mut self, dir: &Path, path: &str) {
        if dir.join(MANIFEST).symlink_metadata().is_ok() {
            let found = inspect(dir);
            for problem in &found.problems {
                self.find(path, message(problem));
            }
            if let Some(manifest) = found.manifest {
                self.artifacts.insert(path.to_owned(), manifest);
            }
            return;
        }
        let found = match entries(dir) {
            Ok(found) => found,
            Err(error) => return self.find(path, message(&error)),
        };
        for entry in found {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with('.') || name.contains(".old-") {
                continue;
            }
            let path = if path.is_empty() { name.clone() } else { format!("{path}/{name}") };
            // Of the entry itself, not of what a link leads to.
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && name.ends_with(".partial") => {
                    let problems = check_staging(&entry.path());
                    problems.iter().for_each(|problem| self.find(&path, message(problem)));
                }
                Ok(kind) if kind.is_dir() => self.walk(&entry.path(), &path),
                Ok(kind) if kind.is_file() => {}
                Ok(kind) if kind.is_symlink() => self.find(&path, "is a link; runs hold none"),
                Ok(_) => self.find(&path, "is neither a file nor a folder"),
                Err(error) => self.find(&path, error.to_string()),
            }
        }
    }

    /// The folder of a step holds an artifact of its kind, or is not there.
    fn check_step(&mut self, dir: &Path, step: &Step) {
        let path = step.path();
        if let Some(manifest) = self.artifacts.get(&path) {
            if manifest.kind != step.kind {
                let problem = format!("holds `{}`, not `{}`", manifest.kind, step.kind);
                self.find(&path, problem);
            }
            return;
        }
        let folder = dir.join(&path);
        let is_filled = fs::read_dir(&folder).is_ok_and(|mut entries| entries.next().is_some());
        let is_reported = self.findings.iter().any(|finding| finding.path == path);
        if is_filled && !is_reported {
            self.find(&path, "has no manifest.json: it is no artifact, though a stage's folder");
        }
    }

    /// What a run makes lies there before what comes after it.
    fn check_gaps(&mut self, steps: &[Step]) {
        let is_there = |step: &Step| self.artifacts.contains_key(&step.path());
        let last = steps.iter().rposition(is_there).unwrap_or_default();
        // These are written when an evaluation first needs them.
        let is_late = |step: &Step| matches!(step.when, When::Anchors | When::Safety);
        let missing: Vec<String> = steps[..last]
            .iter()
            .filter(|step| !is_there(step) && !step.is_hand_over && !is_late(step))
            .map(Step::path)
            .collect();
        for path in missing {
            if !self.findings.iter().any(|finding| finding.path == path) {
                self.find(&path, format!("is missing, though {} is there", steps[last]));
            }
        }
    }

    /// What an artifact was made of is what lies in the run, where it took it from.
    fn check_inputs(&mut self, steps: &[Step]) {
        let mut findings = Vec::new();
        for (path, manifest) in &self.artifacts {
            for input in &manifest.provenance.inputs {
                if let Some(problem) = self.misplaced(steps, path, input) {
                    findings.push(Finding { path: path.clone(), problem });
                }
            }
        }
        self.findings.extend(findings);
    }

    fn misplaced(&self, steps: &[Step], path: &str, input: &Input) -> Option<String> {
        let step = steps.iter().position(|step| step.path() == path)?;
        let is_artifact = steps.iter().any(|step| step.kind == input.kind);
        // The model may be one from elsewhere, or a server.
        if !is_artifact || input.kind == Model::NAME {
            return None;
        }
        let places: Vec<&str> = self
            .artifacts
            .iter()
            .filter(|(_, made)| made.content_hash == input.content_hash)
            .map(|(path, _)| path.as_str())
            .collect();
        let Input { role, kind, .. } = input;
        if places.is_empty() {
            return Some(format!("was made of other {role} than this run holds (`{kind}`)"));
        }
        let is_after = |place: &&str| steps[step..].iter().any(|step| step.path() == **place);
        if places.iter().all(is_after) {
            return Some(format!("was made of the {role} in {}, which come after it", places[0]));
        }
        let expected = self.expected(path, input)?;
        let is_at_hand = |place: &&str| {
            **place == expected || iteration_of(place).is_some() && self.same_part(place, path)
        };
        let is_seed = expected.starts_with("seed/");
        let is_found = places
            .iter()
            .any(|place| is_at_hand(place) || !is_seed && iteration_of(place).is_none());
        (!is_found).then(|| format!("was made of other {role} than those in {expected}"))
    }

    /// The folder of the same name as the role, of the same kind, in the same part or the seed.
    fn expected(&self, path: &str, input: &Input) -> Option<String> {
        let round = match part_of(path)? {
            Part::Round(t) => Some(format!("iter-{t}/{}", input.role)),
            _ => None,
        };
        let seed = Some(format!("seed/{}", input.role));
        [round, seed].into_iter().flatten().find(|place| {
            place != path && self.artifacts.get(place).is_some_and(|made| made.kind == input.kind)
        })
    }

    fn same_part(&self, place: &str, path: &str) -> bool {
        let iteration = |path: &str| match part_of(path) {
            Some(Part::Round(t)) => Some(t),
            _ => iteration_of(path),
        };
        iteration(place) == iteration(path)
    }
}
