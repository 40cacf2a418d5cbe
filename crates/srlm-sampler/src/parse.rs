//! Reading the prompts out of what the generator wrote.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use srlm_artifact::FinishReason;

use crate::Form;
use crate::filter::collapse;

/// The prompts of one generation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    /// Whole prompts in order, white space collapsed; one may be empty where a number has nothing
    /// behind it.
    pub prompts: Vec<String>,
    /// The prompt that had been begun when the generation reached its token limit, if one had.
    pub truncated: Option<String>,
}

/// Whether what follows a prompt is taken for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Answers {
    /// A prompt ends before a blank line or a label such as `Answer:`, and what follows is dropped.
    Cut,
    /// A prompt goes on to the next number, whatever stands between, as in Self-Instruct.
    Keep,
}

/// Splits a generation into prompts.
///
/// A prompt goes from its number to the next one; `first_number` is that of the first, which
/// [`Form::Continue`] leaves before the text. With [`Answers::Cut`] it ends before an answer, and
/// the reading goes on at the number that comes next in the list. A number that does not go up
/// belongs to a list in an answer, and ends the reading.
///
/// # Source
/// Yuan et al. 2024, appendix A.5: a model trained on its own answers writes prompts that run on
/// into answers.
///
/// ```
/// use srlm_artifact::FinishReason;
/// use srlm_sampler::{Answers, Form, parse};
///
/// let text = " Name a tree.\n10. Who was Ada Lovelace?\nAnswer: A mathematician.\n11. Why is";
/// let parsed = parse(text, Form::Continue, Answers::Cut, 9, FinishReason::Length);
/// assert_eq!(parsed.prompts, ["Name a tree.", "Who was Ada Lovelace?"]);
/// assert_eq!(parsed.truncated.as_deref(), Some("Why is"));
/// ```
pub fn parse(
    text: &str,
    form: Form,
    answers: Answers,
    first_number: u32,
    finish_reason: FinishReason,
) -> Parsed {
    let (open, last) = match form {
        Form::Continue => (Some(String::new()), Some(first_number)),
        Form::Chat => (None, None),
    };
    let mut reader = Reader { answers, prompts: Vec::new(), open, last };
    for line in text.lines() {
        if !reader.read(line) {
            break;
        }
    }
    if finish_reason == FinishReason::Stop {
        reader.close();
    }
    Parsed { prompts: reader.prompts, truncated: reader.open.map(|prompt| collapse(&prompt)) }
}

struct Reader {
    answers: Answers,
    prompts: Vec<String>,
    /// The prompt being read; `None` within an answer or a preamble.
    open: Option<String>,
    /// Number of the latest prompt.
    last: Option<u32>,
}

impl Reader {
    /// Takes a line; `false` if nothing of use can follow.
    fn read(&mut self, line: &str) -> bool {
        if let Some((number, rest)) = numbered(line) {
            let begins = match (self.last, &self.open) {
                (None, _) => true,
                (Some(last), Some(_)) => number > last,
                (Some(last), None) => number.checked_sub(1) == Some(last),
            };
            if begins {
                self.close();
                self.open = Some(String::new());
                self.last = Some(number);
                self.extend(rest);
            } else if self.last.is_some_and(|last| number <= last) {
                self.close();
                return false;
            }
        } else {
            self.extend(line);
        }
        true
    }

    /// Adds a line to the prompt being read, or what stands in it before an answer.
    fn extend(&mut self, line: &str) {
        let Some(open) = &mut self.open else { return };
        let (line, is_begun) = (line.trim(), !open.trim().is_empty());
        let end = match self.answers {
            Answers::Keep => None,
            Answers::Cut if line.is_empty() => is_begun.then_some(0),
            Answers::Cut => answer_in(line, open),
        };
        open.push(' ');
        open.push_str(&line[..end.unwrap_or(line.len())]);
        if end.is_some() {
            self.close();
        }
    }

    fn close(&mut self) {
        self.prompts.extend(self.open.take().map(|prompt| collapse(&prompt)));
    }
}

