//! Training data for the judge: which judgments are compared, how wins become strengths, and the
//! two stages' folders.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::Path;

use proptest::prelude::*;
use srlm_artifact::{
    Artifact, BattleFailure, BattleRow, BattleWinner, Battles, Begin, Counts, FinishReason,
    JudgmentFailure, JudgmentRow, Judgments, Kind, Place, Progress, Prompt, PromptRow,
    PromptSource, Prompts, Recipe, ResponseRow, Responses, Score, begin,
};
use srlm_generate::{Generate, Input, Request, Scripted};
use srlm_judge::meta::{
    BattlesConfig, Inputs, JudgePairs, JudgePairsConfig, MetaRubric, PairsInputs, battle_requests,
    choose_response, judge_pairs, parse_winner, run, run_pairs, strengths, win_rates,
};
use srlm_judge::{Error, JudgedPrompt, JudgedResponse, Rubric, judged_prompts};

const PLACE: Place = Place { run_seed: 42, iteration: 1 };

#[derive(Clone, Debug, Default)]
struct Tables {
    prompts: Vec<PromptRow>,
    responses: Vec<ResponseRow>,
    judgments: Vec<JudgmentRow>,
}

impl Tables {
    /// A prompt whose responses have judgments of these scores.
    fn add(&mut self, prompt_id: &str, responses: &[&[Option<u32>]]) {
        let prompt = Prompt::user(format!("Question {prompt_id}?"));
        self.prompts.push(PromptRow {
            prompt_id: prompt_id.to_owned(),
            prompt,
            source: PromptSource::Seed,
        });
        for (scores, sample_index) in responses.iter().zip(0..) {
            let response_id = format!("{prompt_id}/{sample_index}");
            self.responses.push(ResponseRow {
                response_id: response_id.clone(),
                prompt_id: prompt_id.to_owned(),
                sample_index,
                response: format!("Answer {sample_index}."),
                finish_reason: FinishReason::Stop,
                n_tokens: 3,
                seed: 0,
            });
            let rows = scores
                .iter()
                .zip(0..)
                .map(|(&score, i)| judgment(prompt_id, &response_id, i, score));
            self.judgments.extend(rows);
        }
    }

    fn judged(&self) -> Vec<JudgedPrompt> {
        judged_prompts(self.prompts.clone(), self.responses.clone(), self.judgments.clone())
            .unwrap()
    }
}

fn judgment(
    prompt_id: &str,
    response_id: &str,
    judge_index: u32,
    score: Option<u32>,
) -> JudgmentRow {
    let line = score.map_or(String::new(), |score| format!("\nScore: {score}"));
    JudgmentRow {
        response_id: response_id.to_owned(),
        prompt_id: prompt_id.to_owned(),
        judge_index,
        score: score.map(|score| Score::new(score.into()).unwrap()),
        rationale: format!("Reason {judge_index} of {response_id}.{line}"),
        failure: score.is_none().then_some(JudgmentFailure::NoScore),
        seed: 0,
        expected_score: None,
        truncated: false,
    }
}

/// The winner of a battle of `p/0`.
fn battle(judge_index_a: u32, judge_index_b: u32, winner: Option<BattleWinner>) -> BattleRow {
    BattleRow {
        prompt_id: "p".to_owned(),
        response_id: "p/0".to_owned(),
        judge_index_a,
        judge_index_b,
        winner,
        rationale: String::new(),
        failure: winner.is_none().then_some(BattleFailure::NoWinner),
        seed: 0,
    }
}

/// All battles of `n` judgments of `p/0`; the better of two always wins.
fn tournament(n: u32, is_better: impl Fn(u32, u32) -> bool) -> Vec<BattleRow> {
    let winner = |a, b| if is_better(a, b) { BattleWinner::A } else { BattleWinner::B };
    let ordered = (0..n).flat_map(|a| (0..n).map(move |b| (a, b))).filter(|(a, b)| a != b);
    ordered.map(|(a, b)| battle(a, b, Some(winner(a, b)))).collect()
}

