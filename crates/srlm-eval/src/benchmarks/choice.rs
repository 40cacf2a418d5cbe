//! Questions with choices: rows in the official columns, or in llm-foundry's.

use std::sync::LazyLock;

use regex::Regex;

use super::document::Document;
use super::lettered::{letters, listed, split_query};
use super::python::{capitalize, strip};
use super::row::{Row, RowError};

type Read = Result<Document, RowError>;

/// What HellaSwag's texts have in square brackets is left over from their web pages.
static BRACKETS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\[.*?\]").expect("a valid pattern"));

pub(super) fn arc(row: Row<'_>) -> Read {
    let context = |question| format!("Question: {question}\nAnswer:");
    if row.has("query") {
        let query = row.text("query")?;
        return queried(row, context(query.strip_prefix("Question: ").unwrap_or(query)));
    }
    let choices = row.object("choices")?.texts("text")?;
    Ok(Document::Choice {
        context: context(row.text("question")?),
        choices,
        target: row.labelled()?,
    })
}

pub(super) fn openbookqa(row: Row<'_>) -> Read {
    if row.has("query") {
        return queried(row, row.text("query")?.to_owned());
    }
    let choices = row.object("choices")?.texts("text")?;
    Ok(Document::Choice {
        context: row.text("question_stem")?.to_owned(),
        choices,
        target: row.labelled()?,
    })
}

pub(super) fn piqa(row: Row<'_>) -> Read {
    let context = |goal| format!("Question: {goal}\nAnswer:");
    if row.has("query") {
        let query = row.text("query")?;
        let goal = query.strip_prefix("Question: ").and_then(|query| query.strip_suffix('\n'));
        return queried(
            row,
            context(goal.ok_or_else(|| row.error("query", "`Question: ` and one line"))?),
        );
    }
    let choices = vec![row.text("sol1")?.to_owned(), row.text("sol2")?.to_owned()];
    Ok(Document::Choice {
        context: context(row.text("goal")?),
        choices,
        target: row.index("label", 0, 2)?,
    })
}

pub(super) fn hellaswag(row: Row<'_>) -> Read {
    let clean = |text: &str| {
        BRACKETS.replace_all(&strip(text).replace(" [title]", ". "), "").replace("  ", " ")
    };
    let (label, begun) = (row.text("activity_label")?, row.text("ctx_a")?);
    let context = clean(&format!("{label}: {begun} {}", capitalize(row.text("ctx_b")?)));
    let choices: Vec<String> = row.texts("endings")?.iter().map(|ending| clean(ending)).collect();
    let target = row.index("label", 0, choices.len())?;
    Ok(Document::Choice { context, choices, target })
}

pub(super) fn social_iqa(row: Row<'_>) -> Read {
    let prompt = |context, question| format!("Q: {context} {question}\nA:");
    if row.has("query") {
        let (head, choices) = split_query(row)?;
        let parts =
            head.strip_prefix("Context: ").and_then(|head| head.rsplit_once("\nQuestion: "));
        let (context, question) =
            parts.ok_or_else(|| row.error("query", "`Context: ` and `Question: ` lines"))?;
        let target = row.index("gold", 0, choices.len())?;
        return Ok(Document::Choice { context: prompt(context, question), choices, target });
    }
    let answers = ["answerA", "answerB", "answerC"].map(|key| row.text(key).map(str::to_owned));
    let choices = answers.into_iter().collect::<Result<_, _>>()?;
    let context = prompt(row.text("context")?, row.text("question")?);
    Ok(Document::Choice { context, choices, target: row.index("label", 1, 3)? })
}

pub(super) fn mmlu(row: Row<'_>) -> Read {
    let choices = row.texts("choices")?;
    let context = format!("{}\n{}Answer:", strip(row.text("question")?), listed(&choices));
    let target = row.index("answer", 0, choices.len())?;
    Ok(Document::Choice { context, choices: letters(choices.len()), target })
}

pub(super) fn commonsense_qa(row: Row<'_>) -> Read {
    let (question, choices, target) = if row.has("query") {
        let (head, choices) = split_query(row)?;
        let target = row.index("gold", 0, choices.len())?;
        (head.strip_prefix("Question: ").unwrap_or(head), choices, target)
    } else {
        (row.text("question")?, row.object("choices")?.texts("text")?, row.labelled()?)
    };
    let context = format!("Question: {}\n{}Answer:", strip(question), listed(&choices));
    Ok(Document::Choice { context, choices: letters(choices.len()), target })
}

pub(super) fn boolq(row: Row<'_>) -> Read {
    let (passage, question, target) = if row.has("query") {
        let query = row.text("query")?.strip_prefix("Passage: ");
        let parts = query.and_then(|query| query.rsplit_once("\nQuestion: "));
        let (passage, question) =
            parts.ok_or_else(|| row.error("query", "`Passage: ` and `Question: ` lines"))?;
        (passage, question.strip_suffix('?').unwrap_or(question), row.index("gold", 0, 2)?)
    } else {
        (row.text("passage")?, row.text("question")?, row.index("label", 0, 2)?)
    };
    let context = format!("{passage}\nQuestion: {question}?\nAnswer:");
    Ok(Document::Choice { context, choices: vec!["no".to_owned(), "yes".to_owned()], target })
}

pub(super) fn copa(row: Row<'_>) -> Read {
    if row.has("query") {
        let parts = row.text("query")?.rsplit_once(", ");
        let (premise, connector) =
            parts.ok_or_else(|| row.error("query", "a premise, a comma and a connector"))?;
        let choices = row.texts("choices")?.iter().map(|choice| copa_choice(choice)).collect();
        let context = format!("{premise} {connector}");
        return Ok(Document::Choice { context, choices, target: row.index("gold", 0, 2)? });
    }
    let connector = match row.text("question")? {
        "cause" => "because",
        "effect" => "therefore",
        _ => return Err(row.error("question", "`cause` or `effect`")),
    };
    // The last character is the period.
    let mut premise = strip(row.text("premise")?).chars();
    premise.next_back();
    let choices = vec![copa_choice(row.text("choice1")?), copa_choice(row.text("choice2")?)];
    let context = format!("{} {connector}", premise.as_str());
    Ok(Document::Choice { context, choices, target: row.index("label", 0, 2)? })
}

/// The harness puts a space here and a delimiter before it: COPA's continuations begin with two
/// spaces.
fn copa_choice(choice: &str) -> String {
    let mut characters = choice.chars();
    let first: String = characters.next().into_iter().flat_map(char::to_lowercase).collect();
    format!(" {first}{}", characters.as_str())
}

pub(super) fn winogrande(row: Row<'_>) -> Read {
    if row.has("context_options") {
        let contexts = row.texts("context_options")?;
        let target = row.index("gold", 0, contexts.len())?;
        return Ok(Document::Blank {
            contexts,
            continuation: strip(row.text("continuation")?).to_owned(),
            target,
        });
    }
    let parts = row.text("sentence")?.split_once('_');
    let (before, after) =
        parts.ok_or_else(|| row.error("sentence", "a sentence with a blank `_`"))?;
    let contexts = vec![
        format!("{before}{}", row.text("option1")?),
        format!("{before}{}", row.text("option2")?),
    ];
    Ok(Document::Blank {
        contexts,
        continuation: strip(after).to_owned(),
        target: row.index("answer", 1, 2)?,
    })
}

/// A row of llm-foundry whose `choices` are what is asked.
fn queried(row: Row<'_>, context: String) -> Read {
    let choices = row.texts("choices")?;
    let target = row.index("gold", 0, choices.len())?;
    Ok(Document::Choice { context, choices, target })
}
