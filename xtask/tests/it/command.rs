//! Running the binary.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// The binary, with a cache of its own: the tiny model is made once for all tests.
pub(crate) fn xtask(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
    command.args(arguments).env("SRLM_CACHE", cache()).current_dir(root());
    command
}

fn cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache")
}

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

pub(crate) fn run(arguments: &[&str]) -> Output {
    xtask(arguments).output().unwrap()
}

/// Standard output of a command that must succeed.
#[track_caller]
pub(crate) fn stdout(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Standard error of a command that must end with this code.
#[track_caller]
pub(crate) fn stderr(arguments: &[&str], code: i32) -> String {
    let output = run(arguments);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {text}");
    text
}

/// Content hash of every artifact below `dir`, by folder.
pub(crate) fn hashes(dir: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        if let Ok(text) = std::fs::read_to_string(folder.join("manifest.json")) {
            let manifest: Value = serde_json::from_str(&text).unwrap();
            let name = folder.strip_prefix(dir).unwrap().to_string_lossy().into_owned();
            found.insert(name, manifest["content_hash"].as_str().unwrap().to_owned());
            continue;
        }
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        folders.extend(entries.filter(|path| path.is_dir()));
    }
    found
}

/// Starts a command with `--json`, kills it after the `n`th event of this kind in this stage, and says whether it came to that.
pub(crate) fn kill_at(arguments: &[&str], stage: &str, event: &str, n: usize) -> bool {
    let mut child = xtask(arguments).arg("--json").stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let events = lines.map_while(Result::ok).map(|line| serde_json::from_str::<Value>(&line).unwrap());
    let reached = events.filter(|found| found["stage"] == stage && found["event"] == event).nth(n - 1).is_some();
    child.kill().unwrap();
    child.wait().unwrap();
    reached
}