#[test]
fn the_meta_rubric_reads_well() {
    insta::assert_snapshot!(MetaRubric::built_in().render(
        &Prompt::user("Name a tree."),
        "Oak.",
        "Good.\nScore: 4",
        "Bad.\nScore: 1"
    ));
}

#[test]
fn the_response_whose_scores_vary_most_is_chosen() {
    let check = |responses: &[&[Option<u32>]], expected: Option<u32>| {
        let mut tables = Tables::default();
        tables.add("p", responses);
        let prompt = &mut tables.judged()[0];
        prompt.responses.reverse();
        let chosen = choose_response(prompt).map(|judged| judged.response.sample_index);
        assert_eq!(chosen, expected, "{responses:?}");
    };
    check(&[&[Some(4), Some(4)], &[Some(1), Some(5)], &[Some(2), Some(5)]], Some(1));
    check(&[&[Some(4), Some(4)], &[Some(3), Some(3)]], Some(0));
    // Variances of 2/9, whose roundings differ when the mean is subtracted.
    check(
        &[&[Some(3), Some(3), Some(4)], &[Some(1), Some(1), Some(2)], &[Some(4), Some(5), Some(5)]],
        Some(0),
    );
    check(&[&[Some(5), None, None], &[Some(3), Some(3), None]], Some(1));
    check(&[&[Some(5), None], &[]], None);
    check(&[], None);
}

#[test]
fn every_two_scored_judgments_are_compared_in_both_orders() {
    let mut tables = Tables::default();
    tables.add("p", &[&[Some(4), Some(4)], &[Some(1), None, Some(5), Some(3)]]);
    let (rubric, meta) = (Rubric::additive(), MetaRubric::built_in());
    let asked = |config: &BattlesConfig| {
        battle_requests(&tables.judged()[0], config, &rubric, &meta, PLACE)
    };
    let requests = asked(&BattlesConfig::default());
    let ids: Vec<_> = requests.iter().map(|request| request.id.as_str()).collect();
    assert_eq!(ids, ["p/1/0/2", "p/1/0/3", "p/1/2/0", "p/1/2/3", "p/1/3/0", "p/1/3/2"]);
    let seeds: BTreeSet<u64> = requests.iter().flat_map(|request| request.seeds.clone()).collect();
    assert_eq!(seeds.len(), 6);
    let text = |a: &str, b: &str| {
        let text = meta.render(&Prompt::user("Question p?"), "Answer 1.", a, b);
        Input::Chat(Prompt::user(text).messages().to_vec())
    };
    assert_eq!(requests[3].input, text("Reason 2 of p/1.\nScore: 5", "Reason 3 of p/1.\nScore: 3"));
    let hidden = asked(&BattlesConfig { hide_scores: true, ..BattlesConfig::default() });
    assert_eq!(hidden[3].input, text("Reason 2 of p/1.", "Reason 3 of p/1."));
}

/// Pairs of a prompt `p` whose first response has judgments of these scores.
fn pairs(scores: &[u32], battles: &[BattleRow], config: &JudgePairsConfig) -> JudgePairs {
    let mut tables = Tables::default();
    let scores: Vec<_> = scores.iter().map(|&score| Some(score)).collect();
    tables.add("p", &[&scores]);
    judge_pairs(&tables.judged(), battles, &Rubric::additive(), config, PLACE).unwrap()
}

