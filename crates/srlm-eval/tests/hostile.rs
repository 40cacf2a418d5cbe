//! Text that means harm, everywhere where a run holds text: the page stays well-formed, inert and
//! laid out.
#![allow(clippy::unwrap_used)]

mod demo;
#[path = "demo/html.rs"]
mod html;

use demo::folders;
use html::assert_sound;
use srlm_artifact::{
    Begin, FinishReason, JudgmentRow, Judgments, Message, PairRow, Pairs, Prompt, PromptRow,
    PromptSource, Prompts, ResponseRow, Responses, Score,
};
use srlm_eval::{Evaluation, RunSummary, compare, render, summary_json, summary_markdown};

/// Markup, an attribute's end, the end of a style sheet, a comment, an entity, a template and a
/// handler.
const MARKUP: &str = "</pre></style><script>alert('1')</script>\"' onload=x><!-- &lt; ]]> <img src=x onerror=\"alert(1)\">{{ 7 * 7 }}{% if x %}";
/// Right-to-left override, isolates, NUL, escape, bell, delete, a lone mark, a tower of marks, an
/// invisible space, a non-character and a line separator.
const HIDDEN: &str = "\u{301}lone \u{202e}gnp.exe\u{2066}\u{0}\u{1b}[31m\u{7}\u{7f}\u{85} Z\u{334}\u{335}\u{336}\u{337}\u{338}\u{339}\u{33a}\u{200b}\u{ffff}\u{2028}\r";

/// All of it, with a line of a hundred thousand letters.
fn hostile() -> String {
    format!("{MARKUP}{HIDDEN} {} שלום", "x".repeat(100_000))
}

fn write_hostile_run(run: &std::path::Path) {
    let text = hostile();
    std::fs::write(run.join("run.toml"), format!("# {text}\n")).unwrap();
    let id = |n: u32| format!("{MARKUP}{HIDDEN}/{n}");
    let prompt = Prompt::conversation(vec![Message::system(&text), Message::user(&text)]);
    let prompt_row = PromptRow {
        prompt_id: MARKUP.to_owned(),
        prompt: prompt.clone(),
        source: PromptSource::Generated,
    };
    folders::write::<Prompts>(run, "iter-1/prompts", MARKUP, vec![prompt_row], &[(MARKUP, 1)]);
    let response = |n: u32| ResponseRow {
        response_id: id(n),
        prompt_id: MARKUP.to_owned(),
        sample_index: n,
        response: text.clone(),
        finish_reason: FinishReason::Stop,
        n_tokens: 9,
        seed: 0,
    };
    folders::write::<Responses>(
        run,
        "iter-1/responses",
        MARKUP,
        vec![response(0), response(1)],
        &[(HIDDEN, 1)],
    );
    let judgment = |n: u32| JudgmentRow {
        response_id: id(n),
        prompt_id: MARKUP.to_owned(),
        judge_index: 0,
        score: Score::new(f64::from(4 - n)),
        rationale: text.clone(),
        failure: None,
        seed: 0,
        expected_score: None,
        truncated: false,
    };
    folders::write::<Judgments>(
        run,
        "iter-1/judgments",
        MARKUP,
        vec![judgment(0), judgment(1)],
        &[(MARKUP, 2)],
    );
    let pair = PairRow {
        prompt_id: MARKUP.to_owned(),
        prompt,
        chosen: text.clone(),
        rejected: format!("different {text}"),
        chosen_id: id(0),
        rejected_id: id(1),
        score_chosen: 4.0,
        score_rejected: 3.0,
        label_weight: 1.0,
    };
    folders::write::<Pairs>(run, "iter-1/pairs", MARKUP, vec![pair], &[(MARKUP, 1)]);
    let measured = demo::evaluation(2);
    for (model, name) in [(1, MARKUP.to_owned()), (2, hostile())] {
        let out = run.join(format!("iter-{}/eval", model - 1));
        let Begin::Write(writer) =
            srlm_eval::begin(&out, serde_json::json!({}).into(), 1, vec![]).unwrap()
        else {
            panic!("the folder is new");
        };
        let evaluation = Evaluation {
            model: name.clone(),
            opponent: Some(name.clone()),
            warnings: vec![name.clone()],
            unmeasured: [("head_to_head".to_owned(), name.clone())].into(),
            ..measured.clone()
        };
        srlm_eval::write(writer, &evaluation, &name).unwrap();
    }
}

#[test]
fn hostile_text_stays_text_in_every_form_of_the_report() {
    let dir = tempfile::tempdir().unwrap();
    let run = dir.path().join("run\u{202e}<b>\"'&\u{301}");
    std::fs::create_dir(&run).unwrap();
    write_hostile_run(&run);
    let summary = RunSummary::read(&run).unwrap();
    let page = render(&summary);
    std::fs::write(concat!(env!("CARGO_TARGET_TMPDIR"), "/hostile.html"), &page).unwrap();

    assert_sound(&page);
    assert!(page.matches("&#60;script&#62;").count() >= 20, "the text is shown");
    assert!(
        page.contains("⟦U+202E⟧gnp.exe") && page.contains("⟦U+0000⟧⟦U+001B⟧[31m"),
        "what hides is shown"
    );
    assert!(page.contains("{{ 7 * 7 }}{% if x %}"), "and not taken for a template");
    assert!(page.contains("more characters"), "what is left out is counted");
    assert!(page.len() < 1_500_000, "the page has {} bytes", page.len());

    let markdown = summary_markdown(&summary);
    assert!(!markdown.contains(" <script") && !markdown.contains(['\u{202e}', '\0', '\u{1b}']));
    serde_json::to_string(&summary_json(&summary)).unwrap();

    assert_sound(&compare::render(&[summary.clone(), summary.clone()]));
    assert!(!compare::to_markdown(&[summary.clone(), summary]).contains(['\u{202e}', '\0']));
}

#[test]
fn ordinary_pages_are_sound_too() {
    let dir = tempfile::tempdir().unwrap();
    let (whole, empty) = (dir.path().join("whole"), dir.path().join("empty"));
    for run in [&whole, &empty] {
        std::fs::create_dir(run).unwrap();
    }
    folders::write_run(&whole);
    let summaries = [&whole, &empty].map(|run| RunSummary::read(run).unwrap());
    for summary in &summaries {
        assert_sound(&render(summary));
    }
    assert_sound(&compare::render(&summaries));
}
