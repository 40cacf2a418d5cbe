//! How far raters agree with each other.

use serde::{Deserialize, Serialize};

use super::summary::Choice;
use crate::{cohen_kappa, fleiss_kappa};

/// Two raters over the comparisons that both rated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PairAgreement {
    /// One rater.
    pub rater: String,
    /// The other.
    pub other: String,
    /// Comparisons that both rated.
    pub n_items: u64,
    /// Share of them on which both say the same.
    pub same: Option<f64>,
    /// Cohen's kappa.
    pub kappa: Option<f64>,
}

/// All raters. The categories are A, B and neither: a tie and two bad answers say the same of which
/// one is better.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RaterAgreement {
    /// Every two raters.
    pub pairs: Vec<PairAgreement>,
    /// Fleiss' kappa over the comparisons that every rater rated.
    pub fleiss_kappa: Option<f64>,
    /// Those comparisons.
    pub n_fleiss_items: u64,
}

/// `choices` by rater, then by comparison, `None` where a rater gave none; `None` with fewer than
/// two raters.
pub(super) fn rater_agreement(raters: &[(&str, Vec<Option<Choice>>)]) -> Option<RaterAgreement> {
    if raters.len() < 2 {
        return None;
    }
    let mut pairs = Vec::new();
    for (i, one) in raters.iter().enumerate() {
        pairs.extend(raters[i + 1..].iter().map(|other| pair(one, other)));
    }
    let n_items = raters[0].1.len();
    let by_all = (0..n_items).filter_map(|at| {
        let choices: Option<Vec<Choice>> = raters.iter().map(|(_, choices)| choices[at]).collect();
        let choices = choices?;
        Some(
            Choice::ALL
                .map(|wanted| choices.iter().filter(|&&choice| choice == wanted).count() as u64)
                .to_vec(),
        )
    });
    let by_all: Vec<Vec<u64>> = by_all.collect();
    Some(RaterAgreement {
        pairs,
        fleiss_kappa: fleiss_kappa(&by_all),
        n_fleiss_items: by_all.len() as u64,
    })
}

fn pair(
    (rater, one): &(&str, Vec<Option<Choice>>),
    (name, other): &(&str, Vec<Option<Choice>>),
) -> PairAgreement {
    let both = one
        .iter()
        .zip(other)
        .filter_map(|(a, b)| Some((a.as_ref()?.category(), b.as_ref()?.category())));
    let (a, b): (Vec<usize>, Vec<usize>) = both.unzip();
    let n_same = a.iter().zip(&b).filter(|(a, b)| a == b).count();
    PairAgreement {
        rater: (*rater).to_owned(),
        other: (*name).to_owned(),
        n_items: a.len() as u64,
        same: (!a.is_empty()).then(|| n_same as f64 / a.len() as f64),
        kappa: cohen_kappa(&a, &b, Choice::ALL.len()),
    }
}
