//! The same rows however they are packed.

use std::io::Write;
use std::path::Path;

use serde_json::{Value, json};
use srlm_artifact::{Ift, IftRow};
use srlm_import::{Format, import};

use crate::folder::{Folder, config, lines};

fn rows() -> Vec<Value> {
    let row = |n: u32| json!({ "instruction": format!("Count to {n}."), "context": "", "response": format!("To {n}.") });
    (1..=50).map(row).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn imported(folder: &Folder, input: &Path) -> Vec<IftRow> {
    folder.import(&config(Format::Dolly), input).unwrap();
    folder.rows::<Ift>("ift-train")
}

#[test]
fn the_packing_does_not_show() {
    let plain = lines(&rows());
    let folder = Folder::new();
    let expected = imported(&folder, &folder.write("rows.jsonl", &plain));
    assert_eq!(expected.len(), 50);
    let (first, second) = plain.split_at(plain.find('\n').unwrap() + 1);
    let members = [gzip(first.as_bytes()), gzip(second.as_bytes())].concat();
    let packed = [
        ("rows.jsonl.gz", gzip(plain.as_bytes())),
        ("members.gz", members),
        ("rows.jsonl.zst", zstd::encode_all(plain.as_bytes(), 3).unwrap()),
        ("rows.json", Value::Array(rows()).to_string().into_bytes()),
        ("pretty.json", serde_json::to_vec_pretty(&rows()).unwrap()),
        ("array.json.gz", gzip(Value::Array(rows()).to_string().as_bytes())),
    ];
    for (name, bytes) in packed {
        let folder = Folder::new();
        assert_eq!(imported(&folder, &folder.write(name, bytes)), expected, "{name}");
    }
}

#[test]
fn a_cut_off_file_is_an_error_that_names_it() {
    let packed = gzip(lines(&rows()).as_bytes());
    let folder = Folder::new();
    let input = folder.write("cut.jsonl.gz", &packed[..packed.len() / 2]);
    let error = folder.import(&config(Format::Dolly), &input).unwrap_err().to_string();
    assert!(error.starts_with("cannot read ") && error.ends_with("cut.jsonl.gz"), "{error}");
}

#[test]
fn a_folder_is_read_whole() {
    let folder = Folder::new();
    let input = folder.path().join("in");
    std::fs::create_dir_all(input.join("more")).unwrap();
    let rows = rows();
    std::fs::write(input.join("b.jsonl"), lines(&rows[..20])).unwrap();
    std::fs::write(
        input.join("more/a.json.gz"),
        gzip(Value::Array(rows[20..].to_vec()).to_string().as_bytes()),
    )
    .unwrap();
    std::fs::write(input.join("README.md"), "Not a row.").unwrap();
    let imported = import(&config(Format::Dolly), &[input], &folder.path().join("out")).unwrap();
    assert_eq!((imported.accounting.files, imported.accounting.rows), (2, 50));
}

#[cfg(feature = "parquet")]
mod parquet {
    use std::sync::Arc;

    use ::parquet::basic::{Compression, GzipLevel, ZstdLevel};
    use ::parquet::data_type::{ByteArray, ByteArrayType, Int32Type};
    use ::parquet::file::properties::WriterProperties;
    use ::parquet::file::writer::SerializedFileWriter;
    use ::parquet::schema::parser::parse_message_type;

    use super::*;

    /// Columns of text.
    fn texts(columns: &[(&str, Vec<String>)], compression: Compression) -> Vec<u8> {
        let fields: String =
            columns.iter().map(|(name, _)| format!("required binary {name} (UTF8); ")).collect();
        let schema = Arc::new(parse_message_type(&format!("message rows {{ {fields} }}")).unwrap());
        let properties = Arc::new(WriterProperties::builder().set_compression(compression).build());
        let mut writer = SerializedFileWriter::new(Vec::new(), schema, properties).unwrap();
        let mut group = writer.next_row_group().unwrap();
        for (_, values) in columns {
            let values: Vec<ByteArray> = values.iter().map(|value| value.as_str().into()).collect();
            let mut column = group.next_column().unwrap().unwrap();
            column.typed::<ByteArrayType>().write_batch(&values, None, None).unwrap();
            column.close().unwrap();
        }
        group.close().unwrap();
        writer.into_inner().unwrap()
    }

    #[test]
    fn parquet_gives_the_rows_of_json() {
        let folder = Folder::new();
        let expected = imported(&folder, &folder.write("rows.jsonl", lines(&rows())));
        let column = |name: &str| {
            rows().iter().map(|row| row[name].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let columns = ["instruction", "context", "response"].map(|name| (name, column(name)));
        let zstd = Compression::ZSTD(ZstdLevel::default());
        let gzip = Compression::GZIP(GzipLevel::default());
        for compression in [Compression::UNCOMPRESSED, Compression::SNAPPY, zstd, gzip] {
            let folder = Folder::new();
            let input = folder.write("train-00000-of-00001.parquet", texts(&columns, compression));
            assert_eq!(imported(&folder, &input), expected, "{compression:?}");
        }
    }

    #[test]
    fn lists_of_messages_and_missing_values_are_read() {
        let schema = "message rows {
            optional int32 id;
            optional group messages (LIST) { repeated group list { optional group element {
                optional binary role (UTF8); optional binary content (UTF8); } } } }";
        let schema = Arc::new(parse_message_type(schema).unwrap());
        let mut writer = SerializedFileWriter::new(Vec::new(), schema, Arc::default()).unwrap();
        let mut group = writer.next_row_group().unwrap();
        // Two rows, of which the second has no id; each with two messages.
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<Int32Type>().write_batch(&[7], Some(&[1, 0]), None).unwrap();
        column.close().unwrap();
        for values in
            [["user", "assistant", "user", "assistant"], ["Hi.", "Hello.", "Bye.", "See you."]]
        {
            let values: Vec<ByteArray> = values.into_iter().map(ByteArray::from).collect();
            let mut column = group.next_column().unwrap().unwrap();
            column
                .typed::<ByteArrayType>()
                .write_batch(&values, Some(&[4; 4]), Some(&[0, 1, 0, 1]))
                .unwrap();
            column.close().unwrap();
        }
        group.close().unwrap();
        let folder = Folder::new();
        let input = folder.write("chats.parquet", writer.into_inner().unwrap());
        folder.import(&config(Format::Messages), &input).unwrap();
        let rows = folder.rows::<Ift>("ift-train");
        let text = |row: &IftRow| (row.prompt.to_text(), row.response.clone());
        let found: Vec<_> = rows.iter().map(text).collect();
        let expected = [("Hi.", "Hello."), ("Bye.", "See you.")];
        assert_eq!(
            found,
            expected.map(|(prompt, response)| (prompt.to_owned(), response.to_owned()))
        );
        assert_eq!(rows[0].prompt_id, "7");
    }

    #[test]
    fn a_broken_file_is_an_error_that_names_it() {
        let folder = Folder::new();
        let input = folder.write("broken.parquet", b"PAR1 and nothing else");
        let error = folder.import(&config(Format::Dolly), &input).unwrap_err().to_string();
        assert!(
            error.starts_with("cannot read Parquet rows of ") && error.ends_with("broken.parquet"),
            "{error}"
        );
    }
}