#[test]
fn the_strongest_judgment_is_chosen_and_the_weakest_rejected() {
    let JudgePairs { pairs, counts } = pairs(
        &[4, 5, 2],
        &tournament(3, |a, b| (a + 1) % 3 < (b + 1) % 3),
        &JudgePairsConfig::default(),
    );
    assert_eq!((counts.responses, counts.pairs), (1, 1));
    let rubric = Rubric::additive();
    assert_eq!(pairs[0].prompt, Prompt::user(rubric.render("Question p?", "Answer 0.")));
    let ids =
        (pairs[0].prompt_id.as_str(), pairs[0].chosen_id.as_str(), pairs[0].rejected_id.as_str());
    assert_eq!(ids, ("judge/p/0", "judge/p/0/2", "judge/p/0/1"));
    assert_eq!(
        (pairs[0].chosen.as_str(), pairs[0].rejected.as_str()),
        ("Reason 2 of p/0.\nScore: 2", "Reason 1 of p/0.\nScore: 5")
    );
    // Each order has one winner at each place, so every win weighs 1/2 and each two have 1
    // together.
    let wins = [vec![0.0, 1.0, 0.0], vec![0.0; 3], vec![1.0, 1.0, 0.0]];
    let rates = win_rates(&strengths(&wins, 1.0));
    assert!(
        (pairs[0].score_chosen - rates[2]).abs() < 1e-9
            && (pairs[0].score_rejected - rates[1]).abs() < 1e-9
    );
}

#[test]
fn what_gives_no_pair_is_counted() {
    use BattleWinner::{A, B};
    let config = JudgePairsConfig::default();
    let outcome = |battles: &[BattleRow], config: &JudgePairsConfig| {
        let counts = pairs(&[4, 4, 2], battles, config).counts;
        (counts.pairs, counts.equal, counts.too_long)
    };
    let better = tournament(3, |a, b| a < b);
    assert_eq!(outcome(&better, &config), (1, 0, 0));
    assert_eq!(outcome(&tournament(3, |a, b| (a + 1) % 3 == b), &config), (0, 1, 0));
    // A judge that always names the first says nothing: its wins weigh nothing.
    assert_eq!(outcome(&tournament(3, |_, _| true), &config), (0, 1, 0));
    assert_eq!(outcome(&[battle(0, 1, None), battle(1, 0, None)], &config), (0, 1, 0));
    assert_eq!(outcome(&[battle(0, 1, Some(A)), battle(1, 0, Some(B))], &config), (1, 0, 0));
    let n_characters = "Reason 0 of p/0.\nScore: 4".chars().count() as u32;
    let limit =
        |limit| JudgePairsConfig { max_judgment_characters: vec![limit, 1], ..config.clone() };
    assert_eq!(outcome(&better, &limit(n_characters)), (1, 0, 0));
    assert_eq!(outcome(&better, &limit(n_characters - 1)), (0, 0, 1));
}

#[test]
fn two_judgments_of_one_text_give_no_pair() {
    let mut tables = Tables::default();
    tables.add("p", &[&[Some(4), Some(4)]]);
    tables.judgments[1].rationale = tables.judgments[0].rationale.clone();
    let battles = tournament(2, |a, b| a < b);
    let found = judge_pairs(
        &tables.judged(),
        &battles,
        &Rubric::additive(),
        &JudgePairsConfig::default(),
        PLACE,
    );
    assert_eq!(found.unwrap().counts.identical, 1);
}

#[test]
fn battles_about_something_else_are_an_error() {
    let mut tables = Tables::default();
    tables.add("p", &[&[Some(4), None]]);
    let problem = |battles: &[BattleRow]| {
        judge_pairs(
            &tables.judged(),
            battles,
            &Rubric::additive(),
            &JudgePairsConfig::default(),
            PLACE,
        )
        .unwrap_err()
        .to_string()
    };
    insta::assert_snapshot!(problem(&[battle(0, 1, None)]), @"a battle is about judgment 1 of response p/0, which is not among the judgments");
    insta::assert_snapshot!(problem(&[BattleRow { response_id: "q/0".to_owned(), ..battle(0, 1, None) }]), @"response q/0 was judged and is not among the responses");
}

