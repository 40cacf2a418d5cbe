//! How the source reads, in figures: `cargo xtask metrics` prints a table that CI shows.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What is counted of one file, its tests left out.
#[derive(Default)]
struct Counts {
    files: usize,
    lines: usize,
    characters: usize,
    tuple_lets: usize,
    named_closures: usize,
    deepest: usize,
}

struct Function {
    place: String,
    lines: usize,
}

/// The table of all crates and the longest functions.
pub(crate) fn table(root: &Path) -> io::Result<String> {
    let mut counts = Counts::default();
    let mut functions = Vec::new();
    for path in sources(root)? {
        let text = fs::read_to_string(&path)?;
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        let name = path.strip_prefix(root).unwrap_or(&path).display().to_string();
        count(code, &mut counts);
        functions.extend(functions_of(code, &name));
    }
    functions.sort_by_key(|function| std::cmp::Reverse(function.lines));
    let mut lengths: Vec<usize> = functions.iter().map(|function| function.lines).collect();
    lengths.sort_unstable();
    let a_thousand = |n: usize| n as f64 * 1000.0 / counts.lines.max(1) as f64;
    let mut text = format!(
        "files {}, lines {}, characters a line {:.1}, deepest nesting {}\n\
         functions {}, median {} lines, nine in ten at most {}\n\
         tuple-lets {:.2} and named closures {:.2} in 1000 lines\nlongest functions\n",
        counts.files,
        counts.lines,
        counts.characters as f64 / counts.lines.max(1) as f64,
        counts.deepest,
        functions.len(),
        lengths.get(lengths.len() / 2).unwrap_or(&0),
        lengths.get(lengths.len() * 9 / 10).unwrap_or(&0),
        a_thousand(counts.tuple_lets),
        a_thousand(counts.named_closures),
    );
    for Function { place, lines } in functions.iter().take(15) {
        text += &format!("  {lines:>4}  {place}\n");
    }
    Ok(text)
}

/// Rust files below the `src` folders of the workspace.
fn sources(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut folders = vec![root.join("xtask/src")];
    for entry in fs::read_dir(root.join("crates"))? {
        folders.push(entry?.path().join("src"));
    }
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn count(code: &str, counts: &mut Counts) {
    counts.files += 1;
    for line in code.lines() {
        let trimmed = line.trim_start();
        counts.lines += 1;
        counts.characters += line.chars().count();
        counts.deepest = counts.deepest.max((line.len() - trimmed.len()) / 4);
        let Some(pattern) = trimmed.strip_prefix("let ") else { continue };
        let value = pattern.split_once(" = ").map(|(_, value)| value).unwrap_or_default();
        counts.tuple_lets += usize::from(pattern.starts_with('(') && value.starts_with('('));
        counts.named_closures += usize::from(value.starts_with('|') || value.starts_with("move |"));
    }
}

/// Functions with a body, from their first line to the closing brace at the same depth.
fn functions_of(code: &str, name: &str) -> Vec<Function> {
    let lines: Vec<&str> = code.lines().collect();
    let mut found = Vec::new();
    for (i, line) in lines.iter().enumerate() {
        let trimmed = line.trim_start();
        let is_function = ["fn ", "pub fn ", "pub(crate) fn ", "pub(super) fn "]
            .iter()
            .any(|start| trimmed.starts_with(start));
        let depth = line.len() - trimmed.len();
        let end = format!("{}}}", " ".repeat(depth));
        // A signature without a body ends with a semicolon.
        let opened = lines[i..].iter().find(|line| line.ends_with(['{', ';']));
        if !is_function || opened.is_none_or(|line| line.ends_with(';')) {
            continue;
        }
        if let Some(n) = lines[i..].iter().position(|line| *line == end) {
            let after = trimmed.split("fn ").nth(1).unwrap_or_default();
            let signature = after.split(['(', '<']).next().unwrap_or_default();
            found.push(Function { place: format!("{name}:{} {signature}", i + 1), lines: n + 1 });
        }
    }
    found
}
