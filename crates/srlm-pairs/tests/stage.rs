//! The stage from folder to folder.
#![allow(clippy::unwrap_used)]

use std::path::Path;

use srlm_artifact::{
    Artifact, Begin, FinishReason, Ift, IftRow, JudgmentFailure, JudgmentRow, Judgments, Kind,
    Pairs, Place, PromptRow, PromptSource, Prompts, Recipe, ResponseRow, Responses, Score, begin,
};
use srlm_pairs::{
    Error, Inputs, Judged, LabelWeights, PairsConfig, PerfectConfig, SafetyReward, Strategy,
    UnpairedConfig, run, run_future_guided, run_perfect, run_spin, run_unpaired,
};

const PLACE: Place = Place { run_seed: 42, iteration: 1 };

/// By prompt the text and score of each candidate: a pair, a narrow pair, a tie, one score only,
/// twins, no candidates.
const JUDGED: [&[(&str, Option<f64>)]; 6] = [
    &[("a", Some(2.0)), ("b", Some(5.0)), ("c", Some(1.0))],
    &[("a", Some(3.0)), ("b", Some(3.5))],
    &[("a", Some(3.0)), ("b", Some(3.0))],
    &[("a", Some(3.0)), ("b", None)],
    &[("a", Some(1.0)), ("a", Some(5.0))],
    &[],
];

/// The three inputs in one folder.
struct Folders {
    prompts: Artifact<Prompts>,
    responses: Artifact<Responses>,
    judgments: Artifact<Judgments>,
}

impl Folders {
    fn inputs(&self) -> Inputs<'_> {
        let Self { prompts, responses, judgments } = self;
        Inputs {
            prompts,
            responses,
            judgments,
            anchors: None,
            judgments_before: None,
            safety: None,
        }
    }

    fn judged(&self) -> Judged<'_> {
        let Self { prompts, responses, judgments } = self;
        Judged { prompts, responses, judgments }
    }

    fn select(&self, min_score_gap: f64, out: &Path) -> Result<Artifact<Pairs>, Error> {
        run(&PairsConfig { min_score_gap, ..PairsConfig::default() }, self.inputs(), PLACE, out)
    }
}

fn write<K: Kind>(dir: &Path, name: &str, rows: Vec<K::Row>) -> Artifact<K> {
    let recipe = Recipe {
        stage: "test".to_owned(),
        stage_version: 1,
        crate_version: String::new(),
        config: serde_json::Value::Null.into(),
        seed: 0,
        inputs: Vec::new(),
    };
    let Begin::Write(writer) = begin(&dir.join(name), recipe).unwrap() else { panic!("not new") };
    writer.finish(rows, Default::default(), "cpu").unwrap()
}

fn judgments_of(prompts: &[&[(&str, Option<f64>)]]) -> Vec<JudgmentRow> {
    let judgment = |p: usize, r: usize, score: Option<f64>| JudgmentRow {
        response_id: format!("p{p}/{r}"),
        prompt_id: format!("p{p}"),
        judge_index: 0,
        score: score.map(|score| Score::new(score).unwrap()),
        rationale: "Hm.".to_owned(),
        failure: score.is_none().then_some(JudgmentFailure::NoScore),
        seed: 0,
        expected_score: None,
        truncated: false,
    };
    let of_prompt = |(p, responses): (usize, &&[(&str, Option<f64>)])| {
        responses
            .iter()
            .enumerate()
            .map(|(r, (_, score))| judgment(p, r, *score))
            .collect::<Vec<_>>()
    };
    prompts.iter().enumerate().flat_map(of_prompt).collect()
}

