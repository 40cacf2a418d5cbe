//! Answers in the forms that other evaluations read.

use serde::Serialize;

/// A model's answer to one instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SingleAnswer {
    /// The instruction, as the evaluation set has it.
    pub instruction: String,
    /// The model's answer.
    pub output: String,
    /// Part of the evaluation set that the instruction is from; AlpacaEval's own are
    /// `helpful_base`, `koala`, `oasst`, `selfinstruct` and `vicuna`.
    pub dataset: String,
}

/// A model's answers to the turns of one MT-Bench question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TurnAnswers {
    /// The question's number in `question.jsonl`.
    pub question_id: u32,
    /// An answer a turn, in order.
    pub turns: Vec<String>,
}

/// A row of `model_outputs.json`.
#[derive(Serialize)]
struct AlpacaEvalRow<'a> {
    dataset: &'a str,
    instruction: &'a str,
    output: &'a str,
    generator: &'a str,
}

/// A line of `model_answer/MODEL.jsonl`.
#[derive(Serialize)]
struct MtBenchRow<'a> {
    question_id: u32,
    answer_id: String,
    model_id: &'a str,
    choices: [Choice<'a>; 1],
    tstamp: f64,
}

#[derive(Serialize)]
struct Choice<'a> {
    index: u32,
    turns: &'a [String],
}

/// The content of AlpacaEval's `model_outputs.json`: a list of `{dataset, instruction, output,
/// generator}`, in the order given. `generator` is the model's name in its leaderboard.
///
/// # Source
/// AlpacaEval, `alpaca_eval evaluate --model_outputs`.
pub fn alpaca_eval_outputs(answers: &[SingleAnswer], generator: &str) -> String {
    let rows = answers.iter().map(|answer| AlpacaEvalRow {
        dataset: &answer.dataset,
        instruction: &answer.instruction,
        output: &answer.output,
        generator,
    });
    let rows: Vec<_> = rows.collect();
    serde_json::to_string_pretty(&rows).expect("texts are JSON") + "\n"
}

/// The content of MT-Bench's `model_answer/MODEL.jsonl`: a line a question, by number. `seconds` is
/// when the answers were made, since 1970; an answer's id is made of the model's and the
/// question's.
///
/// # Source
/// FastChat, `fastchat/llm_judge/gen_model_answer.py`.
pub fn mt_bench_answers(answers: &[TurnAnswers], model: &str, seconds: f64) -> String {
    let mut answers: Vec<_> = answers.iter().collect();
    answers.sort_by_key(|answer| answer.question_id);
    let rows = answers.into_iter().map(|answer| MtBenchRow {
        question_id: answer.question_id,
        answer_id: format!("{model}-{}", answer.question_id),
        model_id: model,
        choices: [Choice { index: 0, turns: &answer.turns }],
        tstamp: seconds,
    });
    rows.map(|row| serde_json::to_string(&row).expect("texts and numbers are JSON") + "\n")
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alpaca_eval_reads_a_list() {
        let answer = |instruction: &str, output: &str| SingleAnswer {
            instruction: instruction.to_owned(),
            output: output.to_owned(),
            dataset: "koala".to_owned(),
        };
        let text =
            alpaca_eval_outputs(&[answer("Say \"hi\".", "hi\n"), answer("Say é.", "")], "m2");
        insta::assert_snapshot!(text, @r#"
        [
          {
            "dataset": "koala",
            "instruction": "Say \"hi\".",
            "output": "hi\n",
            "generator": "m2"
          },
          {
            "dataset": "koala",
            "instruction": "Say é.",
            "output": "",
            "generator": "m2"
          }
        ]
        "#);
        assert_eq!(alpaca_eval_outputs(&[], "m2"), "[]\n");
    }

    #[test]
    fn mt_bench_reads_lines_by_question() {
        let answer = |question_id, turns: [&str; 2]| TurnAnswers {
            question_id,
            turns: turns.map(str::to_owned).into(),
        };
        let text =
            mt_bench_answers(&[answer(82, ["c", "d\ne"]), answer(81, ["a", "b"])], "m2", 1.5);
        insta::assert_snapshot!(text, @r#"
        {"question_id":81,"answer_id":"m2-81","model_id":"m2","choices":[{"index":0,"turns":["a","b"]}],"tstamp":1.5}
        {"question_id":82,"answer_id":"m2-82","model_id":"m2","choices":[{"index":0,"turns":["c","d\ne"]}],"tstamp":1.5}
        "#);
    }
}
