//! Where in a file each of its keys stands.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

/// The line of every key of a TOML text by its path, `sft.train.epochs`; tables have one as well.
/// Empty where the text does not parse, which the parser itself says better.
pub(super) fn of(text: &str) -> BTreeMap<String, usize> {
    let mut lines = BTreeMap::new();
    if let Ok(table) = DeTable::parse(text) {
        collect("", table.get_ref(), text, &mut lines);
    }
    lines
}

fn collect(path: &str, table: &DeTable<'_>, text: &str, lines: &mut BTreeMap<String, usize>) {
    for (key, value) in table {
        let path = joined(path, key.get_ref());
        let before = text.get(..key.span().start).unwrap_or_default();
        lines.insert(path.clone(), before.matches('\n').count() + 1);
        if let DeValue::Table(inner) = value.get_ref() {
            collect(&path, inner, text, lines);
        }
    }
}

/// A key below a path.
pub(super) fn joined(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_its_line() {
        let text =
            "preset = \"tiny\"\n\n[dpo]\nbeta = 0.2\ntrain.epochs = 3\n[sft.train]\nepochs = 1\n";
        let lines = of(text);
        let line = |path: &str| lines.get(path).copied();
        assert_eq!(line("preset"), Some(1));
        assert_eq!(line("dpo"), Some(3));
        assert_eq!(line("dpo.beta"), Some(4));
        assert_eq!(line("dpo.train.epochs"), Some(5));
        assert_eq!(line("sft.train.epochs"), Some(7));
        assert_eq!(line("sft.epochs"), None);
    }
}
