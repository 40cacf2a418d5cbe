//! One query tells a prompt's whole fate.

use serde_json::json;
use srlm_artifact::{
    Ift, IftRow, Judgments, PairRow, Pairs, ResponseRow, Responses, Unpaired, UnpairedRow,
};
use srlm_eval::trace;
use srlm_eval::trace::{Outcome, Part};

use super::run;

#[test]
fn every_prompt_has_a_fate_with_a_reason() {
    let dir = tempfile::tempdir().unwrap();
    run::write_run(dir.path());
    let check = |i: usize, outcome: Outcome, reason: &str, told: &str| {
        let fate = trace(dir.path(), &run::prompt_id(i)).unwrap().passages.remove(0).fate;
        assert_eq!(
            (fate.outcome, fate.reason.as_str(), fate.told.as_str()),
            (outcome, reason, told),
            "prompt {i}"
        );
    };
    check(0, Outcome::TrainedOn, "m2", "M2 was trained on 1 of 1 pairs of it");
    check(1, Outcome::NotPaired, "tied", "all 2 responses with a score have the same, 3.00");
    check(2, Outcome::NotPaired, "unscored", "1 of 2 responses with a score; a pair needs 2");
    check(
        3,
        Outcome::NotPaired,
        "below_gap",
        "3.50 against 3.00 is less than min_score_gap = 1 apart",
    );
    check(4, Outcome::NotPaired, "identical", "the two have one text: 5.00 against 1.00");
    let told = "the prompt leaves no room for a response within max_length: no reference log-probabilities";
    check(5, Outcome::DidNotFit, "prompt_too_long", told);
    check(6, Outcome::NotPaired, "unscored", "1 of 2 responses with a score; a pair needs 2");
}

