//! Building judging examples: the rule on small tables, its properties on any data, and the stage's
//! folders.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::Path;

use proptest::prelude::*;
use srlm_artifact::{
    Artifact, Begin, Counts, Eft, EftRow, FinishReason, JudgmentFailure, JudgmentRow, Judgments,
    Kind, Place, Prompt, PromptRow, PromptSource, Prompts, Recipe, ResponseRow, Responses, Score,
    begin, read_jsonl,
};
use srlm_generate::{Input, Request, Scripted};
use srlm_judge::eft::{
    EftArtifacts, EftConfig, EftCounts, EftSelection, Inputs, Out, ScoreTies, build, run,
};
use srlm_judge::{
    Error, JudgeConfig, JudgedPrompt, Rubric, judged_prompts, mean_scores, training_example,
};

/// What a judgment says: a score after a rationale, a score alone, or nothing that can be read.
#[derive(Clone, Copy, Debug)]
enum Said {
    Score(f64),
    Bare(f64),
    Nothing,
}
use Said::{Bare, Nothing};

fn s(score: f64) -> Said {
    Said::Score(score)
}

/// A response of this rank with these judgments.
type Ranked<'a> = (u32, &'a [Said]);

#[derive(Clone, Debug, Default)]
struct Tables {
    prompts: Vec<PromptRow>,
    responses: Vec<ResponseRow>,
    judgments: Vec<JudgmentRow>,
}

