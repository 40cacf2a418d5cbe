//! Inputs of a recipe that are no artifacts.

use srlm_artifact::Input;

/// Something that its content alone identifies: a rubric's text, a model.
pub(crate) fn plain_input(role: &str, content_hash: impl Into<String>) -> Input {
    Input { role: role.to_owned(), kind: role.to_owned(), content_hash: content_hash.into() }
}
