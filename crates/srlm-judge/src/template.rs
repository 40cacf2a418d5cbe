//! A text with places to be filled.

use crate::RubricProblem;

/// A place to be filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slot {
    Prompt,
    Response,
    ResponseA,
    ResponseB,
    JudgmentA,
    JudgmentB,
}

/// Places that one sort of rubric may have, and what is said of any other.
pub(crate) struct Slots {
    known: &'static [Slot],
    otherwise: &'static str,
}

/// Of a rubric about responses.
pub(crate) const RESPONSES: Slots = Slots {
    known: &[Slot::Prompt, Slot::Response, Slot::ResponseA, Slot::ResponseB],
    otherwise: "is none of prompt, response, response_a and response_b",
};

/// Of a rubric about judgments.
pub(crate) const JUDGMENTS: Slots = Slots {
    known: &[Slot::Prompt, Slot::Response, Slot::JudgmentA, Slot::JudgmentB],
    otherwise: "is none of prompt, response, judgment_a and judgment_b",
};

impl Slot {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Prompt => "prompt",
            Self::Response => "response",
            Self::ResponseA => "response_a",
            Self::ResponseB => "response_b",
            Self::JudgmentA => "judgment_a",
            Self::JudgmentB => "judgment_b",
        }
    }
}

/// A text cut at its `{{ placeholders }}`, once: what fills them is never searched.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Text(String),
    Slot(Slot),
}

impl Template {
    pub(crate) fn parse(text: &str, slots: &Slots) -> Result<Self, RubricProblem> {
        let (mut pieces, mut rest) = (Vec::new(), text);
        while let Some((before, opened)) = rest.split_once("{{") {
            let (name, after) = opened.split_once("}}").ok_or(RubricProblem::OpenPlaceholder)?;
            let name = name.trim();
            let slot = slots.known.iter().copied().find(|slot| slot.name() == name);
            let slot = slot.ok_or_else(|| RubricProblem::Placeholder {
                name: name.to_owned(),
                reason: slots.otherwise,
            })?;
            pieces.extend([Piece::Text(before.to_owned()), Piece::Slot(slot)]);
            rest = after;
        }
        pieces.push(Piece::Text(rest.to_owned()));
        Ok(Self(pieces))
    }

    pub(crate) fn has(&self, slot: Slot) -> bool {
        self.0.contains(&Piece::Slot(slot))
    }

    pub(crate) fn says(&self, text: &str) -> bool {
        self.0.iter().any(|piece| matches!(piece, Piece::Text(piece) if piece.contains(text)))
    }

    pub(crate) fn fill<'a>(&'a self, value: impl Fn(Slot) -> &'a str) -> String {
        let pieces = self.0.iter().map(|piece| match piece {
            Piece::Text(text) => text.as_str(),
            Piece::Slot(slot) => value(*slot),
        });
        pieces.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_filled_once_and_from_the_outside_only() {
        let template =
            Template::parse("{{prompt}} / {{ response }} / {{  prompt }}", &RESPONSES).unwrap();
        let filled = template
            .fill(|slot| if slot == Slot::Prompt { "{{ response }}" } else { "r {{ prompt }}" });
        assert_eq!(filled, "{{ response }} / r {{ prompt }} / {{ response }}");
    }

    #[test]
    fn what_cannot_be_filled_is_named() {
        let problem = |text, slots| Template::parse(text, slots).unwrap_err().to_string();
        let check = |text, expected: &str| assert_eq!(problem(text, &RESPONSES), expected);
        check(
            "{{ question }}",
            "the text has {{ question }}, which is none of prompt, response, response_a and response_b",
        );
        assert_eq!(
            problem("{{ response_a }}", &JUDGMENTS),
            "the text has {{ response_a }}, which is none of prompt, response, judgment_a and judgment_b"
        );
        check("{{ prompt", "the text has a {{ that no }} closes");
    }
}
