//! The table adds up, and says where it does not.

use serde_json::json;
use srlm_artifact::{Ift, IftRow, Pairs};
use srlm_eval::funnel::RowState;
use srlm_eval::trace::Outcome;
use srlm_eval::{Funnel, RunSummary, funnel, render, summary_json, summary_markdown, trace};

use super::run;

fn of_run(make: impl FnOnce(&std::path::Path)) -> Funnel {
    let dir = tempfile::tempdir().unwrap();
    make(dir.path());
    funnel(dir.path()).unwrap()
}

fn problems(funnel: &Funnel) -> Vec<String> {
    funnel
        .check()
        .into_iter()
        .map(|misfit| format!("{}: {}", misfit.stage, misfit.problem))
        .collect()
}

#[test]
fn all_stages_add_up() {
    let funnel = of_run(run::write_run);
    assert_eq!(funnel.check(), []);
    insta::assert_snapshot!(funnel, @r"
    Iteration 1
    stage                    unit                in  out  left out
    prompts kept             texts               10    7  1 keyword, 1 duplicate, 1 similar
    responses written        responses   14 (7 x 2)   14
    responses judged         responses           14   13  1 excluded
    judgments scored         judgments  26 (13 x 2)   23  2 no score, 1 truncated
    responses scored         responses           13   12  1 unscored
    prompts with two scores  prompts              7    5  2 unscored
    prompts paired           prompts              5    2  1 tied, 1 below gap, 1 identical
    pairs that fit           pairs                2    1  1 prompt too long
    pairs trained on         pairs                1    1
    ");
    insta::assert_snapshot!(funnel.to_markdown().lines().take(6).collect::<Vec<_>>().join("\n"), @r"
    ## Iteration 1

    | stage | unit | in | out | left out |
    |---|---|--:|--:|---|
    | prompts kept | texts | 10 | 7 | 1 keyword, 1 duplicate, 1 similar |
    | responses written | responses | 14 (7 x 2) | 14 |  |
    ");
}

#[test]
fn every_prompt_goes_where_the_table_counts_it() {
    let dir = tempfile::tempdir().unwrap();
    run::write_run(dir.path());
    let fates: Vec<_> = (0..7)
        .map(|i| trace(dir.path(), &run::prompt_id(i)).unwrap().passages.remove(0).fate)
        .collect();
    let rows = &funnel(dir.path()).unwrap().iterations[0].rows;
    for count in rows[5..].iter().flat_map(|row| &row.dropped) {
        let n = fates.iter().filter(|fate| fate.reason == count.name).count() as u64;
        assert_eq!(n, count.n, "{}", count.name);
    }
    let n_trained = fates.iter().filter(|fate| fate.outcome == Outcome::TrainedOn).count() as u64;
    assert_eq!(n_trained, rows.last().unwrap().n_out);
}

#[test]
fn counts_that_do_not_add_up_are_shown_as_such() {
    let wrong = of_run(|dir| {
        run::write_first_half(dir);
        let mut counts = run::PAIR_COUNTS;
        counts[2].1 = 1;
        run::write_pairs(dir, &counts);
    });
    assert_eq!(
        problems(&wrong),
        [
            "prompts with two scores: 6 out, but the rows show 5",
            "prompts paired: 6 prompts in, but 2 out and 3 left out make 5"
        ]
    );
    assert!(wrong.to_string().contains("does not add up: prompts paired: 6 prompts in"));
    assert!(wrong.to_markdown().contains("**Does not add up**, prompts paired"));
}

#[test]
fn what_is_not_there_yet_is_pending() {
    let funnel = of_run(run::write_first_half);
    assert_eq!(funnel.check(), []);
    let states: Vec<bool> =
        funnel.iterations[0].rows.iter().map(|row| row.state == RowState::Pending).collect();
    assert_eq!(states, [false, false, false, false, false, true, true, true, true]);
    assert_eq!(of_run(|_| ()), Funnel::default());
}

#[test]
fn manifests_of_older_versions_add_up() {
    let funnel = of_run(|dir| {
        run::write_first_half(dir);
        run::write_pairs(
            dir,
            &[
                ("prompts", 7),
                ("pairs", 2),
                ("unscored", 2),
                ("tied", 1),
                ("below_gap", 1),
                ("identical", 1),
            ],
        );
        run::write_training(dir);
    });
    assert_eq!(problems(&funnel), [""; 0]);
}

#[test]
fn several_pairs_of_a_prompt_are_counted_apart() {
    let funnel = of_run(|dir| {
        run::write_first_half(dir);
        let mut counts = run::PAIR_COUNTS.to_vec();
        counts.retain(|(name, _)| !name.starts_with("pairs"));
        counts.extend([
            ("pairs_proposed", 5),
            ("pairs", 2),
            ("pairs_over_limit", 1),
            ("pairs_below_gap", 1),
            ("pairs_identical", 1),
        ]);
        run::write_pairs(dir, &counts);
        run::write_training(dir);
    });
    assert_eq!(problems(&funnel), [""; 0]);
    let row = funnel.iterations[0].rows.iter().find(|row| row.stage == "pairs kept").unwrap();
    assert_eq!((row.n_in, row.n_out, row.n_dropped()), (5, 2, 3));
}

#[test]
fn judge_pairs_join_and_perfect_responses_are_imitated() {
    let joined = of_run(|dir| {
        run::write_first_half(dir);
        run::write_pairs(dir, &run::PAIR_COUNTS);
        let judge_pair = srlm_artifact::PairRow {
            prompt_id: "judge/iter1-00000/0".to_owned(),
            chosen_id: "judge/iter1-00000/0/1".to_owned(),
            rejected_id: "judge/iter1-00000/0/0".to_owned(),
            ..run::pair(0)
        };
        let counts = [("responses", 3), ("pairs", 1), ("equal", 1), ("thinned", 1)];
        run::write::<Pairs>(
            dir,
            "iter-1/judge-pairs",
            json!({}),
            vec![judge_pair.clone()],
            &counts,
            |_| (),
        );
        let all = vec![run::pair(0), run::pair(5), judge_pair];
        run::write::<Pairs>(dir, "iter-1/all-pairs", json!({}), all, &[("rows", 3)], |_| ());
    });
    assert_eq!(problems(&joined), [""; 0]);
    assert!(joined.to_string().contains("3 (2 + 1 judge pairs)"), "{joined}");
    let imitated = of_run(|dir| {
        run::write_first_half(dir);
        let row = |id: &str| IftRow {
            prompt_id: id.to_owned(),
            prompt: "Why?".into(),
            response: "So.".to_owned(),
            source: "perfect".to_owned(),
        };
        let counts =
            [("responses", 14), ("perfect", 2), ("imperfect", 10), ("unscored", 2), ("blank", 0)];
        run::write::<Ift>(
            dir,
            "iter-1/perfect",
            json!({}),
            vec![row("iter1-00004/0"), row("iter1-00005/0")],
            &counts,
            |_| (),
        );
        run::write::<Ift>(
            dir,
            "iter-1/seed-and-perfect",
            json!({}),
            vec![row("a"), row("b"), row("c")],
            &[("rows", 3)],
            |_| (),
        );
        run::write_model(dir, &[("ift_examples", 2), ("ift_prompt_too_long", 1), ("steps", 9)]);
    });
    assert_eq!(problems(&imitated), [""; 0]);
    assert!(imitated.to_string().contains("3 (2 + 1 seed and earlier examples)"), "{imitated}");
}

#[test]
fn the_report_draws_it_and_programs_read_it() {
    let dir = tempfile::tempdir().unwrap();
    run::write_run(dir.path());
    let summary = RunSummary::read(dir.path()).unwrap();
    let page = render(&summary);
    for text in [
        "<b>7</b> of 10 texts",
        "1 keyword, 1 duplicate, 1 similar",
        "of 14 (7 × 2) responses",
        "1 prompt too long",
    ] {
        assert!(page.contains(text), "the page lacks {text:?}");
    }
    assert!(!page.contains("Does not add up"));
    assert_eq!(summary_json(&summary)["iterations"][0]["funnel"]["rows"][0]["n_in"], 10);
    assert!(
        summary_markdown(&summary)
            .contains("| prompts kept | texts | 10 | 7 | 1 keyword, 1 duplicate, 1 similar |")
    );
}
