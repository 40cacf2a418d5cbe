//! Fields of rows, as the types that columns need.

use serde_json::Value;

use crate::Problem;

/// The value at a name, or at a path with dots into objects and arrays. Null counts as absent.
pub(crate) fn at<'v>(row: &'v Value, path: &str) -> Option<&'v Value> {
    let step = |value: &'v Value, name: &str| match value {
        Value::Array(items) => items.get(name.parse::<usize>().ok()?),
        _ => value.get(name),
    };
    let found = row.get(path).or_else(|| path.split('.').try_fold(row, step));
    found.filter(|value| !value.is_null())
}

/// A text.
pub(crate) fn text(value: &Value) -> Result<String, Problem> {
    value.as_str().map(str::to_owned).ok_or_else(|| not("a text", value))
}

/// An id: a text or a whole number. Blank ones count as absent.
pub(crate) fn id(value: &Value) -> Result<Option<String>, Problem> {
    let id = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) if !number.is_f64() => number.to_string(),
        _ => return Err(not("a text or a whole number", value)),
    };
    Ok((!id.is_empty()).then_some(id))
}

/// A number, a text that is one, or the mean of a list of them.
pub(crate) fn number(value: &Value) -> Result<f64, Problem> {
    let found = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Array(items) if !items.is_empty() => {
            let sum = items.iter().map(number).sum::<Result<f64, Problem>>()?;
            Some(sum / items.len() as f64)
        }
        _ => None,
    };
    found
        .filter(|number| number.is_finite())
        .ok_or_else(|| not("a number or a list of numbers", value))
}

/// Names what is there instead.
pub(crate) fn not(expected: &str, value: &Value) -> Problem {
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    let found = if found == expected { "another one" } else { found };
    Problem::new("", format!("is not {expected} but {found}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_leads_into_objects_and_arrays() {
        let row = json!({ "a": { "b": [1, { "c": 2 }] }, "a.b": 3, "n": null });
        let check =
            |path, expected: Option<Value>| assert_eq!(at(&row, path).cloned(), expected, "{path}");
        check("a.b", Some(json!(3)));
        check("a.b.0", Some(json!(1)));
        check("a.b.1.c", Some(json!(2)));
        check("a.b.7", None);
        check("a.x", None);
        check("n", None);
        check("", None);
    }

    #[test]
    fn numbers_come_in_several_forms() {
        let check = |value: Value, expected: Option<f64>| {
            assert_eq!(number(&value).ok(), expected, "{value}")
        };
        check(json!(4), Some(4.0));
        check(json!("4.5 "), Some(4.5));
        check(json!([4, 5, "3"]), Some(4.0));
        check(json!([]), None);
        check(json!("NaN"), None);
        check(json!(true), None);
    }
}
