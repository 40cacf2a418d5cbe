//! What is written is what is read, whatever the rows.

use proptest::prelude::*;
use srlm_artifact::*;

use crate::samples::write;

fn prompt() -> impl Strategy<Value = Prompt> {
    let turn =
        (prop_oneof![Just(Role::System), Just(Role::User), Just(Role::Assistant)], any::<String>());
    let earlier =
        prop::collection::vec(turn.prop_map(|(role, content)| Message { role, content }), 0..3);
    (earlier, "\\PC*[a-z]").prop_map(|(mut messages, last)| {
        messages.push(Message::user(last));
        Prompt::conversation(messages)
    })
}

fn score() -> impl Strategy<Value = Score> {
    (0.0..=Score::MAX).prop_map(|value| Score::new(value).unwrap())
}

fn text() -> impl Strategy<Value = String> {
    any::<String>().prop_map(|text| text + ".")
}

fn finite() -> impl Strategy<Value = f64> {
    any::<f64>().prop_filter("finite", |value| value.is_finite())
}

/// Rows whose ids differ: each takes its place in the list as its number.
fn many<R: Row>(
    row: impl Strategy<Value = R>,
    number: fn(&mut R, u32),
) -> impl Strategy<Value = Vec<R>> {
    prop::collection::vec(row, 0..6).prop_map(move |mut rows| {
        (0..).zip(&mut rows).for_each(|(n, row)| number(row, n));
        rows
    })
}

