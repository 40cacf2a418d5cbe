//! What people's ratings come to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::agreement::{RaterAgreement, rater_agreement};
use super::judge::judge_agreement;
use super::{JudgeAgreement, JudgeVerdicts, Key, KeyItem, RaterFile, Side, Verdict};
use crate::{Bootstrap, Estimate, sign_test, wilson};

/// What a verdict says of the two models.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Choice {
    A,
    B,
    Neither,
}

impl Choice {
    pub(super) const ALL: [Self; 3] = [Self::A, Self::B, Self::Neither];

    pub(super) fn category(self) -> usize {
        self as usize
    }

    fn points(self) -> f64 {
        [1.0, 0.0, 0.5][self.category()]
    }
}

/// Ratings by what they say: `n_rated = n_a + n_b + n_tie + n_both_bad`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerdictCounts {
    /// Ratings with a verdict.
    pub n_rated: u64,
    /// A is better.
    pub n_a: u64,
    /// B is better.
    pub n_b: u64,
    /// Both are equally good.
    pub n_tie: u64,
    /// Both are bad.
    pub n_both_bad: u64,
    /// Comparisons that were skipped.
    pub n_skipped: u64,
}

/// One rater.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RaterSummary {
    /// The rater's name.
    pub rater: String,
    /// The rater's verdicts.
    pub counts: VerdictCounts,
    /// Comparisons that the rater said nothing of.
    pub n_missing: u64,
    /// A's wins and half of the ties, as a share of the ratings.
    pub win_rate: Option<f64>,
    /// Share of the decided ratings that prefer answer 1; far from 0.5, the rater sees places.
    pub first_rate: Option<Estimate>,
}

/// What a rater wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// Who wrote it.
    pub rater: String,
    /// Of which prompt.
    pub prompt_id: String,
    /// The text.
    pub note: String,
}

/// People's judgment of model A against model B.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HumanSummary {
    /// The study.
    pub study: String,
    /// Model A.
    pub name_a: String,
    /// Model B.
    pub name_b: String,
    /// Comparisons on the page.
    pub n_items: u64,
    /// Those with at least one rating.
    pub n_rated_items: u64,
    /// All raters together.
    pub counts: VerdictCounts,
    /// Share of A's wins among all ratings, a tie and two bad answers counted half; interval by
    /// bootstrap over comparisons. 0.5 is no difference.
    pub win_rate: Option<Estimate>,
    /// Comparisons where more raters prefer A than B.
    pub n_majority_a: u64,
    /// Comparisons where more raters prefer B than A.
    pub n_majority_b: u64,
    /// Comparisons where as many prefer either.
    pub n_majority_neither: u64,
    /// Two-sided p-value of the exact sign test of the majorities.
    pub sign_test_p: f64,
    /// Each rater.
    pub raters: Vec<RaterSummary>,
    /// The raters' agreement with each other; `None` with one rater.
    pub agreement: Option<RaterAgreement>,
    /// The judge against the majority; `None` where none was given.
    pub judge: Option<JudgeAgreement>,
    /// What the raters wrote.
    pub notes: Vec<Note>,
}

