//! What holds for any candidates; the README lists it.
#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, HashSet};

use proptest::collection::vec;
use proptest::option::weighted;
use proptest::prelude::*;
use proptest::sample::select as one_of;
use srlm_artifact::{
    Aggregation, FinishReason, IftRow, JudgmentFailure, JudgmentRow, PairRow, Place, PromptRow,
    PromptSource, ResponseRow, Row, Score,
};
use srlm_pairs::{
    Candidate, LabelWeights, PairsConfig, PerfectConfig, PromptCandidates, SelectionCounts,
    Strategy as PairStrategy, UnpairedConfig, anchor, candidates_by_prompt, future_guided, perfect,
    rank_consistency, select_pairs, spin, unpaired, weigh, with_safety,
};

const N_LEVELS: usize = 6;
const PLACE: Place = Place { run_seed: 42, iteration: 2 };

/// Few scores and few texts, so that ties and twins are common.
fn prompts_of(
    score: impl Strategy<Value = Option<f64>> + Clone,
) -> impl Strategy<Value = Vec<PromptCandidates>> {
    vec(vec(("[ab]{0,2}", any::<bool>(), score), 0..7), 0..6)
        .prop_map(|prompts| (0..).zip(prompts).map(prompt).collect())
}

fn prompt((number, candidates): (u32, Vec<(String, bool, Option<f64>)>)) -> PromptCandidates {
    let candidate =
        |(sample_index, (response, is_cut, score)): (u32, (String, bool, Option<f64>))| Candidate {
            response_id: format!("p{number}/{sample_index}"),
            sample_index,
            response,
            finish_reason: if is_cut { FinishReason::Length } else { FinishReason::Stop },
            score,
        };
    PromptCandidates {
        prompt_id: format!("p{number}"),
        prompt: format!("Question {number}?").as_str().into(),
        candidates: (0..).zip(candidates).map(candidate).collect(),
    }
}

fn prompts() -> impl Strategy<Value = Vec<PromptCandidates>> {
    prompts_of(weighted(0.8, (0..N_LEVELS).prop_map(|level| level as f64)))
}

fn gap() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.0), (0..=10u32).prop_map(|halves| f64::from(halves) / 2.0), 0.0..=5.0]
}

fn strategies() -> impl Strategy<Value = PairStrategy> {
    use PairStrategy::{AllAboveGap, BestRandom, BestWorst, Random, TopBottom};
    one_of(vec![BestWorst, BestRandom, AllAboveGap, TopBottom, Random])
}

/// What every strategy reads and no length: with a gap of 0, these go by ranks alone.
fn by_rank() -> impl Strategy<Value = PairsConfig> {
    (strategies(), 1..4u32, any::<bool>()).prop_map(
        |(strategy, candidates_per_end, exclude_unfinished)| {
            let max_pairs_per_prompt = if strategy == PairStrategy::Random { 2 } else { 0 };
            PairsConfig {
                strategy,
                candidates_per_end,
                max_pairs_per_prompt,
                exclude_unfinished,
                ..PairsConfig::default()
            }
        },
    )
}

/// Any settings that are valid.
fn configs() -> impl Strategy<Value = PairsConfig> {
    let lengths = (
        vec(0.0..0.5, 0..3),
        one_of(vec![0.0, 0.1, 500.0]),
        one_of(vec![0.0, 1.0, 1.5]),
        vec(0..3u32, 0..3),
    );
    (by_rank(), gap(), 0..4u32, lengths).prop_map(
        |(config, min_score_gap, max_pairs_per_prompt, lengths)| {
            let (length_control, length_penalty, max_length_ratio, max_chosen_characters) = lengths;
            let is_best_worst = config.strategy == PairStrategy::BestWorst;
            PairsConfig {
                min_score_gap,
                max_pairs_per_prompt,
                length_control: if is_best_worst { length_control } else { Vec::new() },
                length_penalty: length_penalty / 100.0,
                max_length_ratio,
                max_chosen_characters,
                ..config
            }
        },
    )
}

