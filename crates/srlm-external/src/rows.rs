//! Rows in the form that the program reads.

use serde_json::{Value, json};
use srlm_artifact::{IftRow, Message, PairRow};
use srlm_checkpoint::Tokenizer;

use crate::config::Tool;
use crate::error::Error;

/// An example of supervised fine-tuning: for TRL `{prompt, completion}`, for axolotl `{messages}`
/// with `train` on the last one.
pub(crate) fn example(tool: Tool, row: &IftRow) -> Value {
    let answer = Message::assistant(&row.response);
    match tool {
        Tool::Trl => json!({ "prompt": row.prompt.messages(), "completion": [answer] }),
        Tool::Axolotl => {
            let turn = |message: &Message, train: bool| json!({ "role": message.role, "content": message.content, "train": train });
            let before = row.prompt.messages().iter().map(|message| turn(message, false));
            json!({ "messages": before.chain([turn(&answer, true)]).collect::<Vec<_>>() })
        }
    }
}

/// A pair, alike for both: `{prompt, chosen, rejected}`, each a list of messages.
pub fn pair(row: &PairRow) -> Value {
    let answer = |text: &str| json!([Message::assistant(text)]);
    json!({ "prompt": row.prompt.messages(), "chosen": answer(&row.chosen), "rejected": answer(&row.rejected) })
}

/// Refuses a response that the template does not write behind its prompt as the model is asked.
pub(crate) fn check(
    tokenizer: &Tokenizer,
    id: &str,
    prompt: &[Message],
    response: &str,
) -> Result<(), Error> {
    let rendered = |messages: &[Message], asks| {
        let failed = |source| Error::Example { id: id.to_owned(), source };
        tokenizer.render_chat(messages, asks).map_err(failed)
    };
    let whole = [prompt, &[Message::assistant(response)]].concat();
    if rendered(&whole, false)?.starts_with(&rendered(prompt, true)?) {
        Ok(())
    } else {
        Err(Error::Prefix { id: id.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use srlm_artifact::Prompt;

    use super::*;

    #[test]
    fn each_program_is_told_to_learn_the_last_response_alone() {
        let prompt = Prompt::conversation(vec![
            Message::user("Hi"),
            Message::assistant("Hello"),
            Message::user("Bye"),
        ]);
        let row = IftRow {
            prompt_id: "a".into(),
            prompt,
            response: "See you".into(),
            source: "own".into(),
        };
        insta::assert_snapshot!(example(Tool::Trl, &row), @r#"{"prompt":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Hello"},{"role":"user","content":"Bye"}],"completion":[{"role":"assistant","content":"See you"}]}"#);
        insta::assert_snapshot!(example(Tool::Axolotl, &row), @r#"{"messages":[{"role":"user","content":"Hi","train":false},{"role":"assistant","content":"Hello","train":false},{"role":"user","content":"Bye","train":false},{"role":"assistant","content":"See you","train":true}]}"#);
    }
}
