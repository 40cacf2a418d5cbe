//! What several tests share.

/// The JSON of a reference file outside the repository; `None`, with a printed reason, where it is
/// absent.
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
pub(crate) fn reference(path: &str) -> Option<serde_json::Value> {
    match std::fs::read_to_string(path) {
        Ok(text) => Some(serde_json::from_str(&text).unwrap()),
        Err(error) => {
            eprintln!("skipped: {path}: {error}");
            None
        }
    }
}
