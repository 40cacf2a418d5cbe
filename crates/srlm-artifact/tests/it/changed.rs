//! Equal recipes are up to date; of different ones the first difference is named.

use insta::assert_snapshot;
use serde_json::{Value, json};
use srlm_artifact::{Begin, Error, Input, Pairs, Prompts, Recipe, begin, move_aside};

use crate::samples::{self, recipe, text};

fn check(change: impl FnOnce(&mut Recipe)) -> String {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("pairs");
    samples::write::<Pairs>(&out, samples::pairs());
    let mut other = recipe();
    change(&mut other);
    match begin::<Pairs>(&out, other) {
        Ok(Begin::UpToDate(artifact)) => format!("up to date, {} row", artifact.manifest().rows),
        Ok(Begin::Write(_)) => panic!("a complete folder must not be written"),
        Err(error) => text(&error, dir.path()),
    }
}

#[test]
fn the_same_recipe_is_up_to_date() {
    for change in [
        |_: &mut Recipe| {},
        |recipe: &mut Recipe| recipe.crate_version = "9.9.9".into(),
        |recipe: &mut Recipe| {
            recipe.config =
                json!({ "group_prompts": 16, "sampling": { "top_p": 0.9, "temperature": 0.7 } })
                    .into()
        },
    ] {
        assert_eq!(check(change), "up to date, 1 row");
    }
}

#[test]
fn the_key_does_not_depend_on_the_order_of_inputs() {
    let input = |role: &str| Input {
        role: role.into(),
        kind: "model".into(),
        content_hash: "sha256:11".into(),
    };
    let [mut first, mut second] = [recipe(), recipe()];
    first.inputs = vec![input("policy"), input("judge")];
    second.inputs = vec![input("judge"), input("policy")];
    assert_eq!(first.key::<Pairs>(), second.key::<Pairs>());
    second.inputs[0].kind = "prompts".into();
    assert_ne!(first.key::<Pairs>(), second.key::<Pairs>());
    assert_ne!(first.key::<Pairs>(), first.key::<Prompts>());
}

#[test]
fn a_changed_value_is_named() {
    assert_snapshot!(check(|recipe| recipe.config["sampling"]["temperature"] = json!(0.8)), @"pairs was made with another config.sampling.temperature: was 0.7, now 0.8; `--force pairs` moves it aside and makes it anew, another `--run` leaves it as it is");
}

#[test]
fn a_new_key_is_named() {
    assert_snapshot!(check(|recipe| recipe.config["sampling"]["min_p"] = json!("x".repeat(100))), @r#"pairs was made with another config.sampling.min_p: was absent, now "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx...; `--force pairs` moves it aside and makes it anew, another `--run` leaves it as it is"#);
}

#[test]
fn a_key_that_is_gone_is_named() {
    assert_snapshot!(check(|recipe| recipe.config = json!({ "group_prompts": 16, "sampling": { "top_p": 0.9 } }).into()), @"pairs was made with another config.sampling.temperature: was 0.7, now absent; `--force pairs` moves it aside and makes it anew, another `--run` leaves it as it is");
}

#[test]
fn a_changed_input_is_named_by_its_role() {
    assert_snapshot!(check(|recipe| recipe.inputs[0].content_hash = "sha256:ff".into()), @r#"pairs was made with another inputs.judgments: was "judgments sha256:00", now "judgments sha256:ff"; `--force pairs` moves it aside and makes it anew, another `--run` leaves it as it is"#);
}

#[test]
fn a_changed_seed_or_stage_version_is_named() {
    assert_snapshot!(check(|recipe| recipe.seed = 43), @"pairs was made with another seed: was 42, now 43; `--force pairs` moves it aside and makes it anew, another `--run` leaves it as it is");
    assert_snapshot!(check(|recipe| recipe.stage_version = 2), @"pairs was made with another stage_version: was 1, now 2; `--force pairs` moves it aside and makes it anew, another `--run` leaves it as it is");
}

#[test]
fn an_input_that_no_longer_exists_is_named() {
    assert_snapshot!(check(|recipe| recipe.inputs.clear()), @r#"pairs was made with another inputs.judgments: was "judgments sha256:00", now absent; `--force pairs` moves it aside and makes it anew, another `--run` leaves it as it is"#);
}

#[test]
fn another_kind_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("pairs");
    samples::write::<Pairs>(&out, samples::pairs());
    assert_snapshot!(text(&begin::<Prompts>(&out, recipe()).unwrap_err(), dir.path()), @"pairs was made with another kind: was pairs, now prompts; `--force pairs` moves it aside and makes it anew, another `--run` leaves it as it is");
}

#[test]
fn the_remedy_names_the_folder_within_the_run() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("run.toml"), "").unwrap();
    let out = dir.path().join("iter-1/pairs");
    samples::write::<Pairs>(&out, samples::pairs());
    let error = begin::<Pairs>(&out, Recipe { seed: 1, ..recipe() }).unwrap_err();
    assert!(matches!(error, Error::Changed { stage, .. } if stage == "iter-1/pairs"));
}

