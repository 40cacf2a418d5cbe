//! A few rows of each kind, and what the tests do with them.

use std::error::Error as _;
use std::path::Path;

use serde_json::json;
use srlm_artifact::{
    Artifact, BattleFailure, BattleRow, BattleWinner, Begin, Counts, EftRow, Error, FinishReason,
    IftRow, Input, JudgmentFailure, JudgmentRow, Kind, Message, MetricsRow, PairRow, Prompt,
    PromptRow, PromptSource, Recipe, RefLogpsRow, ResponseRow, Score, UnpairedRow, Writer, begin,
};

pub(crate) fn recipe() -> Recipe {
    Recipe {
        stage: "srlm-pairs".into(),
        stage_version: 1,
        crate_version: "0.1.0".into(),
        config: json!({ "sampling": { "temperature": 0.7, "top_p": 0.9 }, "group_prompts": 16 })
            .into(),
        seed: 42,
        inputs: vec![Input {
            role: "judgments".into(),
            kind: "judgments".into(),
            content_hash: "sha256:00".into(),
        }],
    }
}

pub(crate) fn writer<K: Kind>(out: &Path, recipe: Recipe) -> Writer<K> {
    match begin(out, recipe).unwrap() {
        Begin::Write(writer) => writer,
        Begin::UpToDate(_) => panic!("{} is complete", out.display()),
    }
}

/// Writes a whole artifact.
pub(crate) fn write<K: Kind>(out: &Path, rows: Vec<K::Row>) -> Artifact<K> {
    let counts = Counts::from([("in".into(), rows.len() as u64 + 1), ("dropped".into(), 1)]);
    writer::<K>(out, recipe()).finish(rows, counts, "flex").unwrap()
}

/// An error and its sources on one line each, with `root` left out of the paths.
pub(crate) fn text(error: &Error, root: &Path) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text += &format!("\n  {error}");
        source = error.source();
    }
    text.replace(&format!("{}/", root.display()), "")
}

pub(crate) fn ift() -> Vec<IftRow> {
    let conversation = Prompt::conversation(vec![
        Message::system("Be brief."),
        Message::user("Hi"),
        Message::assistant("Hello."),
        Message::user("Bye"),
    ]);
    vec![
        IftRow {
            prompt_id: "a".into(),
            prompt: "Name a bird.".into(),
            response: "Wren.".into(),
            source: "own".into(),
        },
        IftRow {
            prompt_id: "b".into(),
            prompt: conversation,
            response: "See \"you\".\n".into(),
            source: "own".into(),
        },
    ]
}

pub(crate) fn eft() -> Vec<EftRow> {
    let row = |human_rank, score| EftRow {
        prompt_id: "a".into(),
        prompt: "Name a bird.".into(),
        response: "Wren.".into(),
        target: format!("It is one.\nScore: {score}"),
        score: Score::new(score).unwrap(),
        human_rank,
    };
    vec![row(0, 5.0), row(1, 2.5)]
}

pub(crate) fn prompts() -> Vec<PromptRow> {
    vec![
        PromptRow {
            prompt_id: "a".into(),
            prompt: "Name a bird.".into(),
            source: PromptSource::Seed,
        },
        PromptRow {
            prompt_id: "iter1-00000".into(),
            prompt: "Nenne zwei Vögel.".into(),
            source: PromptSource::Generated,
        },
    ]
}

pub(crate) fn responses() -> Vec<ResponseRow> {
    let row = |sample_index, response: &str, finish_reason| ResponseRow {
        response_id: format!("a/{sample_index}"),
        prompt_id: "a".into(),
        sample_index,
        response: response.into(),
        finish_reason,
        n_tokens: 3,
        seed: (1 << 53) - 1,
    };
    vec![
        row(0, "Wren.", FinishReason::Stop),
        row(1, "", FinishReason::Stop),
        row(2, "Wren wren", FinishReason::Length),
    ]
}

pub(crate) fn judgments() -> Vec<JudgmentRow> {
    let row = |response_id: &str, judge_index, score: Option<f64>| JudgmentRow {
        response_id: response_id.into(),
        prompt_id: "a".into(),
        judge_index,
        score: score.and_then(Score::new),
        rationale: "It is one.".into(),
        failure: score.is_none().then_some(JudgmentFailure::NoScore),
        seed: 7,
        expected_score: None,
        truncated: false,
    };
    let expected = JudgmentRow {
        expected_score: Score::new(3.5),
        truncated: true,
        ..row("a/2", 0, Some(4.0))
    };
    vec![row("a/0", 0, Some(4.0)), row("a/0", 1, None), expected, row("a/10", 0, Some(0.0))]
}

pub(crate) fn battles() -> Vec<BattleRow> {
    let row = |judge_index_a, judge_index_b, winner: Option<BattleWinner>| BattleRow {
        prompt_id: "a".into(),
        response_id: "a/2".into(),
        judge_index_a,
        judge_index_b,
        winner,
        rationale: "The first counts right.".into(),
        failure: winner.is_none().then_some(BattleFailure::NoWinner),
        seed: 7,
    };
    vec![row(0, 1, Some(BattleWinner::A)), row(0, 10, None), row(1, 0, Some(BattleWinner::B))]
}

pub(crate) fn pairs() -> Vec<PairRow> {
    vec![PairRow {
        prompt_id: "a".into(),
        prompt: "Name a bird.".into(),
        chosen: "Wren.".into(),
        rejected: "Cat.".into(),
        chosen_id: "a/0".into(),
        rejected_id: "a/3".into(),
        score_chosen: 11.0 / 3.0,
        score_rejected: 1.0,
        label_weight: 1.0,
    }]
}

pub(crate) fn unpaired() -> Vec<UnpairedRow> {
    vec![UnpairedRow {
        prompt_id: "a".into(),
        prompt: "Name a bird.".into(),
        completion: "Wren.".into(),
        label: true,
        response_id: "a/0".into(),
        score: 4.0,
    }]
}

pub(crate) fn ref_logps() -> Vec<RefLogpsRow> {
    vec![RefLogpsRow {
        chosen_id: "a/0".into(),
        rejected_id: "a/3".into(),
        ref_chosen_logps: -12.345678901234567,
        ref_rejected_logps: -1e-300,
    }]
}

pub(crate) fn metrics() -> Vec<MetricsRow> {
    let sft = MetricsRow {
        step: 1,
        epoch: 0.5,
        loss: 2.25,
        grad_norm: 1.0,
        learning_rate: 5e-6,
        n_tokens: 64,
        ..MetricsRow::default()
    };
    let dpo = MetricsRow {
        step: 2,
        rewards_chosen: Some(0.1),
        rewards_rejected: Some(-0.2),
        rewards_accuracies: Some(0.75),
        rewards_margins: Some(0.3),
        logps_chosen: Some(-20.0),
        logps_rejected: Some(-30.5),
        ..sft.clone()
    };
    vec![sft, dpo]
}