fn check<K: Kind<Row: PartialEq>>(mut rows: Vec<K::Row>) {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join(K::NAME);
    let written = write::<K>(&out, rows.clone());
    let artifact = Artifact::<K>::open(&out).unwrap();
    artifact.verify().unwrap();
    assert_eq!(artifact.manifest(), written.manifest());
    rows.sort_by_key(Row::sort_key);
    assert_eq!(artifact.rows().unwrap(), rows);

    let shuffled = dir.path().join("shuffled");
    rows.reverse();
    assert_eq!(
        write::<K>(&shuffled, rows).content_hash(),
        artifact.content_hash(),
        "the order given must not show"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn ift(rows in many(
        (prompt(), text(), any::<String>()).prop_map(|(prompt, response, source)| IftRow {
            prompt_id: String::new(), prompt, response, source,
        }),
        |row, n| row.prompt_id = format!("p{n}"),
    )) {
        check::<Ift>(rows);
    }

    #[test]
    fn eft(rows in many(
        (text(), prompt(), text(), text(), score()).prop_map(|(prompt_id, prompt, response, target, score)| EftRow {
            prompt_id, prompt, response, target, score, human_rank: 0,
        }),
        |row, n| row.human_rank = n,
    )) {
        check::<Eft>(rows);
    }

    #[test]
    fn prompts(rows in many(
        (prompt(), prop_oneof![Just(PromptSource::Seed), Just(PromptSource::Generated)])
            .prop_map(|(prompt, source)| PromptRow { prompt_id: String::new(), prompt, source }),
        |row, n| row.prompt_id = format!("p{n}"),
    )) {
        check::<Prompts>(rows);
    }

    #[test]
    fn responses(rows in many(
        (text(), any::<String>(), prop_oneof![Just(FinishReason::Stop), Just(FinishReason::Length)], any::<u32>(), any::<u64>())
            .prop_map(|(prompt_id, response, finish_reason, n_tokens, seed)| ResponseRow {
                response_id: String::new(), prompt_id, sample_index: 0, response, finish_reason, n_tokens, seed,
            }),
        |row, n| (row.response_id, row.sample_index) = (format!("{}/{n}", row.prompt_id), n),
    )) {
        check::<Responses>(rows);
    }

    #[test]
    fn judgments(rows in many(
        (text(), text(), prop::option::of(score()), any::<String>(), any::<u64>(), prop::option::of(score()), any::<bool>())
            .prop_map(|(prompt_id, response_id, score, rationale, seed, expected_score, truncated)| JudgmentRow {
                response_id, prompt_id, judge_index: 0, score, rationale,
                failure: score.is_none().then_some(JudgmentFailure::Truncated), seed, expected_score, truncated,
            }),
        |row, n| row.judge_index = n,
    )) {
        check::<Judgments>(rows);
    }

    #[test]
    fn battles(rows in many(
        (text(), text(), any::<bool>(), any::<String>(), any::<u64>()).prop_map(
            |(prompt_id, response_id, won, rationale, seed)| BattleRow {
                prompt_id, response_id, judge_index_a: u32::MAX, judge_index_b: 0,
                winner: won.then_some(BattleWinner::B), rationale,
                failure: (!won).then_some(BattleFailure::Truncated), seed,
            },
        ),
        |row, n| row.judge_index_b = n,
    )) {
        check::<Battles>(rows);
    }

    #[test]
    fn pairs(rows in many(
        (text(), prompt(), any::<String>(), any::<String>(), score(), score(), 0.0..=1.0)
            .prop_filter("not tied", |(.., a, b, _)| a != b)
            .prop_map(|(prompt_id, prompt, chosen, rejected, a, b, label_weight)| PairRow {
                prompt_id, prompt, chosen, rejected, chosen_id: String::new(), rejected_id: "r".into(),
                score_chosen: a.max(b).get(), score_rejected: a.min(b).get(), label_weight,
            }),
        |row, n| row.chosen_id = format!("{}/{n}", row.prompt_id),
    )) {
        check::<Pairs>(rows);
    }

    #[test]
    fn unpaired(rows in many(
        (text(), prompt(), any::<String>(), any::<bool>(), score()).prop_map(|(prompt_id, prompt, completion, label, score)| {
            UnpairedRow { prompt_id, prompt, completion, label, response_id: String::new(), score: score.get() }
        }),
        |row, n| row.response_id = format!("{}/{n}", row.prompt_id),
    )) {
        check::<Unpaired>(rows);
    }

    #[test]
    fn ref_logps(rows in many(
        (text(), finite(), finite()).prop_map(|(rejected_id, ref_chosen_logps, ref_rejected_logps)| RefLogpsRow {
            chosen_id: String::new(), rejected_id, ref_chosen_logps, ref_rejected_logps,
        }),
        |row, n| row.chosen_id = format!("p/{n}"),
    )) {
        check::<RefLogps>(rows);
    }

    #[test]
    fn metrics(rows in many(
        (finite(), finite(), prop::option::of(finite()), any::<u64>()).prop_map(|(loss, grad_norm, margins, n_tokens)| MetricsRow {
            loss, grad_norm, rewards_margins: margins, n_tokens, ..MetricsRow::default()
        }),
        |row, n| row.step = n + 1,
    )) {
        let dir = tempfile::tempdir().unwrap();
        write_metrics(dir.path(), &rows).unwrap();
        prop_assert_eq!(read_metrics(dir.path()).unwrap(), rows);
    }
}

#[test]
fn models_are_made_of_extra_files() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("m1");
    let writer = crate::samples::writer::<Model>(&out, crate::samples::recipe());
    std::fs::create_dir_all(writer.dir().join("parts/deep")).unwrap();
    std::fs::write(writer.dir().join("parts/deep/model.safetensors"), [0, 1, 2]).unwrap();
    std::fs::write(writer.dir().join("config.json"), "{}").unwrap();
    write_metrics(writer.dir(), &crate::samples::metrics()).unwrap();
    writer.finish(Vec::new(), Counts::new(), "flex").unwrap();

    let model = Artifact::<Model>::open(&out).unwrap();
    model.verify().unwrap();
    let paths: Vec<_> = model.manifest().files.iter().map(|file| file.path.as_str()).collect();
    assert_eq!(paths, ["config.json", "metrics.jsonl", "parts/deep/model.safetensors"]);
    assert_eq!(model.manifest().rows, 0);
    assert_eq!(read_metrics(model.dir()).unwrap(), crate::samples::metrics());
}
