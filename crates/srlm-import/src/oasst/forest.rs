//! Every message of the input, and the examples along the best path of each tree.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use serde_json::Value;
use srlm_artifact::{Message, Prompt};

use super::message::{Node, OTHER_LANGUAGE};
use crate::example::{Content, Example, Parsed};
use crate::field::{at, id, not};
use crate::{Accounting, ImportConfig, Place, Problem, Reason};

/// Messages of trees and of flat files.
#[derive(Debug, Default)]
pub(crate) struct Forest {
    nodes: Vec<Node>,
    roots: Vec<usize>,
    flat: HashMap<String, (usize, Place)>,
    /// Flat messages and their parents, which may come later or not at all.
    parents: Vec<(usize, String)>,
}

impl Forest {
    /// A row that is a whole tree. A bad message makes the row bad: nothing of it is kept.
    pub(crate) fn add_tree(&mut self, row: &Value, config: &ImportConfig) -> Result<(), Problem> {
        let before = self.nodes.len();
        let root = self.add(&row["prompt"], config).map_err(|problem| {
            self.nodes.truncate(before);
            problem.within("prompt")
        })?;
        if matches!(
            at(row, "tree_state").and_then(Value::as_str),
            Some("aborted_low_grade" | "halted_by_moderator")
        ) {
            self.nodes[root].flaw = Some("bad_tree");
        }
        self.roots.push(root);
        Ok(())
    }

    /// Recursive as the JSON is, whose depth its parser bounds.
    fn add(&mut self, message: &Value, config: &ImportConfig) -> Result<usize, Problem> {
        let node = Node::read(message, config)?;
        let place = self.nodes.len();
        self.nodes.push(node);
        let none = Vec::new();
        let replies = match at(message, "replies") {
            None => &none,
            Some(replies) => {
                replies.as_array().ok_or_else(|| not("a list", replies).within("replies"))?
            }
        };
        for (i, reply) in replies.iter().enumerate() {
            let reply = self
                .add(reply, config)
                .map_err(|problem| problem.within(&format!("replies.{i}")))?;
            self.nodes[place].replies.push(reply);
        }
        Ok(place)
    }

    /// A row that is one message.
    pub(crate) fn add_flat(
        &mut self,
        row: &Value,
        place: &Place,
        config: &ImportConfig,
    ) -> Result<(), Problem> {
        let node = Node::read(row, config)?;
        let Some(message_id) = node.id.clone() else {
            return Err(Problem::new("message_id", "is blank"));
        };
        let parent = at(row, "parent_id")
            .map_or(Ok(None), id)
            .map_err(|problem| problem.within("parent_id"))?;
        let index = self.nodes.len();
        match self.flat.entry(message_id) {
            Entry::Occupied(first) => {
                let problem = format!("is {:?}, as that of {}", first.key(), first.get().1);
                return Err(Problem::new("message_id", problem));
            }
            Entry::Vacant(entry) => drop(entry.insert((index, place.clone()))),
        }
        match parent {
            None => self.roots.push(index),
            Some(parent) => self.parents.push((index, parent)),
        }
        self.nodes.push(node);
        Ok(())
    }

    /// The examples of all trees, in the order in which the trees began. Every message is counted
    /// once.
    pub(crate) fn examples(
        mut self,
        config: &ImportConfig,
        accounting: &mut Accounting,
    ) -> Vec<Parsed> {
        for (index, parent) in std::mem::take(&mut self.parents) {
            if let Some(&(parent, _)) = self.flat.get(&parent) {
                self.nodes[parent].replies.push(index);
            }
        }
        let mut examples = Vec::new();
        let mut n_reached = 0;
        for &root in &self.roots {
            let groups = self.groups(root, config);
            n_reached += self.count(root, &groups, accounting);
            examples.extend(self.parsed(root, groups));
        }
        let n_orphans = self.nodes.len() - n_reached;
        if n_orphans > 0 {
            accounting.message("orphan", n_orphans as u64);
        }
        examples
    }

