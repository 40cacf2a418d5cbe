//! The prompts of a call as a tree of shared beginnings in the cache.

use std::collections::BTreeMap;
use std::ops::Range;

use srlm_kernels::Run;

use super::slots::Slots;
use crate::packed::PackedSequences;

/// A stretch of tokens that one or more prompts pass through.
#[derive(Debug)]
struct Node {
    tokens: Range<usize>,
    /// Where its keys are, once it has a place.
    slots: Option<Range<usize>>,
    /// Tokens whose keys have been computed.
    n_done: usize,
    /// Prompts that pass through it and are not finished.
    n_users: usize,
    /// Whether a prompt ends here.
    is_end: bool,
}

/// The tree, and each prompt's way through it.
#[derive(Debug)]
pub(super) struct Prompts {
    tokens: Vec<u32>,
    nodes: BTreeMap<usize, Node>,
    /// Nodes of every prompt, from the root.
    paths: Vec<Vec<usize>>,
}

/// Rows of a pass that compute part of a node.
pub(super) struct Prefill {
    pub(super) tokens: Vec<u32>,
    pub(super) run: Run,
    /// The node, when these rows complete one that a prompt ends with.
    pub(super) ends: Option<usize>,
}

impl Prompts {
    pub(super) fn new(prompts: &[Vec<u32>]) -> Self {
        let views: Vec<&[u32]> = prompts.iter().map(Vec::as_slice).collect();
        let packed = PackedSequences::new(&views);
        let mut nodes = BTreeMap::new();
        let paths: Vec<Vec<usize>> = packed
            .paths()
            .iter()
            .map(|path| path.iter().map(|range| range.start).collect())
            .collect();
        for range in packed.paths().iter().flatten() {
            let node =
                Node { tokens: range.clone(), slots: None, n_done: 0, n_users: 0, is_end: false };
            nodes.entry(range.start).or_insert(node).n_users += 1;
        }
        for last in paths.iter().filter_map(|path| path.last()) {
            if let Some(node) = nodes.get_mut(last) {
                node.is_end = true;
            }
        }
        Self { tokens: packed.ids, nodes, paths }
    }

    /// Order in which to serve the prompts: neighbors share the most.
    pub(super) fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.paths.len()).collect();
        order.sort_by(|&a, &b| self.paths[a].cmp(&self.paths[b]).then(a.cmp(&b)));
        order
    }

    /// Finds places for all of a prompt's nodes; on `false` nothing has changed.
    pub(super) fn place(&mut self, prompt: usize, slots: &mut Slots) -> bool {
        let mut placed: Vec<usize> = Vec::new();
        for &id in &self.paths[prompt] {
            let Some(node) = self.nodes.get_mut(&id) else { continue };
            if node.slots.is_none() {
                node.slots = slots.take(node.tokens.len());
                if node.slots.is_none() {
                    for id in placed {
                        if let Some(range) =
                            self.nodes.get_mut(&id).and_then(|node| node.slots.take())
                        {
                            slots.give_back(range);
                        }
                    }
                    return false;
                }
                placed.push(id);
            }
        }
        true
    }

    /// Takes all nodes out of the cache; they are computed again where they are needed.
    pub(super) fn displace(&mut self) {
        for node in self.nodes.values_mut() {
            (node.slots, node.n_done) = (None, 0);
        }
    }

    /// Cache ranges of a placed prompt, in order of position.
    pub(super) fn ranges(&self, prompt: usize) -> Vec<Range<usize>> {
        self.paths[prompt].iter().filter_map(|id| self.nodes.get(id)?.slots.clone()).collect()
    }

    /// The node that the prompt ends with.
    pub(super) fn last_node(&self, prompt: usize) -> usize {
        self.paths[prompt].last().copied().expect("a prompt has at least one token")
    }

    /// The next rows to compute for a placed prompt, at most `budget`; parents come before
    /// children.
    pub(super) fn prefill(&mut self, prompt: usize, mut budget: usize) -> Vec<Prefill> {
        let mut passes = Vec::new();
        let mut prefix = Vec::new();
        for &id in &self.paths[prompt] {
            let Some(node) = self.nodes.get_mut(&id) else { continue };
            let Some(slots) = node.slots.clone() else { break };
            let n = (node.tokens.len() - node.n_done).min(budget);
            if n > 0 {
                let first = node.tokens.start + node.n_done;
                let own_first = slots.start + node.n_done;
                // Rows are numbered when the pass is put together.
                let run =
                    Run { rows: 0..n, prefix: prefix.clone(), own_start: slots.start, own_first };
                node.n_done += n;
                let ends = (node.is_end && node.n_done == node.tokens.len()).then_some(id);
                passes.push(Prefill { tokens: self.tokens[first..first + n].to_vec(), run, ends });
                budget -= n;
            }
            if node.n_done < node.tokens.len() {
                break;
            }
            prefix.push(slots);
        }
        passes
    }

    /// Lets go of a finished prompt's nodes; returns those that nobody needs any more.
    pub(super) fn finish(&mut self, prompt: usize, slots: &mut Slots) -> Vec<usize> {
        let mut freed = Vec::new();
        for id in &self.paths[prompt] {
            if let Some(node) = self.nodes.get_mut(id) {
                node.n_users -= 1;
                if node.n_users == 0
                    && let Some(range) = node.slots.take()
                {
                    slots.give_back(range);
                    freed.push(*id);
                }
            }
        }
        freed
    }
}
