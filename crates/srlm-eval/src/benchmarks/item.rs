//! What is asked of a model.

use super::AnswerRule;
use super::python::is_space;

/// A text and what may follow it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// Comes first and is not scored.
    pub context: String,
    /// Scored; begins with its delimiter, as a rule a space.
    pub continuation: String,
}

impl Pair {
    /// The pair to tokenize: white space at the end of the context begins the continuation instead,
    /// since tokenizers join a space with the word after it.
    ///
    /// # Source
    /// `TemplateLM._encode_pair` of lm-evaluation-harness.
    pub fn for_tokenizer(&self) -> Self {
        let context = self.context.trim_end_matches(is_space);
        let moved = &self.context[context.len()..];
        Self { context: context.to_owned(), continuation: format!("{moved}{}", self.continuation) }
    }
}

/// One question of a benchmark.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Item {
    /// The likeliest of several pairs is chosen.
    Choice {
        /// The row's id, or its number from 0.
        id: String,
        /// One a choice.
        pairs: Vec<Pair>,
        /// The choices without delimiter: their lengths divide the log-likelihoods. Of WinoGrande,
        /// where contexts are chosen, the contexts, as the harness has it.
        choices: Vec<String>,
        /// Place of the right choice.
        target: usize,
    },
    /// A continuation should be likely, and the greedy one.
    Continuation {
        /// The row's id, or its number from 0.
        id: String,
        /// The text and the continuation.
        pair: Pair,
    },
    /// A text is generated and compared with the answers.
    Generation {
        /// The row's id, or its number from 0.
        id: String,
        /// Comes first.
        prompt: String,
        /// Accepted answers, at least one.
        answers: Vec<String>,
        /// The response ends before the first of these.
        stop: &'static [&'static str],
        /// How response and answers are compared.
        rule: AnswerRule,
    },
}

impl Item {
    /// The row's id, or its number from 0.
    pub fn id(&self) -> &str {
        match self {
            Self::Choice { id, .. }
            | Self::Continuation { id, .. }
            | Self::Generation { id, .. } => id,
        }
    }

    /// The pairs whose log-likelihoods [`Item::score`] takes; none where a text is generated.
    pub fn pairs(&self) -> &[Pair] {
        match self {
            Self::Choice { pairs, .. } => pairs,
            Self::Continuation { pair, .. } => std::slice::from_ref(pair),
            Self::Generation { .. } => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn white_space_moves_and_nothing_is_lost(context in "[ab \n\u{a0}]{0,6}", continuation in "[ c]{0,3}") {
            let moved = Pair { context: context.clone(), continuation: continuation.clone() }.for_tokenizer();
            prop_assert!(!moved.context.ends_with(char::is_whitespace));
            prop_assert_eq!(moved.context + &moved.continuation, context + &continuation);
        }
    }
}