/// A line that starts an item: its number, a period or a closing parenthesis, white space or the
/// line's end.
fn numbered(line: &str) -> Option<(u32, &str)> {
    let line = line.trim_start();
    let n_digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, rest) = line.split_at(n_digits);
    let number = digits.parse().ok()?;
    let rest = rest.strip_prefix(' ').unwrap_or(rest).strip_prefix(['.', ')'])?;
    (rest.is_empty() || rest.starts_with(char::is_whitespace)).then_some((number, rest))
}

/// Where an answer begins in a line of a prompt: at a label at its start or behind the end of a
/// sentence.
fn answer_in(line: &str, prompt: &str) -> Option<usize> {
    let asks = |text: &str| label(text).is_some_and(|label| label == "q" || label == "question");
    let is_dialogue = asks(prompt) || asks(line);
    let ends = line.match_indices(['.', '?', '!']).map(|(place, _)| place + 1);
    let mut starts = ends.filter(|&place| line[place..].starts_with(char::is_whitespace));
    let answers = |text: &str| {
        label(text).is_some_and(|label| is_answer(&label) || (is_dialogue && label == "a"))
    };
    if answers(line) { Some(0) } else { starts.find(|&place| answers(&line[place..])) }
}

/// What stands before the first colon, or the whole of a heading, in lower case without marks and
/// numbers.
fn label(text: &str) -> Option<String> {
    let text = text.trim_start();
    let heading = text.strip_prefix('#').filter(|heading| !heading.contains(':'));
    let (label, _) = heading.map(|heading| (heading, "")).or_else(|| text.split_once(':'))?;
    let is_mark = |c: char| !c.is_alphabetic();
    Some(label.trim_matches(is_mark).to_lowercase())
}