/// Merges the raters of one page.
pub fn human_summary(
    key: &Key,
    raters: &[RaterFile],
    judge: Option<&JudgeVerdicts>,
    bootstrap: &Bootstrap,
) -> HumanSummary {
    let chosen: Vec<(&str, Vec<Option<Choice>>)> =
        raters.iter().map(|file| (file.rater.as_str(), choices(key, file))).collect();
    let by_item: Vec<Vec<Choice>> = (0..key.items.len())
        .map(|at| chosen.iter().filter_map(|(_, choices)| choices[at]).collect())
        .collect();
    let rated: Vec<&Vec<Choice>> = by_item.iter().filter(|choices| !choices.is_empty()).collect();
    let majority: Vec<Option<Choice>> = by_item.iter().map(|choices| majority(choices)).collect();
    let n_majority =
        |wanted| majority.iter().filter(|&&choice| choice == Some(wanted)).count() as u64;
    let (n_majority_a, n_majority_b) = (n_majority(Choice::A), n_majority(Choice::B));
    let summaries: Vec<RaterSummary> = raters.iter().map(|file| rater_summary(key, file)).collect();
    HumanSummary {
        study: key.study.clone(),
        name_a: key.a.name.clone(),
        name_b: key.b.name.clone(),
        n_items: key.items.len() as u64,
        n_rated_items: rated.len() as u64,
        counts: summaries
            .iter()
            .fold(VerdictCounts::default(), |sum, rater| sum.plus(rater.counts)),
        win_rate: bootstrap
            .estimate(&rated, |items| win_rate(items.iter().copied().copied().flatten())),
        n_majority_a,
        n_majority_b,
        n_majority_neither: n_majority(Choice::Neither),
        sign_test_p: sign_test(n_majority_a, n_majority_b),
        raters: summaries,
        agreement: rater_agreement(&chosen),
        judge: judge.map(|judge| judge_agreement(key, &majority, judge)),
        notes: notes(key, raters),
    }
}

/// What a rater chooses, in the key's order.
fn choices(key: &Key, file: &RaterFile) -> Vec<Option<Choice>> {
    let verdicts: BTreeMap<&str, Verdict> =
        file.ratings.iter().map(|r| (r.item.as_str(), r.verdict)).collect();
    key.items.iter().map(|item| choice(item, *verdicts.get(item.item.as_str())?)).collect()
}

fn choice(item: &KeyItem, verdict: Verdict) -> Option<Choice> {
    match (verdict, item.first) {
        (Verdict::First, Side::A) | (Verdict::Second, Side::B) => Some(Choice::A),
        (Verdict::First, Side::B) | (Verdict::Second, Side::A) => Some(Choice::B),
        (Verdict::Tie | Verdict::BothBad, _) => Some(Choice::Neither),
        (Verdict::Skip, _) => None,
    }
}

/// Whom more raters prefer; `None` where nobody rated.
fn majority(choices: &[Choice]) -> Option<Choice> {
    let n = |wanted| choices.iter().filter(|&&choice| choice == wanted).count();
    let (n_a, n_b) = (n(Choice::A), n(Choice::B));
    (!choices.is_empty()).then_some(match n_a.cmp(&n_b) {
        std::cmp::Ordering::Greater => Choice::A,
        std::cmp::Ordering::Less => Choice::B,
        std::cmp::Ordering::Equal => Choice::Neither,
    })
}

fn win_rate<'a>(choices: impl Iterator<Item = &'a Choice>) -> Option<f64> {
    let (sum, n) = choices.fold((0.0, 0u64), |(sum, n), choice| (sum + choice.points(), n + 1));
    (n > 0).then(|| sum / n as f64)
}

fn rater_summary(key: &Key, file: &RaterFile) -> RaterSummary {
    let by_item = key.by_item();
    let mut counts = VerdictCounts::default();
    let (mut n_first, mut n_decided) = (0, 0);
    for rating in &file.ratings {
        let Some(item) = by_item.get(rating.item.as_str()) else { continue };
        n_first += u64::from(rating.verdict == Verdict::First);
        n_decided += u64::from(matches!(rating.verdict, Verdict::First | Verdict::Second));
        counts.n_rated += u64::from(rating.verdict != Verdict::Skip);
        *match (choice(item, rating.verdict), rating.verdict) {
            (Some(Choice::A), _) => &mut counts.n_a,
            (Some(Choice::B), _) => &mut counts.n_b,
            (_, Verdict::BothBad) => &mut counts.n_both_bad,
            (Some(Choice::Neither), _) => &mut counts.n_tie,
            (None, _) => &mut counts.n_skipped,
        } += 1;
    }
    RaterSummary {
        rater: file.rater.clone(),
        counts,
        n_missing: key.items.len() as u64 - counts.n_rated - counts.n_skipped,
        win_rate: win_rate(choices(key, file).iter().flatten()),
        first_rate: wilson(n_first, n_decided),
    }
}

