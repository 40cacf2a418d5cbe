//! Which files an input stands for.

use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use crate::Error;
use crate::error::io;

const ROWS: [&str; 4] = ["jsonl", "ndjson", "json", "parquet"];
const PACKED: [&str; 3] = ["gz", "zst", "zstd"];

/// The files of the inputs in their order. A folder stands for its files with rows, at any depth,
/// by path.
pub(crate) fn expand(inputs: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    for input in inputs {
        let metadata = input.metadata().map_err(io("open", input))?;
        if metadata.is_dir() {
            files.extend(in_folder(input)?);
        } else {
            files.push(input.clone());
        }
    }
    if files.is_empty() {
        return Err(Error::Input {
            path: PathBuf::new(),
            problem: "no input is given; name a file or a folder",
        });
    }
    Ok(files)
}

fn in_folder(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    for entry in WalkDir::new(folder).follow_links(true).sort_by_file_name() {
        let entry = entry.map_err(|error| {
            let path = error.path().unwrap_or(folder).to_owned();
            io("read", &path)(error.into())
        })?;
        if entry.file_type().is_file() && has_rows(entry.path()) {
            files.push(entry.into_path());
        }
    }
    if files.is_empty() {
        let problem =
            "has no .jsonl, .ndjson, .json or .parquet file (.gz and .zst too) at any depth";
        return Err(Error::Input { path: folder.to_owned(), problem });
    }
    Ok(files)
}

fn has_rows(path: &Path) -> bool {
    let extension = |path: &Path| {
        path.extension().and_then(|end| end.to_str()).unwrap_or("").to_ascii_lowercase()
    };
    let end = extension(path);
    if PACKED.contains(&end.as_str()) {
        return ROWS.contains(&extension(&path.with_extension("")).as_str());
    }
    ROWS.contains(&end.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_with_rows_are_known_by_their_ends() {
        for name in
            ["a.jsonl", "a.b.JSON", "a.jsonl.gz", "a.json.zst", "train-00000-of-00001.parquet"]
        {
            assert!(has_rows(Path::new(name)), "{name}");
        }
        for name in ["SOURCE.md", "a.txt.gz", "jsonl", "a.gz", "a.lock"] {
            assert!(!has_rows(Path::new(name)), "{name}");
        }
    }

    #[test]
    fn a_folder_stands_for_its_files_by_path() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("b")).unwrap();
        for name in ["c.jsonl", "b/z.jsonl", "b/a.json", "a.jsonl", "README.md"] {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        let found = expand(&[dir.path().to_owned()]).unwrap();
        let names: Vec<_> = found
            .iter()
            .map(|path| path.strip_prefix(dir.path()).unwrap().to_str().unwrap())
            .collect();
        assert_eq!(names, ["a.jsonl", "b/a.json", "b/z.jsonl", "c.jsonl"]);
    }
}
