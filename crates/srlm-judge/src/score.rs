//! Reading the score out of a judgment.

use std::ops::Range;

use srlm_artifact::{JudgmentFailure, Score};

use crate::number::{behind_unit, goes_on, is_first_of_list, is_glued, number, scale};
use crate::pattern::Pattern;
use crate::scale::Scale;
use crate::statement::{Statement, last_stated, undecorated, word};

/// Why a judgment has no score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum ParseFailure {
    /// Nothing is written.
    #[error("the judgment is empty")]
    Empty,
    /// No score line, or the last one has no number.
    #[error("the judgment has no score line, or no number in the last one")]
    NoScore,
    /// Several numbers where one is expected: `3-4`, `3 or 4`.
    #[error("the score line has more than one number")]
    Ambiguous,
    /// The number lies outside the rubric's scores.
    #[error("the score is out of range")]
    OutOfRange,
    /// The number is on a scale that is not the rubric's: `8/10`, `80%`.
    #[error("the score is on another scale")]
    OtherScale,
}

/// The coarser reasons of a stored row.
impl From<ParseFailure> for JudgmentFailure {
    fn from(failure: ParseFailure) -> Self {
        match failure {
            ParseFailure::Empty => Self::Empty,
            ParseFailure::NoScore | ParseFailure::Ambiguous => Self::NoScore,
            ParseFailure::OutOfRange | ParseFailure::OtherScale => Self::OutOfRange,
        }
    }
}

/// The last score of a judgment that states it as `Score: n`, n from 0 to 5.
///
/// Quotes, brackets, Markdown, case and what follows the number do not matter; `4/5`, `4 out of 5`
/// and `Score - 4` are read as well, fractions too. A score counts where it is stated, `Score: 4`,
/// not where the words around it only mention it. Of several the last counts; a last one of an
/// aspect (`Clarity score: 1`) only where nothing else is scored. What leaves a doubt is a failure
/// and never becomes a number.
///
/// # Errors
/// Why there is no score.
///
/// ```
/// use srlm_judge::{ParseFailure, parse_score};
///
/// assert_eq!(parse_score("Clear and correct.\n**Score:** 4/5").map(|score| score.get()), Ok(4.0));
/// assert_eq!(parse_score("Score: 8/10"), Err(ParseFailure::OtherScale));
/// ```
pub fn parse_score(text: &str) -> Result<Score, ParseFailure> {
    let form = ScoreForm { label: "Score".to_owned(), scale: Scale::STORED, pattern: None };
    form.find(text).map(|found| found.score)
}

/// A score, and where it stands in the judgment.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FoundScore {
    /// On the scale of stored rows.
    pub(crate) score: Score,
    /// The bytes of the number, with its sign and without what decorates it.
    pub(crate) place: Range<usize>,
}

/// How a rubric wants its scores.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ScoreForm {
    pub(crate) label: String,
    pub(crate) scale: Scale,
    /// Instead of the label.
    pub(crate) pattern: Option<Pattern>,
}

impl ScoreForm {
    pub(crate) fn find(&self, text: &str) -> Result<FoundScore, ParseFailure> {
        if text.trim().is_empty() {
            return Err(ParseFailure::Empty);
        }
        let (value, place) = match &self.pattern {
            Some(pattern) => pattern.find(text)?,
            None => {
                let stated = last_stated(text, &self.label, |statement| self.read(statement));
                let (value, digits) = stated.ok_or(ParseFailure::NoScore)??;
                (value, place_in(text, digits))
            }
        };
        let score = self.scale.stored(value).ok_or(ParseFailure::OutOfRange)?;
        Ok(FoundScore { score, place })
    }