impl VerdictCounts {
    fn plus(self, other: Self) -> Self {
        Self {
            n_rated: self.n_rated + other.n_rated,
            n_a: self.n_a + other.n_a,
            n_b: self.n_b + other.n_b,
            n_tie: self.n_tie + other.n_tie,
            n_both_bad: self.n_both_bad + other.n_both_bad,
            n_skipped: self.n_skipped + other.n_skipped,
        }
    }
}

fn notes(key: &Key, raters: &[RaterFile]) -> Vec<Note> {
    let by_item = key.by_item();
    let of = |file: &RaterFile| -> Vec<Note> {
        let written = file.ratings.iter().filter(|rating| !rating.note.trim().is_empty());
        let note = |rating: &super::Rating| {
            let prompt_id = by_item.get(rating.item.as_str())?.prompt_id.clone();
            Some(Note { rater: file.rater.clone(), prompt_id, note: rating.note.trim().to_owned() })
        };
        written.filter_map(note).collect()
    };
    raters.iter().flat_map(of).collect()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use proptest::prelude::*;

    use super::*;
    use crate::human::study::tests::two;
    use crate::human::{Rating, StudyConfig, judge_by_comparisons, judge_by_scores, study};
    use crate::{Comparison, Preference};

    fn key(n: usize) -> Key {
        let (a, b) = two(n);
        let mut key = study(&a, &b, &StudyConfig::default()).unwrap().key;
        key.items.sort_by(|a, b| a.prompt_id.cmp(&b.prompt_id));
        key
    }

    /// Ratings of comparisons 0, 1, ... as `a`, `b`, `t` (tie), `x` (both bad), `s` (skip) or `-`
    /// (none).
    fn rater(key: &Key, name: &str, said: &str) -> RaterFile {
        let rating = |(item, c): (&KeyItem, char)| {
            let verdict = match (c, item.first) {
                ('a', Side::A) | ('b', Side::B) => Verdict::First,
                ('a', Side::B) | ('b', Side::A) => Verdict::Second,
                ('t', _) => Verdict::Tie,
                ('x', _) => Verdict::BothBad,
                ('s', _) => Verdict::Skip,
                _ => return None,
            };
            Some(Rating { item: item.item.clone(), verdict, note: String::new() })
        };
        let ratings = key.items.iter().zip(said.chars()).filter_map(rating).collect();
        RaterFile { path: PathBuf::new(), rater: name.to_owned(), ratings }
    }

    fn summary(key: &Key, said: &[&str], judge: Option<&JudgeVerdicts>) -> HumanSummary {
        let raters: Vec<_> =
            said.iter().enumerate().map(|(i, said)| rater(key, &format!("r{i}"), said)).collect();
        human_summary(key, &raters, judge, &Bootstrap { n_resamples: 200, ..Bootstrap::default() })
    }

    #[test]
    fn a_case_to_check_with_a_pencil() {
        let key = key(6);
        let found = summary(&key, &["aabtxs", "abb-a-"], None);
        let VerdictCounts { n_rated, n_a, n_b, n_tie, n_both_bad, n_skipped } = found.counts;
        assert_eq!((n_rated, n_a, n_b, n_tie, n_both_bad, n_skipped), (9, 4, 3, 1, 1, 1));
        assert_eq!((found.n_items, found.n_rated_items), (6, 5));
        // 4 wins and 2 halves of 9.
        assert_eq!(found.win_rate.unwrap().value, 5.0 / 9.0);
        assert_eq!((found.n_majority_a, found.n_majority_b, found.n_majority_neither), (2, 1, 2));
        assert_eq!(found.raters[1].n_missing, 2);
        let agreement = found.agreement.unwrap();
        // Both rated 0, 1, 2 and 4 and agree on 0 and 2; by chance on 1/2 * 1/2 + 1/4 * 1/2.
        assert_eq!((agreement.pairs[0].n_items, agreement.pairs[0].same), (4, Some(0.5)));
        assert!((agreement.pairs[0].kappa.unwrap() - 0.2).abs() < 1e-12);
        assert_eq!(agreement.n_fleiss_items, 4);
        assert_eq!(summary(&key, &["aaaaaa"], None).agreement, None);
    }

    #[test]
    fn a_judge_is_held_against_the_majority() {
        let key = key(5);
        let verdict = |i: usize, new_first, new_second| Comparison {
            prompt_id: format!("p{i}"),
            new_first,
            new_second,
        };
        let (a, b) = (Some(Preference::A), Some(Preference::B));
        // New wins, loses, each order another, missing; nothing is said of p4.
        let comparisons =
            [verdict(0, a, b), verdict(1, b, a), verdict(2, a, a), verdict(3, None, a)];
        let found = summary(&key, &["aaaaa"], Some(&judge_by_comparisons(&comparisons, false)))
            .judge
            .unwrap();
        assert_eq!((found.n_items, found.n_same, found.n_opposite), (5, 1, 1));
        assert_eq!((found.n_judge_tied, found.n_missing), (1, 2));
        assert_eq!(found.accuracy.unwrap().value, 1.0 / 3.0);
        let other = summary(&key, &["bbbbb"], Some(&judge_by_comparisons(&comparisons, true)))
            .judge
            .unwrap();
        assert_eq!((other.n_same, other.n_opposite), (1, 1));

        let scores = |side: &str, scores: [Option<f64>; 3]| -> BTreeMap<String, Option<f64>> {
            (0..).zip(scores).map(|(i, score)| (format!("{side}/p{i}/0"), score)).collect()
        };
        let of_a = scores("secret-one", [Some(5.0), Some(2.0), None]);
        let of_b = scores("secret-number-two", [Some(1.0), Some(2.0), Some(2.0)]);
        let found =
            summary(&key, &["aaaaa"], Some(&judge_by_scores(&key, &of_a, &of_b))).judge.unwrap();
        assert_eq!((found.n_same, found.n_judge_tied, found.n_missing), (1, 1, 3));
    }

    #[test]
    fn notes_come_with_the_prompt() {
        let key = key(2);
        let mut file = rater(&key, "anna", "at");
        file.ratings[1].note = " both copy \n".to_owned();
        let found = human_summary(
            &key,
            &[file],
            None,
            &Bootstrap { n_resamples: 100, ..Bootstrap::default() },
        );
        let expected =
            Note { rater: "anna".into(), prompt_id: "p1".into(), note: "both copy".into() };
        assert_eq!(found.notes, [expected]);
        let text = serde_json::to_string(&found).unwrap();
        assert_eq!(serde_json::from_str::<HumanSummary>(&text).unwrap(), found);
    }

    proptest! {
        #[test]
        fn counts_add_up_and_swapping_the_models_turns_the_rate_around(said in prop::collection::vec("[abtxs-]{6}", 1..4)) {
            let key = key(6);
            let said: Vec<&str> = said.iter().map(String::as_str).collect();
            let found = summary(&key, &said, None);
            let c = found.counts;
            prop_assert_eq!(c.n_rated, c.n_a + c.n_b + c.n_tie + c.n_both_bad);
            prop_assert_eq!(found.n_rated_items, found.n_majority_a + found.n_majority_b + found.n_majority_neither);
            let n_missing: u64 = found.raters.iter().map(|rater| rater.n_missing).sum();
            prop_assert_eq!(c.n_rated + c.n_skipped + n_missing, found.n_items * said.len() as u64);
            let turned: Vec<String> = said.iter().map(|said| said.replace('a', "c").replace('b', "a").replace('c', "b")).collect();
            let turned = summary(&key, &turned.iter().map(String::as_str).collect::<Vec<_>>(), None);
            prop_assert!(found.win_rate.zip(turned.win_rate).is_none_or(|(a, b)| (a.value + b.value - 1.0).abs() < 1e-12));
        }
    }
}
