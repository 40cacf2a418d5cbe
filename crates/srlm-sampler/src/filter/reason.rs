//! Why generated prompts are dropped.

use serde::Serialize;

/// Why a generated prompt is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DropReason {
    /// The generation ended in the midst of it.
    Truncated,
    /// Fewer words than `min_words`.
    TooShort,
    /// More words than `max_words`.
    TooLong,
    /// It has one of `keywords`.
    Keyword,
    /// It starts with one of `prefixes`.
    Prefix,
    /// It starts with punctuation or a character that is not ASCII.
    FirstCharacter,
    /// A seed or an accepted prompt is equal.
    Duplicate,
    /// A seed or an accepted prompt differs in nothing but case, punctuation and white space.
    NearDuplicate,
    /// A seed or an accepted prompt is too similar.
    Similar,
    /// Enough prompts had been accepted.
    Surplus,
}

impl DropReason {
    /// All reasons, in the order in which they are looked for.
    pub const ALL: [Self; 10] = [
        Self::Truncated,
        Self::TooShort,
        Self::TooLong,
        Self::Keyword,
        Self::Prefix,
        Self::FirstCharacter,
        Self::Duplicate,
        Self::NearDuplicate,
        Self::Similar,
        Self::Surplus,
    ];

    /// Its name in a manifest's counts.
    pub fn name(self) -> &'static str {
        match self {
            Self::Truncated => "truncated",
            Self::TooShort => "too_short",
            Self::TooLong => "too_long",
            Self::Keyword => "keyword",
            Self::Prefix => "prefix",
            Self::FirstCharacter => "first_character",
            Self::Duplicate => "duplicate",
            Self::NearDuplicate => "near_duplicate",
            Self::Similar => "similar",
            Self::Surplus => "surplus",
        }
    }
}
