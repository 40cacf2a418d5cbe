//! The command line that trains.

use crate::config::Tool;
use crate::error::Error;

/// What takes the place of each placeholder.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Places<'a> {
    pub(crate) stage: &'a str,
    pub(crate) config: &'a str,
    pub(crate) data: &'a str,
    pub(crate) model: &'a str,
    pub(crate) output: &'a str,
    /// An argument that goes on from a checkpoint, or nothing.
    pub(crate) resume: &'a str,
}

impl Places<'_> {
    fn of(&self, name: &str) -> Option<&str> {
        Some(match name {
            "stage" => self.stage,
            "config" => self.config,
            "data" => self.data,
            "model" => self.model,
            "output" => self.output,
            "resume" => self.resume,
            _ => return None,
        })
    }
}

/// What the tool is started with where the settings have no command of their own.
pub(crate) fn default_of(tool: Tool) -> &'static str {
    match tool {
        Tool::Trl => "trl {stage} --config {config} {resume}",
        Tool::Axolotl => "axolotl train {config}",
    }
}

/// Refuses placeholders that mean nothing.
pub(crate) fn check(template: &str) -> Result<(), Error> {
    let places = Places { stage: "", config: "", data: "", model: "", output: "", resume: "" };
    fill(template, &places).map(drop)
}

/// The template with its placeholders replaced; braces of the shell, `${...}`, stay.
pub(crate) fn fill(template: &str, places: &Places<'_>) -> Result<String, Error> {
    let (mut text, mut rest) = (String::new(), template);
    while let Some(at) = rest.find('{') {
        let (before, from) = rest.split_at(at);
        text += before;
        let name = from[1..].split_once('}').map(|(name, _)| name);
        match name {
            Some(name) if !before.ends_with('$') && is_word(name) => {
                text +=
                    places.of(name).ok_or_else(|| Error::Placeholder { name: name.to_owned() })?;
                rest = &from[name.len() + 2..];
            }
            _ => {
                text.push('{');
                rest = &from[1..];
            }
        }
    }
    Ok((text + rest).trim().to_owned())
}

fn is_word(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_replaced_and_the_shells_own_braces_stay() {
        let places = Places {
            stage: "dpo",
            config: "trl.yaml",
            data: "train.jsonl",
            model: "model",
            output: "output",
            resume: "",
        };
        let check =
            |template: &str, expected: &str| assert_eq!(fill(template, &places).unwrap(), expected);
        check(default_of(Tool::Trl), "trl dpo --config trl.yaml");
        check(
            "N=${GPUS:-8} run {model} {data} > {output}/log",
            "N=${GPUS:-8} run model train.jsonl > output/log",
        );
        check("echo ${HOME} {a b} { {}", "echo ${HOME} {a b} { {}");
        insta::assert_snapshot!(check_error("x {modle}"), @"command has the unknown placeholder {modle}; known are {stage}, {config}, {data}, {model}, {output} and {resume}");
    }

    fn check_error(template: &str) -> Error {
        super::check(template).unwrap_err()
    }
}
