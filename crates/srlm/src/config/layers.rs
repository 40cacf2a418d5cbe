//! Defaults, a preset, a file and `--set`, one over the other.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, anyhow, bail};
use serde::Serialize;
use serde::de::DeserializeOwned;
use toml::{Table, Value};

use super::names::{self, Unknown, put};
use super::{RunConfig, lines, schema};
use crate::exit::{Exit, OrExit};
use crate::paths;

/// Presets by name: what each changes over the defaults.
const PRESETS: [(&str, &str); 3] = [
    ("smollm2", include_str!("../../presets/smollm2.toml")),
    ("tiny", include_str!("../../presets/tiny.toml")),
    ("paper", include_str!("../../presets/paper.toml")),
];

/// A configuration before it is checked, with where its values come from.
pub(super) struct Source {
    /// What was read, for people: a path, or `the preset tiny`.
    pub(super) name: String,
    /// The preset below a file.
    pub(super) preset: Option<String>,
    /// What it changes.
    pub(super) table: Table,
    /// The line of each key.
    pub(super) lines: BTreeMap<String, usize>,
}

/// Reads a preset, or a file over its preset and the defaults, and applies `key=value` overrides.
pub(crate) fn load(
    path: Option<&Path>,
    preset: Option<&str>,
    set: &[String],
) -> anyhow::Result<RunConfig> {
    named(path, preset)
        .and_then(|source| source.resolved(set))
        .and_then(|config| paths::made_whole(config, path, set))
        .or_exit(Exit::Config)
}

fn named(path: Option<&Path>, preset: Option<&str>) -> anyhow::Result<Source> {
    match (path, preset) {
        (Some(_), Some(_)) => bail!(
            "give a configuration file or --preset, not both; a file names its preset itself, as in \
             preset = \"tiny\""
        ),
        (Some(path), None) => Source::file(path),
        (None, preset) => Source::preset(preset.unwrap_or(PRESETS[0].0)),
    }
}

/// Reads the `run.toml` of a run, which this version or an earlier one saved.
pub(crate) fn saved(path: &Path, set: &[String]) -> anyhow::Result<RunConfig> {
    Source::file(path)
        .and_then(|source| source.resolved(set))
        .and_then(|config| paths::made_whole(config, Some(path), set))
        .or_exit(Exit::Config)
}

impl Source {
    pub(super) fn preset(name: &str) -> anyhow::Result<Self> {
        let Some((_, text)) = PRESETS.iter().find(|(known, _)| *known == name) else {
            let known = PRESETS.map(|(name, _)| name).join(", ");
            bail!("no preset {name:?}: there are {known}");
        };
        Self::parsed(format!("the preset {name}"), text)
    }

