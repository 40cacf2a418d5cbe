//! Which field of a recipe is not what it was.

use serde_json::{Value, json};

use crate::canonical::canonical;
use crate::{Input, Recipe};

/// A field and its two values.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) field: String,
    pub(crate) was: String,
    pub(crate) now: String,
}

impl Change {
    /// With the values that are at their defaults, of which the comparison knows nothing.
    fn in_full(self, was: &Recipe, now: &Recipe) -> Self {
        let Some(path) = self.field.strip_prefix("config.") else { return self };
        let pointer = format!("/{}", path.replace('.', "/"));
        let [was, now] = [was, now].map(|recipe| recipe.config.pointer(&pointer));
        if matches!((was, now), (Some(Value::Object(_)), _) | (_, Some(Value::Object(_)))) {
            return self;
        }
        let text =
            |value: Option<&Value>| shortened(value.map_or_else(|| "absent".to_owned(), canonical));
        Self { was: text(was), now: text(now), ..self }
    }
}

/// The first difference that makes a recipe another one, if any: stage, version, seed,
/// configuration, inputs. A setting at its default is as one that is absent.
pub(crate) fn first_change(was: &Recipe, now: &Recipe) -> Option<Change> {
    let document = |recipe: &Recipe| {
        json!({
            "stage": recipe.stage,
            "stage_version": recipe.stage_version,
            "seed": recipe.seed,
            "config": recipe.config.differences(&now.config),
            "inputs": inputs_by_role(&recipe.inputs),
        })
    };
    let change = compare("", Some(&document(was)), Some(&document(now)))?;
    Some(change.in_full(was, now))
}

fn inputs_by_role(inputs: &[Input]) -> Value {
    inputs
        .iter()
        .map(|input| (input.role.clone(), json!(format!("{} {}", input.kind, input.content_hash))))
        .collect()
}

fn compare(field: &str, was: Option<&Value>, now: Option<&Value>) -> Option<Change> {
    if let (Some(Value::Object(was)), Some(Value::Object(now))) = (was, now) {
        let gone = was.keys().filter(|name| !now.contains_key(*name));
        return now.keys().chain(gone).find_map(|name| {
            let inner = if field.is_empty() { name.clone() } else { format!("{field}.{name}") };
            compare(&inner, was.get(name), now.get(name))
        });
    }
    let [was, now] = [was, now].map(|value| value.map_or_else(|| "absent".to_owned(), canonical));
    (was != now).then(|| Change {
        field: field.to_owned(),
        was: shortened(was),
        now: shortened(now),
    })
}

/// Long values (a template, a list) are cut: the field's name is what helps.
fn shortened(text: String) -> String {
    const MOST: usize = 80;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}