    /// The number that a statement gives and its text, `None` if it gives none.
    fn read<'a>(&self, statement: &Statement<'a>) -> Option<Result<(f64, &'a str), ParseFailure>> {
        let start = undecorated(statement.value);
        let (value, rest) = number(start)?;
        if self.is_other_scale(statement.note) {
            return Some(Err(ParseFailure::OtherScale));
        }
        if is_glued(rest) {
            return Some(Err(ParseFailure::Ambiguous));
        }
        let behind = match self.behind_scale(behind_unit(rest)) {
            Ok(behind) => behind,
            Err(failure) => return Some(Err(failure)),
        };
        if statement.alone && behind.contains(char::is_alphanumeric) {
            return None;
        }
        let stands = !goes_on(behind) && !is_first_of_list(behind);
        Some(if stands {
            Ok((value, &start[..start.len() - rest.len()]))
        } else {
            Err(ParseFailure::Ambiguous)
        })
    }

    /// What follows `/5`, `out of 5` or nothing of the kind.
    fn behind_scale<'a>(&self, rest: &'a str) -> Result<&'a str, ParseFailure> {
        let trimmed = undecorated(rest);
        if trimmed.starts_with('%') || word(trimmed).0.eq_ignore_ascii_case("percent") {
            return Err(ParseFailure::OtherScale);
        }
        let Some(scale) = scale(trimmed) else {
            let names_other = trimmed.contains("scale") && self.is_other_scale(trimmed);
            return if names_other { Err(ParseFailure::OtherScale) } else { Ok(rest) };
        };
        match number(undecorated(scale)) {
            Some((max, rest)) if max == self.scale.max && !is_glued(rest) => Ok(rest),
            Some(_) => Err(ParseFailure::OtherScale),
            None => Err(ParseFailure::Ambiguous),
        }
    }

    /// Whether a text's last number is not the best score: `out of 10`, `1-10`.
    fn is_other_scale(&self, text: &str) -> bool {
        let numbers = text.rsplit(|c: char| !c.is_ascii_digit() && c != '.');
        let mut numbers = numbers.filter_map(|number| number.trim_matches('.').parse::<f64>().ok());
        numbers.next().is_some_and(|max| max != self.scale.max)
    }
}

