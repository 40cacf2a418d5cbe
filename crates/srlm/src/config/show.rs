//! A configuration with what is said of each key.

use std::fmt::Write;

use anyhow::Context;
use serde_json::{Map, Value};

use super::lines::joined;
use super::{RunConfig, schema};

/// Columns of a comment.
const WIDTH: usize = 98;

/// The configuration as TOML, every key under its documentation. What may be left out and is, is
/// there as a comment.
pub(crate) fn documented(config: &RunConfig) -> anyhow::Result<String> {
    let values = serde_json::to_value(config).context("settings are plain data")?;
    let mut text = String::new();
    let no_values = Map::new();
    write_table("", schema::root(), values.as_object().unwrap_or(&no_values), &mut text);
    Ok(text)
}

fn write_table(path: &str, table: &Value, values: &Map<String, Value>, text: &mut String) {
    let Some(keys) = schema::keys(table) else { return };
    for (key, schema) in keys.iter().filter(|(_, schema)| !schema::is_table(schema)) {
        comment(schema, text);
        match values.get(key).filter(|value| !value.is_null()) {
            Some(value) => *text += &format!("{key} = {}\n", scalar(value)),
            None => *text += &format!("# {key} is not set.\n"),
        }
    }
    for (key, schema) in keys.iter().filter(|(_, schema)| schema::is_table(schema)) {
        let path = joined(path, key);
        text.push('\n');
        comment(schema, text);
        match values.get(key).and_then(Value::as_object) {
            None => absent(&path, schema, text),
            Some(values) => {
                *text += &format!("[{path}]\n");
                write_table(&path, schema, values, text);
                if let Some(entry) = schema::entries(schema) {
                    entries(&path, entry, values, text);
                }
            }
        }
    }
}

/// The tables of a table with free names, or what one would have.
fn entries(path: &str, entry: &Value, values: &Map<String, Value>, text: &mut String) {
    if values.is_empty() {
        absent(&format!("{path}.NAME"), entry, text);
    }
    for (name, values) in values {
        let path = joined(path, name);
        *text += &format!("\n[{path}]\n");
        write_table(&path, entry, values.as_object().unwrap_or(&Map::new()), text);
    }
}

/// A table that is not there, with its defaults, as comments.
fn absent(path: &str, table: &Value, text: &mut String) {
    *text += &format!("# [{path}]\n");
    for (key, schema) in schema::keys(table).into_iter().flatten() {
        comment(schema, text);
        let default = schema.get("default").map(scalar).unwrap_or_default();
        *text += &format!("# {key} = {default}\n");
    }
}

fn comment(schema: &Value, text: &mut String) {
    let mut said = schema::description(schema).unwrap_or_default().replace('\n', " ");
    let choices = schema::choices(schema);
    if !choices.is_empty() {
        let _ = write!(said, " One of {}.", choices.join(", "));
    }
    let mut line = String::from("#");
    for word in said.split_whitespace() {
        if line.chars().count() + 1 + word.chars().count() > WIDTH {
            *text += &line;
            text.push('\n');
            line = String::from("#");
        }
        line.push(' ');
        line += word;
    }
    *text += &line;
    text.push('\n');
}

/// A value as TOML: texts, numbers and lists of them are written as in JSON.
pub(super) fn scalar(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            format!("[{}]", items.iter().map(scalar).collect::<Vec<_>>().join(", "))
        }
        value => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::load;

    #[test]
    fn what_is_shown_is_the_configuration() {
        for preset in ["smollm2", "tiny", "paper"] {
            let config = load(None, Some(preset), &[]).unwrap();
            let shown: RunConfig = toml::from_str(&documented(&config).unwrap()).unwrap();
            assert_eq!(shown, config);
        }
        let set = ["dpo.lora.rank=4", "engines.big.model=x", "responses.system=Be brief."];
        let config = load(None, Some("tiny"), &set.map(str::to_owned)).unwrap();
        let text = documented(&config).unwrap();
        assert_eq!(toml::from_str::<RunConfig>(&text).unwrap(), config);
        for expected in ["[dpo.lora]\n", "\nrank = 4\n", "# [sft.lora]\n", "[engines.big]\n"] {
            assert!(text.contains(expected), "{expected}");
        }
    }

    #[test]
    fn every_key_is_shown_below_its_sentence() {
        let text = documented(&load(None, Some("tiny"), &[]).unwrap()).unwrap();
        let found = "# Strength of the pull toward the reference; SimPO's scale.\nbeta = 0.1\n";
        assert!(text.contains(found));
        assert!(text.lines().all(|line| line.chars().count() <= 100 || !line.starts_with('#')));
    }
}
