//! What the judge of judgments is asked, and which judgment it names.

use srlm_artifact::{BattleWinner, Prompt, sha256};

use crate::front_matter::split;
use crate::template::{JUDGMENTS, Slot, Template};
use crate::verdict::stated;
use crate::{Error, RubricProblem, Verdict};

const LABEL: &str = "Winner";

/// The instructions for comparing two judgments of one response.
///
/// A text file like that of a [`Rubric`](crate::Rubric): of the settings only `name`, and a text
/// with `{{ prompt }}`, `{{ response }}`, `{{ judgment_a }}` and `{{ judgment_b }}` that asks for a
/// last line `Winner: A` or `Winner: B`. It states the rules that the judgments had to follow, so a
/// rubric of your own for judging needs one of its own here.
#[derive(Clone, Debug, PartialEq)]
pub struct MetaRubric {
    name: String,
    template: Template,
    content_hash: String,
}

impl MetaRubric {
    /// The built-in rubric, for judgments by [`Rubric::additive`](crate::Rubric::additive).
    ///
    /// # Source
    /// The scheme is that of Wu et al. 2024, figure 2; the words are our own.
    pub fn built_in() -> Self {
        Self::parse(include_str!("../../rubrics/meta.md"))
            .expect("the tests parse the built-in rubrics")
    }

    /// Reads a rubric file's text.
    ///
    /// # Errors
    /// [`Error::Rubric`] with what is missing.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
        let head = split(&text)?;
        let template = Template::parse(head.body, &JUDGMENTS)?;
        for slot in [Slot::Prompt, Slot::Response, Slot::JudgmentA, Slot::JudgmentB] {
            if !template.has(slot) {
                return Err(RubricProblem::MissingPlaceholder { name: slot.name() }.into());
            }
        }
        let of_scores = [("min", head.min), ("max", head.max), ("prefix", head.prefix)];
        if let Some((key, _)) = of_scores.into_iter().find(|(_, value)| value.is_some()) {
            return Err(RubricProblem::JudgmentsKey { key }.into());
        }
        let prefix = format!("{LABEL}:");
        if !template.says(&prefix) {
            return Err(RubricProblem::MissingPrefix { prefix }.into());
        }
        let name = head.name.ok_or(RubricProblem::MissingKey { key: "name" })?.to_owned();
        let content_hash = format!("sha256:{}", sha256(text));
        Ok(Self { name, template, content_hash })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Identifies its text.
    pub fn content_hash(&self) -> &str {
        &self.content_hash
    }

    /// What the judge of judgments reads.
    pub fn render(
        &self,
        prompt: &Prompt,
        response: &str,
        judgment_a: &str,
        judgment_b: &str,
    ) -> String {
        let prompt = prompt.to_text();
        self.template.fill(|slot| match slot {
            Slot::Prompt => &prompt,
            Slot::JudgmentA => judgment_a,
            Slot::JudgmentB => judgment_b,
            _ => response,
        })
    }
}

/// The last winner that a comparison states, `Winner: A` or `Winner: B`, as forgiving of decoration
/// as
/// [`parse_score`](crate::parse_score); `None` where there is none, a tie or doubt.
///
/// ```
/// use srlm_artifact::BattleWinner;
/// use srlm_judge::meta::parse_winner;
///
/// assert_eq!(parse_winner("B counts a point twice.\n**Winner:** Judgment A"), Some(BattleWinner::A));
/// assert_eq!(parse_winner("Winner: A or B"), None);
/// ```
pub fn parse_winner(text: &str) -> Option<BattleWinner> {
    match stated(text, LABEL)? {
        Verdict::A => Some(BattleWinner::A),
        Verdict::B => Some(BattleWinner::B),
        Verdict::Tie => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_rubric_lacks_is_named() {
        let check = |settings: &str, body: &str, expected: &str| {
            let error = MetaRubric::parse(&format!("---\n{settings}\n---\n{body}\n")).unwrap_err();
            assert_eq!(error.to_string(), format!("unusable rubric: {expected}"));
        };
        let body = "Winner: {{ prompt }} {{ response }} {{ judgment_a }} {{ judgment_b }}";
        MetaRubric::parse(&format!("---\nname: x\n---\n{body}")).unwrap();
        check("name: x", &body.replace("{{ judgment_b }}", ""), "the text has no {{ judgment_b }}");
        check(
            "name: x",
            &body.replace("Winner:", ""),
            "the text never says `Winner:`, the form in which the judge's result is read",
        );
        check("", body, "the setting `name` is missing");
        check(
            "name: x\nmax: 5",
            body,
            "`max` belongs to rubrics that give a score; this one compares {{ judgment_a }} with the other",
        );
        let other = "the text has {{ response_a }}, which is none of prompt, response, judgment_a and judgment_b";
        check("name: x", &format!("{body} {{{{ response_a }}}}"), other);
    }

    #[test]
    fn the_winner_is_the_last_one_stated() {
        let rows = [
            ("Winner: A", Some(BattleWinner::A)),
            ("**Winner:** Judgment B.", Some(BattleWinner::B)),
            ("Winner: Judgement A", Some(BattleWinner::A)),
            ("Winner: A\nNo:\nWinner: B", Some(BattleWinner::B)),
            ("Winner: tie", None),
            ("Winner: both", None),
            ("A is better.", None),
            ("", None),
        ];
        for (text, expected) in rows {
            assert_eq!(parse_winner(text), expected, "{text:?}");
        }
    }

    #[test]
    fn the_built_in_rubric_is_short_and_begins_with_what_never_changes() {
        let rendered = MetaRubric::built_in().render(&Prompt::user("REQUEST"), "R", "J", "J");
        assert!(rendered.split_whitespace().count() < 350);
        assert!(rendered.find("REQUEST").unwrap() > rendered.len() * 3 / 4);
    }
}
