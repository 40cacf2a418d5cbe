//! Questions without choices: rows in the official columns, or in llm-foundry's.

use super::AnswerRule;
use super::document::Document;
use super::python::strip;
use super::row::{Row, RowError};

type Read = Result<Document, RowError>;

const AFTER_WORKING: &[&str] = &["Question:", "</s>", "<|im_end|>"];
const AFTER_PHRASE: &[&str] = &["\n", ".", ","];

pub(super) fn lambada(row: Row<'_>) -> Read {
    let text = match row.has("continuation") {
        true => format!("{} {}", row.text("context")?, row.text("continuation")?),
        false => row.text("text")?.to_owned(),
    };
    let (context, word) = text.rsplit_once(' ').unwrap_or(("", &text));
    Ok(Document::Continuation {
        context: context.to_owned(),
        delimiter: " ",
        continuation: format!(" {word}"),
    })
}

pub(super) fn arithmetic(row: Row<'_>) -> Read {
    let (context, continuation) = match row.has("continuation") {
        true => (row.text("context")?.to_owned(), row.text("continuation")?),
        false => {
            let context = strip(row.text("context")?).replace("\n\n", "\n");
            (context.replace("Q:", "Question:").replace("A:", "Answer:"), row.text("completion")?)
        }
    };
    Ok(Document::Continuation { context, delimiter: "", continuation: continuation.to_owned() })
}

pub(super) fn gsm8k(row: Row<'_>) -> Read {
    Ok(worked(row.text("question")?, row.text("answer")?))
}

pub(super) fn svamp(row: Row<'_>) -> Read {
    if row.has("context") {
        return Ok(worked(row.text("context")?, row.text("answer")?));
    }
    let question = format!("{} {}", strip(row.text("Body")?), strip(row.text("Question")?));
    // Whole numbers have a fraction of zero in the official columns.
    let answer = row.text("Answer")?;
    Ok(worked(&question, answer.strip_suffix(".0").unwrap_or(answer)))
}

fn worked(question: &str, answer: &str) -> Document {
    Document::Answer {
        prompt: format!("Question: {question}\nAnswer:"),
        shown: answer.to_owned(),
        answers: vec![answer.to_owned()],
        stop: AFTER_WORKING,
        rule: AnswerRule::Number,
    }
}

pub(super) fn triviaqa(row: Row<'_>) -> Read {
    let (question, answers) = if row.has("context") {
        let context = row
            .text("context")?
            .strip_prefix("Question: ")
            .and_then(|text| text.strip_suffix("\nAnswer:"));
        (
            context.ok_or_else(|| row.error("context", "`Question: ` and `Answer:` lines"))?,
            row.texts("aliases")?,
        )
    } else {
        (row.text("question")?, row.object("answer")?.texts("aliases")?)
    };
    Ok(phrase(format!("Question: {question}?\nAnswer:"), answers, AnswerRule::Phrase))
}

pub(super) fn nq_open(row: Row<'_>) -> Read {
    let prompt = format!("Q: {}?\nA:", row.text("question")?);
    Ok(phrase(prompt, row.texts("answer")?, AnswerRule::PhraseWithoutArticles))
}

fn phrase(prompt: String, answers: Vec<String>, rule: AnswerRule) -> Document {
    Document::Answer { prompt, shown: answers[0].clone(), answers, stop: AFTER_PHRASE, rule }
}
