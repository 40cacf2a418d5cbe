//! A page of comparisons and its key, from two models' answers.

use std::collections::BTreeMap;

use srlm_artifact::row_seed;

use super::page::{PageItem, page};
use super::{Answer, Answers, Key, KeyItem, ModelKey, Side};
use crate::Error;

/// How the comparisons are chosen and shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StudyConfig {
    /// Seed of order and sides.
    pub seed: u64,
    /// Most comparisons, drawn by the seed; 0 takes all.
    pub limit: usize,
    /// What stands above the page. It should not name the models.
    pub title: String,
}

impl Default for StudyConfig {
    fn default() -> Self {
        Self { seed: 42, limit: 0, title: "Which answer is better?".to_owned() }
    }
}

/// What is handed to raters, and what is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Study {
    /// A whole HTML file that loads nothing.
    pub page: String,
    /// Whose answer stands where.
    pub key: Key,
}

/// Makes the page and its key. Comparisons are in the order of ids that a hash gives, and each side
/// is drawn by itself. Prompts that only one model answered, and those with one text from both, are
/// left out and counted.
///
/// # Errors
/// [`Error::NothingToCompare`] where no prompt is left, [`Error::NoPromptText`] where neither side
/// has a prompt's text.
pub fn study(a: &Answers, b: &Answers, config: &StudyConfig) -> Result<Study, Error> {
    let theirs: BTreeMap<&str, &Answer> =
        b.answers.iter().map(|one| (one.prompt_id.as_str(), one)).collect();
    let both: Vec<(&Answer, &Answer)> = a
        .answers
        .iter()
        .filter_map(|one| Some((one, *theirs.get(one.prompt_id.as_str())?)))
        .collect();
    let n_unmatched = (a.answers.len() + b.answers.len() - 2 * both.len()) as u64;
    let mut pairs = both.clone();
    pairs.retain(|(a, b)| a.response.trim() != b.response.trim());
    let n_identical = (both.len() - pairs.len()) as u64;
    if pairs.is_empty() {
        return Err(Error::NothingToCompare { n_unmatched, n_identical });
    }
    let study = study_id(&pairs, config);
    let mut items: Vec<_> =
        pairs.iter().map(|(a, b)| item(&study, a, b, config.seed)).collect::<Result<_, _>>()?;
    items.sort_by(|(one, _), (other, _)| one.item.cmp(&other.item));
    let n_items = if config.limit == 0 { items.len() } else { config.limit.min(items.len()) };
    let n_over_limit = (items.len() - n_items) as u64;
    items.truncate(n_items);
    let (items, shown): (Vec<KeyItem>, Vec<PageItem>) = items.into_iter().unzip();
    let model = |side: &Answers| ModelKey {
        name: side.name.clone(),
        content_hash: side.content_hash.clone(),
    };
    let page = page(&study, &config.title, &shown);
    let (a, b, seed) = (model(a), model(b), config.seed);
    Ok(Study {
        page,
        key: Key { study, seed, a, b, n_unmatched, n_identical, n_over_limit, items },
    })
}

/// Differs wherever an answer or the seed does, so that results of another page are known as such.
fn study_id(pairs: &[(&Answer, &Answer)], config: &StudyConfig) -> String {
    let texts: Vec<&str> =
        pairs.iter().flat_map(|(a, b)| [&*a.prompt_id, &a.response, &b.response]).collect();
    let text = serde_json::to_string(&texts).expect("texts are plain data");
    format!("{:014x}", row_seed(config.seed, "human-study", 0, &text, config.limit as u32))
}

