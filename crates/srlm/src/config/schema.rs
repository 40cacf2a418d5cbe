//! What keys there are, and what is said of them: the JSON schema, which the types give.

use std::sync::LazyLock;

use schemars::generate::SchemaSettings;
use serde_json::{Map, Value};

use super::RunConfig;
use super::lines::joined;

/// The schema without references.
static INLINE: LazyLock<Value> = LazyLock::new(|| {
    let settings =
        SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<RunConfig>().to_value()
});

/// The part of the schema that is about the whole file.
pub(super) fn root() -> &'static Value {
    &INLINE
}

/// The keys of a table, in the order in which the types have them.
pub(super) fn keys(schema: &Value) -> Option<&Map<String, Value>> {
    table(schema)?.get("properties")?.as_object()
}

/// What every entry of a table with free names is, such as those of `[engines]`.
pub(super) fn entries(schema: &Value) -> Option<&Value> {
    schema.get("additionalProperties").filter(|entry| entry.is_object())
}

/// The part of the schema about a key below this one.
pub(super) fn child<'a>(schema: &'a Value, key: &str) -> Option<&'a Value> {
    keys(schema).and_then(|keys| keys.get(key)).or_else(|| entries(schema))
}

/// What is said of a key.
pub(super) fn description(schema: &Value) -> Option<&str> {
    schema.get("description")?.as_str()
}

/// The values of a key that has few.
pub(super) fn choices(schema: &Value) -> Vec<&str> {
    let listed = schema.get("enum").and_then(Value::as_array).into_iter().flatten();
    let described = schema.get("oneOf").and_then(Value::as_array).into_iter().flatten();
    listed.chain(described.filter_map(|one| one.get("const"))).filter_map(Value::as_str).collect()
}

/// Whether a key holds other keys.
pub(super) fn is_table(schema: &Value) -> bool {
    keys(schema).is_some() || entries(schema).is_some()
}

/// Whether the key at this path holds other keys.
pub(super) fn is_table_at(path: &str) -> bool {
    path.split('.').try_fold(root(), child).is_some_and(is_table)
}

/// Every key that is no table, by its path. Those of optional tables are among them; those of a
/// table with free names are not.
pub(super) fn paths() -> Vec<String> {
    let mut found = Vec::new();
    collect("", root(), &mut found);
    found
}

fn collect(path: &str, schema: &Value, found: &mut Vec<String>) {
    match keys(schema) {
        Some(keys) => {
            keys.iter().for_each(|(key, inner)| collect(&joined(path, key), inner, found))
        }
        None if entries(schema).is_some() => {}
        None => found.push(path.to_owned()),
    }
}

/// A table's schema, also where the table may be left out.
fn table(schema: &Value) -> Option<&Value> {
    if schema.get("properties").is_some() {
        return Some(schema);
    }
    let any = schema.get("anyOf")?.as_array()?;
    any.iter().find(|any| any.get("properties").is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_says_what_it_is() {
        let mut silent = Vec::new();
        for path in paths() {
            let schema = path.split('.').try_fold(root(), child).unwrap();
            if description(schema).is_none() {
                silent.push(path);
            }
        }
        assert!(silent.is_empty(), "{silent:?}");
    }

    #[test]
    fn keys_are_counted_so_that_a_new_one_is_a_decision() {
        let of_optional_tables = ["sft.lora.", "dpo.lora.", "responses.system"];
        let is_optional = |path: &String| of_optional_tables.iter().any(|at| path.starts_with(at));
        assert_eq!(paths().iter().filter(|path| !is_optional(path)).count(), 202);
    }
}
