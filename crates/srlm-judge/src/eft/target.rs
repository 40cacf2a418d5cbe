//! A judgment as an example to learn from: the rationale, then the score line.

use srlm_artifact::Score;

use crate::Rubric;
use crate::statement::may_lead;

/// The rationale and, on a last line of its own, the score in the rubric's form. What the judge
/// wrote behind its score is left out. `None` where the judgment gives no rationale before its
/// score, or not this score.
pub(crate) fn target(rubric: &Rubric, judgment: &str, score: Score) -> Option<String> {
    let target = format!("{}\n{}", rationale(rubric, judgment)?, rubric.score_line(score));
    (rubric.parse_score(&target) == Ok(score) && rubric.parse_score(judgment) == Ok(score))
        .then_some(target)
}

/// What stands before the score of a judgment, `None` where that is nothing or there is no score.
pub(crate) fn rationale(rubric: &Rubric, judgment: &str) -> Option<String> {
    let lines: Vec<&str> = judgment.lines().collect();
    let states = |line: usize| rubric.parse_score(&lines[line..].join("\n")).is_ok();
    let score_line = (0..lines.len()).rev().find(|&line| states(line))?;
    let before = before_score(rubric, &lines[score_line..]);
    let mut kept: Vec<&str> =
        lines[..score_line].iter().copied().chain([before]).map(str::trim_end).collect();
    while kept.last().is_some_and(|line| !line.contains(char::is_alphanumeric)) {
        kept.pop();
    }
    let rationale = kept.join("\n").trim_start_matches(['\n', '\r']).to_owned();
    (!kept.is_empty()).then_some(rationale)
}

/// The sentences before the score on its own line; half a sentence that leads to it is left out.
fn before_score<'a>(rubric: &Rubric, lines: &[&'a str]) -> &'a str {
    let line = lines[0];
    let starts_word = |at: usize| !line[..at].ends_with(char::is_alphanumeric);
    let states =
        |at: usize| rubric.parse_score(&[&[&line[at..]], &lines[1..]].concat().join("\n")).is_ok();
    let starts = line.char_indices().rev().map(|(at, _)| at);
    let score_at = starts.into_iter().find(|&at| starts_word(at) && states(at)).unwrap_or(0);
    let before = &line[..score_at];
    let sentences = before.rfind(['.', '!', '?', ';']).map_or("", |end| &before[..=end]);
    if sentences.split(|c: char| !c.is_alphanumeric()).all(may_lead) { "" } else { sentences }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(judgment: &str, expected: Option<&str>) {
        let score = Score::new(4.0).unwrap();
        assert_eq!(
            target(&Rubric::additive(), judgment, score).as_deref(),
            expected,
            "{judgment:?}"
        );
    }

    #[test]
    fn the_score_stands_last_on_a_line_of_its_own() {
        let expected = Some("It is clear.\nScore: 4");
        let rows = [
            "It is clear.\nScore: 4",
            "It is clear.\n\n**Score:** 4/5",
            "It is clear.\n### Score:\n\n4\n",
            "It is clear. Score: 4",
            "It is clear. **Total score: 4**",
            "It is clear. Therefore my final score: 4/5",
            "It is clear.\nThe total score is 4.",
            "It is clear.\nHere is the score:\n4",
            "It is clear.\n---\n2. Score: 4",
            "It is clear.\r\nScore: 4\r\n",
            "\n\nIt is clear.   \nScore: 4",
            "It is clear.\nScore: 4\n\nI hope that this helps.",
            "It is clear.\nScore: 4 points, since an expert would add little",
        ];
        for judgment in rows {
            check(judgment, expected);
        }
        check("  - It is\n  - clear\nScore: 4", Some("  - It is\n  - clear\nScore: 4"));
        check("Score: 4\nIt is clear.\nScore: 4", Some("Score: 4\nIt is clear.\nScore: 4"));
        check("Score: 2, at first.\nNo:\nScore: 4", Some("Score: 2, at first.\nNo:\nScore: 4"));
    }

    #[test]
    fn a_judgment_without_a_rationale_before_its_score_is_no_target() {
        for judgment in ["Score: 4", "Score: 4\nIt is clear.", "**\n2. Score: 4", "so score: 4", ""]
        {
            check(judgment, None);
        }
        check("It is clear.\nScore: 3", None);
        check("It is clear.", None);
    }

    #[test]
    fn fractions_and_other_prefixes_keep_their_form() {
        let text = "---\nname: x\nmin: 0\nmax: 5\nprefix: \"**Grade:**\"\n---\n**Grade:** {{ prompt }} {{ response }}";
        let score = Score::new(3.5).unwrap();
        let target = target(&Rubric::parse(text).unwrap(), "Fine.\ngrade - 3.5/5", score);
        assert_eq!(target.as_deref(), Some("Fine.\nGrade: 3.5"));
    }

    proptest! {
        #[test]
        fn a_target_says_its_score_and_stays_as_it_is(
            judgment in "(?s)(It is[.]|[Ss]core|[-:.*/ \n]|[0-9]|the|é|of){0,16}\nScore: [0-5]( thanks)?",
        ) {
            let rubric = Rubric::additive();
            if let Ok(score) = rubric.parse_score(&judgment) && let Some(once) = target(&rubric, &judgment, score) {
                prop_assert_eq!(rubric.parse_score(&once), Ok(score));
                prop_assert_eq!(target(&rubric, &once, score), Some(once));
            }
        }
    }
}