fn best_worst(min_score_gap: f64) -> PairsConfig {
    PairsConfig { min_score_gap, ..PairsConfig::default() }
}

/// The prompts in another order, and the candidates of each.
fn shuffled(prompts: Vec<PromptCandidates>) -> impl Strategy<Value = Vec<PromptCandidates>> {
    let shuffled_prompt = |prompt: PromptCandidates| {
        Just(prompt.candidates.clone())
            .prop_shuffle()
            .prop_map(move |candidates| PromptCandidates { candidates, ..prompt.clone() })
    };
    prompts.into_iter().map(shuffled_prompt).collect::<Vec<_>>().prop_shuffle()
}

fn and_shuffled() -> impl Strategy<Value = (Vec<PromptCandidates>, Vec<PromptCandidates>)> {
    prompts().prop_flat_map(|prompts| (Just(prompts.clone()), shuffled(prompts)))
}

fn select(prompts: &[PromptCandidates], config: &PairsConfig) -> (Vec<PairRow>, SelectionCounts) {
    let selection = select_pairs(prompts, config, PLACE);
    (selection.pairs, selection.counts)
}

fn ids(pairs: &[PairRow]) -> Vec<(&str, &str)> {
    pairs.iter().map(|pair| (pair.chosen_id.as_str(), pair.rejected_id.as_str())).collect()
}

fn prompt_of<'a>(pair: &PairRow, prompts: &'a [PromptCandidates]) -> &'a PromptCandidates {
    prompts.iter().find(|prompt| prompt.prompt_id == pair.prompt_id).unwrap()
}

fn has(prompt: &PromptCandidates, id: &str, text: &str, score: f64) -> bool {
    prompt
        .candidates
        .iter()
        .any(|one| one.response_id == id && one.response == text && one.score == Some(score))
}

fn n_chars(text: &str) -> f64 {
    text.chars().count() as f64
}

fn scored_only(prompts: &[PromptCandidates]) -> Vec<PromptCandidates> {
    let mut prompts = prompts.to_vec();
    prompts.iter_mut().for_each(|prompt| prompt.candidates.retain(|one| one.score.is_some()));
    prompts
}

/// Both sums of the counts, and that they are of these pairs and prompts.
fn add_up(counts: SelectionCounts, n_prompts: usize, pairs: &[PairRow]) -> bool {
    let c = counts;
    let without = c.unscored + c.unfinished + c.tied + c.not_lower + c.below_gap + c.identical;
    let refused = c.pairs_not_lower + c.pairs_below_gap + c.pairs_identical;
    let refused = refused + c.pairs_chosen_too_long + c.pairs_length_ratio;
    let n_paired = pairs.iter().map(|pair| &pair.prompt_id).collect::<HashSet<_>>().len();
    c.prompts == c.paired + without + c.chosen_too_long + c.length_ratio
        && c.pairs_proposed == c.pairs + c.pairs_over_limit + refused
        && (c.prompts, c.paired, c.pairs) == (n_prompts as u64, n_paired as u64, pairs.len() as u64)
}

/// Every two scored candidates of a prompt, in both orders.
fn couples(prompt: &PromptCandidates) -> Vec<(&Candidate, f64, &Candidate, f64)> {
    let scored: Vec<_> =
        prompt.candidates.iter().filter_map(|one| Some((one, one.score?))).collect();
    let couple = |i: usize, j: usize| (scored[i].0, scored[i].1, scored[j].0, scored[j].1);
    let all = (0..scored.len()).flat_map(|i| (0..scored.len()).map(move |j| (i, j)));
    all.filter(|(i, j)| i != j).map(|(i, j)| couple(i, j)).collect()
}

