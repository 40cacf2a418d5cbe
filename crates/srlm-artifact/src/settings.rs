//! A stage's settings, and what they are where nobody sets them.

use std::ops::{Deref, DerefMut};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The settings in a recipe: a JSON object, which is written whole, with the defaults of its keys,
/// which are not.
///
/// Two recipes are the same where their settings differ from the defaults in the same way. So a key
/// that a later version adds leaves what earlier versions made up to date, as long as it is at its
/// default; and where a default changes, what was made under the old one is seen to be other.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Settings {
    values: Value,
    #[serde(skip)]
    defaults: Value,
}

impl Settings {
    /// A configuration and the defaults of its type.
    ///
    /// # Panics
    /// Where it is not plain data: a map whose keys are no texts.
    pub fn of<T: Serialize + Default>(config: &T) -> Self {
        Self { values: plain(config), defaults: plain(&T::default()) }
    }

    /// Gives the key at a path, `sampling.top_p`, another default: where it holds an optional table,
    /// that of the table; where only earlier versions had it, what it was by default in them.
    ///
    /// # Panics
    /// As [`of`](Self::of).
    #[must_use]
    pub fn with_default(mut self, path: &str, default: &impl Serialize) -> Self {
        let place = path.split('.').fold(&mut self.defaults, |table, key| &mut table[key]);
        *place = plain(default);
        self
    }

    /// Puts other settings under a name.
    #[must_use]
    pub fn with(mut self, name: &str, inner: Self) -> Self {
        self.values[name] = inner.values;
        self.defaults[name] = inner.defaults;
        self
    }

    /// What is not as the defaults of `now` have it; those of `self` may be of another version.
    pub(crate) fn differences(&self, now: &Self) -> Value {
        differences(&self.values, &now.defaults)
    }
}

impl From<Value> for Settings {
    /// Values of which each counts, whatever it is.
    fn from(values: Value) -> Self {
        Self { values, defaults: Value::Null }
    }
}

impl PartialEq for Settings {
    fn eq(&self, other: &Self) -> bool {
        self.values == other.values
    }
}

impl Deref for Settings {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.values
    }
}

impl DerefMut for Settings {
    fn deref_mut(&mut self) -> &mut Value {
        &mut self.values
    }
}

fn plain(config: &impl Serialize) -> Value {
    serde_json::to_value(config).expect("settings are plain data")
}

/// The keys, at any depth, whose values are not the defaults.
fn differences(values: &Value, defaults: &Value) -> Value {
    let (Value::Object(values), Value::Object(defaults)) = (values, defaults) else {
        return values.clone();
    };
    let mut found = Map::new();
    for (key, value) in values {
        let default = defaults.get(key);
        if default == Some(value) {
            continue;
        }
        let inner = differences(value, default.unwrap_or(&Value::Null));
        if default.is_none() || !is_empty(&inner) {
            found.insert(key.clone(), inner);
        }
    }
    Value::Object(found)
}

fn is_empty(value: &Value) -> bool {
    value.as_object().is_some_and(Map::is_empty)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[derive(Serialize, Default)]
    struct Inner {
        rank: u32,
    }

    #[derive(Serialize, Default)]
    struct Config {
        count: u32,
        names: Vec<String>,
        table: Inner,
        optional: Option<Inner>,
    }

    fn found(config: &Config) -> Value {
        let settings = Settings::of(config).with_default("optional", &Inner::default());
        settings.differences(&settings)
    }

    #[test]
    fn what_is_at_its_default_is_left_out_at_any_depth() {
        let none = json!({ "optional": null });
        assert_eq!(found(&Config::default()), none);
        let config =
            Config { names: vec!["a".into()], table: Inner { rank: 2 }, ..Config::default() };
        assert_eq!(
            found(&config),
            json!({ "names": ["a"], "table": { "rank": 2 }, "optional": null })
        );
    }

    #[test]
    fn an_optional_table_at_its_defaults_is_not_an_absent_one() {
        let config = Config { optional: Some(Inner::default()), ..Config::default() };
        assert_ne!(found(&config), found(&Config::default()));
        let config = Config { optional: Some(Inner { rank: 3 }), ..Config::default() };
        assert_eq!(found(&config), json!({ "optional": { "rank": 3 } }));
    }

    #[test]
    fn what_has_no_default_always_counts() {
        let mut settings = Settings::of(&Config::default());
        settings["iteration"] = 0.into();
        settings["empty"] = json!({});
        assert_eq!(settings.differences(&settings), json!({ "iteration": 0, "empty": {} }));
        let plain = Settings::from(json!({ "rows": "sha256:00" }));
        assert_eq!(plain.differences(&plain), json!({ "rows": "sha256:00" }));
    }

    #[test]
    fn a_key_that_only_earlier_versions_had_counts_where_it_was_set() {
        let now = Settings::of(&Config::default()).with_default("table.old", &1);
        let before = |old: u32| Settings::from(json!({ "table": { "rank": 0, "old": old } }));
        assert_eq!(before(1).differences(&now), json!({}));
        assert_eq!(before(2).differences(&now), json!({ "table": { "old": 2 } }));
    }

    #[test]
    fn only_the_values_are_written() {
        let settings = Settings::of(&Config::default());
        let text = serde_json::to_string(&settings).unwrap();
        assert_eq!(text, r#"{"count":0,"names":[],"table":{"rank":0},"optional":null}"#);
        assert_eq!(serde_json::from_str::<Settings>(&text).unwrap(), settings);
    }
}
