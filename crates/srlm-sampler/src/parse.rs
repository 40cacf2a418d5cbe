//! Reading the prompts out of what the generator wrote.

use srlm_artifact::FinishReason;

use crate::Form;
use crate::filter::collapse;

/// The prompts of one generation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    /// Whole prompts in order, white space collapsed; one may be empty where a number has nothing behind it.
    pub prompts: Vec<String>,
    /// Whether one more prompt had been begun when the generation reached its token limit.
    pub truncated: bool,
}

/// Splits a generation into prompts.
///
/// A prompt goes from its number to the next one; `first_number` is that of the first, which [`Form::Continue`]
/// leaves before the text. A blank line or a label such as `Answer:` ends it: what follows is taken for an answer and
/// dropped, up to the number that comes next in the list. A number that does not go up belongs to a list in an
/// answer, and ends the reading.
///
/// ```
/// use srlm_artifact::FinishReason;
/// use srlm_sampler::{Form, parse};
///
/// let text = " Name a tree.\n10. Who was Ada Lovelace?\nAnswer: A mathematician.\n11. Why is";
/// let parsed = parse(text, Form::Continue, 9, FinishReason::Length);
/// assert_eq!(parsed.prompts, ["Name a tree.", "Who was Ada Lovelace?"]);
/// assert!(parsed.truncated);
/// ```
pub fn parse(text: &str, form: Form, first_number: u32, finish_reason: FinishReason) -> Parsed {
    let mut reader = match form {
        Form::Continue => Reader { prompts: Vec::new(), open: Some(String::new()), last: Some(first_number) },
        Form::Chat => Reader { prompts: Vec::new(), open: None, last: None },
    };
    for line in text.lines() {
        if !reader.read(line) {
            break;
        }
    }
    let truncated = finish_reason == FinishReason::Length && reader.open.is_some();
    if !truncated {
        reader.close();
    }
    Parsed { prompts: reader.prompts, truncated }
}

struct Reader {
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
                self.open = Some(rest.to_owned());
                self.last = Some(number);
            } else if self.last.is_some_and(|last| number <= last) {
                self.close();
                return false;
            }
        } else if let Some(open) = &mut self.open {
            match line.trim() {
                "" if open.trim().is_empty() => {}
                "" => self.close(),
                line if is_answer(line) => self.close(),
                line => {
                    open.push(' ');
                    open.push_str(line);
                }
            }
        }
        true
    }

    fn close(&mut self) {
        self.prompts.extend(self.open.take().map(|prompt| collapse(&prompt)));
    }
}

/// A line that starts an item: its number, a period or a closing parenthesis, white space or the line's end.
fn numbered(line: &str) -> Option<(u32, &str)> {
    let line = line.trim_start();
    let n_digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, rest) = line.split_at(n_digits);
    let number = digits.parse().ok()?;
    let rest = rest.strip_prefix(' ').unwrap_or(rest).strip_prefix(['.', ')'])?;
    (rest.is_empty() || rest.starts_with(char::is_whitespace)).then_some((number, rest))
}

fn is_answer(line: &str) -> bool {
    const LABELS: [&str; 5] = ["answer", "assistant", "output", "response", "solution"];
    let line = line.trim_start_matches(['*', '#', ' ']);
    line.split_once(':').is_some_and(|(label, _)| {
        let label = label.trim_end_matches(['*', ' ']);
        LABELS.iter().any(|known| label.eq_ignore_ascii_case(known))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(form: Form, text: &str, expected: &[&str]) {
        assert_eq!(parse(text, form, 9, FinishReason::Stop).prompts, expected, "{text:?}");
    }

    #[test]
    fn a_continued_list_is_split_at_its_numbers() {
        let rows: [(&str, &[&str]); 9] = [
            (" Name a bird.\n10. Name a\n fish.", &["Name a bird.", "Name a fish."]),
            (" Name a bird.\n10 . Name a fish.\n 11) Name a cat.", &["Name a bird.", "Name a fish.", "Name a cat."]),
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
        let cut = |text| parse(text, Form::Continue, 9, FinishReason::Length);
        assert_eq!(cut(" Name a bird.\n10. Na"), Parsed { prompts: vec!["Name a bird.".to_owned()], truncated: true });
        assert_eq!(
            cut(" Name a bird.\n\nA rob"),
            Parsed { prompts: vec!["Name a bird.".to_owned()], truncated: false }
        );
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in any::<String>(), first in any::<u32>()) {
            for form in [Form::Continue, Form::Chat] {
                for prompt in parse(&text, form, first, FinishReason::Stop).prompts {
                    prop_assert_eq!(collapse(&prompt), prompt);
                }
            }
        }

        #[test]
        fn a_rendered_list_reads_back(tasks in prop::collection::vec("[A-Za-z][a-z ]{0,20}[a-z.?]", 1..9)) {
            let list: String = tasks.iter().enumerate().map(|(i, task)| format!("\n{}. {task}", 10 + i)).collect();
            let parsed = parse(&format!(" Name a bird.{list}"), Form::Continue, 9, FinishReason::Stop);
            let expected: Vec<_> = tasks.iter().map(|task| collapse(task)).collect();
            prop_assert_eq!(&parsed.prompts[1..], &expected[..]);
        }
    }
}
