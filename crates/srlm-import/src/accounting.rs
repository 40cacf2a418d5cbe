//! What was read, kept and left out, and why.

use std::collections::BTreeMap;
use std::fmt;

use srlm_artifact::Counts;

use crate::{Place, Problem};

/// Bad rows that are listed.
const LISTED: usize = 20;

/// Why an example, a prompt with what answers it, was left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The prompt or the response is blank.
    Blank,
    /// The conversation has a turn that is no text of system, user or assistant.
    UnsupportedTurn,
    /// The conversation does not begin with the user.
    StartsWithAssistant,
    /// Nothing answers the prompt.
    NoResponse,
    /// A later turn of a conversation, with `multi_turn` off.
    LaterTurn,
    /// The prompt is in another language.
    OtherLanguage,
    /// The prompt's own message was left out, see the counts of messages.
    PromptLeftOut,
    /// No response of rank 0, and fewer ranked responses than `min_responses`.
    Unranked,
    /// People call the pair a tie.
    HumanTie,
    /// A rating without a critique.
    NoCritique,
    /// The prompt is shorter or longer than the limits.
    PromptLength,
    /// Every response is shorter or longer than the limits.
    ResponseLength,
    /// The prompt (for ratings: the prompt and the response) was there before.
    Duplicate,
    /// Much like a prompt that was there before.
    NearDuplicate,
    /// A prompt set aside for EFT that has no ranked responses itself.
    ForEft,
    /// A prompt set aside for IFT that has no response of rank 0 itself.
    ForIft,
}

impl Reason {
    /// As counts name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Blank => "blank",
            Self::UnsupportedTurn => "unsupported_turn",
            Self::StartsWithAssistant => "starts_with_assistant",
            Self::NoResponse => "no_response",
            Self::LaterTurn => "later_turn",
            Self::OtherLanguage => "other_language",
            Self::PromptLeftOut => "prompt_left_out",
            Self::Unranked => "unranked",
            Self::HumanTie => "human_tie",
            Self::NoCritique => "no_critique",
            Self::PromptLength => "prompt_length",
            Self::ResponseLength => "response_length",
            Self::Duplicate => "duplicate",
            Self::NearDuplicate => "near_duplicate",
            Self::ForEft => "for_eft",
            Self::ForIft => "for_ift",
        }
    }
}

/// What an import did with everything that it read. Each of the three levels adds up:
/// `rows = bad_rows +` those used; `messages =` the sum of `messages_by_fate`;
/// `examples =` the sum of `dropped` `+` the sum of `kept`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accounting {
    /// Files read.
    pub files: u64,
    /// Rows read.
    pub rows: u64,
    /// Rows that could not be read from.
    pub bad_rows: u64,
    /// The first 20 of them.
    pub bad_row_list: Vec<(Place, Problem)>,
    /// Messages of Open Assistant's trees and flat files.
    pub messages: u64,
    /// What became of them: `used`, or why not.
    pub messages_by_fate: BTreeMap<&'static str, u64>,
    /// Prompts with what answers them, before anything was left out.
    pub examples: u64,
    /// Examples left out.
    pub dropped: BTreeMap<Reason, u64>,
    /// Examples kept: `train`, `validation`, `test`.
    pub kept: BTreeMap<&'static str, u64>,
    /// Rows written, by the artifact's name.
    pub written: BTreeMap<String, u64>,
}

impl Accounting {
    pub(crate) fn bad_row(&mut self, place: Place, problem: Problem) {
        self.bad_rows += 1;
        if self.bad_row_list.len() < LISTED {
            self.bad_row_list.push((place, problem));
        }
    }

    pub(crate) fn message(&mut self, fate: &'static str, n: u64) {
        self.messages += n;
        *self.messages_by_fate.entry(fate).or_default() += n;
    }

    pub(crate) fn dropped(&mut self, reason: Reason) {
        *self.dropped.entry(reason).or_default() += 1;
    }

    /// The numbers as a manifest has them, with a level's name before each: `examples`,
    /// `examples_duplicate`.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::from([
            ("files".to_owned(), self.files),
            ("rows".to_owned(), self.rows),
            ("rows_bad".to_owned(), self.bad_rows),
            ("rows_used".to_owned(), self.rows - self.bad_rows),
            ("examples".to_owned(), self.examples),
        ]);
        if self.messages > 0 {
            counts.insert("messages".to_owned(), self.messages);
        }
        counts
            .extend(self.messages_by_fate.iter().map(|(fate, &n)| (format!("messages_{fate}"), n)));
        counts.extend(
            self.dropped.iter().map(|(reason, &n)| (format!("examples_{}", reason.name()), n)),
        );
        counts.extend(self.kept.iter().map(|(split, &n)| (format!("examples_kept_{split}"), n)));
        counts.extend(self.written.iter().map(|(name, &n)| (format!("written_{name}"), n)));
        counts
    }
}

/// The table that people read: a line a number, levels indented.
impl fmt::Display for Accounting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = |indent: usize, name: &str, n: u64| {
            writeln!(f, "{:indent$}{name:<width$}{n:>10}", "", width = 34 - indent)
        };
        line(0, "files", self.files)?;
        line(0, "rows", self.rows)?;
        line(2, "bad", self.bad_rows)?;
        line(2, "used", self.rows - self.bad_rows)?;
        if self.messages > 0 {
            line(0, "messages", self.messages)?;
        }
        self.messages_by_fate.iter().try_for_each(|(fate, &n)| line(2, fate, n))?;
        line(0, "examples", self.examples)?;
        self.dropped.iter().try_for_each(|(reason, &n)| line(2, reason.name(), n))?;
        self.kept.iter().try_for_each(|(split, &n)| line(2, &format!("kept_{split}"), n))?;
        line(0, "written", self.written.values().sum())?;
        self.written.iter().try_for_each(|(name, &n)| line(2, name, n))?;
        self.bad_row_list.iter().try_for_each(|(place, problem)| writeln!(f, "{place}: {problem}"))
    }
}
