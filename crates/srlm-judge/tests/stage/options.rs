//! Expected scores, shortened responses, responses without an end, and the judge's health.

use srlm_artifact::{FinishReason, JudgmentFailure, JudgmentRow};
use srlm_generate::{Completion, Generate, Input, Request, Scripted, WrittenToken};
use srlm_judge::{
    Error, JudgeHealth, Rubric, Unfinished, breaches, mean_expected_scores, read_health,
};

use crate::fixture::{Fixture, Judge, words};

/// Tells the tokens of `Score: 3`, where asked to, with a third of the probability on 4 and, off
/// the scale, on 9.
struct Telling;

impl Generate for Telling {
    fn identity(&self) -> String {
        "telling".to_owned()
    }

    fn generate(
        &mut self,
        requests: &[Request],
        on_completion: &mut dyn FnMut(Completion),
    ) -> Result<(), srlm_generate::Error> {
        let token = |text: &str, top: &[&str]| WrittenToken {
            text: text.to_owned(),
            top: top.iter().map(|text| ((*text).to_owned(), (1.0_f64 / 3.0).ln())).collect(),
        };
        let tokens =
            [token("Fine.\nScore:", &[]), token(" 3", &[" 3", " 4", " 9"]), token("", &[""])];
        let mut judge = Scripted(|_: &Request, _: usize| "Fine.\nScore: 3".to_owned());
        judge.generate(requests, &mut |completion| {
            let is_asked = requests[completion.request_index].top_logprobs == 20;
            let tokens = if is_asked { tokens.to_vec() } else { Vec::new() };
            on_completion(Completion { tokens, ..completion });
        })
    }
}

#[test]
fn one_judgment_with_an_expected_score_is_a_score() {
    let mut fixture = Fixture::new();
    (fixture.config.judgments, fixture.config.expected_score) = (1, true);
    let judgments = fixture.judge("expected", &mut Telling).unwrap();
    let rows = judgments.rows().unwrap();
    assert_eq!(rows.len(), 9 * 4);
    for row in &rows {
        assert_eq!(row.score.unwrap().get(), 3.0);
        assert!((row.expected_score.unwrap().get() - 3.5).abs() < 1e-12);
    }
    assert_eq!(judgments.manifest().counts["expected_scores"], 9 * 4);
    assert!(mean_expected_scores(&rows).values().all(Option::is_some));
}

#[test]
fn without_the_setting_or_without_tokens_there_is_no_expected_score() {
    let mut fixture = Fixture::new();
    let rows = fixture.judge("off", &mut Telling).unwrap().rows().unwrap();
    assert!(rows.iter().all(|row| row.expected_score.is_none()));
    fixture.config.expected_score = true;
    let silent = fixture.judge("silent", &mut Scripted(words)).unwrap();
    assert!(silent.rows().unwrap().iter().all(|row| row.expected_score.is_none()));
    assert_eq!(silent.manifest().counts["expected_scores"], 0);
}

#[test]
fn long_responses_are_shortened_and_counted() {
    let mut fixture = Fixture::new();
    fixture.config.max_response_characters = 6;
    let rubric = fixture.rubric.clone();
    let mut asked = Vec::new();
    let mut judge = Scripted(|request: &Request, i: usize| {
        let Input::Chat(turns) = &request.input else { panic!("no conversation") };
        asked.push(turns[0].content.clone());
        words(request, i)
    });
    let judgments = fixture.judge("judgments", &mut judge).unwrap();
    assert_eq!(asked[0], rubric.render("Question 0?", ""));
    let shown = "Answer\n[The response goes on: 8 more characters are left out here.]";
    assert_eq!(asked[3], rubric.render("Question 0?", shown));
    let counts = &judgments.manifest().counts;
    assert_eq!((counts["shortened_responses"], counts["responses"]), (9 * 3, 9 * 4));
    let is_blank = |row: &JudgmentRow| row.response_id.ends_with("/0");
    assert!(judgments.rows().unwrap().iter().all(|row| row.truncated != is_blank(row)));
}

