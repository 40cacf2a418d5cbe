//! Whether a generated text gives the answer.

use std::sync::LazyLock;

use regex::Regex;

use super::Metric;
use super::python::strip;

static STRICT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"#### (-?[0-9.,]+)").expect("a valid pattern"));
static FLEXIBLE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"-?[$0-9.,]{2,}|-?[0-9]+").expect("a valid pattern"));
static ARTICLES: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b(?:The |the |An |A |a |an )").expect("a valid pattern"));

/// How a response is compared with the accepted answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AnswerRule {
    /// The number after `####` (strict), or the last number (flexible). Commas, dollar signs and a
    /// period at the end do not count.
    Number,
    /// The whole response, in lower case and without ASCII punctuation.
    Phrase,
    /// The same, also without English articles.
    PhraseWithoutArticles,
}

impl AnswerRule {
    /// 1 or 0 for each metric of the rule.
    pub(super) fn scores(
        self,
        response: &str,
        stop: &[&str],
        answers: &[String],
    ) -> Vec<(Metric, f64)> {
        let response =
            stop.iter().fold(response, |text, stop| text.split(stop).next().unwrap_or(text));
        let matches = |found: &str| {
            let found = self.normalize(found);
            f64::from(u8::from(answers.iter().any(|answer| self.normalize(answer) == found)))
        };
        // A response without a number is not right, whatever the answer is.
        let number = |found: Option<&str>| found.map_or(0.0, matches);
        match self {
            Self::Number => {
                let strict = STRICT
                    .captures(response)
                    .and_then(|found| found.get(1))
                    .map(|found| found.as_str());
                let flexible = FLEXIBLE.find_iter(response).last().map(|found| found.as_str());
                vec![
                    (Metric::StrictMatch, number(strict)),
                    (Metric::FlexibleExtract, number(flexible)),
                ]
            }
            Self::Phrase | Self::PhraseWithoutArticles => {
                vec![(Metric::ExactMatch, matches(strip(response)))]
            }
        }
    }

    fn normalize(self, text: &str) -> String {
        let words = match self {
            Self::Number => {
                let text = text.replace([',', '$'], "");
                let number = text.rsplit_once("#### ").map_or(&*text, |(_, number)| number);
                return number.strip_suffix('.').unwrap_or(number).to_lowercase();
            }
            Self::Phrase => text.into(),
            Self::PhraseWithoutArticles => ARTICLES.replace_all(text, ""),
        };
        words.to_lowercase().replace(|c: char| c.is_ascii_punctuation(), "")
    }
}