fn folders(dir: &Path) -> Folders {
    let (mut prompts, mut responses) = (Vec::new(), Vec::new());
    for (p, candidates) in JUDGED.iter().enumerate() {
        let prompt_id = format!("p{p}");
        responses.extend((0..).zip(*candidates).map(|(sample_index, (text, _))| ResponseRow {
            response_id: format!("{prompt_id}/{sample_index}"),
            prompt_id: prompt_id.clone(),
            sample_index,
            response: (*text).to_owned(),
            finish_reason: FinishReason::Stop,
            n_tokens: 1,
            seed: 0,
        }));
        prompts.push(PromptRow { prompt_id, prompt: "Why?".into(), source: PromptSource::Seed });
    }
    Folders {
        prompts: write(dir, "prompts", prompts),
        responses: write(dir, "responses", responses),
        judgments: write(dir, "judgments", judgments_of(&JUDGED)),
    }
}

/// The counts that are not 0.
fn counts<K: Kind>(artifact: &Artifact<K>) -> String {
    let counts = artifact
        .manifest()
        .counts
        .iter()
        .filter(|(_, n)| **n > 0)
        .map(|(name, n)| format!("{name} {n}"));
    counts.collect::<Vec<_>>().join(", ")
}

#[test]
fn pairs_and_counts_are_written() {
    let dir = tempfile::tempdir().unwrap();
    let pairs = folders(dir.path()).select(1.0, &dir.path().join("iter-1/pairs")).unwrap();
    pairs.verify().unwrap();
    let rows = pairs.rows().unwrap();
    let ids: Vec<_> =
        rows.iter().map(|row| (row.chosen_id.as_str(), row.rejected_id.as_str())).collect();
    assert_eq!(ids, [("p0/1", "p0/2")]);
    assert_eq!((rows[0].score_chosen, rows[0].score_rejected), (5.0, 1.0));
    let expected = "below_gap 1, identical 1, paired 1, pairs 1, pairs_below_gap 1, pairs_identical 1, pairs_proposed 3, \
                    prompts 6, tied 1, unscored 2";
    assert_eq!(counts(&pairs), expected);
    assert_eq!(pairs.manifest().counts.len(), 18);

    let recipe = &pairs.manifest().provenance;
    let config = PairsConfig { min_score_gap: 1.0, ..PairsConfig::default() };
    assert_eq!((recipe.stage.as_str(), recipe.seed), ("srlm-pairs", 0));
    assert_eq!(recipe.config, serde_json::to_value(config).unwrap().into());
    let roles: Vec<_> =
        recipe.inputs.iter().map(|input| (input.role.as_str(), input.kind.as_str())).collect();
    assert_eq!(
        roles,
        [("prompts", "prompts"), ("responses", "responses"), ("judgments", "judgments")]
    );
}

#[test]
fn the_second_run_is_up_to_date() {
    let dir = tempfile::tempdir().unwrap();
    let (folders, out) = (folders(dir.path()), dir.path().join("pairs"));
    let first = folders.select(0.0, &out).unwrap();
    // Without its rows an input cannot be read: the second run must not try.
    std::fs::remove_file(dir.path().join("judgments/judgments.jsonl")).unwrap();
    let second = folders.select(0.0, &out).unwrap();
    assert_eq!(first.manifest(), second.manifest());
    let anew = folders.select(0.0, &dir.path().join("elsewhere"));
    assert!(matches!(anew, Err(Error::Artifact(srlm_artifact::Error::Io { .. }))), "{anew:?}");
}

#[test]
fn another_gap_and_other_judgments_are_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let (mut folders, out) = (folders(dir.path()), dir.path().join("pairs"));
    let first = folders.select(0.0, &out).unwrap();
    let refused = |folders: &Folders, gap, expected: &str| {
        let error = folders.select(gap, &out).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert_eq!(Artifact::<Pairs>::open(&out).unwrap().manifest(), first.manifest());
    };
    refused(&folders, 1.0, "made with another config.min_score_gap: was 0.0, now 1.0");
    folders.judgments = write(dir.path(), "others", judgments_of(&JUDGED[..4]));
    refused(&folders, 0.0, "made with another inputs.judgments");
}

#[test]
fn no_pairs_are_an_artifact() {
    let dir = tempfile::tempdir().unwrap();
    let pairs = folders(dir.path()).select(5.0, &dir.path().join("pairs")).unwrap();
    assert_eq!((pairs.manifest().rows, pairs.rows().unwrap()), (0, Vec::new()));
    assert_eq!(
        counts(&pairs),
        "below_gap 3, pairs_below_gap 3, pairs_proposed 3, prompts 6, tied 1, unscored 2"
    );
}

