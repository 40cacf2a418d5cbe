//! The loop called by another program.

use std::path::Path;

use srlm::RunConfig;

use crate::command::{cache, stdout};
use crate::tiny_loop::hashes;

#[test]
fn a_program_runs_the_loop_to_the_same_bytes_as_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let (called, typed) = (folder.path().join("called"), folder.path().join("typed"));
    // Makes the tiny model in the tests' cache; the library would look for it in the user's.
    stdout(&["tokenize", "--model", "tiny:", "--input", "/dev/null"]);
    let models = std::fs::read_dir(cache()).unwrap().map(|entry| entry.unwrap().path());
    let model = models.into_iter().find(|path| path.join("config.json").exists()).unwrap();
    let source = format!("model.source={}", model.display());
    let changes = [source.as_str(), "run.iterations=1"];

    let config = RunConfig::preset("tiny", &changes).unwrap();
    let page = srlm::iterate(&config, &called).unwrap();
    assert_eq!(page, called.join("report/index.html"));

    let [first, second] = changes;
    let dir = typed.to_str().unwrap();
    stdout(&["iterate", "--preset", "tiny", "--run", dir, "--set", first, "--set", second]);
    assert_eq!(hashes(&called), hashes(&typed));

    let error = RunConfig::read(Path::new("/no/such.toml"), &[]).unwrap_err();
    assert_eq!(error.code(), 2);
    assert!(error.to_string().contains("/no/such.toml"), "{error}");
}
