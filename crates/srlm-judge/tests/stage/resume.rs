//! An interrupted run gives what an unbroken one gives, and failures are counted.

use srlm_artifact::{FinishReason, JudgmentFailure, Prompt, Responses};
use srlm_generate::{Input, Request, Scripted};
use srlm_judge::{Error, Rubric, mean_scores};

use crate::fixture::{Fixture, Judge, response, words, write};

#[test]
fn judgments_interrupted_after_any_group_are_those_of_an_unbroken_run() {
    let fixture = Fixture::new();
    let whole = fixture.judge("judgments", &mut Scripted(words)).unwrap();
    assert_eq!(whole.manifest().rows, 9 * 4 * 3);
    let mut n_interrupted = 0;
    for stop_after in (0..9 * 4 * 3).step_by(7) {
        let name = format!("judgments-{stop_after}");
        let first = fixture.judge_until(&name, &mut Scripted(words), stop_after);
        n_interrupted += u32::from(matches!(first, Err(Error::Interrupted)));
        let again = fixture.judge(&name, &mut Scripted(words)).unwrap();
        assert_eq!(again.content_hash(), whole.content_hash(), "stopped after {stop_after}");
        assert_eq!(again.manifest().counts, whole.manifest().counts, "stopped after {stop_after}");
    }
    assert!(n_interrupted > 5);
}

#[test]
fn judgments_go_on_after_the_judge_failed() {
    let fixture = Fixture::new();
    let whole = fixture.judge("judgments", &mut Scripted(words)).unwrap();
    let failing = |calls_left| Judge { words, finish_reason: FinishReason::Stop, calls_left };
    for _ in 0..3 {
        let error = fixture.judge("again", &mut failing(2)).unwrap_err();
        assert!(matches!(error, Error::Generate(_)), "{error}");
    }
    // Eight groups, of which six are there.
    let again = fixture.judge("again", &mut failing(2)).unwrap();
    assert_eq!(again.content_hash(), whole.content_hash());
    let up_to_date = fixture.judge("again", &mut failing(0)).unwrap();
    assert_eq!(up_to_date.content_hash(), whole.content_hash());
}

#[test]
fn every_response_is_judged_as_often_as_asked_each_time_with_a_seed_of_its_own() {
    let fixture = Fixture::new();
    let rubric = fixture.rubric.clone();
    let mut asked = Vec::new();
    let mut judge = Scripted(|request: &Request, i: usize| {
        asked.push((request.id.clone(), request.input.clone()));
        words(request, i)
    });
    let rows = fixture.judge("judgments", &mut judge).unwrap().rows().unwrap();
    let seeds: std::collections::HashSet<u64> = rows.iter().map(|row| row.seed).collect();
    assert_eq!(seeds.len(), 9 * 4 * 3);
    let ids = fixture
        .responses
        .rows()
        .unwrap()
        .into_iter()
        .flat_map(|row| (0..3).map(move |_| row.response_id.clone()));
    assert!(asked.iter().map(|(id, _)| id.clone()).eq(ids));
    let expected = Prompt::user(rubric.render("Question 0?", "Answer 2 to 0."));
    assert_eq!(asked[6], ("p0/2".to_owned(), Input::Chat(expected.messages().to_vec())));
}

#[test]
fn the_counts_add_up() {
    let fixture = Fixture::new();
    let judgments = fixture.judge("judgments", &mut Scripted(words)).unwrap();
    let counts = &judgments.manifest().counts;
    let failed: u64 = ["no_score", "out_of_range", "truncated", "empty"]
        .iter()
        .map(|reason| counts[*reason])
        .sum();
    assert_eq!(counts["judgments"], counts["scored"] + failed);
    assert_eq!((counts["judgments"], counts["responses"]), (9 * 4 * 3, 9 * 4));
    let rows = judgments.rows().unwrap();
    let n =
        |kinds: &[u64]| rows.iter().filter(|row| kinds.contains(&(row.seed % 8))).count() as u64;
    assert_eq!(counts["empty"], n(&[0]));
    assert_eq!(counts["no_score"], n(&[1]));
    assert_eq!(counts["out_of_range"], n(&[2, 3]));
    assert_eq!(counts["truncated"], 0);
    assert!(
        counts["scored"] > 0
            && counts["empty"] > 0
            && counts["no_score"] > 0
            && counts["out_of_range"] > 0
    );
    let n_unscored = mean_scores(&rows).values().filter(|mean| mean.is_none()).count() as u64;
    assert_eq!(counts["unscored_responses"], n_unscored);
}

#[test]
fn a_judge_that_is_cut_off_before_its_score_is_truncated_and_one_after_it_is_read() {
    let fixture = Fixture::new();
    let mut judge = Judge { words, finish_reason: FinishReason::Length, calls_left: u32::MAX };
    for row in fixture.judge("judgments", &mut judge).unwrap().rows().unwrap() {
        let expected = match row.seed % 8 {
            0 => Some(JudgmentFailure::Empty),
            1 => Some(JudgmentFailure::Truncated),
            2 | 3 => Some(JudgmentFailure::OutOfRange),
            _ => None,
        };
        assert_eq!(
            (row.failure, row.score.is_none()),
            (expected, expected.is_some()),
            "{:?}",
            row.rationale
        );
    }
}

#[test]
fn another_text_of_the_rubric_is_another_artifact() {
    let mut fixture = Fixture::new();
    fixture.judge("judgments", &mut Scripted(words)).unwrap();
    let text = "---\nname: additive\nmin: 0\nmax: 5\nprefix: \"Score:\"\n---\nScore: {{ prompt }} {{ response }}";
    fixture.rubric = Rubric::parse(text).unwrap();
    let error = fixture.judge("judgments", &mut Scripted(words)).unwrap_err();
    let Error::Artifact(srlm_artifact::Error::Changed { field, .. }) = error else {
        panic!("{error}")
    };
    insta::assert_snapshot!(field, @"inputs.rubric");
}

#[test]
fn what_cannot_be_judged_is_an_error() {
    let mut fixture = Fixture::new();
    fixture.rubric = Rubric::pairwise();
    let error = fixture.judge("judgments", &mut Scripted(words)).unwrap_err();
    assert!(matches!(error, Error::NotScoring { .. }), "{error}");
    fixture.rubric = Rubric::additive();
    fixture.responses =
        write::<Responses>(&fixture.dir.path().join("stray"), vec![response(10, 0)]);
    let error = fixture.judge("judgments", &mut Scripted(words)).unwrap_err();
    insta::assert_snapshot!(error, @"response p10/0 answers the prompt p10, which is not among the prompts");
}
