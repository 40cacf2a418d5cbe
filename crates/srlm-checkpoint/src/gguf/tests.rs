use std::path::Path;

use super::*;

/// `tests/fixtures/quants.gguf`: every format, and beside it the values that gguf-py reads from it.
#[test]
fn every_format_is_dequantized_as_gguf_py_does() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/quants.gguf");
    let header = Header::open(&path).unwrap();
    let metadata = Metadata { header: &header, path: &path };
    let read = |name: &str| {
        weights::entry(metadata, name, &header.tensors[name], None).unwrap().read().unwrap()
    };
    for name in ["F16", "BF16", "Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1", "Q4_K", "Q5_K", "Q6_K"] {
        let (ours, expected) = (read(name), read(&format!("{name}.values")));
        assert_eq!(ours.len(), 512);
        assert!(ours == expected, "{name}");
    }
}

#[test]
fn a_type_that_is_not_read_is_named() {
    let path = Path::new("x.gguf");
    let header =
        Header { metadata: Default::default(), tensors: Default::default(), data_start: 0 };
    let info = header::TensorInfo { shape: vec![256], kind: 10, offset: 0 };
    let error = weights::entry(Metadata { header: &header, path }, "a", &info, None).unwrap_err();
    insta::assert_snapshot!(error, @"x.gguf: tensor a is stored as GGML type 10; read are F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, Q4_K, Q5_K, Q6_K");
}

/// `tests/fixtures/quantize.gguf`: values, and beside them what gguf-py stores for them.
#[test]
fn every_format_is_stored_as_gguf_py_stores_it() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/quantize.gguf");
    let header = Header::open(&path).unwrap();
    let metadata = Metadata { header: &header, path: &path };
    let values = weights::entry(metadata, "values", &header.tensors["values"], None)
        .unwrap()
        .read()
        .unwrap();
    let file = std::fs::read(&path).unwrap();
    for format in [GgufFormat::F16, GgufFormat::Bf16, GgufFormat::Q8_0, GgufFormat::Q4_0] {
        let info = &header.tensors[format.name()];
        assert_eq!(info.kind, format.ggml());
        let mut stored = Vec::new();
        format.store(&values, &mut stored).unwrap();
        let expected = &file[(header.data_start + info.offset) as usize..][..stored.len()];
        assert_eq!(stored.len(), format.element().row_bytes(values.len()).unwrap());
        assert!(stored == expected, "{format:?}");
    }
}

#[test]
fn what_a_format_cannot_hold_is_refused() {
    let check = |format: GgufFormat, value: f32, fits: bool| {
        let mut values = vec![0.5; 32];
        values[7] = value;
        let stored = format.store(&values, &mut Vec::new());
        assert_eq!(stored.is_ok(), fits, "{format:?} {value}");
        assert!(fits || stored.unwrap_err().to_bits() == value.to_bits());
    };
    check(GgufFormat::F16, 65504.0, true);
    check(GgufFormat::F16, -65520.0, false);
    check(GgufFormat::Bf16, f32::MAX, false);
    check(GgufFormat::Q8_0, 65504.0 * 127.0, true);
    check(GgufFormat::Q8_0, 65504.0 * 130.0, false);
    check(GgufFormat::Q4_0, f32::NAN, false);
    check(GgufFormat::Q4_0, f32::NEG_INFINITY, false);
}

#[test]
fn tensors_get_the_format_that_llama_cpp_gives_them() {
    use GgufFormat::{Bf16, F16, F32, Q4_0, Q8_0};
    let check =
        |file: GgufFormat, name: &str, shape: &[usize], tied: bool, expected: GgufFormat| {
            assert_eq!(file.of_tensor(name, shape, tied), expected, "{name} in {file:?}");
        };
    check(Q8_0, "blk.0.attn_norm.weight", &[64], false, F32);
    check(Q8_0, "blk.0.attn_q.bias", &[64], false, F32);
    check(Bf16, "blk.0.attn_q.weight", &[64, 60], false, Bf16);
    check(Q8_0, "blk.0.attn_q.weight", &[64, 60], false, F16);
    check(Q4_0, "blk.0.attn_q.weight", &[64, 64], false, Q4_0);
    check(Q4_0, "token_embd.weight", &[300, 64], false, Q4_0);
    check(Q4_0, "token_embd.weight", &[300, 64], true, Q8_0);
    check(Q4_0, "output.weight", &[300, 64], false, Q8_0);
}

#[test]
fn metadata_comes_back_as_it_went() {
    let metadata = vec![
        ("a.integer".to_owned(), value::Value::Integer(70_000)),
        ("b.float".to_owned(), value::Value::Float(1e-5)),
        ("c.bool".to_owned(), value::Value::Bool(true)),
        ("d.text".to_owned(), value::Value::String("é\n".to_owned())),
        ("e.integers".to_owned(), value::Value::Integers(vec![1, -2])),
        ("f.floats".to_owned(), value::Value::Floats(vec![0.5, -1.0])),
        ("g.texts".to_owned(), value::Value::Strings(vec![String::new(), "▁the".to_owned()])),
    ];
    let tensor = |name: &str, shape: &[usize], format| write_header::Stored {
        name: name.to_owned(),
        shape: shape.to_vec(),
        format,
    };
    let tensors = [tensor("x", &[2, 32], GgufFormat::Q4_0), tensor("y", &[3], GgufFormat::F32)];
    let bytes = write_header::header(&metadata, &tensors);
    assert_eq!(bytes.len() % 32, 0);
    let read = Header::read(bytes.as_slice(), bytes.len() as u64).unwrap();
    assert_eq!(read.data_start, bytes.len() as u64);
    assert_eq!(read.metadata, metadata.into_iter().collect());
    let info =
        |shape: &[usize], kind, offset| header::TensorInfo { shape: shape.to_vec(), kind, offset };
    assert_eq!(read.tensors["x"], info(&[2, 32], 2, 0));
    assert_eq!(read.tensors["y"], info(&[3], 0, 64));
}
