//! One call's state: what waits, what is being written, and where it lies in the cache.

use std::collections::BTreeMap;
use std::ops::Range;

use srlm_checkpoint::Tokenizer;
use srlm_generate::Request;
use srlm_kernels::Run;

use super::EngineConfig;
use super::encode::region_len;
use super::prompts::Prompts;
use super::row::Row;
use super::slots::Slots;

/// The rows of one pass.
#[derive(Default)]
pub(super) struct PassRows {
    pub(super) ids: Vec<u32>,
    pub(super) runs: Vec<Run>,
    /// Nodes whose last token is computed, and its row.
    pub(super) ending: Vec<(usize, usize)>,
    /// Samples that feed a token, and its row.
    pub(super) decoding: Vec<(usize, usize)>,
}

/// One call's state.
pub(super) struct Call<'a> {
    pub(super) requests: &'a [Request],
    pub(super) prompts: Prompts,
    n_prompt: Vec<usize>,
    capacity: usize,
    slots: Slots,
    /// Samples not yet begun: request and index, last first.
    pub(super) waiting: Vec<(usize, usize)>,
    n_open: Vec<usize>,
    pub(super) rows: Vec<Row<'a>>,
    max_rows: usize,
    context: usize,
    /// Final state of each computed node that a prompt ends with.
    pub(super) states: BTreeMap<usize, Vec<f32>>,
}

impl<'a> Call<'a> {
    pub(super) fn new(
        (capacity, context): (usize, usize),
        requests: &'a [Request],
        prompts: &[Vec<u32>],
        config: &EngineConfig,
    ) -> Self {
        let tree = Prompts::new(prompts);
        let order = tree.order();
        let samples = order.iter().flat_map(|&r| (0..requests[r].seeds.len()).map(move |s| (r, s)));
        let mut waiting: Vec<(usize, usize)> = samples.collect();
        waiting.reverse();
        Self {
            requests,
            prompts: tree,
            n_prompt: prompts.iter().map(Vec::len).collect(),
            capacity,
            slots: Slots::new(capacity),
            waiting,
            n_open: requests.iter().map(|request| request.seeds.len()).collect(),
            rows: Vec::new(),
            max_rows: config.max_rows.max(1),
            context,
            states: BTreeMap::new(),
        }
    }

    /// Begins waiting samples while there is room; `false` when no sample is being written.
    pub(super) fn admit(&mut self, tokenizer: &Tokenizer) -> bool {
        while self.rows.len() < self.max_rows
            && let Some(&(request_index, sample)) = self.waiting.last()
        {
            let mut own = self.take(request_index);
            if own.is_none() && self.rows.is_empty() {
                // Nobody will make room: what stays in the cache for later leaves too little in one
                // piece.
                self.clear();
                own = self.take(request_index);
            }
            let Some(own) = own else { break };
            let request = &self.requests[request_index];
            let prefix = self.prompts.ranges(request_index);
            self.rows.push(Row::new(
                (request_index, request),
                sample,
                prefix,
                own,
                tokenizer.stream(),
            ));
            self.waiting.pop();
        }
        !self.rows.is_empty()
    }

    /// Finds places for a request's prompt, where it has none, and for what one more sample writes.
    fn take(&mut self, request_index: usize) -> Option<Range<usize>> {
        let region =
            region_len(&self.requests[request_index], self.n_prompt[request_index], self.context);
        self.prompts.place(request_index, &mut self.slots).then(|| self.slots.take(region))?
    }

    /// Empties the cache of all prompts.
    fn clear(&mut self) {
        self.slots = Slots::new(self.capacity);
        self.prompts.displace();
        self.states.clear();
    }

    /// Puts a pass together.
    pub(super) fn pass(&mut self, mut budget: usize) -> PassRows {
        let mut pass = PassRows::default();
        for at in 0..self.rows.len() {
            let prompt = self.rows[at].request;
            for prefill in self.prompts.prefill(prompt, budget) {
                let n = prefill.tokens.len();
                budget -= n;
                let first = pass.ids.len();
                pass.ids.extend(&prefill.tokens);
                pass.runs.push(Run { rows: first..first + n, ..prefill.run });
                pass.ending.extend(prefill.ends.map(|node| (node, first + n - 1)));
            }
        }
        for (at, row) in self.rows.iter().enumerate() {
            if let Some((token, run)) = row.run(pass.ids.len()) {
                pass.decoding.push((at, pass.ids.len()));
                pass.ids.push(token);
                pass.runs.push(run);
            }
        }
        pass
    }

    /// Nodes that are computed and end the prompt of samples without a token.
    pub(super) fn fresh_nodes(&self) -> Vec<usize> {
        let begun = self.rows.iter().filter(|row| row.tokens.is_empty());
        let mut nodes: Vec<usize> = begun.map(|row| self.prompts.last_node(row.request)).collect();
        nodes.sort_unstable();
        nodes.dedup();
        nodes.retain(|node| self.states.contains_key(node));
        nodes
    }

    /// Gives back what ended rows held.
    pub(super) fn release(&mut self, ended: &[usize]) {
        for &at in ended.iter().rev() {
            let row = self.rows.remove(at);
            self.slots.give_back(row.own);
            self.n_open[row.request] -= 1;
            if self.n_open[row.request] == 0 {
                for node in self.prompts.finish(row.request, &mut self.slots) {
                    self.states.remove(&node);
                }
            }
        }
    }
}
