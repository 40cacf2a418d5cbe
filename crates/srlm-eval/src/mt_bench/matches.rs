//! What a judge is asked, and its verdict as a row.

use std::collections::BTreeMap;

use srlm_artifact::Message;

use super::reading::{letter, rating, two_ratings};
use super::template::fill;
use super::{
    Answers, JudgePrompt, Judgment, MatchError, PairJudgment, Question, SingleJudgment, Winner,
};
use crate::Preference;

/// Categories that FastChat judges beside a reference answer.
const WITH_REFERENCE: [&str; 4] = ["math", "reasoning", "coding", "arena-hard-200"];

/// What is judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Each answer by itself.
    Single,
    /// Every two models, both orders.
    PairwiseAll,
    /// Every model against this one, both orders.
    PairwiseBaseline(String),
}

/// How a prompt states its verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Rating,
    Letter,
    TwoRatings,
}

/// One turn of one question, with the answers of one model or of two.
#[derive(Clone, Debug, PartialEq)]
pub struct Match {
    /// The question.
    pub question_id: u32,
    /// The turn judged, from 1.
    pub turn: u32,
    /// One model, or two.
    pub models: Vec<String>,
    /// What the judge is asked: once for one model, in both orders for two.
    pub conversations: Vec<Vec<Message>>,
    prompt: String,
    verdict: Verdict,
}

/// All matches: for each question the first turn, and the second where there is one, in the order
/// of FastChat.
///
/// # Errors
/// [`MatchError`] names what is missing. References are needed for math, reasoning and coding
/// alone.
pub fn matches(
    mode: &Mode,
    questions: &[Question],
    answers: &[Answers],
    references: Option<&Answers>,
    prompts: &[JudgePrompt],
) -> Result<Vec<Match>, MatchError> {
    let sides = sides(mode, answers)?;
    let mut found = Vec::new();
    for turn in 1..=2 {
        for with_reference in [false, true] {
            let is_kind = |question: &&Question| {
                WITH_REFERENCE.contains(&&*question.category) == with_reference
            };
            for question in questions
                .iter()
                .filter(is_kind)
                .filter(|question| turn == 1 || question.turns.len() == 2)
            {
                let prompt = prompt_of(mode, turn, with_reference, prompts)?;
                let setting = Setting {
                    question,
                    turn,
                    prompt,
                    references: references.filter(|_| with_reference),
                };
                for models in &sides {
                    found.push(setting.of(models)?);
                }
            }
        }
    }
    Ok(found)
}

/// The models of each match.
fn sides<'a>(mode: &Mode, answers: &'a [Answers]) -> Result<Vec<Vec<&'a Answers>>, MatchError> {
    match mode {
        Mode::Single => Ok(answers.iter().map(|one| vec![one]).collect()),
        Mode::PairwiseAll => {
            let after =
                |i: usize| answers[i + 1..].iter().map(move |other| vec![&answers[i], other]);
            Ok((0..answers.len()).flat_map(after).collect())
        }
        Mode::PairwiseBaseline(name) => {
            let known = || answers.iter().map(|one| one.model.clone()).collect();
            let baseline = answers.iter().find(|one| one.model == *name);
            let baseline = baseline
                .ok_or_else(|| MatchError::NoBaseline { name: name.clone(), known: known() })?;
            Ok(answers
                .iter()
                .filter(|one| one.model != *name)
                .map(|one| vec![one, baseline])
                .collect())
        }
    }
}

fn prompt_of<'a>(
    mode: &Mode,
    turn: usize,
    with_reference: bool,
    prompts: &'a [JudgePrompt],
) -> Result<&'a JudgePrompt, MatchError> {
    let name = match (mode, with_reference) {
        (Mode::Single, false) => "single-v1",
        (Mode::Single, true) => "single-math-v1",
        (_, false) => "pair-v2",
        (_, true) => "pair-math-v1",
    };
    let name = if turn == 1 { name.to_owned() } else { format!("{name}-multi-turn") };
    prompts.iter().find(|prompt| prompt.name == name).ok_or(MatchError::NoPrompt { name })
}

/// One turn of one question.
struct Setting<'a> {
    question: &'a Question,
    turn: usize,
    prompt: &'a JudgePrompt,
    references: Option<&'a Answers>,
}

