//! The benchmarks by name.

use serde_json::Value;

use super::document::Document;
use super::row::{Row, RowError};
use super::{Item, Metric, choice, open};

/// Most tokens generated for a response: the harness's default.
pub const MAX_NEW_TOKENS: usize = 256;

/// A public benchmark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Benchmark {
    /// ARC, the easy questions (Clark et al. 2018): school science.
    ArcEasy,
    /// ARC, the challenge set (Clark et al. 2018).
    ArcChallenge,
    /// HellaSwag (Zellers et al. 2019): how a scene goes on.
    HellaSwag,
    /// PIQA (Bisk et al. 2020): everyday physics.
    Piqa,
    /// Social IQa (Sap et al. 2019): people's feelings and plans.
    SocialIqa,
    /// OpenBookQA (Mihaylov et al. 2018), without the book.
    OpenBookQa,
    /// MMLU (Hendrycks et al. 2021). Rows and examples of one subject at a time.
    Mmlu,
    /// WinoGrande (Sakaguchi et al. 2020): who is meant. One continuation after two contexts.
    WinoGrande,
    /// BoolQ (Clark et al. 2019): yes or no, from a passage.
    BoolQ,
    /// COPA (Roemmele et al. 2011): cause or effect.
    Copa,
    /// CommonsenseQA (Talmor et al. 2019), answered by letter.
    CommonsenseQa,
    /// LAMBADA (Paperno et al. 2016): the last word of a passage.
    Lambada,
    /// Sums, differences and products (Brown et al. 2020), as continuations.
    Arithmetic,
    /// GSM8K (Cobbe et al. 2021): word problems, with worked answers.
    Gsm8k,
    /// SVAMP (Patel et al. 2021): word problems. The harness has no such task; prompts and rule are
    /// those of GSM8K.
    Svamp,
    /// TriviaQA (Joshi et al. 2017), without documents.
    TriviaQa,
    /// Natural Questions, open (Lee et al. 2019).
    NqOpen,
}

impl Benchmark {
    /// All of them.
    pub const ALL: [Self; 17] = [
        Self::ArcEasy,
        Self::ArcChallenge,
        Self::HellaSwag,
        Self::Piqa,
        Self::SocialIqa,
        Self::OpenBookQa,
        Self::Mmlu,
        Self::WinoGrande,
        Self::BoolQ,
        Self::Copa,
        Self::CommonsenseQa,
        Self::Lambada,
        Self::Arithmetic,
        Self::Gsm8k,
        Self::Svamp,
        Self::TriviaQa,
        Self::NqOpen,
    ];

    /// The benchmark of this name, spelled as by [`Benchmark::name`].
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|benchmark| benchmark.name() == name)
    }

    /// The harness's name of it.
    pub fn name(self) -> &'static str {
        match self {
            Self::ArcEasy => "arc_easy",
            Self::ArcChallenge => "arc_challenge",
            Self::HellaSwag => "hellaswag",
            Self::Piqa => "piqa",
            Self::SocialIqa => "social_iqa",
            Self::OpenBookQa => "openbookqa",
            Self::Mmlu => "mmlu",
            Self::WinoGrande => "winogrande",
            Self::BoolQ => "boolq",
            Self::Copa => "copa",
            Self::CommonsenseQa => "commonsense_qa",
            Self::Lambada => "lambada",
            Self::Arithmetic => "arithmetic",
            Self::Gsm8k => "gsm8k",
            Self::Svamp => "svamp",
            Self::TriviaQa => "triviaqa",
            Self::NqOpen => "nq_open",
        }
    }

    /// The metrics that the harness prints. Choices are scored by all three of theirs, whatever is
    /// printed.
    pub fn metrics(self) -> &'static [Metric] {
        match self {
            Self::ArcEasy
            | Self::ArcChallenge
            | Self::HellaSwag
            | Self::Piqa
            | Self::OpenBookQa => &[Metric::Acc, Metric::AccNorm],
            Self::SocialIqa
            | Self::Mmlu
            | Self::WinoGrande
            | Self::BoolQ
            | Self::Copa
            | Self::CommonsenseQa => &[Metric::Acc],
            Self::Arithmetic => &[Metric::Acc],
            Self::Lambada => &[Metric::Acc, Metric::Perplexity],
            Self::Gsm8k | Self::Svamp => &[Metric::StrictMatch, Metric::FlexibleExtract],
            Self::TriviaQa | Self::NqOpen => &[Metric::ExactMatch],
        }
    }

    /// The questions of `rows`, each after the worked `examples`, which are all shown, in their
    /// order. The caller keeps the questions out of the examples.
    ///
    /// Columns are those of the official data sets, or those of llm-foundry's evaluation files
    /// (`query`, `choices`, `gold`; `context_options`; `context`, `continuation`; `context`,
    /// `answer`), brought to the same prompts.
    ///
    /// # Errors
    /// [`RowError`] names the row, the column and what it must be.
    pub fn items(
        self,
        rows: impl IntoIterator<Item = Value>,
        examples: &[Value],
    ) -> Result<Vec<Item>, RowError> {
        let mut shown = String::new();
        for (number, value) in examples.iter().enumerate() {
            shown.push_str(&self.document(Row { benchmark: self, number, value })?.worked());
            shown.push_str(if self == Self::NqOpen { "\n" } else { "\n\n" });
        }
        let item = |(number, value): (usize, Value)| {
            let row = Row { benchmark: self, number, value: &value };
            let preamble = self.description(row)? + &shown;
            Ok(self.document(row)?.into_item(row.id(), &preamble))
        };
        rows.into_iter().enumerate().map(item).collect()
    }

    fn description(self, row: Row<'_>) -> Result<String, RowError> {
        match self {
            Self::NqOpen => Ok("Answer these questions:\n\n".to_owned()),
            Self::Mmlu => {
                let subject = row.text("subject")?.replace('_', " ");
                Ok(format!(
                    "The following are multiple choice questions (with answers) about {subject}.\n\n"
                ))
            }
            _ => Ok(String::new()),
        }
    }

    fn document(self, row: Row<'_>) -> Result<Document, RowError> {
        match self {
            Self::ArcEasy | Self::ArcChallenge => choice::arc(row),
            Self::HellaSwag => choice::hellaswag(row),
            Self::Piqa => choice::piqa(row),
            Self::SocialIqa => choice::social_iqa(row),
            Self::OpenBookQa => choice::openbookqa(row),
            Self::Mmlu => choice::mmlu(row),
            Self::WinoGrande => choice::winogrande(row),
            Self::BoolQ => choice::boolq(row),
            Self::Copa => choice::copa(row),
            Self::CommonsenseQa => choice::commonsense_qa(row),
            Self::Lambada => open::lambada(row),
            Self::Arithmetic => open::arithmetic(row),
            Self::Gsm8k => open::gsm8k(row),
            Self::Svamp => open::svamp(row),
            Self::TriviaQa => open::triviaqa(row),
            Self::NqOpen => open::nq_open(row),
        }
    }
}
