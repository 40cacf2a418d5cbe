//! What differs in configurations.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

/// A key whose value is not the same in all runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Dotted, such as `dpo.beta`.
    pub key: String,
    /// Its value in each run as TOML writes it; `None` where the run does not have the key, or no
    /// readable `run.toml`.
    pub values: Vec<Option<String>>,
}

pub(super) fn differences(configs: &[Option<&str>]) -> Vec<Difference> {
    let flat: Vec<BTreeMap<String, String>> = configs.iter().map(|config| flat(*config)).collect();
    let keys: BTreeSet<&String> = flat.iter().flat_map(BTreeMap::keys).collect();
    let difference = |key: &String| {
        let values: Vec<Option<String>> =
            flat.iter().map(|config| config.get(key).cloned()).collect();
        values
            .iter()
            .any(|value| *value != values[0])
            .then(|| Difference { key: key.clone(), values })
    };
    keys.into_iter().filter_map(difference).collect()
}

fn flat(config: Option<&str>) -> BTreeMap<String, String> {
    let mut flat = BTreeMap::new();
    if let Some(table) = config.and_then(|config| config.parse::<toml::Table>().ok()) {
        flatten("", &toml::Value::Table(table), &mut flat);
    }
    flat
}

fn flatten(key: &str, value: &toml::Value, flat: &mut BTreeMap<String, String>) {
    match value {
        toml::Value::Table(table) => {
            for (name, value) in table {
                let key = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
                flatten(&key, value, flat);
            }
        }
        value => {
            flat.insert(key.to_owned(), value.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_listed() {
        let a = "seed = 1\n[dpo]\nbeta = 0.1\nlosses = [\"sigmoid\"]\n";
        let b = "seed = 1\n[dpo]\nbeta = 0.3\nlosses = [\"sigmoid\"]\n[stop]\npatience = 1\n";
        let found = differences(&[Some(a), Some(b)]);
        let some = |value: &str| Some(value.to_owned());
        assert_eq!(
            found,
            [
                Difference { key: "dpo.beta".to_owned(), values: vec![some("0.1"), some("0.3")] },
                Difference { key: "stop.patience".to_owned(), values: vec![None, some("1")] },
            ]
        );
        assert_eq!(differences(&[Some(a), Some(a)]), []);
        assert_eq!(differences(&[]), []);
        assert_eq!(differences(&[None, Some("x = 1")]).len(), 1);
    }
}
