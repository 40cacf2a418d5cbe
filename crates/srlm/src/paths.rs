//! Files that a configuration names: data that come with the program, or paths.
//!
//! A relative path counts from the folder of the file that names it; one of `--set`, and one where
//! there is no file, from the working folder. A configuration that was read has whole paths, so
//! that a run goes on from any folder with its `run.toml`.

use std::io::{BufRead, Cursor};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use serde::de::DeserializeOwned;
use srlm_artifact::{parse_row, read_jsonl};
use srlm_judge::Rubric;

use crate::config::RunConfig;
use crate::exit::{Exit, OrExit};

/// Begins the name of data that come with the program.
const BUILT_IN: &str = "builtin:";

/// The seed data that come with the program, by name.
const SEED: [(&str, &str); 4] = [
    ("ift_train", include_str!("../seed/ift_train.jsonl")),
    ("ift_heldout", include_str!("../seed/ift_heldout.jsonl")),
    ("eft_train", include_str!("../seed/eft_train.jsonl")),
    ("eft_heldout", include_str!("../seed/eft_heldout.jsonl")),
];

/// The rows of a file, or of data that come with the program.
pub(crate) fn rows<T: DeserializeOwned>(name: &str) -> anyhow::Result<Vec<T>> {
    let Some(built_in) = name.strip_prefix(BUILT_IN) else {
        return read_jsonl(Path::new(name)).or_exit(Exit::Data);
    };
    let Some((_, text)) = SEED.iter().find(|(known, _)| *known == built_in) else {
        let known = SEED.map(|(known, _)| format!("{BUILT_IN}{known}")).join(", ");
        return Err(anyhow!("no data {name}: there are {known}")).or_exit(Exit::Config);
    };
    let lines = Cursor::new(text).lines().enumerate();
    lines
        .map(|(i, line)| {
            let line = line.context("the text is in memory")?;
            parse_row(&line, Path::new(name), i + 1).or_exit(Exit::Data)
        })
        .collect()
}

/// The configuration with whole paths: `file` is where it was read, `set` what `--set` assigned.
pub(crate) fn made_whole(
    mut config: RunConfig,
    file: Option<&Path>,
    set: &[String],
) -> anyhow::Result<RunConfig> {
    let here = std::env::current_dir().context("the working folder is gone")?;
    let folder = file.and_then(Path::parent).map_or(here.clone(), |folder| here.join(folder));
    let base = |key: &str| {
        let is_set = set.iter().any(|text| text.split('=').next() == Some(key));
        if is_set { &here } else { &folder }
    };
    let RunConfig { data, prompts, judge, battles, model, roles, engines, .. } = &mut config;
    for (key, value) in [
        ("data.ift", &mut data.ift),
        ("data.ift_held_out", &mut data.ift_held_out),
        ("data.eft", &mut data.eft),
        ("data.eft_held_out", &mut data.eft_held_out),
        ("data.validation", &mut data.validation),
        ("data.ranked_prompts", &mut data.ranked_prompts),
        ("data.ranked_responses", &mut data.ranked_responses),
        ("data.anchors", &mut data.anchors),
        ("data.safety_prompts", &mut data.safety_prompts),
        ("prompts.pool", &mut prompts.pool),
    ] {
        if !value.is_empty() && !has_scheme(value) {
            *value = whole(base(key), value);
        }
    }
    if Rubric::named(&judge.rubric).is_none() {
        judge.rubric = whole(base("judge.rubric"), &judge.rubric);
    }
    if battles.rubric != "meta" {
        battles.rubric = whole(base("battles.rubric"), &battles.rubric);
    }
    for (key, value) in [
        ("model.source", &mut model.source),
        ("roles.prompts", &mut roles.prompts),
        ("roles.responses", &mut roles.responses),
        ("roles.judge", &mut roles.judge),
        ("roles.evaluator", &mut roles.evaluator),
    ] {
        let is_name = ["self", "m0"].contains(&value.as_str()) || engines.contains_key(value);
        // What is there as a file is one; all else is named as the user wrote it.
        if !is_name && !has_scheme(value) && base(key).join(&*value).exists() {
            *value = whole(base(key), value);
        }
    }
    Ok(config)
}

/// Whether this is `hub:...`, `tiny:` or the like. One letter is a drive.
fn has_scheme(value: &str) -> bool {
    value.split_once(':').is_some_and(|(scheme, _)| {
        scheme.len() > 1 && scheme.chars().all(|c| c.is_ascii_alphabetic())
    })
}

fn whole(folder: &Path, path: &str) -> String {
    // Joined part by part: no `./` in the middle.
    let parts: PathBuf =
        Path::new(path).components().filter(|part| part.as_os_str() != ".").collect();
    folder.join(parts).display().to_string()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use srlm_artifact::{EftRow, IftRow};

    use super::*;
    use crate::config;

    #[test]
    fn every_built_in_data_set_is_read_and_an_unknown_one_is_refused() {
        for name in ["ift_train", "ift_heldout"] {
            assert!(rows::<IftRow>(&format!("builtin:{name}")).unwrap().len() > 10);
        }
        for name in ["eft_train", "eft_heldout"] {
            assert!(rows::<EftRow>(&format!("builtin:{name}")).unwrap().len() > 10);
        }
        let error = rows::<IftRow>("builtin:ift").unwrap_err();
        assert!(format!("{error:#}").contains("builtin:ift_train"), "{error:#}");
        assert_eq!(crate::exit::code(&error), Exit::Config);
    }

    #[test]
    fn a_path_counts_from_its_file_and_one_that_is_set_from_the_working_folder() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("my.toml");
        let text = config::load(None, Some("tiny"), &["data.ift=mine/a.jsonl".to_owned()]);
        let here = std::env::current_dir().unwrap();
        let text = text.unwrap();
        assert_eq!(text.data.ift, here.join("mine/a.jsonl").display().to_string());
        assert_eq!(text.data.eft, "tiny:");

        let relative = text.to_toml().unwrap().replace(&text.data.ift, "./mine/a.jsonl");
        std::fs::write(&file, relative).unwrap();
        let set = ["data.eft=b.jsonl".to_owned()];
        let config = config::load(Some(&file), None, &set).unwrap();
        assert_eq!(config.data.ift, dir.path().join("mine/a.jsonl").display().to_string());
        assert_eq!(config.data.eft, here.join("b.jsonl").display().to_string());
        assert_eq!(config.judge.rubric, "additive");
        // Read again from elsewhere it is the same.
        let saved = dir.path().join("run.toml");
        std::fs::write(&saved, config.to_toml().unwrap()).unwrap();
        assert_eq!(config::load(Some(&saved), None, &[]).unwrap(), config);
    }

    #[test]
    fn a_scheme_is_no_path() {
        for name in ["tiny:", "hub:a/b@main", "package:llm==1", "builtin:ift_train"] {
            assert!(has_scheme(name), "{name}");
        }
        for path in ["a.jsonl", "C:\\a.jsonl", "./a:b", "/a"] {
            assert!(!has_scheme(path), "{path}");
        }
    }
}
