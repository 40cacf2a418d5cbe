//! Damaged files: an error, never a panic.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use srlm_checkpoint::{Checkpoint, read_safetensors};

use crate::models::{fixture, vectors};

/// A file cut short, then with bytes changed.
fn damaged(original: &[u8], header_len: usize) -> impl Strategy<Value = Vec<u8>> + use<> {
    let original = original.to_vec();
    let change = (0..header_len, any::<u8>());
    (proptest::collection::vec(change, 0..4), proptest::option::of(0..original.len())).prop_map(
        move |(changes, len)| {
            let mut bytes = original.clone();
            for (at, value) in changes {
                bytes[at] = value;
            }
            bytes.truncate(len.unwrap_or(bytes.len()));
            bytes
        },
    )
}

/// Opens what may be a model, and reads all of it when it is.
fn read(path: &Path) {
    if let Ok(model) = Checkpoint::open(path) {
        for name in model.tensor_names() {
            let _ = model.tensor(&name);
        }
        let _ = model.tokenizer.encode("a b", true);
    }
}

fn fuzz(cases: u32, original: &[u8], header_len: usize, path: &Path, read: impl Fn(&Path)) {
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let run = runner.run(&damaged(original, header_len), |bytes| {
        fs::write(path, bytes).unwrap();
        read(path);
        Ok(())
    });
    run.unwrap();
}

#[test]
fn a_damaged_gguf_file_never_panics() {
    let Some(path) = vectors("tiny_llama_f32.gguf") else { return };
    let dir = tempfile::tempdir().unwrap();
    // Metadata, tokenizer tables and the tensor table.
    fuzz(300, &fs::read(path).unwrap(), 30_000, &dir.path().join("model.gguf"), read);
}

#[test]
fn a_damaged_safetensors_file_never_panics() {
    let dir = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(fixture("folders/llama")).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), dir.path().join(entry.file_name())).unwrap();
    }
    let bytes = fs::read(fixture("folders/llama/model.safetensors")).unwrap();
    let header_len = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    fuzz(300, &bytes, header_len, &dir.path().join("model.safetensors"), |path| {
        let _ = read_safetensors(path);
        read(dir.path());
    });
}

#[test]
fn a_damaged_configuration_never_panics() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["config.json", "tokenizer_config.json", "generation_config.json"] {
        for entry in fs::read_dir(fixture("folders/qwen2")).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), dir.path().join(entry.file_name())).unwrap();
        }
        let bytes = fs::read(dir.path().join(name)).unwrap();
        fuzz(100, &bytes, bytes.len(), &dir.path().join(name), |_| read(dir.path()));
    }
}

/// Headers that promise more than any file holds.
#[test]
fn hostile_lengths_are_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model.gguf");
    let gguf = |rest: &[u8]| [b"GGUF\x03\0\0\0".as_slice(), rest].concat();
    let huge = u64::MAX.to_le_bytes();
    let (zero, one) = (0u64.to_le_bytes(), 1u64.to_le_bytes());
    let key = [one.as_slice(), b"k"].concat();
    let cases: [(Vec<u8>, &str); 8] = [
        (b"GGML".to_vec(), "it does not begin with GGUF"),
        (b"GGUF\x01\0\0\0".to_vec(), "GGUF version 1; read are 2 and 3, little-endian"),
        (gguf(&huge), "18446744073709551615 tensors at byte 8, but the file has 0 bytes left"),
        (
            gguf(&[zero, huge].concat()),
            "18446744073709551615 metadata values at byte 16, but the file has 0 bytes left",
        ),
        (
            gguf(&[zero.as_slice(), &one, &huge, &[0; 8]].concat()),
            "18446744073709551615 bytes of text at byte 24, but the file has 8 bytes left",
        ),
        (
            gguf(
                &[zero.as_slice(), &one, &key, &9u32.to_le_bytes(), &8u32.to_le_bytes(), &huge]
                    .concat(),
            ),
            "k: 18446744073709551615 array items at byte 41, but the file has 0 bytes left",
        ),
        (
            gguf(
                &[zero.as_slice(), &one, &key, &9u32.to_le_bytes(), &9u32.to_le_bytes(), &one]
                    .concat(),
            ),
            "k: value type 9 does not exist in an array",
        ),
        (gguf(&zero), "the file ends inside it, after 16 bytes"),
    ];
    for (bytes, expected) in cases {
        fs::write(&path, bytes).unwrap();
        let text = Checkpoint::open(&path).unwrap_err().to_string();
        assert_eq!(text, format!("{}: malformed header: {expected}", path.display()));
    }
}

#[test]
fn hostile_tables_are_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.safetensors");
    let row = |offsets: &str, shape: &str| {
        format!(r#"{{"a":{{"dtype":"F32","shape":{shape},"data_offsets":{offsets}}}}}"#)
    };
    let huge = "18446744073709551615";
    let cases = [
        (
            row("[0,16]", "[4]"),
            "tensor a: bytes 0 to 16, but the file has 8 of values; it is cut short",
        ),
        (row("[8,4]", "[1]"), "tensor a: it ends at byte 4, before it begins at 8"),
        (row("[0,8]", "[4]"), "tensor a: 8 bytes for shape [4] of F32"),
        (
            row("[0,8]", &format!("[{huge},2]")),
            "tensor a: 8 bytes for shape [18446744073709551615, 2] of F32",
        ),
        (row("[0,8]", "[1,1,1,1,1,1,1,1,2]"), "more than 8 axes at line 1 column"),
        ("[1,2]".to_owned(), "invalid type: sequence, expected an object of tensors"),
    ];
    for (table, expected) in cases {
        let bytes = [&(table.len() as u64).to_le_bytes(), table.as_bytes(), &[0; 8]].concat();
        fs::write(&path, bytes).unwrap();
        let text = read_safetensors(&path).unwrap_err().to_string();
        assert!(text.contains(&format!("malformed header: {expected}")), "{text}");
    }
    fs::write(&path, u64::MAX.to_le_bytes()).unwrap();
    let text = read_safetensors(&path).unwrap_err().to_string();
    assert!(text.ends_with(&format!("it says it has {huge} bytes, but the file has 8")), "{text}");
}
