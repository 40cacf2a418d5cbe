//! Every kind of damage to every kind of file of a run is found.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::json;
use srlm_artifact::layout::{Step, steps};
use srlm_artifact::{
    Artifact, Counts, Ift, Input, Kind, Made, Model, Pairs, Prompts, Responses, audit, make, stage,
    write_metrics,
};

use crate::samples;

/// The steps that the small run below has.
fn planned() -> Vec<Step> {
    let made = [
        "seed/ift",
        "seed/ift-held-out",
        "m1",
        "iter-1/prompts",
        "iter-1/responses",
        "iter-1/pairs",
        "m2",
        "iter-2/prompts",
        "iter-2/responses",
        "iter-2/pairs",
    ];
    steps(2).into_iter().filter(|step| made.contains(&step.path().as_str())).collect()
}

fn put<K: Kind>(run: &Path, path: &str, rows: Vec<K::Row>, inputs: Vec<Input>) -> Artifact<K> {
    let recipe = stage!("test", 1).recipe(json!({ "at": path }), 7, inputs);
    let counts = Counts::from([("rows".to_owned(), rows.len() as u64)]);
    make::<K, srlm_artifact::Error>(&run.join(path), recipe, |writer| {
        if K::ROWS_FILE.is_none() {
            for name in ["config.json", "model.safetensors"] {
                fs::write(writer.dir().join(name), format!("{name} of {path}")).unwrap();
            }
            write_metrics(writer.dir(), &samples::metrics())?;
        }
        Ok(Made { rows, counts, device: "none" })
    })
    .unwrap()
}

/// A run of two rounds, of which the next stage was interrupted.
fn run(dir: &Path) {
    fs::write(dir.join("run.toml"), "[run]\n").unwrap();
    let ift = put::<Ift>(dir, "seed/ift", samples::ift(), vec![]);
    let mut held_out = samples::ift();
    held_out.truncate(1);
    put::<Ift>(dir, "seed/ift-held-out", held_out, vec![]);
    let mut model = put::<Model>(dir, "m1", vec![], vec![ift.as_input("ift")]);
    for t in 1..=2 {
        let at = |stage: &str| format!("iter-{t}/{stage}");
        let mut rows = samples::prompts();
        rows.truncate(3 - t);
        let of = vec![model.as_input("model"), ift.as_input("seeds")];
        let prompts = put::<Prompts>(dir, &at("prompts"), rows, of);
        let mut rows = samples::responses();
        rows[0].seed = t as u64;
        let of = vec![prompts.as_input("prompts"), model.as_input("model")];
        let responses = put::<Responses>(dir, &at("responses"), rows, of);
        let mut rows = samples::pairs();
        rows[0].score_rejected = t as f64 / 8.0;
        let of = vec![prompts.as_input("prompts"), responses.as_input("responses")];
        let pairs = put::<Pairs>(dir, &at("pairs"), rows, of);
        if t == 1 {
            model = put::<Model>(dir, "m2", vec![], vec![pairs.as_input("pairs")]);
        }
    }
    let mut writer = samples::writer::<Prompts>(&dir.join("iter-3/prompts"), samples::recipe());
    writer.append(&samples::prompts()).unwrap();
    let (mut rounds, _) = writer.journal::<String>("checkpoint-rounds.jsonl").unwrap();
    rounds.append(&"a round").unwrap();
    rounds.sync().unwrap();
    let checkpoint = writer.dir().join("checkpoint");
    fs::create_dir(&checkpoint).unwrap();
    for name in ["weight.safetensors", "mean.safetensors", "metrics.json"] {
        fs::write(checkpoint.join(name), name).unwrap();
    }
    srlm_artifact::seal(writer.dir(), &checkpoint).unwrap();
}

fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            files(&entry.path(), found);
        } else {
            found.push(entry.path());
        }
    }
    found.sort();
}

fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
}

