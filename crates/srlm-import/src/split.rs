//! Which side of the split a prompt is on, and whether it serves IFT, EFT or both.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use crate::clusters::Clusters;
use crate::dedup::Distinct;
use crate::example::{Content, Example};
use crate::{Accounting, ImportConfig, Reason};

/// The sides, as artifact folders and counts name them.
pub(crate) const SPLITS: [&str; 3] = ["train", "validation", "test"];

/// An example in its place.
#[derive(Clone, Debug)]
pub(crate) struct Placed {
    pub(crate) example: Example,
    /// Number of its prompt.
    pub(crate) prompt: usize,
    /// Place in [`SPLITS`].
    pub(crate) split: usize,
}

/// Places every example by the hash of its prompt: of the smallest hash in the prompt's cluster, so
/// that a cluster is on one side and the order of the input does not matter.
pub(crate) fn place(
    distinct: &mut Distinct,
    config: &ImportConfig,
    accounting: &mut Accounting,
) -> Vec<Placed> {
    let draws = draws(&mut distinct.clusters, config.seed);
    let mut is_ranked = vec![false; draws.len()];
    for (example, prompt) in &distinct.examples {
        is_ranked[draws[*prompt].root] |= has_ranked(example);
    }
    let mut placed = Vec::new();
    for (mut example, prompt) in std::mem::take(&mut distinct.examples) {
        let draw = draws[prompt];
        if config.eft_share > 0.0
            && is_ranked[draw.root]
            && let Err(reason) = reserve(&mut example, draw.of_purpose < config.eft_share)
        {
            accounting.dropped(reason);
            continue;
        }
        let split = split(draw.of_split, config);
        *accounting.kept.entry(SPLITS[split]).or_default() += 1;
        placed.push(Placed { example, prompt, split });
    }
    placed
}

/// Two numbers from 0 to below 1 that a cluster has for all of its prompts.
#[derive(Clone, Copy)]
struct Draw {
    root: usize,
    of_split: f64,
    of_purpose: f64,
}

fn draws(clusters: &mut Clusters, seed: u64) -> Vec<Draw> {
    let roots = clusters.roots();
    let mut smallest: HashMap<usize, [u8; 32]> = HashMap::new();
    for (prompt, &root) in roots.iter().enumerate() {
        let hash: [u8; 32] = Sha256::digest(format!("{seed}\n{}", clusters.text(prompt))).into();
        smallest.entry(root).and_modify(|smallest| *smallest = hash.min(*smallest)).or_insert(hash);
    }
    // The smallest hash of several is small: another hash of it is even again.
    let draw = |&root: &usize| {
        let hash: [u8; 32] = Sha256::digest(smallest[&root]).into();
        Draw { root, of_split: unit(&hash[..8]), of_purpose: unit(&hash[8..16]) }
    };
    roots.iter().map(draw).collect()
}

/// The first 53 bits as a fraction.
fn unit(bytes: &[u8]) -> f64 {
    let bits = bytes.iter().fold(0u64, |bits, &byte| bits << 8 | u64::from(byte));
    (bits >> 11) as f64 / (1u64 << 53) as f64
}

fn split(draw: f64, config: &ImportConfig) -> usize {
    let shares = [config.train, config.validation, config.test];
    let mut end = 0.0;
    let last = shares.iter().rposition(|&share| share > 0.0).unwrap_or(0);
    let ends = shares.iter().map(|share| {
        end += share;
        end
    });
    // Shares may sum to a little less than 1.
    ends.enumerate().find(|&(_, end)| draw < end).map_or(last, |(split, _)| split)
}

fn has_ranked(example: &Example) -> bool {
    matches!(&example.content, Content::Answers { ranked, .. } if !ranked.is_empty())
}

/// Keeps of an example what it is set aside for.
fn reserve(example: &mut Example, for_eft: bool) -> Result<(), Reason> {
    let Content::Answers { ift, ranked } = &mut example.content else { return Ok(()) };
    if for_eft {
        *ift = None;
        return if ranked.is_empty() { Err(Reason::ForEft) } else { Ok(()) };
    }
    ranked.clear();
    if ift.is_none() { Err(Reason::ForIft) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_ends_on_a_line_from_0_to_1() {
        let check = |shares: [f64; 3], draw, expected| {
            let [train, validation, test] = shares;
            let config = ImportConfig { train, validation, test, ..ImportConfig::default() };
            assert_eq!(split(draw, &config), expected, "{shares:?} {draw}");
        };
        check([0.5, 0.25, 0.25], 0.0, 0);
        check([0.5, 0.25, 0.25], 0.499, 0);
        check([0.5, 0.25, 0.25], 0.5, 1);
        check([0.5, 0.25, 0.25], 0.75, 2);
        check([0.0, 0.0, 1.0], 0.0, 2);
        check([1.0, 0.0, 0.0], 0.999, 0);
        check([0.7, 0.2, 0.0], 0.999, 1);
    }

    #[test]
    fn fractions_lie_below_1() {
        assert_eq!(unit(&[0; 8]), 0.0);
        assert_eq!(unit(&[0x80, 0, 0, 0, 0, 0, 0, 0]), 0.5);
        assert!(unit(&[0xff; 8]) < 1.0);
    }
}