#[test]
fn moved_aside_it_can_be_made_anew() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("pairs");
    let changed = Recipe { config: Value::Null.into(), ..recipe() };
    for n in 1..=2 {
        samples::write::<Pairs>(&out, samples::pairs());
        assert!(begin::<Pairs>(&out, changed.clone()).is_err());
        let aside = move_aside(&out).unwrap();
        assert_eq!(aside, dir.path().join(format!("pairs.old-{n}")));
        srlm_artifact::verify_dir(&aside).unwrap();
    }
    assert!(matches!(begin::<Pairs>(&out, changed), Ok(Begin::Write(_))));
}

/// A version's settings: with a key more, and another default, than the one before.
#[derive(serde::Serialize)]
struct Later {
    group_prompts: u32,
    min_p: f64,
}

impl Default for Later {
    fn default() -> Self {
        Self { group_prompts: 16, min_p: 0.0 }
    }
}

fn made_before(config: Value, now: &Later) -> String {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("pairs");
    let before = Recipe { config: config.into(), ..recipe() };
    samples::writer::<Pairs>(&out, before)
        .finish(samples::pairs(), srlm_artifact::Counts::new(), "cpu")
        .unwrap();
    let now = Recipe { config: srlm_artifact::Settings::of(now), ..recipe() };
    match begin::<Pairs>(&out, now) {
        Ok(Begin::UpToDate(_)) => "up to date".to_owned(),
        Ok(Begin::Write(_)) => panic!("a complete folder must not be written"),
        Err(error) => text(&error, dir.path()),
    }
}

#[test]
fn a_key_that_a_later_version_adds_leaves_artifacts_up_to_date() {
    let before = json!({ "group_prompts": 16 });
    assert_eq!(made_before(before.clone(), &Later::default()), "up to date");
    let set = Later { min_p: 0.1, ..Later::default() };
    assert_snapshot!(made_before(before, &set), @"pairs was made with another config.min_p: was absent, now 0.1; `--force pairs` moves it aside and makes it anew, another `--run` leaves it as it is");
}

#[test]
fn a_default_that_a_later_version_changes_is_seen() {
    let before = json!({ "group_prompts": 8 });
    assert_snapshot!(made_before(before, &Later::default()), @"pairs was made with another config.group_prompts: was 8, now 16; `--force pairs` moves it aside and makes it anew, another `--run` leaves it as it is");
}

#[test]
fn a_staging_folder_of_an_earlier_version_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("pairs");
    let before = Recipe { config: json!({ "group_prompts": 16 }).into(), ..recipe() };
    samples::writer::<Pairs>(&out, before).append(&samples::pairs()).unwrap();
    let now = Recipe { config: srlm_artifact::Settings::of(&Later::default()), ..recipe() };
    assert_eq!(samples::writer::<Pairs>(&out, now).resumed(), samples::pairs());
}