/// Selection by looking at every two candidates: the farthest apart, then the earliest chosen, then
/// rejected.
fn slowly(
    prompt: &PromptCandidates,
    min_score_gap: f64,
) -> (Option<(String, String)>, &'static str) {
    let couples = couples(prompt);
    let Some(widest) = couples.iter().map(|(_, a, _, b)| a - b).reduce(f64::max) else {
        return (None, "unscored");
    };
    let at_ends = couples.iter().filter(|(_, a, _, b)| a - b == widest);
    let (chosen, _, rejected, _) =
        at_ends.min_by_key(|(a, _, b, _)| (a.sample_index, b.sample_index)).unwrap();
    match widest {
        0.0 => (None, "tied"),
        _ if widest < min_score_gap => (None, "below_gap"),
        _ if chosen.response == rejected.response => (None, "identical"),
        _ => (Some((chosen.response_id.clone(), rejected.response_id.clone())), "paired"),
    }
}

proptest! {
    #[test]
    fn a_pair_is_of_two_candidates_of_its_prompt_and_the_chosen_scores_higher(
        prompts in prompts(),
        config in configs(),
    ) {
        config.validate().unwrap();
        for pair in select(&prompts, &config).0 {
            prop_assert!(pair.check().is_ok());
            prop_assert!(pair.score_chosen > pair.score_rejected);
            prop_assert!(pair.score_chosen - pair.score_rejected >= config.min_score_gap);
            prop_assert_ne!(&pair.chosen_id, &pair.rejected_id);
            prop_assert_ne!(&pair.chosen, &pair.rejected);
            let prompt = prompt_of(&pair, &prompts);
            prop_assert_eq!(&pair.prompt, &prompt.prompt);
            prop_assert!(has(prompt, &pair.chosen_id, &pair.chosen, pair.score_chosen));
            prop_assert!(has(prompt, &pair.rejected_id, &pair.rejected, pair.score_rejected));
        }
    }

    #[test]
    fn limits_are_kept(prompts in prompts(), config in configs()) {
        for pair in select(&prompts, &config).0 {
            let (chosen, rejected) = (n_chars(&pair.chosen), n_chars(&pair.rejected));
            let (longer, shorter) = (chosen.max(rejected), chosen.min(rejected));
            prop_assert!(config.max_length_ratio == 0.0 || longer <= config.max_length_ratio * shorter);
            let most = config.max_chosen_characters.last().copied().unwrap_or(0);
            prop_assert!(most == 0 || chosen <= f64::from(most));
            let cut = |id: &str| prompt_of(&pair, &prompts).candidates.iter().any(|one| {
                one.response_id == id && one.finish_reason == FinishReason::Length
            });
            prop_assert!(!config.exclude_unfinished || !cut(&pair.chosen_id) && !cut(&pair.rejected_id));
        }
    }

    #[test]
    fn a_prompt_has_at_most_so_many_pairs_and_none_twice(prompts in prompts(), config in configs()) {
        let pairs = select(&prompts, &config).0;
        prop_assert!(pairs.windows(2).all(|two| two[0].prompt_id <= two[1].prompt_id));
        prop_assert_eq!(ids(&pairs).into_iter().collect::<HashSet<_>>().len(), pairs.len());
        let mut n_of = BTreeMap::new();
        pairs.iter().for_each(|pair| *n_of.entry(&pair.prompt_id).or_insert(0) += 1);
        let most = match (config.strategy, config.max_pairs_per_prompt) {
            (PairStrategy::BestWorst | PairStrategy::BestRandom, _) => 1,
            (_, 0) => u32::MAX,
            (_, most) => most,
        };
        prop_assert!(n_of.values().all(|n| *n <= most));
    }

    #[test]
    fn the_order_of_prompts_and_candidates_does_not_matter((prompts, other) in and_shuffled(), config in configs()) {
        prop_assert_eq!(select(&prompts, &config), select(&other, &config));
    }

    #[test]
    fn an_unscored_candidate_changes_nothing((prompts, other) in and_shuffled(), config in configs()) {
        prop_assert_eq!(select(&prompts, &config), select(&scored_only(&other), &config));
    }

    #[test]
    fn a_strictly_increasing_map_of_scores_gives_the_same_pairs(
        prompts in prompts(),
        config in by_rank(),
        lowest in -100.0..100.0,
        steps in vec(1e-3..1e3, N_LEVELS),
    ) {
        let levels: Vec<f64> = steps.iter().scan(lowest, |level, step| { *level += step; Some(*level) }).collect();
        let mut mapped = prompts.clone();
        let scores = mapped.iter_mut().flat_map(|prompt| &mut prompt.candidates).filter_map(|one| one.score.as_mut());
        scores.for_each(|score| *score = levels[*score as usize]);
        let ((pairs, counts), (mapped_pairs, mapped_counts)) = (select(&prompts, &config), select(&mapped, &config));
        prop_assert_eq!(ids(&pairs), ids(&mapped_pairs));
        prop_assert_eq!(counts, mapped_counts);
    }

    #[test]
    fn the_counts_add_up(prompts in prompts(), config in configs()) {
        let (pairs, counts) = select(&prompts, &config);
        prop_assert!(add_up(counts, prompts.len(), &pairs), "{:?}", counts);
    }

    #[test]
    fn no_two_candidates_are_farther_apart_than_the_best_and_the_worst(prompts in prompts(), gap in gap()) {
        for pair in select(&prompts, &best_worst(gap)).0 {
            let widest = pair.score_chosen - pair.score_rejected;
            prop_assert!(couples(prompt_of(&pair, &prompts)).iter().all(|(_, a, _, b)| a - b <= widest));
        }
    }

    #[test]
    fn a_larger_gap_takes_pairs_away_and_changes_none(prompts in prompts(), gap in gap(), all in any::<bool>()) {
        let strategy = if all { PairStrategy::AllAboveGap } else { PairStrategy::BestWorst };
        let config = |gap| PairsConfig { strategy, max_pairs_per_prompt: 0, ..best_worst(gap) };
        let mut kept = select(&prompts, &config(0.0)).0;
        kept.retain(|pair| pair.score_chosen - pair.score_rejected >= gap);
        prop_assert_eq!(select(&prompts, &config(gap)).0, kept);
    }

    #[test]
    fn pairs_and_counts_are_those_of_looking_at_every_two_candidates(prompts in prompts(), gap in gap()) {
        let (pairs, counts) = select(&prompts, &best_worst(gap));
        let slowly: Vec<_> = prompts.iter().map(|prompt| slowly(prompt, gap)).collect();
        let count = |name| slowly.iter().filter(|(_, reason)| *reason == name).count() as u64;
        let expected = ["paired", "tied", "below_gap", "unscored", "identical"].map(count);
        let SelectionCounts { paired, tied, below_gap, unscored, identical, .. } = counts;
        prop_assert_eq!([paired, tied, below_gap, unscored, identical], expected);
        let expected: Vec<_> = slowly.iter().filter_map(|(pair, _)| pair.as_ref()).collect();
        prop_assert_eq!(ids(&pairs), expected.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect::<Vec<_>>());
    }

    #[test]
    fn every_two_of_other_scores_and_texts_are_paired_where_nothing_limits(prompts in prompts()) {
        let config = PairsConfig { strategy: PairStrategy::AllAboveGap, max_pairs_per_prompt: 0, ..best_worst(0.0) };
        let pairs = select(&prompts, &config).0;
        let fit = |prompt| couples(prompt).iter().filter(|(a, x, b, y)| x > y && a.response != b.response).count();
        prop_assert_eq!(pairs.len(), prompts.iter().map(fit).sum::<usize>());
    }

    #[test]
    fn any_number_is_taken_without_a_panic(
        prompts in prompts_of(weighted(0.9, prop_oneof![
            prop::num::f64::ANY,
            Just(f64::NAN),
            Just(0.0),
            Just(-0.0),
            Just(f64::INFINITY),
            Just(f64::MIN),
        ])),
        config in configs(),
        odd in vec(prop_oneof![prop::num::f64::ANY, Just(0.0)], 4),
    ) {
        let [min_score_gap, length_penalty, max_length_ratio, rho] = odd[..] else { unreachable!() };
        let odd = PairsConfig { min_score_gap, length_penalty, max_length_ratio, length_control: vec![rho], ..config };
        let (pairs, counts) = select(&prompts, &odd);
        prop_assert!(add_up(counts, prompts.len(), &pairs), "{:?}", counts);
        for pair in &pairs {
            prop_assert!(pair.score_chosen.is_finite() && pair.score_rejected.is_finite());
            prop_assert!(pair.score_chosen > pair.score_rejected);
            prop_assert_ne!(&pair.chosen_id, &pair.rejected_id);
        }
        let twice = anchor(&prompts, &prompts, &odd, PLACE);
        prop_assert!(add_up(twice.counts, prompts.len(), &twice.pairs), "{:?}", twice.counts);
        future_guided(pairs, &prompts, &odd);
        perfect(&prompts, &PerfectConfig::default());
        unpaired(&prompts, &UnpairedConfig::default());
        rank_consistency(&prompts, &prompts);
    }
}