impl Setting<'_> {
    fn of(&self, models: &[&Answers]) -> Result<Match, MatchError> {
        let conversations = match models {
            [a, b] => {
                vec![
                    self.asked(&[("answer_a", a), ("answer_b", b)])?,
                    self.asked(&[("answer_a", b), ("answer_b", a)])?,
                ]
            }
            models => {
                models.iter().map(|one| self.asked(&[("answer", one)])).collect::<Result<_, _>>()?
            }
        };
        let unknown = || MatchError::OutputFormat {
            prompt: self.prompt.name.clone(),
            format: self.prompt.output_format.clone(),
        };
        let verdict = match (self.prompt.output_format.as_str(), models.len()) {
            ("[[rating]]", 1) => Verdict::Rating,
            ("[[A]]", 2) => Verdict::Letter,
            ("[[rating_a,rating_b]]", 2) => Verdict::TwoRatings,
            _ => return Err(unknown()),
        };
        Ok(Match {
            question_id: self.question.question_id,
            turn: self.turn as u32,
            models: models.iter().map(|one| one.model.clone()).collect(),
            conversations,
            prompt: self.prompt.name.clone(),
            verdict,
        })
    }

    /// The judge's conversation about answers under these names.
    fn asked(&self, answers: &[(&str, &&Answers)]) -> Result<Vec<Message>, MatchError> {
        let mut values: BTreeMap<String, &str> = BTreeMap::new();
        for turn in 1..=self.turn {
            // Only prompts for two turns number the question and the answers.
            let named = |name: &str| {
                if self.turn == 1 { name.to_owned() } else { format!("{name}_{turn}") }
            };
            values.insert(
                named("question"),
                self.question.turns.get(turn - 1).map_or("", String::as_str),
            );
            for (name, answers) in answers {
                values.insert(named(name), self.answer(answers, turn)?);
            }
            if let Some(references) = self.references {
                values.insert(format!("ref_answer_{turn}"), self.answer(references, turn)?);
            }
        }
        Ok(vec![
            Message::system(&self.prompt.system_prompt),
            Message::user(&fill(self.prompt, &values)?),
        ])
    }

    fn answer<'a>(&self, answers: &'a Answers, turn: usize) -> Result<&'a str, MatchError> {
        let question_id = self.question.question_id;
        let missing = || MatchError::NoAnswer { model: answers.model.clone(), question_id, turn };
        answers
            .turns
            .get(&question_id)
            .and_then(|turns| turns.get(turn - 1))
            .map(String::as_str)
            .ok_or_else(missing)
    }
}

impl Match {
    /// The row of what the judge wrote to each conversation, `seconds` after 1970. A judgment
    /// without a verdict gives the score -1 or the winner `error`, as in FastChat.
    ///
    /// # Panics
    /// Unless there is a judgment for each conversation.
    pub fn judged(&self, judgments: &[String], judge: &str, seconds: f64) -> Judgment {
        assert_eq!(judgments.len(), self.conversations.len(), "a judgment for each conversation");
        let judge = [judge.to_owned(), self.prompt.clone()];
        let asked = |i: usize| {
            self.conversations[i].last().map_or(String::new(), |message| message.content.clone())
        };
        let (question_id, turn, tstamp) = (self.question_id, self.turn, seconds);
        match self.models.as_slice() {
            [model_1, model_2] => Judgment::Pair(PairJudgment {
                question_id,
                model_1: model_1.clone(),
                model_2: model_2.clone(),
                g1_winner: self.winner(&judgments[0], [Winner::Model1, Winner::Model2]),
                g2_winner: self.winner(&judgments[1], [Winner::Model2, Winner::Model1]),
                judge,
                g1_user_prompt: asked(0),
                g1_judgment: judgments[0].clone(),
                g2_user_prompt: asked(1),
                g2_judgment: judgments[1].clone(),
                turn,
                tstamp,
            }),
            models => Judgment::Single(SingleJudgment {
                question_id,
                model: models[0].clone(),
                judge,
                user_prompt: asked(0),
                judgment: judgments[0].clone(),
                score: rating(&judgments[0]).unwrap_or(-1.0),
                turn,
                tstamp,
            }),
        }
    }

    /// The winner of a judgment that saw the models in this order.
    fn winner(&self, judgment: &str, [first, second]: [Winner; 2]) -> Winner {
        let read = if self.verdict == Verdict::TwoRatings { two_ratings } else { letter };
        match read(judgment) {
            Some(Preference::A) => first,
            Some(Preference::B) => second,
            Some(Preference::Tie) => Winner::Tie,
            None => Winner::Error,
        }
    }
}
