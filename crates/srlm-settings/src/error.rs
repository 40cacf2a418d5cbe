//! What a setting cannot be.

/// Why settings are refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting cannot be.
    #[error("{key} must {must}")]
    Key {
        /// The key, within its table.
        key: &'static str,
        /// What it must be.
        must: &'static str,
    },
}

/// Refuses a key.
pub(crate) fn refuse(key: &'static str, must: &'static str) -> Result<(), Error> {
    Err(Error::Key { key, must })
}