    /// The prompter's messages along the best path; only the first with `multi_turn` off.
    fn groups(&self, root: usize, config: &ImportConfig) -> Vec<Group> {
        let mut groups = Vec::new();
        let mut messages = Vec::new();
        let mut next = Some(root)
            .filter(|&root| self.nodes[root].flaw.is_none() && !self.nodes[root].is_answer);
        while let Some(prompter) = next {
            messages.push(Message::user(self.nodes[prompter].text.clone()));
            let answers = self.replies(prompter, true);
            next = None;
            if let Some(&best) = answers.first().filter(|_| config.multi_turn) {
                next = self.replies(best, false).first().copied();
            }
            groups.push(Group { prompter, messages: messages.clone(), answers });
            if let (Some(_), Some(&best)) =
                (next, groups.last().and_then(|group| group.answers.first()))
            {
                messages.push(Message::assistant(self.nodes[best].text.clone()));
            }
        }
        groups
    }

    /// Replies without a flaw, best first, those without a rank last.
    fn replies(&self, node: usize, is_answer: bool) -> Vec<usize> {
        let fits = |&&reply: &&usize| {
            self.nodes[reply].flaw.is_none() && self.nodes[reply].is_answer == is_answer
        };
        let mut replies: Vec<usize> =
            self.nodes[node].replies.iter().filter(fits).copied().collect();
        replies.sort_by_key(|&reply| self.nodes[reply].rank.unwrap_or(u32::MAX));
        replies
    }

    /// Only the last answer of rank 0 is one to learn; groups with nothing to give are passed over.
    fn parsed(&self, root: usize, groups: Vec<Group>) -> Vec<Parsed> {
        if groups.is_empty() {
            let is_foreign = self.nodes[root].flaw == Some(OTHER_LANGUAGE);
            return vec![Err(if is_foreign {
                Reason::OtherLanguage
            } else {
                Reason::PromptLeftOut
            })];
        }
        let best = |group: &Group| {
            group.answers.first().copied().filter(|&best| self.nodes[best].rank == Some(0))
        };
        let last = groups.iter().rposition(|group| best(group).is_some());
        let example = |(place, group): (usize, Group)| {
            let ift = best(&group)
                .filter(|_| Some(place) == last)
                .map(|best| self.nodes[best].text.clone());
            let has_rank = |&&answer: &&usize| self.nodes[answer].rank.is_some();
            let ranked: Vec<_> = group.answers.iter().filter(has_rank).collect();
            let ranked: Vec<_> =
                ranked.into_iter().map(|&answer| self.nodes[answer].text.clone()).collect();
            if ift.is_none() && ranked.len() < 2 {
                return None;
            }
            let prompt = Prompt::conversation(group.messages);
            Some(Example {
                id: self.nodes[group.prompter].id.clone(),
                prompt,
                content: Content::Answers { ift, ranked },
            })
        };
        let examples: Vec<Parsed> =
            groups.into_iter().enumerate().filter_map(example).map(Ok).collect();
        if examples.is_empty() { vec![Err(Reason::Unranked)] } else { examples }
    }

    /// Counts the fate of every message of a tree; how many there are.
    fn count(&self, root: usize, groups: &[Group], accounting: &mut Accounting) -> usize {
        let mut used: Vec<usize> =
            groups.iter().flat_map(|group| &group.answers).copied().collect();
        used.extend(groups.iter().map(|group| group.prompter));
        let mut stack = vec![(root, false)];
        let mut n = 0;
        while let Some((node, is_below)) = stack.pop() {
            let fate = match self.nodes[node].flaw {
                _ if is_below => "below_left_out",
                Some(flaw) => flaw,
                None if used.contains(&node) => "used",
                None => "off_path",
            };
            accounting.message(fate, 1);
            n += 1;
            stack.extend(
                self.nodes[node]
                    .replies
                    .iter()
                    .map(|&reply| (reply, is_below || self.nodes[node].flaw.is_some())),
            );
        }
        n
    }
}

/// A prompter's message with what came before it, and the answers to it, best first.
struct Group {
    prompter: usize,
    messages: Vec<Message>,
    answers: Vec<usize>,
}