impl Tables {
    fn add(&mut self, prompt_id: &str, responses: &[Ranked<'_>]) {
        let prompt = Prompt::user(format!("Question {prompt_id}?"));
        self.prompts.push(PromptRow {
            prompt_id: prompt_id.to_owned(),
            prompt,
            source: PromptSource::Seed,
        });
        for (n, (rank, judgments)) in responses.iter().enumerate() {
            let response_id = format!("{prompt_id}/r{n}");
            self.responses.push(response(prompt_id, &response_id, *rank));
            let rows = judgments
                .iter()
                .zip(0..)
                .map(|(&said, i)| judgment(prompt_id, &response_id, i, said));
            self.judgments.extend(rows);
        }
    }

    fn groups(&self) -> Vec<JudgedPrompt> {
        judged_prompts(self.prompts.clone(), self.responses.clone(), self.judgments.clone())
            .unwrap()
    }

    fn build(&self, config: &EftConfig) -> EftSelection {
        build(&self.groups(), &Rubric::additive(), config, 42)
    }
}

fn response(prompt_id: &str, response_id: &str, sample_index: u32) -> ResponseRow {
    ResponseRow {
        response_id: response_id.to_owned(),
        prompt_id: prompt_id.to_owned(),
        sample_index,
        response: format!("Answer {response_id}."),
        finish_reason: FinishReason::Stop,
        n_tokens: 0,
        seed: 0,
    }
}

fn judgment(prompt_id: &str, response_id: &str, judge_index: u32, said: Said) -> JudgmentRow {
    let (score, rationale) = match said {
        Said::Score(score) => {
            (Some(score), format!("Judgment {judge_index} is fine.\n**Score:** {score}/5\nBye."))
        }
        Bare(score) => (Some(score), format!("Score: {score}")),
        Nothing => (None, "It is fine.".to_owned()),
    };
    JudgmentRow {
        response_id: response_id.to_owned(),
        prompt_id: prompt_id.to_owned(),
        judge_index,
        score: score.map(|score| Score::new(score).unwrap()),
        rationale,
        failure: score.is_none().then_some(JudgmentFailure::NoScore),
        seed: 0,
        expected_score: None,
        truncated: false,
    }
}

/// Nothing discarded, nothing to evaluate on.
fn whole(ties: ScoreTies) -> EftConfig {
    EftConfig { ties, max_score_share: 1.0, eval_share: 0.0 }
}

/// What becomes of one prompt: the count that is 1, and the ranks, scores and targets of its rows.
fn outcome(responses: &[Ranked<'_>], ties: ScoreTies) -> (&'static str, Vec<(u32, f64, String)>) {
    let mut tables = Tables::default();
    tables.add("p", responses);
    let EftSelection { train, counts: c, .. } = tables.build(&whole(ties));
    let reasons = [
        ("too_few", c.too_few),
        ("unscored", c.unscored),
        ("all_tied", c.all_tied),
        ("disagreeing", c.disagreeing),
        ("targets_disagreeing", c.targets_disagreeing),
        ("kept", c.kept),
    ];
    let given: Vec<_> = reasons.into_iter().filter(|(_, n)| *n > 0).collect();
    assert!(matches!(given[..], [(_, 1)]), "{given:?}");
    (
        given[0].0,
        train.into_iter().map(|row| (row.human_rank, row.score.get(), row.target)).collect(),
    )
}

#[test]
fn a_prompt_is_kept_where_the_mean_scores_agree_with_people() {
    let rows: [(&[Ranked<'_>], &str, &str); 10] = [
        (&[(0, &[s(5.0)]), (1, &[s(3.0)]), (2, &[s(1.0)])], "kept", "kept"),
        (&[(2, &[s(1.0)]), (0, &[s(5.0)]), (1, &[s(3.0)])], "kept", "kept"),
        (&[(0, &[s(3.0)]), (1, &[s(5.0)]), (2, &[s(1.0)])], "disagreeing", "disagreeing"),
        (&[(0, &[s(4.0)]), (1, &[s(4.0)]), (2, &[s(1.0)])], "kept", "disagreeing"),
        (&[(0, &[s(4.0), s(2.0)]), (1, &[s(3.0)])], "all_tied", "all_tied"),
        (&[(0, &[s(4.0)]), (1, &[Nothing]), (2, &[s(1.0)])], "unscored", "unscored"),
        (&[(0, &[s(4.0)]), (1, &[])], "unscored", "unscored"),
        (&[(0, &[s(4.0), Nothing]), (1, &[Nothing, s(3.0)])], "kept", "kept"),
        (&[(0, &[s(4.0)])], "too_few", "too_few"),
        (&[], "too_few", "too_few"),
    ];
    for (responses, agree, disagree) in rows {
        assert_eq!(outcome(responses, ScoreTies::Agree).0, agree, "{responses:?}");
        assert_eq!(outcome(responses, ScoreTies::Disagree).0, disagree, "{responses:?}");
    }
}

#[test]
fn the_target_is_the_judgment_nearest_to_the_mean_in_the_rubrics_form() {
    let check = |judgments: &[Said], expected: Option<(f64, u32)>| {
        let (_, rows) = outcome(&[(0, judgments), (1, &[s(0.0)])], ScoreTies::Agree);
        let found = rows
            .into_iter()
            .find(|(rank, ..)| *rank == 0)
            .map(|(_, score, target)| (score, target));
        let target = |(score, i)| (score, format!("Judgment {i} is fine.\nScore: {score}"));
        assert_eq!(found, expected.map(target), "{judgments:?}");
    };
    check(&[s(5.0), s(4.0), s(4.0)], Some((4.0, 1)));
    check(&[s(4.0), s(3.0)], Some((4.0, 0)));
    check(&[s(3.0), s(4.0)], Some((3.0, 0)));
    check(&[Nothing, s(1.0), s(3.5), s(5.0)], Some((3.5, 2)));
    check(&[Bare(4.0), s(4.0)], Some((4.0, 1)));
    // The nearest does not reason, and a farther one is not taken.
    check(&[s(5.0), Bare(4.0), Bare(4.0)], None);
}

#[test]
fn targets_in_the_contrary_order_leave_the_prompt_out() {
    // Means 3 and 2.5, whose nearest judgments say 2 and 2.5.
    let responses: [Ranked<'_>; 2] = [(0, &[s(2.0), s(5.0), s(2.0)]), (1, &[s(2.5)])];
    assert_eq!(outcome(&responses, ScoreTies::Agree).0, "targets_disagreeing");
}

#[test]
fn equal_ranks_contradict_nothing_and_one_response_stands_for_them() {
    let responses: [Ranked<'_>; 3] = [(0, &[s(4.0)]), (0, &[s(5.0)]), (1, &[s(2.0)])];
    let mut tables = Tables::default();
    tables.add("p", &responses);
    let selection = tables.build(&whole(ScoreTies::Disagree));
    let rows: Vec<_> =
        selection.train.iter().map(|row| (row.human_rank, row.score.get())).collect();
    assert_eq!(rows, [(0, 4.0), (1, 2.0)]);
    let expected = EftCounts {
        prompts: 1,
        judged: 1,
        kept: 1,
        responses: 3,
        same_rank: 1,
        rows: 2,
        train: 2,
        train_prompts: 1,
        ..EftCounts::default()
    };
    assert_eq!(selection.counts, expected);
}

#[test]
fn blank_responses_and_unreasoned_judgments_are_counted_by_response() {
    let mut tables = Tables::default();
    tables.add("p", &[(0, &[s(4.0)]), (1, &[Bare(3.0)]), (2, &[s(1.0)])]);
    tables.responses[2].response = " \n".to_owned();
    let counts = tables.build(&whole(ScoreTies::Agree)).counts;
    assert_eq!((counts.responses, counts.blank, counts.no_rationale, counts.rows), (3, 1, 1, 1));
}

fn said() -> impl Strategy<Value = Said> {
    let score = (0_u32..=5).prop_map(f64::from);
    prop_oneof![8 => score.clone().prop_map(s), 1 => score.prop_map(Bare), 1 => Just(Nothing)]
}

/// Prompts with ranked and judged responses; scores lean to the order of the ranks, so that some
/// prompts are kept.
fn tables() -> impl Strategy<Value = Tables> {
    let response = (0_u32..4, prop::collection::vec(said(), 0..4), any::<bool>());
    let prompts = prop::collection::vec(prop::collection::vec(response, 0..4), 0..30);
    prompts.prop_map(|prompts| {
        let mut tables = Tables::default();
        for (n, responses) in prompts.iter().enumerate() {
            let steer = |(rank, said, steered): &(u32, Vec<Said>, bool)| {
                (*rank, if *steered { vec![s(f64::from(5 - rank)); 2] } else { said.clone() })
            };
            let responses: Vec<_> = responses.iter().map(steer).collect();
            let responses: Vec<Ranked<'_>> =
                responses.iter().map(|(rank, said)| (*rank, &said[..])).collect();
            tables.add(&format!("p{n}"), &responses);
        }
        tables
    })
}

fn config() -> impl Strategy<Value = EftConfig> {
    let ties = prop_oneof![Just(ScoreTies::Agree), Just(ScoreTies::Disagree)];
    (ties, 0.05..=1.0, 0.0..=1.0).prop_map(|(ties, max_score_share, eval_share)| EftConfig {
        ties,
        max_score_share,
        eval_share,
    })
}

fn prompt_ids(rows: &[EftRow]) -> BTreeSet<&str> {
    rows.iter().map(|row| row.prompt_id.as_str()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_order_of_the_rows_does_not_matter(tables in tables(), config in config(), seed in any::<u64>()) {
        let expected = build(&tables.groups(), &Rubric::additive(), &config, seed);
        let mut shuffled = tables;
        shuffled.prompts.reverse();
        shuffled.responses.reverse();
        shuffled.judgments.reverse();
        prop_assert_eq!(&build(&shuffled.groups(), &Rubric::additive(), &config, seed), &expected);
        let mut groups = shuffled.groups();
        groups.reverse();
        groups.iter_mut().for_each(|group| group.responses.reverse());
        groups.iter_mut().flat_map(|group| &mut group.responses).for_each(|judged| judged.judgments.reverse());
        prop_assert_eq!(build(&groups, &Rubric::additive(), &config, seed), expected);
    }

    #[test]
    fn every_kept_prompt_agrees_with_people(tables in tables(), config in config()) {
        let means = mean_scores(&tables.judgments);
        let selection = tables.build(&config);
        for rows in [&selection.train, &selection.evaluation] {
            for prompt_id in prompt_ids(rows) {
                let ranked = || tables.responses.iter().filter(|row| row.prompt_id == prompt_id);
                for (better, worse) in ranked().flat_map(|a| ranked().map(move |b| (a, b))) {
                    let (high, low) = (means[&better.response_id].unwrap(), means[&worse.response_id].unwrap());
                    let agrees = high > low || (high == low && config.ties == ScoreTies::Agree);
                    prop_assert!(better.sample_index >= worse.sample_index || agrees);
                }
                let taught = || rows.iter().filter(|row| row.prompt_id == prompt_id);
                for (better, worse) in taught().flat_map(|a| taught().map(move |b| (a, b))) {
                    prop_assert!(better.human_rank >= worse.human_rank || better.score >= worse.score);
                }
            }
            for row in rows {
                let example = training_example(&Rubric::additive(), row).unwrap();
                let last = example.target.lines().last().unwrap().to_owned();
                prop_assert_eq!(last, format!("Score: {}", row.score.get()));
            }
        }
    }

    #[test]
    fn no_score_has_more_than_its_share_after_thinning(tables in tables(), config in config()) {
        let EftSelection { train, scores, .. } = tables.build(&config);
        let share = config.max_score_share.max(1.0 / scores.train.len().max(1) as f64);
        for (score, n) in &scores.train {
            prop_assert!(*n as f64 <= share * train.len() as f64 + 1e-6, "{score}: {n} of {}", train.len());
        }
        prop_assert_eq!(scores.train.len(), scores.train_before.len(), "every score is still there");
        if config.max_score_share == 1.0 {
            prop_assert_eq!(scores.train, scores.train_before);
        }
    }

    #[test]
    fn no_prompt_is_on_both_sides_whatever_else_there_is(tables in tables(), config in config(), n in 0_usize..30) {
        let selection = tables.build(&config);
        prop_assert!(prompt_ids(&selection.train).is_disjoint(&prompt_ids(&selection.evaluation)));
        let mut groups = tables.groups();
        groups.truncate(n);
        let fewer = build(&groups, &Rubric::additive(), &config, 7);
        prop_assert!(prompt_ids(&fewer.evaluation).is_subset(&prompt_ids(&selection.evaluation)));
        prop_assert!(prompt_ids(&fewer.train).is_disjoint(&prompt_ids(&selection.evaluation)));
    }

    #[test]
    fn the_counts_add_up(tables in tables(), config in config()) {
        let EftSelection { train, evaluation, counts: c, scores } = tables.build(&config);
        prop_assert_eq!(c.prompts, tables.prompts.len() as u64);
        prop_assert_eq!(c.prompts, c.too_few + c.unscored + c.judged);
        prop_assert_eq!(c.judged, c.all_tied + c.disagreeing + c.targets_disagreeing + c.kept);
        prop_assert_eq!(c.kept, c.train_prompts + c.evaluation_prompts);
        prop_assert_eq!(c.responses, c.same_rank + c.blank + c.no_rationale + c.rows);
        prop_assert_eq!(c.rows, c.train + c.evaluation + c.thinned);
        prop_assert_eq!((c.train, c.evaluation), (train.len() as u64, evaluation.len() as u64));
        let sum = |histogram: &BTreeMap<String, u64>| histogram.values().sum::<u64>();
        prop_assert_eq!(sum(&scores.train_before), c.train + c.thinned);
        prop_assert_eq!((sum(&scores.train), sum(&scores.evaluation)), (c.train, c.evaluation));
    }
}

#[test]
fn one_text_under_two_ids_goes_to_one_side() {
    let mut tables = Tables::default();
    (0..40).for_each(|n| tables.add(&format!("p{n}"), &[(0, &[s(4.0)]), (1, &[s(2.0)])]));
    tables.prompts.iter_mut().for_each(|row| row.prompt = Prompt::user("Why?"));
    let counts = tables.build(&EftConfig { eval_share: 0.5, ..EftConfig::default() }).counts;
    assert!(counts.train_prompts == 0 || counts.evaluation_prompts == 0, "{counts:?}");
}

/// The seed data, each target as the one judgment of its response.
fn seed_data(name: &str) -> (Vec<EftRow>, Tables) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../srlm/seed").join(name);
    let rows: Vec<EftRow> = read_jsonl(&path).unwrap();
    let mut tables = Tables::default();
    for row in &rows {
        let response_id = format!("{}/{}", row.prompt_id, row.human_rank);
        let prompt = PromptRow {
            prompt_id: row.prompt_id.clone(),
            prompt: row.prompt.clone(),
            source: PromptSource::Seed,
        };
        if tables.prompts.last() != Some(&prompt) {
            tables.prompts.push(prompt);
        }
        let said = response(&row.prompt_id, &response_id, row.human_rank);
        tables.responses.push(ResponseRow { response: row.response.clone(), ..said });
        let judged = judgment(&row.prompt_id, &response_id, 0, s(row.score.get()));
        tables.judgments.push(JudgmentRow { rationale: row.target.clone(), ..judged });
    }
    (rows, tables)
}

#[test]
fn the_seed_data_comes_back_from_its_own_judgments() {
    for name in ["eft_train.jsonl", "eft_heldout.jsonl"] {
        let (rows, tables) = seed_data(name);
        let selection = tables.build(&whole(ScoreTies::Agree));
        let kept = prompt_ids(&selection.train);
        let expected: Vec<_> =
            rows.iter().filter(|row| kept.contains(row.prompt_id.as_str())).cloned().collect();
        assert_eq!(selection.train, expected, "{name}");
        assert_eq!(
            selection.counts.kept, selection.counts.prompts,
            "{name}: {:?}",
            selection.counts
        );
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

struct Folders {
    dir: tempfile::TempDir,
    prompts: Artifact<Prompts>,
    responses: Artifact<Responses>,
    judgments: Artifact<Judgments>,
}

impl Folders {
    fn new(tables: Tables) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let at = |name| dir.path().join(name);
        let prompts = write(&at("prompts"), tables.prompts);
        let responses = write(&at("responses"), tables.responses);
        let judgments = write(&at("judgments"), tables.judgments);
        Self { dir, prompts, responses, judgments }
    }

    fn run(&self, config: &EftConfig, rubric: &Rubric) -> Result<EftArtifacts, Error> {
        let Self { prompts, responses, judgments, .. } = self;
        let (train, evaluation) =
            (self.dir.path().join("eft"), self.dir.path().join("eft-held-out"));
        let out = Out { train: &train, evaluation: &evaluation };
        run(config, Inputs { prompts, responses, judgments, rubric }, 42, out)
    }
}

fn forty_prompts() -> Tables {
    let mut tables = Tables::default();
    for n in 0..40_u32 {
        let second = [s(4.0), s(f64::from(n % 6))];
        tables.add(
            &format!("p{n}"),
            &[(0, &[s(4.0), s(5.0), s(4.0)]), (1, &second[(n % 2) as usize..]), (2, &[s(1.0)])],
        );
    }
    tables
}

#[test]
fn the_two_folders_are_what_the_rule_gives_and_stay_as_they_are() {
    let tables = forty_prompts();
    let config = EftConfig::default();
    let expected = tables.build(&config);
    let folders = Folders::new(tables);
    let EftArtifacts { train, evaluation } = folders.run(&config, &Rubric::additive()).unwrap();
    assert_eq!(
        (train.rows().unwrap(), evaluation.rows().unwrap()),
        (expected.train, expected.evaluation)
    );
    assert_eq!(train.manifest().counts, Counts::from(expected.counts));
    assert_eq!(evaluation.manifest().counts, Counts::from(expected.counts));
    let scores = std::fs::read_to_string(train.dir().join("scores.json")).unwrap();
    let scores: serde_json::Value = serde_json::from_str(&scores).unwrap();
    assert_eq!(scores, serde_json::to_value(&expected.scores).unwrap());
    Artifact::<Eft>::open(train.dir()).unwrap().verify().unwrap();
    insta::assert_json_snapshot!(expected.counts, @r#"
    {
      "prompts": 40,
      "too_few": 0,
      "unscored": 0,
      "judged": 40,
      "all_tied": 0,
      "disagreeing": 6,
      "targets_disagreeing": 0,
      "kept": 34,
      "responses": 102,
      "same_rank": 0,
      "blank": 0,
      "no_rationale": 0,
      "rows": 102,
      "thinned": 41,
      "train": 25,
      "evaluation": 36,
      "train_prompts": 22,
      "evaluation_prompts": 12
    }
    "#);
    insta::assert_json_snapshot!(expected.scores, @r#"
    {
      "train_before": {
        "1": 25,
        "3": 5,
        "4": 36
      },
      "train": {
        "1": 10,
        "3": 5,
        "4": 10
      },
      "evaluation": {
        "1": 16,
        "3": 2,
        "4": 18
      }
    }
    "#);

    std::fs::remove_dir_all(evaluation.dir()).unwrap();
    let again = folders.run(&config, &Rubric::additive()).unwrap();
    assert_eq!(again.evaluation.content_hash(), evaluation.content_hash());
    assert_eq!(again.train.manifest(), train.manifest());
}

#[test]
fn other_settings_make_another_artifact_and_what_does_not_fit_is_an_error() {
    let folders = Folders::new(forty_prompts());
    folders.run(&EftConfig::default(), &Rubric::additive()).unwrap();
    let other = EftConfig { max_score_share: 0.5, ..EftConfig::default() };
    let error = folders.run(&other, &Rubric::additive()).unwrap_err();
    let Error::Artifact(srlm_artifact::Error::Changed { field, .. }) = error else {
        panic!("{error}")
    };
    assert_eq!(field, "config.max_score_share");
    let error = folders.run(&EftConfig::default(), &Rubric::pairwise()).unwrap_err();
    assert!(matches!(error, Error::NotScoring { .. }), "{error}");

    let problem = |change: fn(&mut Tables)| {
        let mut tables = forty_prompts();
        change(&mut tables);
        judged_prompts(tables.prompts, tables.responses, tables.judgments).unwrap_err().to_string()
    };
    insta::assert_snapshot!(problem(|t| t.prompts.truncate(39)), @"response p39/r0 answers the prompt p39, which is not among the prompts");
    insta::assert_snapshot!(problem(|t| t.responses.truncate(119)), @"response p39/r2 was judged and is not among the responses");
}

/// Open Assistant's human-ranked replies.
fn ranked_replies() -> Option<Tables> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/data/oasst_en100/ranked_groups.jsonl"
    );
    if !Path::new(path).exists() {
        eprintln!("skipped: {path} is not there");
        return None;
    }
    let groups: Vec<serde_json::Value> = read_jsonl(Path::new(path)).unwrap();
    let mut tables = Tables::default();
    for group in &groups {
        let prompt_id = group["id"].as_str().unwrap().to_owned();
        let prompt =
            Prompt::conversation(serde_json::from_value(group["messages"].clone()).unwrap());
        for reply in group["replies"].as_array().unwrap() {
            let rank = reply["rank"].as_u64().unwrap() as u32;
            let row = response(&prompt_id, reply["id"].as_str().unwrap(), rank);
            tables
                .responses
                .push(ResponseRow { response: reply["text"].as_str().unwrap().to_owned(), ..row });
        }
        tables.prompts.push(PromptRow { prompt_id, prompt, source: PromptSource::Seed });
    }
    Some(tables)
}

/// Judges by length, with some luck, in the ways in which models write; sometimes says nothing.
fn by_length(request: &Request, sample_index: usize) -> String {
    let Input::Chat(messages) = &request.input else {
        panic!("a judge is asked by a conversation")
    };
    let seed = request.seeds[sample_index];
    let length = messages[0].content.len().saturating_sub(Rubric::additive().render("", "").len());
    let score = (length as u64 / 400 + seed % 2).min(5);
    match seed % 16 {
        0 => "I cannot tell.".to_owned(),
        n if n < 8 => format!("It has {length} bytes.\n\n**Score: {score}/5**\n\nThank you."),
        n if n < 12 => format!("It has {length} bytes. Therefore the total score is: {score}"),
        _ => format!("- It has {length} bytes.\nScore: {score}"),
    }
}

#[test]
fn human_ranked_replies_become_examples_through_both_stages() {
    let Some(tables) = ranked_replies() else { return };
    let n_prompts = tables.prompts.len() as u64;
    let dir = tempfile::tempdir().unwrap();
    let at = |name| dir.path().join(name);
    let (prompts, responses) =
        (write(&at("prompts"), tables.prompts), write(&at("responses"), tables.responses));
    let rubric = Rubric::additive();
    let asked = srlm_judge::Inputs {
        prompts: &prompts,
        responses: &responses,
        rubric: &rubric,
        shard: None,
    };
    let (config, place) = (JudgeConfig::default(), Place { run_seed: 42, iteration: 0 });
    let go_on = &mut |_| ControlFlow::Continue(());
    let judgments = srlm_judge::run(
        &config,
        asked,
        &mut Scripted(by_length),
        place,
        &at("judgments"),
        "cpu",
        go_on,
    )
    .unwrap();
    let folders = Folders { dir, prompts, responses, judgments };
    let EftArtifacts { train, evaluation } = folders.run(&EftConfig::default(), &rubric).unwrap();
    let counts = &train.manifest().counts;
    eprintln!("{counts:?}");
    assert_eq!(counts["prompts"], n_prompts);
    assert!(counts["kept"] > 0 && counts["disagreeing"] > 0, "{counts:?}");
    for row in train.rows().unwrap().iter().chain(&evaluation.rows().unwrap()) {
        let target = training_example(&rubric, row).unwrap().target;
        assert!(target.ends_with(&format!(" bytes.\nScore: {}", row.score.get())), "{target}");
    }
}
