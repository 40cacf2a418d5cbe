//! Which crate may depend on which: stated in `docs/architecture.md`, checked here.

use std::process::Command;

use crate::reference::root;

fn dependencies(package: &str) -> Vec<String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let out = Command::new(cargo)
        .current_dir(root())
        .args([
            "tree",
            "--locked",
            "-p",
            package,
            "-e",
            "normal",
            "--prefix",
            "none",
            "--format",
            "{p}",
            "--all-features",
        ])
        .output()
        .unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let text = String::from_utf8(out.stdout).unwrap();
    text.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

#[test]
fn data_crates_settings_and_file_formats_build_without_burn() {
    for package in [
        "srlm-artifact",
        "srlm-settings",
        "srlm-generate",
        "srlm-sampler",
        "srlm-judge",
        "srlm-pairs",
        "srlm-eval",
        "srlm-import",
        "srlm-external",
        "srlm-checkpoint",
        "srlm-kernels",
        "srlm-allocator",
    ] {
        let burn: Vec<String> =
            dependencies(package).into_iter().filter(|name| name.starts_with("burn")).collect();
        assert!(burn.is_empty(), "{package} depends on {burn:?}");
    }
}

#[test]
fn stages_do_not_depend_on_each_other() {
    let stages = [
        "srlm-sampler",
        "srlm-judge",
        "srlm-pairs",
        "srlm-eval",
        "srlm-import",
        "srlm-sft",
        "srlm-dpo",
    ];
    for stage in stages {
        let others: Vec<String> = dependencies(stage)
            .into_iter()
            .filter(|name| name != stage && stages.contains(&name.as_str()))
            .collect();
        assert!(others.is_empty(), "{stage} depends on {others:?}");
    }
}

#[test]
fn libraries_neither_print_nor_read_the_environment() {
    let mut found = Vec::new();
    // The program: the one crate that prints, reads the environment and picks a device.
    let program = root().join("crates/srlm");
    let mut folders = vec![root().join("crates")];
    while let Some(folder) = folders.pop() {
        for path in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                if !["tests", "target"].contains(&path.file_name().unwrap().to_str().unwrap())
                    && path != program
                {
                    folders.push(path);
                }
            } else if path.ends_with("src/testing.rs") {
                // Compiled for tests alone.
            } else if path.extension().is_some_and(|e| e == "rs")
                && path.components().any(|c| c.as_os_str() == "src")
            {
                let text = std::fs::read_to_string(&path).unwrap();
                let code = text.split("#[cfg(test)]").next().unwrap();
                for word in ["env::var", "Device::default()", "println!", "process::exit"] {
                    if code
                        .lines()
                        .any(|line| line.contains(word) && !line.trim_start().starts_with("//"))
                    {
                        found.push(format!("{}: {word}", path.display()));
                    }
                }
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

/// The programs in `tests/outside` depend on one crate each; `.ci/run` compiles and runs them.
#[test]
fn readmes_show_the_programs_that_strangers_run() {
    for name in ["dpo", "eval", "judge", "model", "pairs", "sampler"] {
        let read = |path: String| std::fs::read_to_string(root().join(path)).unwrap();
        let program = read(format!("tests/outside/{name}/src/main.rs"));
        let readme = read(format!("crates/srlm-{name}/README.md"));
        assert!(readme.contains(program.trim_end()), "the README of srlm-{name} shows another one");
    }
}