proptest! {
    #[test]
    fn an_anchored_pair_is_of_either_side_and_in_order(
        (own, other_own) in and_shuffled(),
        (anchors, other_anchors) in and_shuffled(),
        config in configs(),
    ) {
        let config = PairsConfig { strategy: PairStrategy::BestWorst, anchored_rejection: true, ..config };
        let selection = anchor(&own, &anchors, &config, PLACE);
        prop_assert!(add_up(selection.counts, own.len(), &selection.pairs), "{:?}", selection.counts);
        prop_assert!(selection.pairs.windows(2).all(|two| two[0].prompt_id < two[1].prompt_id));
        for pair in &selection.pairs {
            prop_assert!(pair.check().is_ok());
            prop_assert_ne!(&pair.chosen_id, &pair.rejected_id);
            prop_assert!(has(prompt_of(pair, &own), &pair.chosen_id, &pair.chosen, pair.score_chosen));
            let rejected_id = pair.rejected_id.strip_prefix("m0:").unwrap();
            prop_assert!(has(prompt_of(pair, &anchors), rejected_id, &pair.rejected, pair.score_rejected));
        }
        let scored = (scored_only(&other_own), scored_only(&other_anchors));
        prop_assert_eq!(selection, anchor(&scored.0, &scored.1, &config, PLACE));
    }

    #[test]
    fn the_future_only_raises_what_is_chosen(
        prompts in prompts(),
        (future, other_future) in and_shuffled(),
        config in configs(),
    ) {
        let pairs = select(&prompts, &config).0;
        let guided = future_guided(pairs.clone(), &future, &config);
        let counts = guided.counts;
        let dropped = counts.not_lower + counts.identical;
        prop_assert_eq!(counts.pairs_given, counts.replaced + counts.kept + dropped);
        prop_assert_eq!((counts.pairs_given, counts.pairs), (pairs.len() as u64, guided.pairs.len() as u64));
        prop_assert_eq!(counts.pairs, counts.replaced + counts.kept);
        for pair in &guided.pairs {
            let was = pairs.iter().find(|was| {
                was.rejected_id == pair.rejected_id && was.score_chosen <= pair.score_chosen
            });
            prop_assert!(was.is_some() && pair.check().is_ok());
            prop_assert_ne!(&pair.chosen, &pair.rejected);
        }
        prop_assert_eq!(guided, future_guided(pairs, &scored_only(&other_future), &config));
    }

    #[test]
    fn perfect_and_unpaired_rows_can_be_written_and_are_counted(prompts in prompts(), least in 0..N_LEVELS) {
        let least = least as f64;
        let found = perfect(&prompts, &PerfectConfig { perfect_score: least, ..PerfectConfig::default() });
        let c = found.counts;
        prop_assert_eq!(c.responses, c.perfect + c.imperfect + c.unscored + c.blank);
        prop_assert_eq!(c.perfect, found.rows.len() as u64);
        prop_assert!(found.rows.iter().all(|row| row.check().is_ok()));

        let found = unpaired(&prompts, &UnpairedConfig { threshold: least, ..UnpairedConfig::default() });
        let c = found.counts;
        prop_assert_eq!((c.prompts, c.rows), (c.tied + c.untied + c.unscored, c.good + c.bad));
        prop_assert_eq!((c.prompts, c.rows), (prompts.len() as u64, found.rows.len() as u64));
        prop_assert!(found.rows.iter().all(|row| row.check().is_ok() && row.label == (row.score >= least)));
        // A tied prompt gives no pair, and a pair's prompt no unpaired row.
        let (pairs, counts) = select(&prompts, &best_worst(0.0));
        prop_assert_eq!((c.tied, c.unscored), (counts.tied, counts.unscored));
        prop_assert!(pairs.iter().all(|pair| found.rows.iter().all(|row| row.prompt_id != pair.prompt_id)));
    }

    #[test]
    fn consistency_is_a_share_and_of_a_judge_with_itself_1(
        (now, other_now) in and_shuffled(),
        (before, other_before) in and_shuffled(),
        is_mean in any::<bool>(),
    ) {
        let found = rank_consistency(&now, &before);
        prop_assert!(found.by_prompt.values().chain(&found.mean).all(|share| (0.0..=1.0).contains(share)));
        prop_assert_eq!(found.by_prompt.len() as u64 + found.n_undefined, now.len() as u64);
        prop_assert_eq!(&found, &rank_consistency(&other_now, &scored_only(&other_before)));
        let opposite: Vec<_> = now.iter().cloned().map(|mut prompt| {
            prompt.candidates.iter_mut().filter_map(|one| one.score.as_mut()).for_each(|score| *score = 5.0 - *score);
            prompt
        }).collect();
        let near = |found: f64, expected: f64| (found - expected).abs() < 1e-12;
        prop_assert!(rank_consistency(&now, &now).by_prompt.values().all(|share| near(*share, 1.0)));
        prop_assert!(rank_consistency(&now, &opposite).by_prompt.values().all(|share| near(*share, 0.0)));

        let mut pairs = select(&now, &best_worst(0.0)).0;
        weigh(&mut pairs, &found, if is_mean { LabelWeights::Mean } else { LabelWeights::Prompt });
        for pair in &pairs {
            let own = found.by_prompt.get(&pair.prompt_id).copied().filter(|_| !is_mean);
            prop_assert_eq!(pair.label_weight, own.or(found.mean).unwrap_or(1.0));
            prop_assert!(pair.check().is_ok());
        }
    }
}