#[test]
fn nothing_is_written_with_a_gap_or_with_rows_that_cannot_be_used() {
    let dir = tempfile::tempdir().unwrap();
    let (mut folders, out) = (folders(dir.path()), dir.path().join("pairs"));
    assert!(matches!(folders.select(-1.0, &out), Err(Error::Config { key: "min_score_gap", .. })));
    folders.responses = write(dir.path(), "none", Vec::new());
    let error = folders.select(0.0, &out).unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"judgment 0 is of response_id "p0/0", which is not among the responses"#
    );
    assert!(!out.exists());
}

#[test]
fn the_place_matters_only_where_something_depends_on_it() {
    let dir = tempfile::tempdir().unwrap();
    let folders = folders(dir.path());
    let check = |name: &str, config: PairsConfig, place: Place, expected: &str| {
        let out = dir.path().join(name);
        run(&config, folders.inputs(), PLACE, &out).unwrap();
        let problem =
            run(&config, folders.inputs(), place, &out).err().map(|error| error.to_string());
        assert!(
            problem.as_deref().unwrap_or("up to date").contains(expected),
            "{name}: {problem:?}"
        );
    };
    let (seed, iteration) = (Place { run_seed: 43, ..PLACE }, Place { iteration: 2, ..PLACE });
    let config = PairsConfig::default;
    for (place, name) in [(seed, "seed"), (iteration, "iteration")] {
        check(&format!("plain-{name}"), config(), place, "up to date");
        let config =
            PairsConfig { length_control: vec![0.3], max_chosen_characters: vec![9], ..config() };
        check(&format!("constant-{name}"), config, place, "up to date");
    }
    let by_iteration = PairsConfig { length_control: vec![0.0, 0.3], ..config() };
    check("lengths-seed", by_iteration.clone(), seed, "up to date");
    check("lengths-iteration", by_iteration, iteration, "another config.iteration: was 1, now 2");
    let most = PairsConfig { max_chosen_characters: vec![2500, 0], ..config() };
    check("most-iteration", most, iteration, "another config.iteration: was 1, now 2");
    let random = PairsConfig { strategy: Strategy::Random, ..config() };
    check("random-seed", random.clone(), seed, "another seed: was 42, now 43");
    check("random-iteration", random, iteration, "another config.iteration: was 1, now 2");
}

#[test]
fn a_setting_whose_input_is_absent_is_named_with_its_remedy() {
    let dir = tempfile::tempdir().unwrap();
    let (folders, out) = (folders(dir.path()), dir.path().join("pairs"));
    let check = |config: PairsConfig, expected: &str| {
        assert_eq!(run(&config, folders.inputs(), PLACE, &out).unwrap_err().to_string(), expected);
        assert!(!out.exists());
    };
    let expected = "`anchored_rejection` needs M0's responses to the prompts and their judgments; give that input, or \
                    set anchored_rejection = false";
    check(PairsConfig { anchored_rejection: true, ..PairsConfig::default() }, expected);
    let expected = "`label_weights` needs judgments of the responses by the model of the iteration before; give that \
                    input, or set label_weights = \"none\"";
    check(PairsConfig { label_weights: LabelWeights::Mean, ..PairsConfig::default() }, expected);
}

