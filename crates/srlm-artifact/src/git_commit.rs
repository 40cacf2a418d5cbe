//! The commit that the running program was built from.

use std::sync::OnceLock;

static COMMIT: OnceLock<String> = OnceLock::new();

/// Says which commit the program was built from: manifests that this process writes name it, unless
/// their recipe has another. A library cannot know it, so the program says it once, at its start;
/// later calls change nothing.
///
/// It is in no key and no content hash, so two commits that make the same bytes make the same
/// artifact.
pub fn set_git_commit(commit: &str) {
    if !commit.is_empty() {
        let _ = COMMIT.set(commit.to_owned());
    }
}

/// What was said, if anything.
pub(crate) fn git_commit() -> Option<String> {
    COMMIT.get().cloned()
}