    pub(super) fn file(path: &Path) -> anyhow::Result<Self> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {name}"))?;
        let mut source = Self::parsed(name, &text)?;
        source.preset = match source.table.remove("preset") {
            None => None,
            Some(Value::String(preset)) => Some(preset),
            Some(other) => bail!(
                "{}: preset = {other} must be the name of a preset, such as \"smollm2\"",
                source.place("preset")
            ),
        };
        // What a person wrote is refused with the new name; what an earlier version saved is read.
        if path.file_name().is_some_and(|name| name == "run.toml") {
            names::modernize(&mut source.table);
        }
        Ok(source)
    }

    fn parsed(name: String, text: &str) -> anyhow::Result<Self> {
        let table = toml::from_str(text).with_context(|| format!("in {name}"))?;
        Ok(Self { name, preset: None, table, lines: lines::of(text) })
    }

    /// What the file stands over: its preset over the defaults, or these.
    pub(super) fn base(&self) -> anyhow::Result<Table> {
        let mut base = Table::try_from(RunConfig::default()).context("settings are plain data")?;
        if let Some(preset) = &self.preset {
            let preset = Self::preset(preset).with_context(|| self.place("preset"))?;
            merge(&mut base, preset.table);
        }
        Ok(base)
    }

    /// The whole configuration, checked.
    pub(super) fn resolved(&self, set: &[String]) -> anyhow::Result<RunConfig> {
        let assigned: Vec<(&str, Table)> = set
            .iter()
            .map(|text| Ok((text.as_str(), assignment(text)?)))
            .collect::<anyhow::Result<_>>()?;
        if let Some(Unknown { path, remedy }) = names::unknown(&self.table) {
            bail!("{}: unknown key {path}: {remedy}", self.place(&path));
        }
        for (text, table) in &assigned {
            if let Some(Unknown { path, remedy }) = names::unknown(table) {
                bail!("--set {text}: unknown key {path}: {remedy}");
            }
        }
        let mut whole = self.base()?;
        merge(&mut whole, self.table.clone());
        for (_, table) in &assigned {
            merge(&mut whole, table.clone());
        }
        let config: RunConfig =
            serde_path_to_error::deserialize(Value::Table(whole)).map_err(|error| {
                let path = error.path().to_string();
                anyhow!("{}: {path}: {}", self.origin(&path, set), error.inner().message())
            })?;
        config.validated().map_err(|error| match self.blamed(&error, set) {
            Some(path) => {
                let origin = self.origin(&path, set);
                error.context(format!("{origin}: {path}"))
            }
            None => error.context(format!("in {}", self.name)),
        })
    }

    /// Where a key is set last.
    fn origin(&self, path: &str, set: &[String]) -> String {
        let assigned = set.iter().rev().find(|text| {
            text.split_once('=').is_some_and(|(key, _)| key == path || starts_below(path, key))
        });
        assigned.map_or_else(|| self.place(path), |text| format!("--set {text}"))
    }

    /// File and line of a key, or of the table that it is missing from.
    fn place(&self, path: &str) -> String {
        let mut at = path;
        loop {
            if let Some(line) = self.lines.get(at) {
                return format!("{}:{line}", self.name);
            }
            match at.rsplit_once('.') {
                Some((parent, _)) => at = parent,
                None => return self.name.clone(),
            }
        }
    }

    /// The key that the user set and a refusal is about: the first that its text names.
    fn blamed(&self, error: &anyhow::Error, set: &[String]) -> Option<String> {
        let text = error.chain().map(ToString::to_string).collect::<Vec<_>>().join("; ");
        let table =
            text.strip_prefix("in [").and_then(|rest| rest.split_once(']')).map(|(name, _)| name);
        let assigned = set.iter().filter_map(|text| text.split_once('=')).map(|(key, _)| key);
        let keys = self.lines.keys().map(String::as_str).chain(assigned);
        let named = keys.filter(|path| !schema::is_table_at(path)).filter_map(|path| {
            let within = table.and_then(|table| path.strip_prefix(table)?.strip_prefix('.'));
            let place =
                within.and_then(|key| place_of(key, &text)).or_else(|| place_of(path, &text))?;
            Some((place, path))
        });
        named.min().map(|(_, path)| path.to_owned())
    }
}

/// Where a text names a key, whole.
fn place_of(key: &str, text: &str) -> Option<usize> {
    let is_of_key = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    text.match_indices(key).map(|(at, _)| at).find(|&at| {
        let before = text[..at].chars().next_back();
        let mut after = text[at + key.len()..].chars();
        // The end of a sentence is no part of a key.
        let continues = match after.next() {
            Some('.') => after.next().is_some_and(is_of_key),
            Some(c) => is_of_key(c),
            None => false,
        };
        !before.is_some_and(is_of_key) && !continues
    })
}

fn starts_below(path: &str, table: &str) -> bool {
    path.strip_prefix(table).is_some_and(|rest| rest.starts_with('.'))
}