fn is_answer(label: &str) -> bool {
    const LABELS: [&str; 8] = [
        "answer",
        "answers",
        "assistant",
        "completion",
        "output",
        "response",
        "result",
        "solution",
    ];
    const KINDS: [&str; 6] = ["correct", "example", "expected", "model", "possible", "sample"];
    match label.split_once(' ') {
        Some((kind, label)) => KINDS.contains(&kind) && LABELS.contains(&label),
        None => LABELS.contains(&label),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(form: Form, text: &str, expected: &[&str]) {
        assert_eq!(
            parse(text, form, Answers::Cut, 9, FinishReason::Stop).prompts,
            expected,
            "{text:?}"
        );
    }

    #[test]
    fn a_continued_list_is_split_at_its_numbers() {
        let rows: [(&str, &[&str]); 9] = [
            (" Name a bird.\n10. Name a\n fish.", &["Name a bird.", "Name a fish."]),
            (
                " Name a bird.\n10 . Name a fish.\n 11) Name a cat.",
                &["Name a bird.", "Name a fish.", "Name a cat."],
            ),
            (" What is 9.5 plus 10.\n5?", &["What is 9.5 plus 10. 5?"]),
            (" Name a bird.\n\nThe robin.\n10. Name a fish.", &["Name a bird.", "Name a fish."]),
            (" Name a bird.\n**Answer:** Robin\n1. Robin\n2. Wren\n10. Jay", &["Name a bird."]),
            (" List birds.\n1. Robin\n2. Wren", &["List birds."]),
            (" List birds.\n\nSure:\n12. Wren\n13. Jay", &["List birds."]),
            ("\n\n Name a bird.\n10.\n11. Name a fish.", &["Name a bird.", "", "Name a fish."]),
            ("", &[""]),
        ];
        for (text, expected) in rows {
            check(Form::Continue, text, expected);
        }
    }

    #[test]
    fn a_chat_may_have_a_preamble_and_its_own_numbers() {
        check(
            Form::Chat,
            "Sure, here they are:\n\n9. Name a bird.\n\n10. Name a fish.\n",
            &["Name a bird.", "Name a fish."],
        );
        check(Form::Chat, "1. Name a bird.\n2. Name a fish.", &["Name a bird.", "Name a fish."]);
        check(Form::Chat, "I cannot do that.", &[]);
    }

    #[test]
    fn only_a_prompt_that_is_still_open_is_cut() {
        let cut = |text| parse(text, Form::Continue, Answers::Cut, 9, FinishReason::Length);
        let one = |truncated: Option<&str>| Parsed {
            prompts: vec!["Name a bird.".to_owned()],
            truncated: truncated.map(str::to_owned),
        };
        assert_eq!(cut(" Name a bird.\n10. Na"), one(Some("Na")));
        assert_eq!(cut(" Name a bird.\n\nA rob"), one(None));
        assert_eq!(cut(" Name a bird.\n10."), one(Some("")));
    }

    /// Texts as models write them that were trained on their own answers.
    #[test]
    fn a_prompt_ends_where_its_answer_begins() {
        let rows: [(&str, &str); 16] = [
            ("Who painted the night sky?\nOutput: Many did.", "Who painted the night sky?"),
            (
                "Who painted the night sky?\n\nMany painters did,\nsome by day.",
                "Who painted the night sky?",
            ),
            (
                "Who painted the night sky?\n  **Response:**\nMany did.",
                "Who painted the night sky?",
            ),
            ("Who painted the night sky?\n### Answer\nMany did.", "Who painted the night sky?"),
            ("Who painted the night sky?\n### Response:\nMany did.", "Who painted the night sky?"),
            ("Who painted the night sky?\nAnswer 1: Many did.", "Who painted the night sky?"),
            ("Who painted the night sky?\nSample answer: Many did.", "Who painted the night sky?"),
            ("Who painted the night sky?\n<|assistant|>: Many did.", "Who painted the night sky?"),
            ("Who painted the night sky? Answer: Many did.", "Who painted the night sky?"),
            ("Put it in the past tense: I run. Output: I ran.", "Put it in the past tense: I run."),
            ("Q: Who painted the night sky? A: Many did.", "Q: Who painted the night sky?"),
            ("Q: Who painted the night sky?\nA: Many did.", "Q: Who painted the night sky?"),
            ("Which is a fruit?\nA: plum\nB: chair", "Which is a fruit? A: plum B: chair"),
            (
                "Shorten this text.\nInput: It was late.\nOutput: Late.",
                "Shorten this text. Input: It was late.",
            ),
            ("Say why the answer: 42 is a joke.", "Say why the answer: 42 is a joke."),
            ("Answer: Many did.", ""),
        ];
        for (text, expected) in rows {
            for next in ["\n10. Name a fish.", ""] {
                let prompts: &[&str] =
                    if next.is_empty() { &[expected] } else { &[expected, "Name a fish."] };
                check(Form::Continue, &format!(" {text}{next}"), prompts);
            }
        }
    }

    #[test]
    fn answers_are_kept_as_part_of_the_prompt_if_wanted() {
        let text = " Name a bird.\n\nAnswer: Robin\n10. Name a fish.";
        let kept = parse(text, Form::Continue, Answers::Keep, 9, FinishReason::Stop).prompts;
        assert_eq!(kept, ["Name a bird. Answer: Robin", "Name a fish."]);
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in any::<String>(), first in any::<u32>()) {
            for form in [Form::Continue, Form::Chat] {
                for prompt in parse(&text, form, Answers::Cut, first, FinishReason::Stop).prompts {
                    prop_assert_eq!(collapse(&prompt), prompt);
                }
            }
        }

        #[test]
        fn a_rendered_list_reads_back(tasks in prop::collection::vec("[A-Za-z][a-z ]{0,20}[a-z.?]", 1..9)) {
            let list: String = tasks.iter().enumerate().map(|(i, task)| format!("\n{}. {task}", 10 + i)).collect();
            let parsed = parse(&format!(" Name a bird.{list}"), Form::Continue, Answers::Cut, 9, FinishReason::Stop);
            let expected: Vec<_> = tasks.iter().map(|task| collapse(task)).collect();
            prop_assert_eq!(&parsed.prompts[1..], &expected[..]);
        }
    }
}