#[test]
fn anchors_and_earlier_judgments_are_inputs_where_they_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let folders = folders(dir.path());
    let anchor = folders
        .responses
        .rows()
        .unwrap()
        .into_iter()
        .map(|row| ResponseRow { response: "z".into(), ..row });
    let anchors: Artifact<Responses> = write(dir.path(), "m0", anchor.collect());
    let before: Artifact<Judgments> = write(dir.path(), "before", judgments_of(&JUDGED[..2]));
    let inputs = Inputs {
        anchors: Some((&anchors, &folders.judgments)),
        judgments_before: Some(&before),
        ..folders.inputs()
    };
    let select = |name: &str, config: PairsConfig| {
        run(&config, inputs, PLACE, &dir.path().join(name)).unwrap()
    };
    let roles = |pairs: &Artifact<Pairs>| {
        let inputs = &pairs.manifest().provenance.inputs;
        inputs.iter().skip(3).map(|input| input.role.clone()).collect::<Vec<_>>()
    };

    let plain = select("plain", PairsConfig::default());
    assert_eq!(roles(&plain), Vec::<String>::new());

    let anchored =
        select("anchored", PairsConfig { anchored_rejection: true, ..PairsConfig::default() });
    assert_eq!(roles(&anchored), ["anchor_responses", "anchor_judgments"]);
    let ids: Vec<_> =
        anchored.rows().unwrap().into_iter().map(|row| (row.chosen_id, row.rejected_id)).collect();
    let expected = [("p0/1", "m0:p0/2"), ("p1/1", "m0:p1/0"), ("p4/1", "m0:p4/0")];
    assert_eq!(ids, expected.map(|(chosen, rejected)| (chosen.to_owned(), rejected.to_owned())));
    assert_eq!(
        counts(&anchored),
        "not_lower 2, paired 3, pairs 3, pairs_not_lower 2, pairs_proposed 5, prompts 6, unscored 1"
    );

    let weighed = select(
        "weighed",
        PairsConfig { label_weights: LabelWeights::Mean, ..PairsConfig::default() },
    );
    assert_eq!(roles(&weighed), ["judgments_before"]);
    assert!(weighed.rows().unwrap().iter().all(|row| row.label_weight == 1.0));
    let counts = &weighed.manifest().counts;
    assert_eq!((counts["ranked_twice"], counts["not_ranked_twice"], counts["prompts"]), (2, 4, 6));
}

#[test]
fn a_second_reward_decides_where_it_is_given() {
    let dir = tempfile::tempdir().unwrap();
    let folders = folders(dir.path());
    // Of the first prompt the best answer is unsafe; the second one's have no safety score.
    let safe: &[&[_]] = &[&[("a", Some(4.0)), ("b", Some(0.0)), ("c", Some(5.0))]];
    let judgments: Artifact<Judgments> = write(dir.path(), "safety", judgments_of(safe));
    let select = |name: &str, weight: f64, config: PairsConfig| {
        let safety = Some(SafetyReward { judgments: &judgments, weight });
        run(&config, Inputs { safety, ..folders.inputs() }, PLACE, &dir.path().join(name))
    };
    let pairs = select("pairs", 1.0, PairsConfig::default()).unwrap();
    let rows = pairs.rows().unwrap();
    let found: Vec<_> =
        rows.iter().map(|row| (row.chosen_id.as_str(), row.rejected_id.as_str())).collect();
    assert_eq!(found, [("p0/0", "p0/1")]);
    assert_eq!((rows[0].score_chosen, rows[0].score_rejected), (3.0, 2.5));
    let counts = &pairs.manifest().counts;
    let n = |name: &str| counts[name];
    assert_eq!(
        (n("responses_combined"), n("responses_without_score"), n("responses_without_safety")),
        (3, 1, 7)
    );
    assert_eq!(
        n("responses"),
        n("responses_combined") + n("responses_without_score") + n("responses_without_safety")
    );
    assert_eq!((n("prompts"), n("paired"), n("unscored")), (6, 1, 5));
    assert_eq!(pairs.manifest().provenance.inputs[3].role, "safety_judgments");
    let error = select("pairs", 2.0, PairsConfig::default()).unwrap_err().to_string();
    assert!(error.contains("safety_weight"), "{error}");
    let anchored = PairsConfig { anchored_rejection: true, ..PairsConfig::default() };
    let error = select("anchored", 1.0, anchored).unwrap_err().to_string();
    assert!(
        error.starts_with("`anchored_rejection` is true; M0's responses have no safety scores"),
        "{error}"
    );
}

