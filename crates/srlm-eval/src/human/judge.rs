//! A judge against the raters' majority.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Key;
use super::summary::Choice;
use crate::{Comparison, Estimate, Outcome, cohen_kappa, wilson};

/// What a judge prefers, by prompt; prompts that it says nothing of are absent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JudgeVerdicts {
    by_prompt: BTreeMap<String, Choice>,
}

/// A judge against people, over the comparisons where the raters' majority prefers one answer.
///
/// `n_items = n_same + n_opposite + n_judge_tied + n_missing`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JudgeAgreement {
    /// Comparisons where the majority prefers an answer.
    pub n_items: u64,
    /// Those where the judge prefers the same one.
    pub n_same: u64,
    /// Those where it prefers the other one.
    pub n_opposite: u64,
    /// Those where it prefers neither, or each in one order.
    pub n_judge_tied: u64,
    /// Those that it says nothing of.
    pub n_missing: u64,
    /// Share of the comparisons that the judge speaks of where it prefers the same answer; a tie is
    /// a disagreement. Interval by Wilson.
    pub accuracy: Option<Estimate>,
    /// Cohen's kappa with the majority over all comparisons that both speak of, ties included.
    pub kappa: Option<f64>,
}

impl JudgeVerdicts {
    /// Whether it says nothing at all.
    pub fn is_empty(&self) -> bool {
        self.by_prompt.is_empty()
    }
}

/// Verdicts of a head-to-head whose new model is A, or is B where `new_is_b`.
pub fn judge_by_comparisons(comparisons: &[Comparison], new_is_b: bool) -> JudgeVerdicts {
    let (new, old) = if new_is_b { (Choice::B, Choice::A) } else { (Choice::A, Choice::B) };
    let choice = |comparison: &Comparison| {
        Some(match comparison.outcome() {
            Outcome::Win => new,
            Outcome::Loss => old,
            Outcome::Tie | Outcome::Disagreement => Choice::Neither,
            Outcome::Missing => return None,
        })
    };
    let said = comparisons.iter().filter_map(|one| Some((one.prompt_id.clone(), choice(one)?)));
    JudgeVerdicts { by_prompt: said.collect() }
}

/// Verdicts by the higher score: of A's answers and of B's, each by its own `response_id`. Two
/// models' answers to one prompt may have one id, so the scores are apart.
pub fn judge_by_scores(
    key: &Key,
    of_a: &BTreeMap<String, Option<f64>>,
    of_b: &BTreeMap<String, Option<f64>>,
) -> JudgeVerdicts {
    let score = |scores: &BTreeMap<String, Option<f64>>, id: &Option<String>| {
        scores.get(id.as_ref()?).copied()?
    };
    let said = key.items.iter().filter_map(|item| {
        let (a, b) = (score(of_a, &item.response_a)?, score(of_b, &item.response_b)?);
        let choice = match a.partial_cmp(&b)? {
            std::cmp::Ordering::Greater => Choice::A,
            std::cmp::Ordering::Less => Choice::B,
            std::cmp::Ordering::Equal => Choice::Neither,
        };
        Some((item.prompt_id.clone(), choice))
    });
    JudgeVerdicts { by_prompt: said.collect() }
}

/// `majority` by comparison, in the key's order.
pub(super) fn judge_agreement(
    key: &Key,
    majority: &[Option<Choice>],
    judge: &JudgeVerdicts,
) -> JudgeAgreement {
    let said = key.items.iter().map(|item| judge.by_prompt.get(&item.prompt_id).copied());
    let both: Vec<(Choice, Option<Choice>)> =
        majority.iter().zip(said).filter_map(|(people, judge)| Some(((*people)?, judge))).collect();
    let decided = || both.iter().filter(|(people, _)| *people != Choice::Neither);
    let n = |is: &dyn Fn(Choice, Option<Choice>) -> bool| {
        decided().filter(|(p, j)| is(*p, *j)).count() as u64
    };
    let (n_items, n_same) = (decided().count() as u64, n(&|people, judge| judge == Some(people)));
    let n_missing = n(&|_, judge| judge.is_none());
    let n_judge_tied = n(&|_, judge| judge == Some(Choice::Neither));
    let spoken =
        both.iter().filter_map(|(people, judge)| Some((people.category(), (*judge)?.category())));
    let (people, judge): (Vec<usize>, Vec<usize>) = spoken.unzip();
    JudgeAgreement {
        n_items,
        n_same,
        n_opposite: n_items - n_same - n_judge_tied - n_missing,
        n_judge_tied,
        n_missing,
        accuracy: wilson(n_same, n_items - n_missing),
        kappa: cohen_kappa(&people, &judge, Choice::ALL.len()),
    }
}
