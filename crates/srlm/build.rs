//! Tells the program which commit it is built from, where it is built in a git checkout.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // A checkout of its own, not one that happens to lie above an unpacked archive.
    let is_ours = git(&["ls-files", "--error-unmatch", "build.rs"]).is_some();
    let Some(commit) = git(&["rev-parse", "HEAD"]).filter(|_| is_ours) else { return };
    println!("cargo::rustc-env=SRLM_GIT_COMMIT={commit}");
    let branch = git(&["symbolic-ref", "--quiet", "HEAD"]);
    for name in ["HEAD", "packed-refs"].into_iter().chain(branch.as_deref()) {
        // Only what exists is watched: a missing file would run this script at every build.
        if let Some(path) = git(&["rev-parse", "--git-path", name])
            .filter(|path| std::fs::exists(path).unwrap_or(false))
        {
            println!("cargo::rerun-if-changed={path}");
        }
    }
}

/// What git says, in a line; `None` where there is no git or no checkout.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .args(arguments)
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}
