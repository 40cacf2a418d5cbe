//! A model's chat template, rendered as transformers renders it.

mod tojson;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::fmt::strtime;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ZonedDateTime};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{Environment, ErrorKind, context};
use srlm_artifact::Message;

use crate::error::Error;
use crate::tokenizer::SpecialTokens;

/// Name under which the template is compiled; it has no extension, so nothing is escaped.
const NAME: &str = "chat_template";

/// A compiled template.
#[derive(Clone, Debug)]
pub(crate) struct ChatTemplate {
    source: Arc<str>,
    environment: Environment<'static>,
}

impl ChatTemplate {
    /// Compiles `source`, with the settings, functions and filters that transformers gives its
    /// templates.
    ///
    /// # Source
    /// transformers, `utils/chat_template_utils.py: _compile_jinja_template`.
    pub(crate) fn new(source: &str) -> Result<Self, Error> {
        let mut environment = Environment::new();
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        environment.set_syntax(syntax.map_err(|e| refused(&e))?);
        environment
            .set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        environment.add_filter("tojson", tojson::tojson);
        environment.add_function("raise_exception", raise_exception);
        environment.add_function("strftime_now", strftime_now);
        environment
            .add_template_owned(NAME, without_generation_blocks(source))
            .map_err(|e| refused(&e))?;
        Ok(Self { source: source.into(), environment })
    }

    /// The template's text, unchanged.
    pub(crate) fn source(&self) -> &str {
        &self.source
    }

    pub(crate) fn render(
        &self,
        messages: &[Message],
        add_generation_prompt: bool,
        special: &SpecialTokens,
    ) -> Result<String, Error> {
        let tokens: BTreeMap<&str, Value> =
            special.named().map(|(name, token)| (name, Value::from(token))).collect();
        let tokens = Value::from(tokens);
        let messages = Value::from(Serde(messages));
        let values =
            context! { messages, add_generation_prompt, tools => (), documents => (), ..tokens };
        self.environment.get_template(NAME).and_then(|t| t.render(values)).map_err(|e| refused(&e))
    }
}

/// The whole chain of causes: minijinja puts the line in the first and the reason in a later one.
fn refused(error: &minijinja::Error) -> Error {
    let mut reason = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        reason = format!("{reason}: {error}");
        cause = error.source();
    }
    Error::Template { reason }
}

fn raise_exception(message: String) -> Result<String, minijinja::Error> {
    Err(minijinja::Error::new(ErrorKind::InvalidOperation, message))
}

/// The present time in UTC, by strftime's letters.
fn strftime_now(format: &str) -> Result<String, minijinja::Error> {
    strftime(format, Timestamp::now()).map_err(|error| {
        let reason = format!("strftime_now({format:?}): {error}");
        minijinja::Error::new(ErrorKind::InvalidOperation, reason)
    })
}

fn strftime(format: &str, time: Timestamp) -> Result<String, jiff::Error> {
    strtime::format(format, &ZonedDateTime::new(time, TimeZone::UTC))
}

/// transformers marks the model's words with `{% generation %}` blocks, which change no text; here
/// they are `if`s.
fn without_generation_blocks(source: &str) -> String {
    let mut text = source.to_owned();
    for (open, close) in [("{%", "%}"), ("{%-", "%}"), ("{%", "-%}"), ("{%-", "-%}")] {
        text =
            text.replace(&format!("{open} generation {close}"), &format!("{open} if true {close}"));
        text = text
            .replace(&format!("{open} endgeneration {close}"), &format!("{open} endif {close}"));
    }
    text
}

#[cfg(test)]
mod tests;
