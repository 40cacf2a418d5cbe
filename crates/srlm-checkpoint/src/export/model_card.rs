//! A model's card: `README.md` with the front matter that a hub reads.

use std::fmt::Write;

/// A table of the card: a heading, the columns' names and rows of as many cells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CardTable {
    /// Heading of the section.
    pub heading: String,
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Cells as text.
    pub rows: Vec<Vec<String>>,
}

impl CardTable {
    /// A table of two columns, such as a manifest's counts or a stage's configuration.
    pub fn pairs(
        heading: &str,
        columns: [&str; 2],
        rows: impl IntoIterator<Item = (String, String)>,
    ) -> Self {
        let rows = rows.into_iter().map(|(key, value)| vec![key, value]).collect();
        Self { heading: heading.to_owned(), columns: columns.map(str::to_owned).into(), rows }
    }
}

/// What a card says; every field may be empty, and then its part is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelCard {
    /// The model's name, the card's title.
    pub name: String,
    /// Name on a hub, or where the base model came from.
    pub base_model: String,
    /// Program that loads it; empty for `transformers`.
    pub library_name: String,
    /// SPDX identifier of the license, as the hub writes it: `apache-2.0`.
    pub license: String,
    /// Languages, as ISO 639-1 codes.
    pub languages: Vec<String>,
    /// Tags beside `self-rewarding`.
    pub tags: Vec<String>,
    /// What the model is: its stage, and what it was trained for, in whole sentences.
    pub summary: String,
    /// Data, training and evaluation, in this order of sections.
    pub tables: Vec<CardTable>,
    /// What the model must not be trusted with, in whole sentences.
    pub limits: String,
    /// Where it comes from: content hashes, versions, the command.
    pub provenance: Vec<(String, String)>,
}

impl ModelCard {
    /// The content of `README.md`: YAML front matter, then Markdown.
    ///
    /// # Source
    /// Hugging Face, "Model Cards": the keys `license`, `base_model`, `library_name`,
    /// `pipeline_tag`, `tags`.
    pub fn to_markdown(&self) -> String {
        let mut text = self.front_matter();
        let _ = write!(text, "\n# {}\n", self.name);
        section(&mut text, None, &self.summary);
        self.tables
            .iter()
            .filter(|table| !table.rows.is_empty())
            .for_each(|table| push_table(&mut text, table));
        section(&mut text, Some("Limits"), &self.limits);
        let provenance =
            CardTable::pairs("Provenance", ["What", "Value"], self.provenance.iter().cloned());
        if !provenance.rows.is_empty() {
            push_table(&mut text, &provenance);
        }
        text
    }

    fn front_matter(&self) -> String {
        let mut text = "---\n".to_owned();
        for (key, value) in [("license", &self.license), ("base_model", &self.base_model)] {
            if !value.is_empty() {
                let _ = writeln!(text, "{key}: {}", quoted(value));
            }
        }
        let library =
            if self.library_name.is_empty() { "transformers" } else { &self.library_name };
        let _ = writeln!(text, "library_name: {library}\npipeline_tag: text-generation");
        if !self.languages.is_empty() {
            push_list(&mut text, "language", self.languages.iter().map(String::as_str));
        }
        push_list(
            &mut text,
            "tags",
            ["self-rewarding"].into_iter().chain(self.tags.iter().map(String::as_str)),
        );
        text + "---\n"
    }
}

fn push_list<'a>(text: &mut String, key: &str, items: impl Iterator<Item = &'a str>) {
    let _ = writeln!(text, "{key}:");
    for item in items {
        let _ = writeln!(text, "- {}", quoted(item));
    }
}

/// A YAML scalar in double quotes, which are JSON's.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn section(text: &mut String, heading: Option<&str>, body: &str) {
    if body.is_empty() {
        return;
    }
    if let Some(heading) = heading {
        let _ = write!(text, "\n## {heading}\n");
    }
    let _ = write!(text, "\n{}\n", body.trim());
}

fn push_table(text: &mut String, table: &CardTable) {
    let _ = write!(text, "\n## {}\n\n", table.heading);
    push_row(text, &table.columns);
    push_row(text, &vec!["---".to_owned(); table.columns.len()]);
    table.rows.iter().for_each(|row| push_row(text, row));
}

/// A line of a table; what would end a cell or the line is escaped.
fn push_row(text: &mut String, cells: &[String]) {
    let cells: Vec<_> =
        cells.iter().map(|cell| cell.replace('|', "\\|").replace('\n', " ")).collect();
    let _ = writeln!(text, "| {} |", cells.join(" | "));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_says_what_it_is_given() {
        let card = ModelCard {
            name: "m2".to_owned(),
            base_model: "HuggingFaceTB/SmolLM2-135M-Instruct".to_owned(),
            library_name: String::new(),
            license: "apache-2.0".to_owned(),
            languages: vec!["en".to_owned()],
            tags: vec!["dpo".to_owned()],
            summary: "The second model of a self-rewarding run.".to_owned(),
            tables: vec![
                CardTable::pairs(
                    "Data",
                    ["What", "Rows"],
                    [("pairs".to_owned(), "812".to_owned())],
                ),
                CardTable {
                    heading: "Evaluation".to_owned(),
                    columns: ["model", "a|b"].map(str::to_owned).into(),
                    rows: vec![vec!["m2".to_owned(), "51.2 %\n(n = 100)".to_owned()]],
                },
                CardTable::pairs("Empty", ["What", "Value"], []),
            ],
            limits: "It is small.\n".to_owned(),
            provenance: vec![("content hash".to_owned(), "sha256:ab".to_owned())],
        };
        insta::assert_snapshot!(card.to_markdown(), @r#"
        ---
        license: "apache-2.0"
        base_model: "HuggingFaceTB/SmolLM2-135M-Instruct"
        library_name: transformers
        pipeline_tag: text-generation
        language:
        - "en"
        tags:
        - "self-rewarding"
        - "dpo"
        ---

        # m2

        The second model of a self-rewarding run.

        ## Data

        | What | Rows |
        | --- | --- |
        | pairs | 812 |

        ## Evaluation

        | model | a\|b |
        | --- | --- |
        | m2 | 51.2 % (n = 100) |

        ## Limits

        It is small.

        ## Provenance

        | What | Value |
        | --- | --- |
        | content hash | sha256:ab |
        "#);
    }

    #[test]
    fn what_is_empty_is_left_out() {
        let card = ModelCard { name: "m1".to_owned(), ..ModelCard::default() };
        let text = card.to_markdown();
        assert!(
            !text.contains("license") && !text.contains("##") && !text.contains("language:"),
            "{text}"
        );
    }
}
