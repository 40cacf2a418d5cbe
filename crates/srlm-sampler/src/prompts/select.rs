//! Which prompts of a pool an iteration gets.

use std::collections::{BTreeMap, HashSet, VecDeque};

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use srlm_artifact::{Counts, Prompt, row_seed};

use super::{Config, PoolRow};
use crate::Error;
use crate::filter::collapse;

/// What is drawn of a pool.
#[derive(Debug)]
pub(crate) struct Drawn<'a> {
    /// Sorted by id.
    pub(crate) rows: Vec<&'a PoolRow>,
    /// `pool` is `duplicate`, `taken_before`, `left` and the rows together.
    pub(crate) counts: Counts,
}

/// Draws up to `config.count` prompts whose texts are not among `taken`.
///
/// The run's seed gives one order of the whole pool, and each iteration takes the next ones in it,
/// so nothing is drawn twice. With `config.balance_by`, one after the other is taken from each of
/// the column's values in turn.
///
/// # Errors
/// [`Error::PoolExhausted`], [`Error::Unbalanced`]
pub(crate) fn select<'a>(
    pool: &'a [PoolRow],
    taken: &HashSet<String>,
    config: &Config,
    run_seed: u64,
) -> Result<Drawn<'a>, Error> {
    let mut seen = HashSet::new();
    let mut left: Vec<_> = pool.iter().filter(|row| seen.insert(text_of(&row.prompt))).collect();
    let n_distinct = left.len() as u64;
    left.shuffle(&mut ChaCha8Rng::seed_from_u64(row_seed(run_seed, "pool", 0, "", 0)));
    left.retain(|row| !taken.contains(&text_of(&row.prompt)));
    let (n_pool, n_left, count) = (pool.len() as u64, left.len() as u64, config.count as usize);
    let (duplicate, taken_before) = (n_pool - n_distinct, n_distinct - n_left);
    if n_left < u64::from(config.min_count) {
        let min_count = config.min_count;
        return Err(Error::PoolExhausted {
            left: n_left,
            min_count,
            pool: n_pool,
            duplicate,
            taken_before,
        });
    }
    let mut rows = match config.balance_by.as_str() {
        "" => left.into_iter().take(count).collect(),
        column => balanced(left, column, count)?,
    };
    rows.sort_by(|a, b| a.prompt_id.cmp(&b.prompt_id));
    let counts = [
        ("requested", u64::from(config.count)),
        ("pool", n_pool),
        ("duplicate", duplicate),
        ("taken_before", taken_before),
        ("left", n_left - rows.len() as u64),
    ];
    Ok(Drawn { rows, counts: Counts::from(counts.map(|(name, n)| (name.to_owned(), n))) })
}

/// Equal numbers from each value of the column; where one has too few, the others make up for it.
fn balanced<'a>(
    left: Vec<&'a PoolRow>,
    column: &str,
    count: usize,
) -> Result<Vec<&'a PoolRow>, Error> {
    let mut by_value: BTreeMap<String, VecDeque<&PoolRow>> = BTreeMap::new();
    for row in left {
        by_value.entry(value(row, column)?).or_default().push_back(row);
    }
    let mut drawn = Vec::new();
    loop {
        let before = drawn.len();
        for rows in by_value.values_mut() {
            drawn.extend(rows.pop_front().filter(|_| drawn.len() < count));
        }
        if drawn.len() == before || drawn.len() >= count {
            return Ok(drawn);
        }
    }
}

/// `kept`, and `{column}={value}` for each value of the column that prompts are balanced by.
///
/// # Errors
/// [`Error::Unbalanced`]
pub(crate) fn kept_counts(rows: &[&PoolRow], balance_by: &str) -> Result<Counts, Error> {
    let mut counts = Counts::from([("kept".to_owned(), rows.len() as u64)]);
    if !balance_by.is_empty() {
        for row in rows {
            *counts.entry(format!("{balance_by}={}", value(row, balance_by)?)).or_insert(0) += 1;
        }
    }
    Ok(counts)
}

fn value(row: &PoolRow, column: &str) -> Result<String, Error> {
    match row.columns.get(column) {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(value @ (Value::Number(_) | Value::Bool(_))) => Ok(value.to_string()),
        _ => Err(Error::Unbalanced { column: column.to_owned(), prompt_id: row.prompt_id.clone() }),
    }
}