/// Puts one table over another: tables into each other, other values in place of what is there.
pub(super) fn merge(base: &mut Table, over: Table) {
    for (key, value) in over {
        match (base.get_mut(&key), value) {
            (Some(Value::Table(base)), Value::Table(over)) => merge(base, over),
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}

/// `a.b.c=value` as a table; the value is TOML, or a string where it is none.
fn assignment(text: &str) -> anyhow::Result<Table> {
    let Some((path, value)) = text.split_once('=').filter(|(path, _)| !path.is_empty()) else {
        bail!("--set {text}: write it as key=value");
    };
    let parsed = toml::from_str::<Table>(&format!("value = {value}"));
    let value = parsed.ok().and_then(|mut table| table.remove("value"));
    let mut table = Table::new();
    put(
        &mut table,
        path,
        value.unwrap_or_else(|| Value::String(text[path.len() + 1..].to_owned())),
    );
    Ok(table)
}

/// Settings of another kind than a run's, with `key=value` overrides.
pub(crate) fn with_overrides<T: Serialize + DeserializeOwned>(
    settings: &T,
    set: &[String],
) -> anyhow::Result<T> {
    let mut table = Table::try_from(settings).context("settings are plain data")?;
    for text in set {
        merge(&mut table, assignment(text)?);
    }
    table.try_into().with_context(|| format!("in --set {}", set.join(" --set ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::message;

    /// What is said of a file with this text.
    fn refused(text: &str, set: &[&str]) -> String {
        let set: Vec<String> = set.iter().map(|&text| text.to_owned()).collect();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("my.toml");
        std::fs::write(&path, text).unwrap();
        let error = load(Some(&path), None, &set).expect_err("it is refused");
        message(&error).replace(&path.display().to_string(), "my.toml")
    }

    #[test]
    fn a_file_says_only_what_it_changes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("my.toml");
        std::fs::write(&path, "preset = \"tiny\"\ndpo.beta = 0.2\n").unwrap();
        let found = load(Some(&path), None, &["dpo.train.epochs=5".to_owned()]).unwrap();
        let mut expected = load(None, Some("tiny"), &[]).unwrap();
        expected.dpo.beta = 0.2;
        expected.dpo.train.epochs = 5;
        assert_eq!(found, expected);
    }

    #[test]
    fn every_preset_is_read_and_says_nothing_that_holds_anyway() {
        for (name, text) in PRESETS {
            let base = Table::try_from(RunConfig::default()).unwrap();
            load(None, Some(name), &[]).unwrap();
            let mut idle = Vec::new();
            for path in lines::of(text).keys() {
                let at = |table: &Table| {
                    let mut value = Value::Table(table.clone());
                    for key in path.split('.') {
                        value = value.get(key)?.clone();
                    }
                    Some(value)
                };
                let said = at(&toml::from_str(text).unwrap());
                if said.as_ref().is_some_and(|said| !said.is_table()) && said == at(&base) {
                    idle.push(path.clone());
                }
            }
            assert!(idle.is_empty(), "{name}: {idle:?} are the defaults");
        }
    }

    #[test]
    fn a_saved_configuration_is_read_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("run.toml");
        for (name, _) in PRESETS {
            let config = load(None, Some(name), &[]).unwrap();
            std::fs::write(&path, config.to_toml().unwrap()).unwrap();
            assert_eq!(saved(&path, &[]).unwrap(), config);
        }
    }

    #[test]
    fn what_is_refused_has_file_line_key_and_remedy() {
        let check = |text: &str, set: &[&str], expected: &str| {
            assert_eq!(refused(text, set), expected);
        };
        check(
            "preset = \"tiny\"\n\n[dpo]\nbeat = 0.2\n",
            &[],
            "my.toml:4: unknown key dpo.beat: did you mean beta?",
        );
        check(
            "preset = \"tiny\"\n[dpo]\nbeta = \"x\"\n",
            &[],
            "my.toml:3: dpo.beta: invalid type: string \"x\", expected f64",
        );
        check(
            "preset = \"tiny\"\n[prompts.filter]\nmin_words = 0\n",
            &[],
            "my.toml:3: prompts.filter.min_words\n  caused by: in [prompts]\n  \
             caused by: `filter.min_words` is 0; it must be at least 1",
        );
        check(
            "preset = \"tiny\"\n",
            &["dpo.beta=0"],
            "--set dpo.beta=0: dpo.beta\n  caused by: in [dpo]\n  caused by: beta must be above 0",
        );
        check(
            "preset = \"tiny\"\n",
            &["dpo.bta=0"],
            "--set dpo.bta=0: unknown key dpo.bta: did you mean beta?",
        );
        check(
            "\npreset = \"tni\"\n",
            &[],
            "my.toml:2\n  caused by: no preset \"tni\": there are smollm2, tiny, paper",
        );
        check("preset = \"tiny\"\n", &["dpo"], "--set dpo: write it as key=value");
    }
}