/// Where a part of the text stands in it.
fn place_in(text: &str, part: &str) -> Range<usize> {
    let start = part.as_ptr() as usize - text.as_ptr() as usize;
    start..start + part.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use ParseFailure::{Ambiguous, Empty, NoScore, OtherScale, OutOfRange};

    fn check(text: &str, expected: Result<f64, ParseFailure>) {
        assert_eq!(parse_score(text).map(Score::get), expected, "{text:?}");
    }

    #[test]
    fn a_score_is_read_whatever_it_is_decorated_with() {
        let rows = [
            "Score: 4",
            "score: 4",
            "SCORE:4",
            "Score : 4",
            "Score：4",
            "Score = 4",
            "Score - 4",
            "Score – 4",
            "Score-4",
            "Score 4",
            "\"Score: 4\"",
            "“Score: 4”",
            "‘Score: 4’",
            "Score: \"4\"",
            "Score: “4”",
            "`Score: 4`",
            "**Score:** 4",
            "**Score**: 4",
            "**Score: 4**",
            "Score: **4**",
            "Score: __4__",
            "*Score:* _4_",
            "## Score: 4",
            "### Score:\n\n4",
            "**Score**\n4",
            "Score:\n**4/5**",
            "> Score: 4",
            "- Score: 4",
            "5. Score: 4",
            "| Score | 4 |",
            "{\"score\": 4}",
            "Score: <4>",
            "Score: [4]",
            "Score: (4)",
            "Score (4/5)",
            "Score: 4.",
            "Score: 4!",
            "Score: 4.0",
            "Score: 04",
            "Score: 4/5",
            "Score: 4 / 5",
            "Score: **4**/5",
            "Score: 4/5.",
            "Score: 4.0/5.0",
            "Score: 4⁄5",
            "Score: 4 out of 5",
            "Score: 4 Out Of 5 points.",
            "Score: 4 (out of 5)",
            "Score: 4 of 5",
            "Score: 4 points",
            "Score: 4 points out of 5",
            "Score: 4 stars",
            "Score (out of 5): 4",
            "**Score (0-5):** 4",
            "Score: 4 on a scale of 0 to 5",
            "Score: 4 on a scale of 0 to 5.0.",
            "Score: 4 - a good answer",
            "Score: 4. The answer is good.",
            "Score: 4, because the limit is kept",
            "Total score: 4",
            "Final Score - 4",
            "The score is 4.",
            "The total score is: 4/5",
            "It is clear. Score: 4",
            "Here is the score:\n4",
            "Score: 4\u{a0}",
            "Score: 4\r\n",
        ];
        for text in rows {
            check(text, Ok(4.0));
        }
        check("Score: 0", Ok(0.0));
        check("Score: 5/5", Ok(5.0));
        check("Score: 3.5", Ok(3.5));
        check("Score: 3.5/5", Ok(3.5));
    }

    #[test]
    fn the_last_score_line_counts() {
        let rows = [
            ("Score: 2\nOn reflection:\nScore: 4", 4.0),
            ("Score: 2 Score: 4", 4.0),
            ("Score: 8/10\nScore: 4", 4.0),
            ("Score: n\n\nThe answer is clear.\nScore: 4", 4.0),
            ("Relevance score: 1\nClarity score: 0\nTotal score: 4", 4.0),
            ("Score: 4\n\nA high score, since the score 5 is for experts.", 4.0),
            ("Score: 4\n\nScore based on five criteria.", 4.0),
            ("Score: 4\nI hope that this score: a fair one, helps.", 4.0),
            ("Score: 4\nThe score is 4 because it is good; 5 would be too high.", 4.0),
            ("Clarity score: 1\nIts score: 4", 4.0),
            ("Relevance score: 4", 4.0),
            ("Quality score: 2\nOn reflection:\nQuality score: 4", 4.0),
            ("It meets 3, 4 or 5 criteria. Score: 4, for 3 of them are met in full", 4.0),
        ];
        for (text, expected) in rows {
            check(text, Ok(expected));
        }
    }

    #[test]
    fn a_failure_never_becomes_a_number() {
        let rows = [
            ("", Empty),
            (" \n\t", Empty),
            ("The answer is good.", NoScore),
            ("4", NoScore),
            ("I give it 4/5.", NoScore),
            ("This earns a score of 4.", NoScore),
            ("Score:", NoScore),
            ("Score: ", NoScore),
            ("Score: n", NoScore),
            ("Score: four", NoScore),
            ("Score: N/A", NoScore),
            ("Score: <total points>", NoScore),
            ("Score: about 4", NoScore),
            ("Score: .5", NoScore),
            ("Score: 4\nScore: none", NoScore),
            ("Score: 4\nScore:", NoScore),
            ("Score:\n1. Relevance: yes\n2. Coverage: no", NoScore),
            ("Scores: 4", NoScore),
            ("Relevance score: 1\nCoverage score: 1\nClarity score: 0", NoScore),
            ("Relevance score: 1, coverage score: 1", NoScore),
            ("Score: 4\nClarity score: 1", NoScore),
            ("Score: 2\nOn reflection:\nAdjusted score: 4", NoScore),
            ("Score: 4\nIt would have a perfect score: 5, if it were longer.", NoScore),
            ("Score for relevance: 1\nScore for clarity: 1", NoScore),
            ("Underscore: 4", NoScore),
            ("Score: 6", OutOfRange),
            ("Score: -1", OutOfRange),
            ("Score: −1", OutOfRange),
            ("Score -1", OutOfRange),
            ("Score: 5.5", OutOfRange),
            ("Score: 6/5", OutOfRange),
            ("Score: 100", OutOfRange),
            ("Score: 99999999999999999999999999", OutOfRange),
            ("Score: 8/10", OtherScale),
            ("Score: 4/10", OtherScale),
            ("Score: 4 out of 10", OtherScale),
            ("Score: 4 out of 50", OtherScale),
            ("Score: 3 points out of 4", OtherScale),
            ("Score (out of 10): 4", OtherScale),
            ("Score (1-10): 4", OtherScale),
            ("Score: 4 on a 10-point scale", OtherScale),
            ("Score: 80%", OtherScale),
            ("Score: 4 %", OtherScale),
            ("Score: 4 percent", OtherScale),
            ("Score: 3-4", Ambiguous),
            ("Score: 3 – 4", Ambiguous),
            ("Score: 3 to 4", Ambiguous),
            ("Score: 3 or 4", Ambiguous),
            ("Score: **3** or **4**", Ambiguous),
            ("Score: 3, 4", Ambiguous),
            ("Score: 3 4", Ambiguous),
            ("Score: 3 for relevance, 1 for clarity", Ambiguous),
            ("Score: 3 points for relevance and 1 point for clarity", Ambiguous),
            ("Score: 1 (relevance), 1 (coverage), 0 (clarity)", Ambiguous),
            ("Score: 1 for relevance + 1 for coverage = 2", Ambiguous),
            ("Score: 3,5", Ambiguous),
            ("Score: 3½", Ambiguous),
            ("Score: 1 + 1 + 1 = 3", Ambiguous),
            ("Score: 4/", Ambiguous),
            ("Score: 4/5/5", Ambiguous),
            ("Score: 4/5 or 3/5", Ambiguous),
            ("Score: 4:5", Ambiguous),
            ("Score: 4th", Ambiguous),
            ("Score: 1e0", Ambiguous),
            ("Score: 1.2.3", Ambiguous),
            ("Score: 3...4", Ambiguous),
        ];
        for (text, expected) in rows {
            check(text, Err(expected));
        }
    }

    #[test]
    fn another_form_has_its_own_label_and_range() {
        let scale = Scale { min: 1.0, max: 4.0 };
        let form = ScoreForm { label: "Gesamtnote".to_owned(), scale, pattern: None };
        for (text, expected) in [
            ("Gesamtnote: 3/4", Ok(3.0)),
            ("Gesamtnote: 0", Err(OutOfRange)),
            ("Gesamtnote: 5", Err(OutOfRange)),
            ("Gesamtnote: 3/5", Err(OtherScale)),
            ("Score: 3", Err(NoScore)),
        ] {
            assert_eq!(form.find(text).map(|found| found.score.get()), expected, "{text:?}");
        }
    }

    #[test]
    fn a_stored_row_keeps_the_coarser_reason() {
        let rows = [
            (Empty, JudgmentFailure::Empty),
            (NoScore, JudgmentFailure::NoScore),
            (Ambiguous, JudgmentFailure::NoScore),
            (OutOfRange, JudgmentFailure::OutOfRange),
            (OtherScale, JudgmentFailure::OutOfRange),
        ];
        for (failure, expected) in rows {
            assert_eq!(JudgmentFailure::from(failure), expected);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in any::<String>(), near in "(?s)([Ss]core|[-:.,/*() \n]|[0-9]|of|out|is|é|½|%){0,24}") {
            let _ = parse_score(&text);
            let _ = parse_score(&near);
        }

        #[test]
        fn what_is_read_stands_in_the_text(text in "(?s)(Score|[-:./ \n]|[0-9]|or|out of){0,16}") {
            if let Ok(score) = parse_score(&text) {
                let numbers = text.split(|c: char| !c.is_ascii_digit() && c != '.');
                let mut numbers = numbers.filter_map(|n| n.trim_matches('.').parse::<f64>().ok());
                prop_assert!(numbers.any(|n| n == score.get()), "{text:?} gave {}", score.get());
            }
        }

        #[test]
        fn a_stated_score_is_read_back(
            before in prop_oneof![any::<String>(), Just("Score:".to_owned()), "(?s)(Score|[-:./ \n]|[0-9]|or){0,16}"],
            tenths in 0_u32..=50,
            form in prop::sample::select(vec!["Score: {}", "**Score:** {}", "score - {}/5", "“Score: {}”", "Score: {}."]),
        ) {
            let score = f64::from(tenths) / 10.0;
            let text = format!("{before}\n{}", form.replace("{}", &score.to_string()));
            prop_assert_eq!(parse_score(&text).map(Score::get), Ok(score), "{:?}", text);
        }
    }
}