type Rows = (Vec<PromptRow>, Vec<ResponseRow>, Vec<JudgmentRow>);

/// Rows whose judgments are tenths, so that the order of a sum shows in its bits.
fn rows() -> impl Strategy<Value = Rows> {
    let scores =
        || vec(weighted(0.8, (0..=50u32).prop_map(|tenths| f64::from(tenths) / 10.0)), 0..5);
    vec(vec(("[ab]", scores()), 0..5), 0..5).prop_map(|prompts| {
        let mut rows = Rows::default();
        for (number, candidates) in prompts.into_iter().enumerate() {
            let prompt_id = format!("p{number}");
            for (sample_index, (text, scores)) in (0..).zip(candidates) {
                let row = response(&prompt_id, sample_index, text);
                rows.2.extend(
                    (0..)
                        .zip(scores)
                        .map(|(judge_index, score)| judgment(&row, judge_index, score)),
                );
                rows.1.push(row);
            }
            rows.0.push(PromptRow {
                prompt_id,
                prompt: "Why?".into(),
                source: PromptSource::Generated,
            });
        }
        rows
    })
}

fn response(prompt_id: &str, sample_index: u32, text: String) -> ResponseRow {
    ResponseRow {
        response_id: format!("{prompt_id}/{sample_index}"),
        prompt_id: prompt_id.to_owned(),
        sample_index,
        response: text,
        finish_reason: FinishReason::Stop,
        n_tokens: 1,
        seed: 0,
    }
}

