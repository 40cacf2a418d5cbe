//! Prompts that must not be torn apart.

/// A union-find over prompts.
#[derive(Debug, Default)]
pub(crate) struct Clusters {
    texts: Vec<String>,
    parents: Vec<usize>,
}

impl Clusters {
    /// A prompt in a cluster of its own; its number.
    pub(crate) fn add(&mut self, text: String) -> usize {
        self.texts.push(text);
        self.parents.push(self.parents.len());
        self.parents.len() - 1
    }

    /// Makes one cluster of two.
    pub(crate) fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.parents[a.max(b)] = a.min(b);
    }

    /// The prompt's normal text.
    pub(crate) fn text(&self, number: usize) -> &str {
        &self.texts[number]
    }

    /// The first member of each prompt's cluster.
    pub(crate) fn roots(&mut self) -> Vec<usize> {
        (0..self.parents.len()).map(|number| self.root(number)).collect()
    }

    fn root(&mut self, mut number: usize) -> usize {
        while self.parents[number] != number {
            self.parents[number] = self.parents[self.parents[number]];
            number = self.parents[number];
        }
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_joined_has_one_root() {
        let mut clusters = Clusters::default();
        (0..6).for_each(|n| assert_eq!(clusters.add(n.to_string()), n));
        for (a, b) in [(4, 1), (3, 4), (5, 2), (3, 1)] {
            clusters.join(a, b);
        }
        assert_eq!(clusters.roots(), [0, 1, 2, 1, 1, 2]);
    }
}