type Damage = (&'static str, fn(&Path));

/// Kinds of damage that a file of any kind can suffer.
const DAMAGES: [Damage; 8] = [
    ("first bit", |path| flip(path, 0)),
    ("middle bit", |path| flip(path, fs::read(path).unwrap().len() / 2)),
    ("longer", |path| {
        fs::write(path, [fs::read(path).unwrap(), b"{}\n".to_vec()].concat()).unwrap()
    }),
    ("deleted", |path| fs::remove_file(path).unwrap()),
    ("link to a copy", |path| {
        let copy = path.with_extension("copy");
        fs::rename(path, &copy).unwrap();
        link(&copy, path);
    }),
    ("link to itself", |path| {
        fs::remove_file(path).unwrap();
        link(path, path);
    }),
    ("a folder", |path| {
        fs::remove_file(path).unwrap();
        fs::create_dir(path).unwrap();
        fs::write(path.join("inside"), "").unwrap();
    }),
    ("a pipe", |path| {
        fs::remove_file(path).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
    }),
];

fn link(to: &Path, path: &Path) {
    #[cfg(unix)]
    std::os::unix::fs::symlink(to, path).unwrap();
    #[cfg(not(unix))]
    fs::create_dir(path).and_then(|()| fs::write(path.join(to.file_name().unwrap()), "")).unwrap();
}

#[test]
fn a_sound_run_has_no_finding() {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path());
    let found = audit(dir.path(), &planned());
    assert_eq!(found.findings, []);
    assert_eq!(found.artifacts.len(), planned().len());
}

/// What is no damage: an interrupted stage need not have a journal or a checkpoint, and the
/// configuration is checked by who reads it.
fn is_harmless(file: &str, damage: &str) -> bool {
    let is_left = file.contains("checkpoint-rounds") || file.contains("rows.partial");
    file == "run.toml" && !damage.contains("link") && damage != "a pipe"
        || damage == "deleted" && (is_left || file.ends_with("checkpoint/whole"))
        // What a crash leaves of the last line, which is made anew.
        || is_left && damage == "a folder"
}

#[test]
fn each_damage_to_each_file_is_found() {
    let whole = tempfile::tempdir().unwrap();
    run(whole.path());
    let mut all = Vec::new();
    files(whole.path(), &mut all);
    let mut n_cells = 0;
    for path in &all {
        let file = path.strip_prefix(whole.path()).unwrap().to_str().unwrap();
        for (damage, hurt) in DAMAGES {
            if is_harmless(file, damage) {
                continue;
            }
            let dir = tempfile::tempdir().unwrap();
            run(dir.path());
            hurt(&dir.path().join(file));
            let found = audit(dir.path(), &planned()).findings;
            let stage = file.split('/').take(2).collect::<Vec<_>>().join("/");
            let names_it = |finding: &srlm_artifact::Finding| {
                let path = &finding.path;
                stage.starts_with(path.as_str()) || path.starts_with(&stage)
            };
            assert!(found.iter().any(names_it), "{damage} of {file}: {found:?}");
            n_cells += 1;
        }
    }
    assert!(n_cells > 200, "{n_cells}");
}

/// Damages of a run as a whole, and the folder that the finding names.
#[test]
fn what_is_missing_swapped_or_added_is_found() {
    let check = |hurt: &dyn Fn(&Path), expected: &str| {
        let dir = tempfile::tempdir().unwrap();
        run(dir.path());
        hurt(dir.path());
        let found = audit(dir.path(), &planned()).findings;
        let paths: Vec<&str> = found.iter().map(|finding| finding.path.as_str()).collect();
        assert!(paths.contains(&expected), "{expected}: {found:?}");
    };
    for step in planned().iter().rev().skip(1) {
        let path = step.path();
        check(&|run| fs::remove_dir_all(run.join(&path)).unwrap(), &path);
        check(&|run| fs::remove_file(run.join(&path).join("manifest.json")).unwrap(), &path);
        check(&|run| fs::write(run.join(&path).join("chat_template.jinja"), "").unwrap(), &path);
        let counts = |run: &Path| {
            let path = run.join(&path).join("manifest.json");
            let text = fs::read_to_string(&path).unwrap();
            let at = text.rfind("\"rows\": ").unwrap() + 8;
            fs::write(&path, format!("{}9{}", &text[..at], &text[at + 1..])).unwrap();
        };
        check(&counts, &path);
    }
    let swap = |a: &'static str, b: &'static str| {
        move |run: &Path| {
            fs::rename(run.join(a), run.join("swapped")).unwrap();
            fs::rename(run.join(b), run.join(a)).unwrap();
            fs::rename(run.join("swapped"), run.join(b)).unwrap();
        }
    };
    check(&swap("iter-1/pairs", "iter-2/pairs"), "m2");
    check(&swap("iter-1/prompts", "iter-2/prompts"), "iter-1/responses");
    check(&swap("iter-1/responses", "iter-2/responses"), "iter-1/pairs");
    check(&swap("seed/ift", "seed/ift-held-out"), "m1");
    check(&swap("iter-1/pairs", "iter-1/responses"), "iter-1/pairs");
    check(&|run| link(&run.join("m1"), &run.join("iter-1/loop")), "iter-1/loop");
    check(&|run| link(run, &run.join("iter-1/loop")), "iter-1/loop");
}