fn judgment(of: &ResponseRow, judge_index: u32, score: Option<f64>) -> JudgmentRow {
    JudgmentRow {
        response_id: of.response_id.clone(),
        prompt_id: of.prompt_id.clone(),
        judge_index,
        score: score.map(|score| Score::new(score).unwrap()),
        rationale: String::new(),
        failure: score.is_none().then_some(JudgmentFailure::NoScore),
        seed: 0,
        expected_score: score.and_then(|score| Score::new(score / 2.0)),
        truncated: false,
    }
}

fn shuffled_rows((prompts, responses, judgments): Rows) -> impl Strategy<Value = Rows> {
    (Just(prompts).prop_shuffle(), Just(responses).prop_shuffle(), Just(judgments).prop_shuffle())
}

/// The scores as bits, by prompt and candidate.
fn bits(candidates: &[PromptCandidates]) -> Vec<Option<u64>> {
    candidates
        .iter()
        .flat_map(|prompt| &prompt.candidates)
        .map(|one| one.score.map(f64::to_bits))
        .collect()
}

fn aggregations() -> impl Strategy<Value = Aggregation> {
    one_of(vec![
        Aggregation::Mean,
        Aggregation::Median,
        Aggregation::Majority,
        Aggregation::Expected,
    ])
}

fn join((prompts, responses, judgments): Rows, aggregation: Aggregation) -> Vec<PromptCandidates> {
    candidates_by_prompt(prompts, responses, &judgments, aggregation).unwrap()
}

