//! What a file changes, and over what.

use std::path::Path;

use anyhow::Context;
use serde_json::Value;
use toml::Table;

use super::layers::Source;
use super::lines::joined;
use super::show::scalar;
use crate::exit::{Exit, OrExit};

/// A value and its place.
struct Leaf {
    path: String,
    value: Value,
}

/// What a file changes over its preset, or over the defaults, as TOML, with what it changes it
/// from. What it says in vain stands below.
pub(crate) fn diff(path: &Path) -> anyhow::Result<String> {
    let source = Source::file(path).or_exit(Exit::Config)?;
    let config = source.resolved(&[]).or_exit(Exit::Config)?;
    let now = leaves(&Table::try_from(&config).context("settings are plain data")?)?;
    let before = leaves(&source.base()?)?;
    Ok(text(&source, &before, &now))
}

fn text(source: &Source, before: &[Leaf], now: &[Leaf]) -> String {
    let base = match &source.preset {
        Some(preset) => format!("the preset {preset}"),
        None => "the defaults".to_owned(),
    };
    let mut text = format!("# What {} changes over {base}.\n", source.name);
    let mut table = "";
    for leaf in now {
        let was = before.iter().find(|other| other.path == leaf.path).map(|other| &other.value);
        if was == Some(&leaf.value) {
            continue;
        }
        let (parent, key) = leaf.path.rsplit_once('.').unwrap_or(("", &leaf.path));
        if parent != table {
            text += &format!("\n[{parent}]\n");
            table = parent;
        }
        let was = was.map_or_else(|| "not set".to_owned(), scalar);
        text += &format!("{key} = {}  # {was}\n", scalar(&leaf.value));
    }
    let in_vain: Vec<&str> = before
        .iter()
        .filter(|was| source.lines.contains_key(&was.path) && now.iter().any(|leaf| leaf.is(was)))
        .map(|was| was.path.as_str())
        .collect();
    if !in_vain.is_empty() {
        text += &format!("\n# As it is without the file: {}.\n", in_vain.join(", "));
    }
    text
}

impl Leaf {
    fn is(&self, other: &Self) -> bool {
        (&self.path, &self.value) == (&other.path, &other.value)
    }
}

fn leaves(table: &Table) -> anyhow::Result<Vec<Leaf>> {
    let mut found = Vec::new();
    let values = serde_json::to_value(table).context("settings are plain data")?;
    collect("", &values, &mut found);
    Ok(found)
}

/// Values before tables, as TOML has them.
fn collect(path: &str, value: &Value, found: &mut Vec<Leaf>) {
    let Value::Object(keys) = value else {
        found.push(Leaf { path: path.to_owned(), value: value.clone() });
        return;
    };
    for are_tables in [false, true] {
        for (key, value) in keys.iter().filter(|(_, value)| value.is_object() == are_tables) {
            collect(&joined(path, key), value, found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> String {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("my.toml");
        std::fs::write(&path, text).unwrap();
        diff(&path).unwrap().replace(&path.display().to_string(), "my.toml")
    }

    #[test]
    fn a_files_changes_are_listed_with_what_they_change() {
        let text =
            "preset = \"tiny\"\n[dpo]\nbeta = 0.2\nlabel_smoothing = 0.0\n[dpo.lora]\nrank = 4\n";
        let found = of(text);
        for expected in [
            "# What my.toml changes over the preset tiny.\n",
            "\n[dpo]\nbeta = 0.2  # 0.1\n",
            "\n[dpo.lora]\n",
            "\nrank = 4  # not set\n",
            "\n# As it is without the file: dpo.label_smoothing.\n",
        ] {
            assert!(found.contains(expected), "{expected} in {found}");
        }
    }
}