/// The text by which prompts are told apart, among iterations as well.
pub(crate) fn text_of(prompt: &Prompt) -> String {
    collapse(&prompt.to_text())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::prompts::Source;

    fn row(i: usize, topic: &str) -> PoolRow {
        let columns = BTreeMap::from([("topic".to_owned(), Value::from(topic))]);
        PoolRow {
            prompt_id: format!("p{i:03}"),
            prompt: Prompt::user(format!("What is {topic} {i}?")),
            columns,
        }
    }

    fn config(count: u32, balance_by: &str) -> Config {
        Config {
            source: Source::Pool,
            count,
            min_count: 1,
            balance_by: balance_by.to_owned(),
            ..Config::default()
        }
    }

    fn topics(drawn: &Drawn<'_>) -> BTreeMap<String, u64> {
        let counts = kept_counts(&drawn.rows, "topic").unwrap();
        counts
            .into_iter()
            .filter_map(|(name, n)| Some((name.strip_prefix("topic=")?.to_owned(), n)))
            .collect()
    }

    #[test]
    fn values_are_balanced_as_far_as_there_are_prompts() {
        let pool: Vec<_> = (0..60)
            .map(|i| row(i, ["art", "sea", "tea"][if i < 3 { 0 } else { 1 + i % 2 }]))
            .collect();
        let check = |count, expected: [(&str, u64); 3]| {
            let drawn = select(&pool, &HashSet::new(), &config(count, "topic"), 7).unwrap();
            assert_eq!(
                topics(&drawn),
                BTreeMap::from(expected.map(|(topic, n)| (topic.to_owned(), n)))
            );
        };
        check(6, [("art", 2), ("sea", 2), ("tea", 2)]);
        check(8, [("art", 3), ("sea", 3), ("tea", 2)]);
        check(23, [("art", 3), ("sea", 10), ("tea", 10)]);
        check(99, [("art", 3), ("sea", 28), ("tea", 29)]);
    }

    #[test]
    fn equal_texts_are_drawn_once() {
        let mut pool: Vec<_> = (0..6).map(|i| row(i, "sea")).collect();
        pool[4].prompt = Prompt::user("What  is\nsea 0?");
        let drawn =
            select(&pool, &HashSet::from([text_of(&pool[2].prompt)]), &config(9, ""), 7).unwrap();
        let ids: Vec<_> = drawn.rows.iter().map(|row| row.prompt_id.as_str()).collect();
        assert_eq!(ids, ["p000", "p001", "p003", "p005"]);
        assert_eq!(
            ["pool", "duplicate", "taken_before", "left"].map(|name| drawn.counts[name]),
            [6, 1, 1, 0]
        );
    }

    #[test]
    fn an_empty_pool_and_a_gap_in_the_column_are_errors() {
        let pool = [row(0, "sea"), row(1, "sea")];
        let taken = pool.iter().map(|row| text_of(&row.prompt)).collect();
        let error = select(&pool, &taken, &config(9, ""), 7).unwrap_err();
        insta::assert_snapshot!(error, @"only 0 prompts of at least 1 are left in the pool: 2 in all, 0 of them duplicates, 2 in earlier iterations; give a larger `pool`, or lower `count` or `min_count`");
        let error = select(&pool, &HashSet::new(), &config(9, "level"), 7).unwrap_err();
        assert!(
            error.to_string().starts_with("`balance_by` is \"level\", but prompt p00"),
            "{error}"
        );
    }

    proptest! {
        #[test]
        fn iterations_take_every_prompt_once(n in 1_usize..60, count in 1_u32..20, seed: u64, is_balanced: bool) {
            let pool: Vec<_> = (0..n).map(|i| row(i, ["art", "sea", "tea"][i * i % 3])).collect();
            let config = config(count, if is_balanced { "topic" } else { "" });
            let mut taken = HashSet::new();
            while taken.len() < n {
                let drawn = select(&pool, &taken, &config, seed).unwrap();
                prop_assert_eq!(drawn.rows.len(), (count as usize).min(n - taken.len()));
                let parts = ["duplicate", "taken_before", "left"].map(|name| drawn.counts[name]);
                prop_assert_eq!(drawn.counts["pool"], parts.iter().sum::<u64>() + drawn.rows.len() as u64);
                for row in drawn.rows {
                    prop_assert!(taken.insert(text_of(&row.prompt)));
                }
            }
        }
    }
}
