//! JSON with one spelling for each value, and hashes of it.

use serde_json::Value;

use crate::sha256;

/// `sha256:` and the hash of the canonical form.
pub(crate) fn hash_json(value: &Value) -> String {
    format!("sha256:{}", sha256(canonical(value)))
}

/// Keys sorted by their bytes, no blanks.
pub(crate) fn canonical(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    text
}

fn write(value: &Value, text: &mut String) {
    match value {
        Value::Array(items) => separated('[', items, ']', text, write),
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(name, _)| *name);
            separated('{', fields, '}', text, |(name, value), text| {
                *text += &Value::from(name.as_str()).to_string();
                text.push(':');
                write(value, text);
            });
        }
        scalar => *text += &scalar.to_string(),
    }
}

fn separated<T>(
    open: char,
    items: impl IntoIterator<Item = T>,
    close: char,
    text: &mut String,
    mut write: impl FnMut(T, &mut String),
) {
    text.push(open);
    for (i, item) in items.into_iter().enumerate() {
        if i > 0 {
            text.push(',');
        }
        write(item, text);
    }
    text.push(close);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_sorted_at_every_depth() {
        let value =
            serde_json::from_str(r#"{ "b": [1, {"z": 1.0, "y": null}], "a": "\"\n", "é": true }"#)
                .unwrap();
        assert_eq!(canonical(&value), r#"{"a":"\"\n","b":[1,{"y":null,"z":1.0}],"é":true}"#);
    }

    #[test]
    fn the_hash_does_not_see_the_order_of_keys() {
        let [first, second] = [r#"{"a":1,"b":{"c":2,"d":3}}"#, r#"{"b":{"d":3,"c":2},"a":1}"#]
            .map(|text| hash_json(&serde_json::from_str(text).unwrap()));
        assert_eq!(first, second);
        assert_ne!(
            first,
            hash_json(&serde_json::from_str(r#"{"a":1,"b":{"c":2,"d":4}}"#).unwrap())
        );
    }
}
