//! Scores of answers that can be checked, without a judge.

use std::collections::BTreeMap;
use std::path::Path;

use srlm_artifact::{
    Artifact, Counts, Input, JudgmentRow, Judgments, Made, ResponseRow, Responses, Score, Stage,
    make, sha256, stage,
};

use crate::Error;

const STAGE: Stage = stage!("srlm-judge/verify", 1);

/// Labels that a final answer stands behind; the last in the text counts.
const LABELS: [&str; 5] = ["####", "final answer:", "final answer is", "answer:", "answer is"];

/// The answer that a response ends with: what stands behind the last `####`, `Answer:` or `answer
/// is`, or in the last `\boxed{}`; without any, the last number, and where there is no number the
/// last line.
///
/// ```
/// use srlm_judge::verify::final_answer;
///
/// assert_eq!(final_answer("3 + 4 = 7, so the answer is **7**.").as_deref(), Some("7"));
/// assert_eq!(final_answer("Twice 1,250 is 2,500 dollars.").as_deref(), Some("2500"));
/// assert_eq!(final_answer("Let me see.\nParis").as_deref(), Some("paris"));
/// assert_eq!(final_answer(""), None);
/// ```
pub fn final_answer(response: &str) -> Option<String> {
    // ASCII lower case keeps every byte in its place.
    let lower = response.to_ascii_lowercase();
    let labeled =
        LABELS.iter().filter_map(|label| lower.rfind(label).map(|at| at + label.len())).max();
    let boxed = response.rfind("\\boxed{").map(|at| at + "\\boxed{".len());
    let stated = match (labeled, boxed) {
        (_, Some(at)) if labeled.is_none_or(|labeled| at > labeled) => {
            response[at..].split('}').next()
        }
        (Some(at), _) => response[at..].trim_start().lines().next(),
        _ => None,
    };
    let last_line = || response.lines().map(normalized).rfind(|line| !line.is_empty());
    stated
        .map(normalized)
        .filter(|answer| !answer.is_empty())
        .or_else(|| last_number(response))
        .or_else(last_line)
}

/// Whether a response ends with the answer. Numbers are compared as numbers, anything else as text
/// without regard to case, punctuation at its ends, or markdown.
pub fn is_correct(response: &str, answer: &str) -> bool {
    let Some(found) = final_answer(response) else { return false };
    let expected = normalized(answer);
    if found == expected {
        return true;
    }
    match (last_number(&found), last_number(&expected)) {
        (Some(found), Some(number)) if expected.parse::<f64>().is_ok() => {
            same_number(&found, &number)
        }
        _ => false,
    }
}

fn same_number(a: &str, b: &str) -> bool {
    a.parse::<f64>().ok().zip(b.parse::<f64>().ok()).is_some_and(|(a, b)| a == b)
}

/// Lower case, without markdown, currency and what stands around the words.
fn normalized(text: &str) -> String {
    let plain: String = text.chars().filter(|c| !matches!(c, '*' | '`' | '$' | '_')).collect();
    let trimmed = plain.trim().trim_matches(|c: char| c.is_ascii_punctuation() && c != '-').trim();
    let lower = trimmed.to_lowercase();
    let digits = lower.replace(',', "");
    if digits.parse::<f64>().is_ok() { digits } else { lower }
}

fn last_number(text: &str) -> Option<String> {
    let is_part = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | '-');
    let candidates = text.split(|c| !is_part(c)).rev();
    let number = |part: &str| {
        let part =
            part.trim_end_matches(['.', ',', '-']).trim_start_matches(['.', ',']).replace(',', "");
        part.parse::<f64>().is_ok().then_some(part)
    };
    candidates.filter(|part| part.contains(|c: char| c.is_ascii_digit())).find_map(number)
}

/// Writes a judgment for each response: the highest score where it ends with its prompt's answer,
/// else 0.
///
/// # Errors
/// [`Error::NoAnswer`] for a response to a prompt without one, and those of the artifacts.
///
/// # Source
/// Pang et al. 2024, "Iterative Reasoning Preference Optimization", section 2: a response is right
/// or wrong.
pub fn run(
    responses: &Artifact<Responses>,
    answers: &BTreeMap<String, String>,
    out: &Path,
) -> Result<Artifact<Judgments>, Error> {
    let hash = sha256(serde_json::to_vec(answers).expect("its keys are strings"));
    let inputs =
        vec![responses.as_input("responses"), Input::plain("answers", format!("sha256:{hash}"))];
    make(out, STAGE.recipe(serde_json::json!({}), 0, inputs), |_| {
        let rows: Vec<JudgmentRow> = responses
            .rows()?
            .into_iter()
            .map(|response| match answers.get(&response.prompt_id) {
                Some(answer) => Ok(judgment(response, answer)),
                None => Err(Error::NoAnswer { prompt_id: response.prompt_id }),
            })
            .collect::<Result<_, _>>()?;
        let counts = counts(&rows);
        Ok(Made::on_cpu(rows, counts))
    })
}

fn judgment(response: ResponseRow, answer: &str) -> JudgmentRow {
    let correct = is_correct(&response.response, answer);
    let verdict = if correct { "ends with" } else { "does not end with" };
    JudgmentRow {
        response_id: response.response_id,
        prompt_id: response.prompt_id,
        judge_index: 0,
        score: Score::new(if correct { Score::MAX } else { 0.0 }),
        rationale: format!("{verdict} {answer:?}"),
        failure: None,
        seed: 0,
        expected_score: None,
        truncated: false,
    }
}

fn counts(rows: &[JudgmentRow]) -> Counts {
    let n_correct =
        rows.iter().filter(|row| row.score.is_some_and(|score| score.get() > 0.0)).count() as u64;
    let counts = [
        ("judgments", rows.len() as u64),
        ("correct", n_correct),
        ("wrong", rows.len() as u64 - n_correct),
    ];
    Counts::from(counts.map(|(name, n)| (name.to_owned(), n)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_last_stated_answer_counts() {
        let check = |response: &str, answer: &str, expected: bool| {
            assert_eq!(is_correct(response, answer), expected, "{response:?} with {answer:?}");
        };
        check("It is 4.\n#### 4", "4", true);
        check("Answer: 3. No, wait. Answer: 5", "5", true);
        check("Answer: 3. No, wait. Answer: 5", "3", false);
        check("So we get \\boxed{12}.", "12", true);
        check("The answer is $1,250.00.", "1250", true);
        check("The answer is 18 apples", "18", true);
        check("We need 3 bags of 6 for 18 apples.", "18", true);
        check("The final answer is **Paris**.", "paris", true);
        check("The answer is (B).", "B", true);
        check("The answer is -3", "3", false);
        check("The answer is -3", "-3", true);
        check("The answer is unknown", "7", false);
        check("", "7", false);
        check("B.", "B", true);
        check("Not sure.\nParis", "paris", true);
        check("0.50 liters", "0.5", true);
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd(response in any::<String>(), answer in any::<String>()) {
            is_correct(&response, &answer);
        }

        #[test]
        fn an_answer_behind_a_label_is_found(text in "[a-z .]{0,40}", number in -9999i32..9999) {
            let response = format!("{text}\n#### {number}");
            prop_assert!(is_correct(&response, &number.to_string()), "{}", response);
        }
    }
}