#[test]
fn a_trace_reads_from_top_to_bottom() {
    let dir = tempfile::tempdir().unwrap();
    run::write_run(dir.path());
    let trace = trace(dir.path(), "iter1-00000").unwrap();
    insta::assert_snapshot!(trace, @r"
    iter1-00000: iteration 1, generated
      What is question 0?
    responses
      iter1-00000/0: 5 tokens, ended by itself, score 4.00
        Because of the wind.
        judgments 0: score 4, expected score 3.75
        judgments 1: score 4, expected score 3.75
        chosen in pairs
      iter1-00000/1: 5 tokens, ended by itself, score 2.00
        Who knows?
        judgments 0: score 2, expected score 1.75
        judgments 1: no score, cut off before a score
        rejected in pairs
    pairs
      iter1-00000/0 over iter1-00000/1
        score 4.00 over 2.00, label weight 0.75, has reference log-probabilities
    Fate: trained on (m2): M2 was trained on 1 of 1 pairs of it
    ");
    let uses: Vec<Part> =
        trace.passages[0].responses.iter().map(|response| response.uses[0].part).collect();
    assert_eq!(uses, [Part::Chosen, Part::Rejected]);
    let json = serde_json::to_value(&trace).unwrap();
    assert_eq!(json["passages"][0]["responses"][1]["judgments"][1]["row"]["failure"], "truncated");
    assert_eq!(json["passages"][0]["fate"]["outcome"], "trained_on");
}

#[test]
fn a_dropped_text_is_found() {
    let dir = tempfile::tempdir().unwrap();
    run::write_run(dir.path());
    insta::assert_snapshot!(trace(dir.path(), "Name a windy hill.").unwrap(), @r"
    a text that is no prompt: iteration 1, generated
      Name a windy  hill.
    Fate: dropped (similar): not kept in round 0 of generation, from request iter1-round0000-000; too much like iter1-00000, ROUGE-L 0.75
    ");
    assert_eq!(trace(dir.path(), "Draw").unwrap().passages[0].fate.reason, "keyword");
    let both = trace(dir.path(), "What is question 1?").unwrap().passages;
    let reasons: Vec<_> = both.iter().map(|passage| passage.fate.reason.as_str()).collect();
    assert_eq!(reasons, ["tied", "duplicate"], "the prompt and the text that was dropped for it");
}

#[test]
fn a_prompt_is_found_by_a_response_and_by_how_its_id_begins() {
    let dir = tempfile::tempdir().unwrap();
    run::write_run(dir.path());
    for query in [
        "iter1-00003",
        "iter1-00003/1",
        " iter1-00003 ",
        "What is question 3?",
        "What is question 3",
    ] {
        assert_eq!(
            trace(dir.path(), query).unwrap().passages[0].prompt_id.as_deref(),
            Some("iter1-00003"),
            "{query}"
        );
    }
    let message = |query| {
        trace(dir.path(), query)
            .unwrap_err()
            .to_string()
            .replace(&dir.path().display().to_string(), "RUN")
    };
    insta::assert_snapshot!(message("iter1-0000"), @r#""iter1-0000" begins 7 prompt ids or texts; give more of it: iter1-00000, iter1-00001, iter1-00002, iter1-00003, iter1-00004"#);
    insta::assert_snapshot!(message("iter1-00030"), @r#"no prompt or dropped text "iter1-00030" in RUN; close are: iter1-00000, iter1-00001, iter1-00002, iter1-00003, iter1-00004"#);
    insta::assert_snapshot!(message("nothing like it"), @r#"no prompt or dropped text "nothing like it" in RUN; the ids are in iter-T/prompts/prompts.jsonl"#);
}

#[test]
fn what_is_not_there_yet_is_awaited() {
    let dir = tempfile::tempdir().unwrap();
    run::write_first_half(dir.path());
    let reason = || trace(dir.path(), "iter1-00000").unwrap().passages.remove(0).fate.reason;
    assert_eq!(reason(), "pairs");
    run::write_pairs(dir.path(), &run::PAIR_COUNTS);
    assert_eq!(reason(), "ref-logps");
    run::write_training(dir.path());
    std::fs::remove_dir_all(dir.path().join("m2")).unwrap();
    assert_eq!(reason(), "m2");
}

#[test]
fn answers_of_m0_and_of_the_future_model_have_their_parts() {
    let dir = tempfile::tempdir().unwrap();
    run::write_first_half(dir.path());
    let response =
        |text: &str| ResponseRow { response: text.to_owned(), ..run::responses(0).next().unwrap() };
    let judgments =
        || run::judgments().into_iter().filter(|row| row.response_id == "iter1-00000/0").collect();
    for (whose, text) in [("anchor", "Hm."), ("future", "Air moves.")] {
        let (responses, judged) =
            (format!("iter-1/{whose}-responses"), format!("iter-1/{whose}-judgments"));
        run::write::<Responses>(
            dir.path(),
            &responses,
            json!({}),
            vec![response(text)],
            &[],
            |_| (),
        );
        run::write::<Judgments>(dir.path(), &judged, json!({}), judgments(), &[], |_| ());
    }
    let pair = PairRow { rejected_id: "m0:iter1-00000/0".to_owned(), ..run::pair(0) };
    let config = json!({ "anchored_rejection": true });
    run::write::<Pairs>(dir.path(), "iter-1/pairs", config, vec![pair.clone()], &[], |_| ());
    let guided = PairRow { chosen_id: "future:iter1-00000/0".to_owned(), ..pair };
    run::write::<Pairs>(dir.path(), "iter-1/guided-pairs", json!({}), vec![guided], &[], |_| ());
    let passage = trace(dir.path(), "iter1-00000").unwrap().passages.remove(0);
    let parts = passage
        .responses
        .iter()
        .flat_map(|one| one.uses.iter().map(|it| (one.folder, it.part, it.folder)));
    assert_eq!(
        parts.collect::<Vec<_>>(),
        [
            ("responses", Part::Chosen, "pairs"),
            ("anchor-responses", Part::Rejected, "pairs"),
            ("anchor-responses", Part::Rejected, "guided-pairs"),
            ("future-responses", Part::Chosen, "guided-pairs"),
        ]
    );
    assert_eq!(passage.fate.reason, "ref-logps");
    let fate = trace(dir.path(), "iter1-00003").unwrap().passages.remove(0).fate;
    assert_eq!(
        (fate.reason.as_str(), fate.told.as_str()),
        ("unscored", "0 of 0 responses of M0 with a score; a pair needs 1")
    );
}

#[test]
fn perfect_and_unpaired_answers_are_told() {
    let dir = tempfile::tempdir().unwrap();
    run::write_first_half(dir.path());
    let (response, source) = ("Twice.".to_owned(), "perfect".to_owned());
    let row =
        IftRow { prompt_id: "iter1-00004/0".to_owned(), prompt: "Why?".into(), response, source };
    run::write::<Ift>(dir.path(), "iter-1/perfect", json!({}), vec![row], &[], |_| ());
    let (prompt_id, response_id) = (run::prompt_id(1), "iter1-00001/0".to_owned());
    let completion = "It is so.".to_owned();
    let row = UnpairedRow {
        prompt_id,
        prompt: "Why?".into(),
        completion,
        label: true,
        response_id,
        score: 3.0,
    };
    run::write::<Unpaired>(dir.path(), "iter-1/unpaired", json!({}), vec![row], &[], |_| ());
    run::write_model(dir.path(), &[]);
    let check = |id: &str, outcome: Outcome, told: &str, part: Option<Part>| {
        let passage = trace(dir.path(), id).unwrap().passages.remove(0);
        assert_eq!((passage.fate.outcome, passage.fate.told.as_str()), (outcome, told), "{id}");
        assert_eq!(passage.responses[0].uses.first().map(|it| it.part), part, "{id}");
    };
    check(
        "iter1-00004",
        Outcome::TrainedOn,
        "M2 was trained on 1 of 2 responses to it",
        Some(Part::Perfect),
    );
    check(
        "iter1-00001",
        Outcome::NotPerfect,
        "the best of 2 responses scores 3.00",
        Some(Part::Good),
    );
}
