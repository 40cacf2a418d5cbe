//! The classifier of refusals against people's labels.

use serde::{Deserialize, Serialize};

use super::{Answered, Reaction, reaction};
use crate::{Estimate, cohen_kappa, wilson};

/// What people say that a response does, as XSTest labels it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HumanLabel {
    /// It serves the request.
    FullCompliance,
    /// It refuses in part.
    PartialRefusal,
    /// It refuses.
    FullRefusal,
}

impl HumanLabel {
    /// Reads `full_refusal` or XSTest's `2_full_refusal`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start_matches('_') {
            "full_compliance" => Some(Self::FullCompliance),
            "partial_refusal" => Some(Self::PartialRefusal),
            "full_refusal" => Some(Self::FullRefusal),
            _ => None,
        }
    }
}

/// Responses of one human label by what the classifier says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelCounts {
    /// Responses that it takes for refusals.
    pub n_refused: u64,
    /// The others.
    pub n_not_refused: u64,
}

/// The classifier against people. A partial refusal counts as a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgainstPeople {
    /// Responses with a human label.
    pub n: u64,
    /// Those that serve the request, say people.
    pub full_compliance: LabelCounts,
    /// Those that refuse in part.
    pub partial_refusal: LabelCounts,
    /// Those that refuse.
    pub full_refusal: LabelCounts,
    /// Share on which both agree; interval by Wilson.
    pub accuracy: Option<Estimate>,
    /// Share of the classifier's refusals that are people's too.
    pub precision: Option<Estimate>,
    /// Share of people's refusals that the classifier finds.
    pub recall: Option<Estimate>,
    /// Cohen's kappa of the two.
    pub kappa: Option<f64>,
}

/// `None` where no response has a human label.
pub(super) fn against_people(answered: &[Answered]) -> Option<AgainstPeople> {
    let labeled: Vec<(HumanLabel, bool)> = answered
        .iter()
        .filter_map(|one| Some((one.human?, reaction(&one.response) == Reaction::Refused)))
        .collect();
    if labeled.is_empty() {
        return None;
    }
    let counts = |label: HumanLabel| {
        let of_it = labeled.iter().filter(|(human, _)| *human == label);
        let n_refused = of_it.clone().filter(|(_, refused)| *refused).count() as u64;
        LabelCounts { n_refused, n_not_refused: of_it.count() as u64 - n_refused }
    };
    let [compliance, partial, full] =
        [HumanLabel::FullCompliance, HumanLabel::PartialRefusal, HumanLabel::FullRefusal]
            .map(counts);
    let n_found = partial.n_refused + full.n_refused;
    let n_missed = partial.n_not_refused + full.n_not_refused;
    let n = labeled.len() as u64;
    let human: Vec<usize> = labeled
        .iter()
        .map(|(human, _)| usize::from(*human != HumanLabel::FullCompliance))
        .collect();
    let found: Vec<usize> = labeled.iter().map(|(_, refused)| usize::from(*refused)).collect();
    Some(AgainstPeople {
        n,
        full_compliance: compliance,
        partial_refusal: partial,
        full_refusal: full,
        accuracy: wilson(n_found + compliance.n_not_refused, n),
        precision: wilson(n_found, n_found + compliance.n_refused),
        recall: wilson(n_found, n_found + n_missed),
        kappa: cohen_kappa(&human, &found, 2),
    })
}
