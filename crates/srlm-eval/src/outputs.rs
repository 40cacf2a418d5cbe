//! Answers in the forms that other evaluations read.

use serde_json::{Value, json};

/// A model's answer to one instruction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SingleAnswer {
    /// The instruction, as the evaluation set has it.
    pub instruction: String,
    /// The model's answer.
    pub output: String,
    /// Part of the evaluation set that the instruction is from; AlpacaEval's own are `helpful_base`, `koala`,
    /// `oasst`, `selfinstruct` and `vicuna`.
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

/// The content of AlpacaEval's `model_outputs.json`: a list of `{dataset, instruction, output, generator}`, in the order
/// given. `generator` is the model's name in its leaderboard.
///
/// # Source
/// AlpacaEval, `alpaca_eval evaluate --model_outputs`.
pub fn alpaca_eval_outputs(answers: &[SingleAnswer], generator: &str) -> String {
    let rows = answers.iter().map(|answer| {
        json!({
            "dataset": answer.dataset,
            "instruction": answer.instruction,
            "output": answer.output,
            "generator": generator,
        })
    });
    format!("{:#}\n", Value::from_iter(rows))
}

/// The content of MT-Bench's `model_answer/MODEL.jsonl`: a line a question, by number. `seconds` is when the answers
/// were made, since 1970; an answer's id is made of the model's and the question's.
///
/// # Source
/// FastChat, `fastchat/llm_judge/gen_model_answer.py`.
pub fn mt_bench_answers(answers: &[TurnAnswers], model: &str, seconds: f64) -> String {
    let mut answers: Vec<_> = answers.iter().collect();
    answers.sort_by_key(|answer| answer.question_id);
    let line = |answer: &TurnAnswers| {
        let row = json!({
            "question_id": answer.question_id,
            "answer_id": format!("{model}-{}", answer.question_id),
            "model_id": model,
            "choices": [{ "index": 0, "turns": answer.turns }],
            "tstamp": seconds,
        });
        format!("{row}\n")
    };
    answers.into_iter().map(line).collect()
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
        let text = alpaca_eval_outputs(&[answer("Say \"hi\".", "hi\n"), answer("Say é.", "")], "m2");
        insta::assert_snapshot!(text, @r#"
        [
          {
            "dataset": "koala",
            "generator": "m2",
            "instruction": "Say \"hi\".",
            "output": "hi\n"
          },
          {
            "dataset": "koala",
            "generator": "m2",
            "instruction": "Say é.",
            "output": ""
          }
        ]
        "#);
        assert_eq!(alpaca_eval_outputs(&[], "m2"), "[]\n");
    }

    #[test]
    fn mt_bench_reads_lines_by_question() {
        let answer =
            |question_id, turns: [&str; 2]| TurnAnswers { question_id, turns: turns.map(str::to_owned).into() };
        let text = mt_bench_answers(&[answer(82, ["c", "d\ne"]), answer(81, ["a", "b"])], "m2", 1.5);
        insta::assert_snapshot!(text, @r#"
        {"answer_id":"m2-81","choices":[{"index":0,"turns":["a","b"]}],"model_id":"m2","question_id":81,"tstamp":1.5}
        {"answer_id":"m2-82","choices":[{"index":0,"turns":["c","d\ne"]}],"model_id":"m2","question_id":82,"tstamp":1.5}
        "#);
    }
}
