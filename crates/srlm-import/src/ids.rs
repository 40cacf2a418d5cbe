//! One id for each prompt.

use std::collections::{HashMap, HashSet};

use srlm_artifact::sha256;

/// Ids given so far.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    of_prompt: HashMap<usize, String>,
    taken: HashSet<String>,
}

impl Ids {
    /// The prompt's id: the source's if it has one, else a hash of the text. An id that another
    /// prompt has gets the hash behind it.
    pub(crate) fn of(&mut self, prompt: usize, source: Option<&str>, text: &str) -> String {
        if let Some(id) = self.of_prompt.get(&prompt) {
            return id.clone();
        }
        let hash = sha256(text);
        let mut id = source.map_or_else(|| hash[..16].to_owned(), str::to_owned);
        if self.taken.contains(&id) {
            id = format!("{id}-{}", &hash[..8]);
        }
        while self.taken.contains(&id) {
            id = format!("{id}-{hash}");
        }
        self.taken.insert(id.clone());
        self.of_prompt.insert(prompt, id.clone());
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_the_sources_as_far_as_they_differ() {
        let mut ids = Ids::default();
        assert_eq!(ids.of(0, Some("a"), "x"), "a");
        assert_eq!(ids.of(0, Some("b"), "x"), "a");
        assert_eq!(ids.of(1, Some("a"), "y"), "a-a1fce436");
        assert_eq!(ids.of(2, None, "x"), "2d711642b726b044");
        assert_eq!(ids.of(3, Some("2d711642b726b044"), "z"), "2d711642b726b044-594e519a");
    }
}