#[test]
fn judged_responses_become_examples_and_verdicts() {
    let dir = tempfile::tempdir().unwrap();
    let folders = folders(dir.path());
    let perfect =
        run_perfect(&PerfectConfig::default(), folders.judged(), &dir.path().join("perfect"))
            .unwrap();
    perfect.verify().unwrap();
    let ids: Vec<_> = perfect.rows().unwrap().into_iter().map(|row| row.prompt_id).collect();
    assert_eq!(ids, ["p0/1", "p4/1"]);
    assert_eq!(counts(&perfect), "imperfect 8, perfect 2, responses 11, unscored 1");

    let unpaired =
        run_unpaired(&UnpairedConfig::default(), folders.judged(), &dir.path().join("unpaired"))
            .unwrap();
    unpaired.verify().unwrap();
    let rows: Vec<_> =
        unpaired.rows().unwrap().into_iter().map(|row| (row.response_id, row.label)).collect();
    assert_eq!(rows, [("p2/0".to_owned(), true), ("p2/1".to_owned(), true)]);
    assert_eq!(counts(&unpaired), "good 2, prompts 6, rows 2, tied 1, unscored 2, untied 3");

    let refused = UnpairedConfig { threshold: 6.0, ..UnpairedConfig::default() };
    let error = run_unpaired(&refused, folders.judged(), &dir.path().join("refused")).unwrap_err();
    assert_eq!(error.to_string(), "`threshold` is 6.0; it must be from 0 to 5");
}

#[test]
fn pairs_are_guided_by_the_future() {
    let dir = tempfile::tempdir().unwrap();
    let folders = folders(dir.path());
    let pairs = folders.select(0.0, &dir.path().join("pairs")).unwrap();
    let judged: &[&[_]] = &[&[], &[("a", Some(4.0)), ("b", Some(1.0))]];
    let judgments = write(dir.path(), "future", judgments_of(judged));
    let future = Judged { judgments: &judgments, ..folders.judged() };
    let out = dir.path().join("guided");
    // The future's best text is that which is rejected.
    let guided = run_future_guided(&PairsConfig::default(), &pairs, future, &out).unwrap();
    assert_eq!(counts(&guided), "identical 1, kept 1, pairs 1, pairs_given 2");

    let texts = folders
        .responses
        .rows()
        .unwrap()
        .into_iter()
        .map(|row| ResponseRow { response: "z".into(), ..row });
    let responses = write(dir.path(), "future-responses", texts.collect());
    let future = Judged { responses: &responses, ..future };
    let guided =
        run_future_guided(&PairsConfig::default(), &pairs, future, &dir.path().join("other"))
            .unwrap();
    guided.verify().unwrap();
    assert_eq!(counts(&guided), "kept 1, pairs 2, pairs_given 2, replaced 1");
    let row = &guided.rows().unwrap()[1];
    assert_eq!(
        (row.chosen_id.as_str(), row.rejected_id.as_str(), row.score_chosen),
        ("future:p1/0", "p1/0", 4.0)
    );
}

#[test]
fn seed_answers_are_paired_with_samples() {
    let dir = tempfile::tempdir().unwrap();
    let folders = folders(dir.path());
    let seed = |p: usize| IftRow {
        prompt_id: format!("p{p}"),
        prompt: "Why?".into(),
        response: "b".to_owned(),
        source: "people".to_owned(),
    };
    let seeds: Artifact<Ift> = write(dir.path(), "seeds", (0..6).map(seed).collect());
    let out = dir.path().join("spin");
    let pairs = run_spin(&seeds, &folders.responses, &out).unwrap();
    pairs.verify().unwrap();
    assert_eq!(
        counts(&pairs),
        "answered 5, identical 4, pairs 7, responses 11, seeds 6, unanswered 1"
    );
    assert!(
        pairs
            .rows()
            .unwrap()
            .iter()
            .all(|row| (row.score_chosen, row.score_rejected) == (1.0, 0.0))
    );
    assert_eq!(run_spin(&seeds, &folders.responses, &out).unwrap().manifest(), pairs.manifest());
}