#[test]
fn unfinished_responses_are_judged_or_counted_as_excluded() {
    let mut fixture = Fixture::new();
    let all = fixture.judge("all", &mut Scripted(words)).unwrap();
    assert_eq!(
        (
            all.manifest().counts["unfinished_responses"],
            all.manifest().counts["excluded_responses"]
        ),
        (9, 0)
    );
    fixture.config.unfinished = Unfinished::Exclude;
    let finished = fixture.judge("finished", &mut Scripted(words)).unwrap();
    let counts = &finished.manifest().counts;
    assert_eq!(
        (counts["responses"], counts["unfinished_responses"], counts["excluded_responses"]),
        (9 * 4, 9, 9)
    );
    let is_unfinished = |row: &JudgmentRow| row.response_id.ends_with("/1");
    let expected: Vec<_> =
        all.rows().unwrap().into_iter().filter(|row| !is_unfinished(row)).collect();
    assert_eq!(finished.rows().unwrap(), expected, "the others are judged as before");
    for stop_after in (0..9 * 3 * 3).step_by(7) {
        let name = format!("finished-{stop_after}");
        let _ = fixture.judge_until(&name, &mut Scripted(words), stop_after);
        let again = fixture.judge(&name, &mut Scripted(words)).unwrap();
        assert_eq!(again.content_hash(), finished.content_hash());
    }
}

#[test]
fn a_number_that_was_cut_off_is_no_score() {
    let mut fixture = Fixture::new();
    let text = "---\nname: ten\nmin: 1\nmax: 10\nprefix: \"Score:\"\n---\nScore: {{ prompt }} {{ response }}";
    fixture.rubric = Rubric::parse(text).unwrap();
    let check = |said: fn(&Request, usize) -> String,
                 name,
                 expected: (Option<f64>, Option<JudgmentFailure>)| {
        let mut judge =
            Judge { words: said, finish_reason: FinishReason::Length, calls_left: u32::MAX };
        let row = &fixture.judge(name, &mut judge).unwrap().rows().unwrap()[0];
        assert_eq!((row.score.map(|score| score.get()), row.failure), expected, "{name}");
    };
    check(|_, _| "Score: 1".to_owned(), "cut", (None, Some(JudgmentFailure::Truncated)));
    check(|_, _| "Score: 1\n".to_owned(), "ended", (Some(0.0), None));
    check(|_, _| "Score: 10".to_owned(), "whole", (Some(5.0), None));
}

#[test]
fn the_health_of_the_judge_lies_beside_the_judgments() {
    let mut fixture = Fixture::new();
    let judgments = fixture.judge("judgments", &mut Scripted(words)).unwrap();
    let (rows, responses) = (judgments.rows().unwrap(), fixture.responses.rows().unwrap());
    let measured = read_health(&judgments).unwrap();
    assert_eq!(measured, JudgeHealth::of(&responses, &rows));
    let counts = &judgments.manifest().counts;
    assert_eq!(measured.histogram.iter().sum::<u64>(), counts["scored"]);
    for (reason, n) in &measured.failures {
        assert_eq!(*n, counts[reason]);
    }
    fixture.config.health.min_parse_rate = 0.99;
    let again = fixture.judge("judgments", &mut Scripted(words)).unwrap();
    assert_eq!(again.manifest().key, judgments.manifest().key, "thresholds change no judgment");
    let found = breaches(&measured, &fixture.config.health);
    assert_eq!(found.iter().map(|breach| breach.key).collect::<Vec<_>>(), ["min_parse_rate"]);
}

#[test]
fn a_health_that_cannot_be_read_is_an_error() {
    let fixture = Fixture::new();
    let judgments = fixture.judge("judgments", &mut Scripted(words)).unwrap();
    std::fs::write(judgments.dir().join("health.json"), "{}").unwrap();
    assert!(matches!(read_health(&judgments), Err(Error::Health { .. })));
    std::fs::remove_file(judgments.dir().join("health.json")).unwrap();
    assert!(matches!(read_health(&judgments), Err(Error::Io { .. })));
}