fn item(study: &str, a: &Answer, b: &Answer, seed: u64) -> Result<(KeyItem, PageItem), Error> {
    let Some(prompt) = a.prompt.as_ref().or(b.prompt.as_ref()) else {
        return Err(Error::NoPromptText { prompt_id: a.prompt_id.clone() });
    };
    let id = format!("{:014x}", row_seed(seed, study, 0, &a.prompt_id, 0));
    let first =
        if row_seed(seed, study, 0, &a.prompt_id, 1).is_multiple_of(2) { Side::A } else { Side::B };
    let (one, two) = if first == Side::A { (a, b) } else { (b, a) };
    let shown = PageItem {
        id: id.clone(),
        prompt: prompt.clone(),
        first: one.response.clone(),
        second: two.response.clone(),
    };
    let (response_a, response_b) = (a.response_id.clone(), b.response_id.clone());
    Ok((KeyItem { item: id, prompt_id: a.prompt_id.clone(), first, response_a, response_b }, shown))
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// `n` prompts `p0`, `p1`, ... that both models answer.
    pub(in crate::human) fn two(n: usize) -> (Answers, Answers) {
        let side = |name: &str| Answers {
            name: name.to_owned(),
            content_hash: Some(format!("sha256:{name}")),
            answers: (0..n)
                .map(|i| Answer {
                    prompt_id: format!("p{i}"),
                    response_id: Some(format!("{name}/p{i}/0")),
                    prompt: Some(format!("Question {i}?")),
                    response: format!("Text {i} of {}.", name.len()),
                })
                .collect(),
        };
        (side("secret-one"), side("secret-number-two"))
    }

    #[test]
    fn the_page_says_nothing_of_who_answered() {
        let (a, b) = two(40);
        let made = study(&a, &b, &StudyConfig::default()).unwrap();
        for hidden in ["secret", "p17\"", "sha256", "\"first\":\"a\"", "seed"] {
            assert!(!made.page.contains(hidden), "{hidden} is on the page");
        }
        assert!(made.key.items.iter().all(|item| made.page.contains(&item.item)));
        let n_first = made.key.items.iter().filter(|item| item.first == Side::A).count();
        assert!((10..=30).contains(&n_first), "{n_first} of 40 have A first");
    }

    #[test]
    fn order_and_sides_are_of_the_seed_and_not_of_the_files() {
        let (mut a, b) = two(30);
        let config = StudyConfig::default();
        let made = study(&a, &b, &config).unwrap();
        assert_eq!(study(&a, &b, &config).unwrap(), made);
        let order =
            |key: &Key| key.items.iter().map(|item| item.prompt_id.clone()).collect::<Vec<_>>();
        let by_file: Vec<String> = a.answers.iter().map(|one| one.prompt_id.clone()).collect();
        assert_ne!(order(&made.key), by_file);
        let other = study(&a, &b, &StudyConfig { seed: 1, ..config.clone() }).unwrap();
        assert_ne!((order(&other.key), &other.key.study), (order(&made.key), &made.key.study));
        a.answers[0].response += "!";
        assert_ne!(study(&a, &b, &config).unwrap().key.study, made.key.study);
    }

    #[test]
    fn what_cannot_be_compared_is_counted() {
        let (mut a, mut b) = two(10);
        a.answers.remove(0);
        b.answers[1].response = a.answers[0].response.clone() + " \n";
        let made = study(&a, &b, &StudyConfig { limit: 5, ..StudyConfig::default() }).unwrap();
        let Key { n_unmatched, n_identical, n_over_limit, items, .. } = made.key;
        assert_eq!((n_unmatched, n_identical, n_over_limit, items.len()), (1, 1, 3, 5));
        assert_eq!(items.iter().map(|item| &item.item).collect::<BTreeSet<_>>().len(), 5);
        let error =
            study(&a, &Answers { answers: Vec::new(), ..b.clone() }, &StudyConfig::default())
                .unwrap_err();
        assert!(error.to_string().contains("9 prompts"), "{error}");
        a.answers[3].prompt = None;
        b.answers.iter_mut().for_each(|one| one.prompt = None);
        let error = study(&a, &b, &StudyConfig::default()).unwrap_err();
        assert!(error.to_string().contains("p4"), "{error}");
    }
}
