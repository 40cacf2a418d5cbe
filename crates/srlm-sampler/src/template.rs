//! What the generator is asked, so that it writes new prompts.

use std::fmt::Write;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use srlm_artifact::Message;
use srlm_generate::Input;

use crate::Answers;
use crate::filter::collapse;

/// How the generator is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Form {
    /// A numbered list that breaks off after a number, as plain text to be continued.
    Continue,
    /// The list in a user turn, with the request to go on: for servers that only chat.
    Chat,
}

/// The request to go on with a list of demonstrations, which are numbered from 1.
///
/// White space in a demonstration is collapsed and a colon at its end taken off, as Self-Instruct
/// does.
pub fn render(
    form: Form,
    instruction: &str,
    demonstrations: &[&str],
    tasks_per_request: u32,
) -> Input {
    let mut text = instruction.to_owned();
    for (i, demonstration) in demonstrations.iter().enumerate() {
        let demonstration = collapse(demonstration);
        let demonstration = demonstration.trim_end_matches(':').trim_end();
        write!(text, "\n{}. {demonstration}", i + 1).expect("a string takes all");
    }
    let next = demonstrations.len() + 1;
    match form {
        Form::Continue => Input::Text(format!("{text}\n{next}.")),
        Form::Chat => {
            let last = demonstrations.len() + tasks_per_request as usize;
            let request = format!(
                "Go on with this list: write tasks {next} to {last}. Let them differ from each other and from those \
                 above in topic, kind and length. Give each a line that starts with its number, and leave out \
                 the answers."
            );
            Input::Chat(vec![Message::user(format!("{text}\n\n{request}"))])
        }
    }
}

/// Strings that show that the list has ended, beyond those that a configuration gives.
pub(crate) fn stops(
    form: Form,
    answers: Answers,
    n_demonstrations: usize,
    tasks_per_request: u32,
) -> Vec<String> {
    let after_last = format!("\n{}.", n_demonstrations + tasks_per_request as usize + 1);
    match (form, answers) {
        // The demonstrations have no blank line; behind one there is something else than the list.
        (Form::Continue, Answers::Cut) => vec!["\n\n".to_owned(), after_last],
        (Form::Continue, Answers::Keep) | (Form::Chat, _) => vec![after_last],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(form: Form) -> String {
        let demonstrations = ["Name a  bird\nthat sings.", "Translate into French:"];
        match render(form, "Come up with a series of tasks:", &demonstrations, 4) {
            Input::Text(text) => text,
            Input::Chat(messages) => messages.into_iter().map(|m| m.content).collect(),
            Input::Tokens(ids) => panic!("tokens {ids:?}"),
        }
    }

    #[test]
    fn the_list_breaks_off_after_a_number() {
        insta::assert_snapshot!(text(Form::Continue), @r"
        Come up with a series of tasks:
        1. Name a bird that sings.
        2. Translate into French
        3.
        ");
    }

    #[test]
    fn a_chat_asks_for_the_next_tasks() {
        insta::assert_snapshot!(text(Form::Chat), @r"
        Come up with a series of tasks:
        1. Name a bird that sings.
        2. Translate into French

        Go on with this list: write tasks 3 to 6. Let them differ from each other and from those above in topic, kind and length. Give each a line that starts with its number, and leave out the answers.
        ");
    }
}
