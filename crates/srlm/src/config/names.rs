//! Keys by name: old ones, and those that were meant.

use serde_json::Value as Json;
use toml::{Table, Value};

use super::lines::joined;
use super::schema;

/// What became of a key of an earlier version.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Fate {
    /// It has another name.
    Renamed(&'static str),
    /// It is gone, for this reason.
    Gone(&'static str),
}

/// Keys that earlier versions had.
const OLD: &[(&str, Fate)] = &[
    ("pairs.top_k", Fate::Renamed("pairs.candidates_per_end")),
    ("eval.verdict_sampling.max_tokens", Fate::Renamed("eval.verdict_max_tokens")),
    (
        "eval.verdict_sampling",
        Fate::Gone("verdicts are the likeliest text, of at most eval.verdict_max_tokens tokens"),
    ),
    ("eval.sampling", Fate::Gone("answers are drawn as in responses.sampling")),
    ("eval.bins", Fate::Gone("curves have ten ranges")),
    ("eval.ratings", Fate::Gone("M0 is rated 1000, and the ridge is AlpacaEval's")),
    ("eval.length_control.inverse_penalty", Fate::Gone("the ridge is AlpacaEval's")),
    ("stop.min_parse_rate", Fate::Gone(OF_HEALTH)),
    ("stop.max_one_score_share", Fate::Gone(OF_HEALTH)),
    ("stop.max_tie_rate", Fate::Gone(OF_HEALTH)),
    ("prompts.sampling.ignore_eos", Fate::Gone(FOR_MEASURING)),
    ("responses.sampling.ignore_eos", Fate::Gone(FOR_MEASURING)),
    ("judge.sampling.ignore_eos", Fate::Gone(FOR_MEASURING)),
    ("battles.sampling.ignore_eos", Fate::Gone(FOR_MEASURING)),
];

const OF_HEALTH: &str = "stop.on_degeneration reads the threshold of that name in judge.health";
const FOR_MEASURING: &str = "`generate --ignore-eos` has it, for measuring";

/// A key that is not known: its path, and what helps.
#[derive(Debug, PartialEq)]
pub(super) struct Unknown {
    pub(super) path: String,
    pub(super) remedy: String,
}

/// The first key of a table that is not known.
pub(super) fn unknown(table: &Table) -> Option<Unknown> {
    first_unknown("", table, schema::root())
}

fn first_unknown(path: &str, table: &Table, schema: &Json) -> Option<Unknown> {
    table.iter().find_map(|(key, value)| {
        let path = joined(path, key);
        match (schema::child(schema, key), value) {
            (None, _) => Some(Unknown { remedy: remedy(&path, key, schema), path }),
            (Some(schema), Value::Table(inner)) => first_unknown(&path, inner, schema),
            _ => None,
        }
    })
}

fn remedy(path: &str, key: &str, schema: &Json) -> String {
    match fate(path) {
        Some(Fate::Renamed(new)) => return format!("it is called {new} now"),
        Some(Fate::Gone(why)) => return format!("there is no such key any more: {why}"),
        None => {}
    }
    let siblings = schema::keys(schema).into_iter().flat_map(|keys| keys.keys());
    if let Some(near) = nearest(key, siblings.map(String::as_str)) {
        return format!("did you mean {near}?");
    }
    let paths = schema::paths();
    let elsewhere: Vec<&str> = paths
        .iter()
        .filter(|other| other.rsplit('.').next() == Some(key))
        .map(String::as_str)
        .collect();
    match elsewhere.as_slice() {
        [] => "`config show` lists every key".to_owned(),
        [one] => format!("did you mean {one}?"),
        several => format!("did you mean one of {}?", several.join(", ")),
    }
}

fn fate(path: &str) -> Option<Fate> {
    OLD.iter().find(|(old, _)| *old == path).map(|(_, fate)| *fate)
}

/// The name that is the fewest changes away, if they are few for its length.
fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let (distance, near) = known.map(|known| (distance(name, known), known)).min()?;
    (distance <= (name.len() / 3).max(2)).then_some(near)
}

/// Characters to add, remove or replace.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

/// Gives the keys of a configuration that an earlier version saved their names of today. A key
/// that is gone is left out.
pub(super) fn modernize(table: &mut Table) {
    for (old, fate) in OLD {
        let Some(value) = take(table, old) else { continue };
        if let Fate::Renamed(new) = fate {
            put(table, new, value);
        }
    }
}

fn take(table: &mut Table, path: &str) -> Option<Value> {
    match path.split_once('.') {
        None => table.remove(path),
        Some((first, rest)) => {
            let inner = table.get_mut(first)?.as_table_mut()?;
            let value = take(inner, rest)?;
            if inner.is_empty() {
                table.remove(first);
            }
            Some(value)
        }
    }
}

/// Puts a value at a path; what is no table on the way becomes one.
pub(super) fn put(table: &mut Table, path: &str, value: Value) {
    match path.split_once('.') {
        None => {
            table.insert(path.to_owned(), value);
        }
        Some((first, rest)) => {
            let inner = table.entry(first).or_insert(Value::Integer(0));
            if !inner.is_table() {
                *inner = Value::Table(Table::new());
            }
            if let Some(inner) = inner.as_table_mut() {
                put(inner, rest, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> (String, String) {
        let found = unknown(&toml::from_str(text).unwrap()).unwrap();
        (found.path, found.remedy)
    }

    #[test]
    fn a_key_that_is_not_known_has_a_suggestion() {
        for (text, path, remedy) in [
            ("[dpo]\nbeat = 1", "dpo.beat", "did you mean beta?"),
            ("[dop]\nbeta = 1", "dop", "did you mean dpo?"),
            ("[sft.train]\nepoch = 1", "sft.train.epoch", "did you mean epochs?"),
            (
                "[sft]\nmax_grad_norm = 1",
                "sft.max_grad_norm",
                "did you mean one of sft.train.max_grad_norm, dpo.train.max_grad_norm?",
            ),
            ("[judge]\nloss_type = 1", "judge.loss_type", "did you mean dpo.loss_type?"),
            ("[judge]\nzzz = 1", "judge.zzz", "`config show` lists every key"),
            ("[pairs]\ntop_k = 2", "pairs.top_k", "it is called pairs.candidates_per_end now"),
            (
                "[eval.sampling]\ntop_p = 1.0",
                "eval.sampling",
                "there is no such key any more: answers are drawn as in responses.sampling",
            ),
            ("[engines.big]\nmodle = \"x\"", "engines.big.modle", "did you mean model?"),
        ] {
            assert_eq!(of(text), (path.to_owned(), remedy.to_owned()), "{text}");
        }
        assert_eq!(unknown(&toml::from_str("[dpo.lora]\nrank = 8").unwrap()), None);
    }

    #[test]
    fn what_replaced_an_old_key_is_there() {
        let paths = schema::paths();
        for (old, fate) in OLD {
            assert!(!paths.iter().any(|path| path == old), "{old}");
            if let Fate::Renamed(new) = fate {
                assert!(paths.iter().any(|path| path == new), "{new}");
            }
        }
    }
}
