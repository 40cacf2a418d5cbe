//! Duplicates and near-duplicates of prompts, and which prompts have to stay on one side of a
//! split.

use std::collections::{HashMap, HashSet};

use srlm_artifact::{Prompt, Role};

use crate::clusters::Clusters;
use crate::example::{Content, Example};
use crate::near::{NearIndex, Shingles};
use crate::{Accounting, ImportConfig, Reason};

/// What is left, each with the number of its prompt; and the prompts' clusters.
pub(crate) struct Distinct {
    pub(crate) examples: Vec<(Example, usize)>,
    pub(crate) clusters: Clusters,
}

/// Leaves out what was there before; the first in the input stays.
///
/// Prompts are equal where their texts are, white space aside. Several ratings of one prompt stay,
/// as long as their responses differ. Near-duplicates, and conversations that begin alike, get one
/// cluster.
pub(crate) fn distinct(
    examples: Vec<Example>,
    config: &ImportConfig,
    accounting: &mut Accounting,
) -> Distinct {
    let mut prompts = Prompts::new(config);
    let mut responses = HashSet::new();
    let mut kept = Vec::new();
    for example in examples {
        let text = normal(&example.prompt.to_text());
        let seen = prompts.numbers.get(&text).copied();
        let is_repeated = match &example.content {
            Content::Rating { response, .. } => !responses.insert((text.clone(), normal(response))),
            _ => seen.is_some(),
        };
        if is_repeated {
            accounting.dropped(Reason::Duplicate);
            continue;
        }
        match seen.unwrap_or_else(|| prompts.add(text, &example.prompt)) {
            Some(number) => kept.push((example, number)),
            None => accounting.dropped(Reason::NearDuplicate),
        }
    }
    Distinct { examples: kept, clusters: prompts.clusters }
}

/// A text without what is easily lost on the way: white space.
pub(crate) fn normal(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The prompts so far.
struct Prompts {
    /// By normal text; `None` where it was left out as a near-duplicate.
    numbers: HashMap<String, Option<usize>>,
    clusters: Clusters,
    index: NearIndex,
    /// Of each text in the index: its prompt, and whether it is the whole prompt and not its first
    /// turn.
    texts: Vec<(usize, bool)>,
    drop_near: bool,
}

impl Prompts {
    fn new(config: &ImportConfig) -> Self {
        Self {
            numbers: HashMap::new(),
            clusters: Clusters::default(),
            index: NearIndex::new(config.near_threshold),
            texts: Vec::new(),
            drop_near: config.drop_near_duplicates,
        }
    }

    /// The new prompt's number, `None` where it is left out.
    fn add(&mut self, text: String, prompt: &Prompt) -> Option<usize> {
        let whole = Shingles::of(&without_system(prompt));
        let first = Shingles::of(first_turn(prompt));
        let alike = self.index.similar(&whole);
        if self.drop_near && alike.iter().any(|&other| self.texts[other].1) {
            self.numbers.insert(text, None);
            return None;
        }
        let number = self.clusters.add(text.clone());
        self.numbers.insert(text, Some(number));
        let begins_alike = if first == whole { Vec::new() } else { self.index.similar(&first) };
        for other in alike.into_iter().chain(begins_alike) {
            self.clusters.join(number, self.texts[other].0);
        }
        if first != whole {
            self.index.insert(first);
            self.texts.push((number, false));
        }
        self.index.insert(whole);
        self.texts.push((number, true));
        Some(number)
    }
}

/// One system turn may stand before every prompt of a set; it makes none alike.
fn without_system(prompt: &Prompt) -> String {
    let turns = prompt.messages().iter().filter(|message| message.role != Role::System);
    turns.map(|message| message.content.as_str()).collect::<Vec<_>>().join("\n")
}

fn first_turn(prompt: &Prompt) -> &str {
    let first = prompt.messages().iter().find(|message| message.role == Role::User);
    first.map_or("", |message| message.content.as_str())
}