#[test]
fn strengths_are_those_of_scikit_learn() {
    let fixture: serde_json::Value =
        serde_json::from_str(include_str!("fixtures/strengths.json")).unwrap();
    let cases = fixture["cases"].as_array().unwrap();
    assert!(!cases.is_empty());
    for case in cases {
        let numbers =
            |value: &serde_json::Value| serde_json::from_value::<Vec<f64>>(value.clone()).unwrap();
        let wins: Vec<_> = case["wins"].as_array().unwrap().iter().map(numbers).collect();
        let found = strengths(&wins, case["regularization"].as_f64().unwrap());
        // Both stop where their slopes vanish, to about 1e-13 of the weights.
        for (found, expected) in found.iter().zip(numbers(&case["strengths"])) {
            assert!((found - expected).abs() < 1e-9, "{found} is not {expected} in {case}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn strengths_follow_their_judgments_and_mirror_their_wins(
        flat in prop::collection::vec(0.0_f64..3.0, 25), regularization in 0.01_f64..10.0,
    ) {
        let wins: Vec<Vec<f64>> = flat.chunks(5).map(<[f64]>::to_vec).collect();
        let found = strengths(&wins, regularization);
        prop_assert!(found.iter().sum::<f64>().abs() < 1e-9);
        let mirrored: Vec<Vec<f64>> = (0..5).map(|i| (0..5).map(|j| wins[4 - i][4 - j]).collect()).collect();
        let turned: Vec<Vec<f64>> = (0..5).map(|i| (0..5).map(|j| wins[j][i]).collect()).collect();
        let (mirrored, turned) = (strengths(&mirrored, regularization), strengths(&turned, regularization));
        for i in 0..5 {
            prop_assert!((found[i] - mirrored[4 - i]).abs() < 1e-8);
            prop_assert!((found[i] + turned[i]).abs() < 1e-8);
        }
    }

    #[test]
    fn pairs_are_of_two_judgments_of_one_response_and_the_counts_add_up(
        prompts in prop::collection::vec((prop::collection::vec(0_u32..=5, 2..5), any::<u64>()), 0..12),
        max_score_share in 0.05_f64..=1.0,
        limit in prop_oneof![Just(24_u32), Just(1000)],
    ) {
        let mut tables = Tables::default();
        let mut battles = Vec::new();
        for (n, (scores, luck)) in prompts.iter().enumerate() {
            let scores: Vec<_> = scores.iter().map(|&score| Some(score)).collect();
            tables.add(&format!("p{n}"), &[&scores]);
            let rows = tournament(scores.len() as u32, |a, b| (luck >> (a * 7 + b)) & 1 == 0);
            battles.extend(rows.into_iter().map(|row| BattleRow {
                prompt_id: format!("p{n}"), response_id: format!("p{n}/0"), ..row
            }));
        }
        let config = JudgePairsConfig { max_score_share, max_judgment_characters: vec![limit], ..Default::default() };
        let judge = |prompts: &[JudgedPrompt], battles: &[BattleRow]| {
            judge_pairs(prompts, battles, &Rubric::additive(), &config, PLACE).unwrap()
        };
        let mut judged = tables.judged();
        let found = judge(&judged, &battles);
        let c = found.counts;
        prop_assert_eq!(c.responses, c.pairs + c.equal + c.identical + c.too_long + c.thinned);
        prop_assert_eq!((c.responses, c.pairs), (prompts.len() as u64, found.pairs.len() as u64));
        let mut n_of_score = [0_usize; 6];
        for pair in &found.pairs {
            prop_assert!(pair.score_chosen > 0.5 && pair.score_rejected < 0.5 && pair.chosen_id != pair.rejected_id);
            prop_assert!(pair.chosen.chars().count() <= limit as usize);
            n_of_score[Rubric::additive().parse_score(&pair.chosen).unwrap().get() as usize] += 1;
        }
        let n_scores = n_of_score.iter().filter(|&&n| n > 0).count();
        let share = max_score_share.max(1.0 / n_scores.max(1) as f64);
        prop_assert!(n_of_score.iter().all(|&n| n as f64 <= share * found.pairs.len() as f64 + 1e-6));
        judged.reverse();
        prop_assert_eq!(judge(&judged, &battles.into_iter().rev().collect::<Vec<_>>()), found);
    }
}

fn write<K: Kind>(dir: &Path, rows: Vec<K::Row>) -> Artifact<K> {
    let recipe = Recipe {
        stage: "test".to_owned(),
        stage_version: 1,
        crate_version: String::new(),
        config: serde_json::Value::Null.into(),
        seed: 0,
        inputs: Vec::new(),
    };
    let Begin::Write(writer) = begin(dir, recipe).unwrap() else { panic!("not new") };
    writer.finish(rows, Counts::new(), "cpu").unwrap()
}

/// A comparison for each way in which one can end, by the request's seed.
fn words(request: &Request, sample_index: usize) -> String {
    match request.seeds[sample_index] % 8 {
        0 => String::new(),
        1 => "Both are fine.\nWinner: tie".to_owned(),
        n if n < 6 => "The first counts right.\n**Winner:** Judgment A".to_owned(),
        _ => "The second counts right.\nWinner: B".to_owned(),
    }
}

/// Ten prompts of two responses with four judgments each; the last prompt has only one judgment.
struct Fixture {
    dir: tempfile::TempDir,
    prompts: Artifact<Prompts>,
    responses: Artifact<Responses>,
    judgments: Artifact<Judgments>,
    rubric: Rubric,
    meta: MetaRubric,
}

impl Fixture {
    fn new() -> Self {
        let mut tables = Tables::default();
        for n in 0..9_u32 {
            let scores = [Some(n % 6), Some(3), None, Some(4)];
            tables.add(&format!("p{n}"), &[&scores, &[Some(2), Some(2)]]);
        }
        tables.add("p9", &[&[Some(4)]]);
        let dir = tempfile::tempdir().unwrap();
        let at = |name| dir.path().join(name);
        let prompts = write(&at("prompts"), tables.prompts);
        let responses = write(&at("responses"), tables.responses);
        let judgments = write(&at("judgments"), tables.judgments);
        let (rubric, meta) = (Rubric::additive(), MetaRubric::built_in());
        Self { dir, prompts, responses, judgments, rubric, meta }
    }

    fn fight(
        &self,
        name: &str,
        generator: &mut dyn Generate,
        stop_after: u64,
    ) -> Result<Artifact<Battles>, Error> {
        let config = BattlesConfig { group_prompts: 2, ..BattlesConfig::default() };
        let Self { prompts, responses, judgments, rubric, meta, .. } = self;
        let inputs = Inputs { prompts, responses, judgments, rubric, meta };
        let mut on_progress = |progress: Progress| {
            if progress.done > stop_after {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        run(&config, inputs, generator, PLACE, &self.dir.path().join(name), "cpu", &mut on_progress)
    }
}

#[test]
fn battles_interrupted_after_any_group_are_those_of_an_unbroken_run() {
    let fixture = Fixture::new();
    let whole = fixture.fight("battles", &mut Scripted(words), u64::MAX).unwrap();
    let n_battles = whole.manifest().rows;
    assert_eq!(n_battles, 9 * 6);
    let mut n_interrupted = 0;
    for stop_after in (0..n_battles).step_by(5) {
        let name = format!("battles-{stop_after}");
        let first = fixture.fight(&name, &mut Scripted(words), stop_after);
        n_interrupted += u32::from(matches!(first, Err(Error::Interrupted)));
        let again = fixture.fight(&name, &mut Scripted(words), u64::MAX).unwrap();
        assert_eq!(again.content_hash(), whole.content_hash(), "stopped after {stop_after}");
        assert_eq!(again.manifest().counts, whole.manifest().counts, "stopped after {stop_after}");
    }
    assert!(n_interrupted > 5);
    let mut never = Scripted(|_: &Request, _| -> String { panic!("up to date") });
    fixture.fight("battles", &mut never, u64::MAX).unwrap();
}

#[test]
fn the_counts_of_battles_add_up_and_the_words_are_read() {
    let fixture = Fixture::new();
    let battles = fixture.fight("battles", &mut Scripted(words), u64::MAX).unwrap();
    let (counts, rows) = (&battles.manifest().counts, battles.rows().unwrap());
    let sum = |names: &[&str]| names.iter().map(|name| counts[*name]).sum::<u64>();
    assert_eq!(
        counts["battles"],
        sum(&["first_wins", "second_wins", "no_winner", "truncated", "empty"])
    );
    assert_eq!((counts["prompts"], counts["battled"], counts["too_few_judgments"]), (10, 9, 1));
    assert!(
        ["first_wins", "second_wins", "no_winner", "empty"].iter().all(|name| counts[*name] > 0),
        "{counts:?}"
    );
    for row in rows {
        assert_eq!(row.winner, parse_winner(&row.rationale));
        let expected = match row.seed % 8 {
            0 => Some(BattleFailure::Empty),
            1 => Some(BattleFailure::NoWinner),
            _ => None,
        };
        assert_eq!(row.failure, expected);
    }
}

#[test]
fn pairs_of_judgments_are_an_artifact_that_trains_on_the_judges_conversation() {
    let fixture = Fixture::new();
    let battles = fixture.fight("battles", &mut Scripted(words), u64::MAX).unwrap();
    let Fixture { prompts, responses, judgments, rubric, .. } = &fixture;
    let out = fixture.dir.path().join("judge-pairs");
    let config = JudgePairsConfig::default();
    let inputs = PairsInputs { prompts, responses, judgments, battles: &battles, rubric };
    let pairs = run_pairs(&config, inputs, PLACE, &out).unwrap();
    let judged = judged_prompts(
        prompts.rows().unwrap(),
        responses.rows().unwrap(),
        judgments.rows().unwrap(),
    )
    .unwrap();
    let expected = judge_pairs(&judged, &battles.rows().unwrap(), rubric, &config, PLACE).unwrap();
    assert!(!expected.pairs.is_empty());
    assert_eq!(pairs.rows().unwrap(), expected.pairs);
    assert_eq!(pairs.manifest().counts, Counts::from(expected.counts));
    let text = |judged: &JudgedResponse| {
        judged.judgments.iter().map(|row| row.rationale.clone()).collect::<Vec<_>>()
    };
    let texts: Vec<_> = judged.iter().flat_map(|prompt| &prompt.responses).flat_map(text).collect();
    assert!(
        expected
            .pairs
            .iter()
            .all(|pair| texts.contains(&pair.chosen) && texts.contains(&pair.rejected))
    );

    // Only this iteration's limit is part of the key.
    let later =
        JudgePairsConfig { max_judgment_characters: vec![1100, 900, 800], ..config.clone() };
    run_pairs(&later, inputs, PLACE, &out).unwrap();
    let other = JudgePairsConfig { max_judgment_characters: vec![900], ..config };
    let error = run_pairs(&other, inputs, PLACE, &out).unwrap_err();
    let Error::Artifact(srlm_artifact::Error::Changed { field, was, now, .. }) = error else {
        panic!("{error}")
    };
    assert_eq!(
        (field.as_str(), was.as_str(), now.as_str()),
        ("config.max_judgment_characters", "1100", "900")
    );
}

#[test]
fn another_text_of_the_meta_rubric_is_another_artifact() {
    let mut fixture = Fixture::new();
    fixture.fight("battles", &mut Scripted(words), u64::MAX).unwrap();
    let text = "---\nname: meta\n---\nWinner: {{ prompt }} {{ response }} {{ judgment_a }} {{ judgment_b }}";
    fixture.meta = MetaRubric::parse(text).unwrap();
    let error = fixture.fight("battles", &mut Scripted(words), u64::MAX).unwrap_err();
    let Error::Artifact(srlm_artifact::Error::Changed { field, .. }) = error else {
        panic!("{error}")
    };
    insta::assert_snapshot!(field, @"inputs.meta-rubric");
}