proptest! {
    #[test]
    fn the_order_of_rows_does_not_matter(
        (rows, other) in rows().prop_flat_map(|rows| (Just(rows.clone()), shuffled_rows(rows))),
        aggregation in aggregations(),
    ) {
        let (joined, other) = (join(rows, aggregation), join(other, aggregation));
        prop_assert_eq!(bits(&joined), bits(&other));
        prop_assert_eq!(joined, other);
    }

    #[test]
    fn every_prompt_and_response_is_joined_once_with_the_mean_of_its_scores(rows in rows()) {
        let joined = join(rows.clone(), Aggregation::Mean);
        let (prompts, responses, judgments) = rows;
        prop_assert_eq!(joined.len(), prompts.len());
        let candidates: Vec<_> = joined.iter().flat_map(|prompt| &prompt.candidates).collect();
        let ids: HashSet<_> = candidates.iter().map(|candidate| &candidate.response_id).collect();
        prop_assert_eq!((candidates.len(), ids.len()), (responses.len(), responses.len()));
        for candidate in candidates {
            let of_it = judgments.iter().filter(|row| row.response_id == candidate.response_id);
            let scores: Vec<f64> = of_it.filter_map(|row| row.score).map(Score::get).collect();
            let expected = (!scores.is_empty()).then(|| scores.iter().sum::<f64>() / scores.len() as f64);
            let near = |(a, b): (f64, f64)| (a - b).abs() < 1e-12;
            prop_assert!(candidate.score.is_some() == expected.is_some());
            prop_assert!(candidate.score.zip(expected).is_none_or(near));
        }
    }

    #[test]
    fn a_judgment_without_a_score_changes_nothing(rows in rows(), aggregation in aggregations()) {
        let mut parsed = rows.clone();
        parsed.2.retain(|row| row.score.is_some());
        prop_assert_eq!(join(rows, aggregation), join(parsed, aggregation));
    }

    #[test]
    fn pairs_of_judged_rows_can_be_written(rows in rows(), aggregation in aggregations(), config in configs()) {
        for pair in select(&join(rows, aggregation), &config).0 {
            prop_assert!(pair.check().is_ok(), "{:?}", pair.check());
        }
    }

    #[test]
    fn self_play_pairs_the_seed_with_each_other_text((prompts, responses, _) in rows(), extra in 0..3u32) {
        let seed = |prompt_id| {
            let (response, source) = ("a".to_owned(), "people".to_owned());
            IftRow { prompt_id, prompt: "Why?".into(), response, source }
        };
        let ids = prompts.into_iter().map(|row| row.prompt_id);
        let seeds: Vec<_> = ids.chain((0..extra).map(|i| format!("extra{i}"))).map(seed).collect();
        let found = spin(&seeds, &responses).unwrap();
        let c = found.counts;
        prop_assert_eq!((c.responses, c.seeds), (c.pairs + c.identical, c.answered + c.unanswered));
        let n_answered = responses.iter().map(|row| &row.prompt_id).collect::<HashSet<_>>().len() as u64;
        let n_identical = responses.iter().filter(|row| row.response == "a").count() as u64;
        prop_assert_eq!((c.answered, c.identical), (n_answered, n_identical));
        prop_assert_eq!((c.responses, c.pairs), (responses.len() as u64, found.pairs.len() as u64));
        for pair in &found.pairs {
            prop_assert!(pair.check().is_ok() && pair.chosen == "a" && pair.rejected != "a");
            let rejected = responses.iter().find(|row| row.response_id == pair.rejected_id).unwrap();
            prop_assert_eq!((&rejected.prompt_id, &rejected.response), (&pair.prompt_id, &pair.rejected));
        }
    }
}

