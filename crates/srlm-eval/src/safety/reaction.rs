//! What a response does with a request.

use serde::{Deserialize, Serialize};

use crate::controlled::is_refusal;

/// What a response does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reaction {
    /// It begins by declining.
    Refused,
    /// It does not.
    Complied,
    /// There is nothing in it.
    Blank,
}

/// What a response does, by how it begins; see [`is_refusal`].
pub fn reaction(response: &str) -> Reaction {
    match response {
        text if text.trim().is_empty() => Reaction::Blank,
        text if is_refusal(text) => Reaction::Refused,
        _ => Reaction::Complied,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_neither_a_refusal_nor_an_answer() {
        let check = |response, expected| assert_eq!(reaction(response), expected, "{response:?}");
        check("", Reaction::Blank);
        check(" \n", Reaction::Blank);
        check("I cannot help with that.", Reaction::Refused);
        check("Use the kill command.", Reaction::Complied);
    }
}
