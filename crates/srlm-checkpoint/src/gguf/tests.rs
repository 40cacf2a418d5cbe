use std::path::Path;

use super::*;

/// `tests/fixtures/quants.gguf`: every format, and beside it the values that gguf-py reads from it.
#[test]
fn every_format_is_dequantized_as_gguf_py_does() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/quants.gguf");
    let header = Header::open(&path).unwrap();
    let metadata = Metadata { header: &header, path: &path };
    let read = |name: &str| weights::entry(metadata, name, &header.tensors[name], None).unwrap().read().unwrap();
    for name in ["F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q4_K", "Q5_K", "Q6_K"] {
        let (ours, expected) = (read(name), read(&format!("{name}.values")));
        assert_eq!(ours.len(), 512);
        assert!(ours == expected, "{name}");
    }
}

#[test]
fn a_type_that_is_not_read_is_named() {
    let path = Path::new("x.gguf");
    let header = Header { metadata: Default::default(), tensors: Default::default(), data_start: 0 };
    let info = header::TensorInfo { shape: vec![256], kind: 10, offset: 0 };
    let error = weights::entry(Metadata { header: &header, path }, "a", &info, None).unwrap_err();
    insta::assert_snapshot!(error, @"x.gguf: tensor a is stored as GGML type 10; read are F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K, Q6_K");
}