/// The prompts with a score that is a safety score, drawn anew.
fn and_safety() -> impl Strategy<Value = (Vec<PromptCandidates>, Vec<PromptCandidates>)> {
    prompts().prop_flat_map(|prompts| {
        let n: usize = prompts.iter().map(|prompt| prompt.candidates.len()).sum();
        let scores = vec(weighted(0.8, (0..N_LEVELS).prop_map(|level| level as f64)), n);
        (Just(prompts), scores).prop_map(|(prompts, scores)| {
            let (mut safety, mut scores) = (prompts.clone(), scores.into_iter());
            safety
                .iter_mut()
                .flat_map(|prompt| &mut prompt.candidates)
                .for_each(|one| one.score = scores.next().flatten());
            (prompts, safety)
        })
    })
}

proptest! {
    #[test]
    fn a_second_reward_orders_as_the_weighted_sum_and_is_counted(
        (prompts, safety) in and_safety(),
        weight in one_of(vec![0.1, 0.5, 1.0, 3.0]),
    ) {
        let (combined, counts) = with_safety(prompts.clone(), &safety, weight);
        let c = counts;
        prop_assert_eq!(c.responses, c.responses_combined + c.responses_without_score + c.responses_without_safety);
        prop_assert_eq!(c.responses as usize, prompts.iter().map(|prompt| prompt.candidates.len()).sum::<usize>());
        let mut n_combined = 0;
        for ((before, second), after) in prompts.iter().zip(&safety).zip(&combined) {
            let sums: Vec<Option<f64>> = before.candidates.iter().zip(&second.candidates)
                .map(|(one, two)| Some(one.score? + weight * two.score?)).collect();
            for (i, one) in after.candidates.iter().enumerate() {
                prop_assert_eq!(one.score.is_some(), sums[i].is_some());
                prop_assert!(one.score.is_none_or(|score| (0.0..=5.0).contains(&score)));
                n_combined += u64::from(one.score.is_some());
                for (j, other) in after.candidates.iter().enumerate() {
                    let Some((a, b)) = one.score.zip(other.score) else { continue };
                    let Some((x, y)) = sums[i].zip(sums[j]) else { continue };
                    let is_tied = (x - y).abs() < 1e-7;
                    prop_assert_eq!(a == b, is_tied);
                    prop_assert_eq!(a > b, x > y && !is_tied);
                }
            }
        }
        prop_assert_eq!(n_combined, c.responses_combined);
        let (again, _) = with_safety(prompts.clone(), &scored_only(&safety), weight);
        prop_assert_eq!(&again, &combined);
        // One and the same safety score for all changes no pair.
        let same: Vec<_> = prompts.iter().cloned().map(|mut prompt| {
            prompt.candidates.iter_mut().for_each(|one| one.score = Some(2.0));
            prompt
        }).collect();
        let (pairs, found) = select(&with_safety(prompts.clone(), &same, weight).0, &best_worst(0.0));
        let (plain, expected) = select(&prompts, &best_worst(0.0));
        prop_assert_eq!(ids(&pairs), ids(&plain));
        prop_assert_eq!(found, expected);
    }
}
