//! Every two judgments of a response, in both orders, as requests.

use srlm_artifact::{JudgmentRow, Message, Place, row_seed};
use srlm_generate::{Input, Request};

use super::{BattlesConfig, MetaRubric, choose_response};
use crate::eft::rationale;
use crate::{JudgedPrompt, JudgedResponse, Rubric};

/// Two judgments in the order in which they are shown.
pub(crate) struct Battle<'a> {
    pub(crate) prompt: &'a JudgedPrompt,
    judged: &'a JudgedResponse,
    pub(crate) a: &'a JudgmentRow,
    pub(crate) b: &'a JudgmentRow,
}

/// The battles of a prompt: every two scored judgments of [`choose_response`]'s response, once in
/// each order.
pub(crate) fn battles(prompt: &JudgedPrompt) -> Vec<Battle<'_>> {
    let Some(judged) = choose_response(prompt) else { return Vec::new() };
    let scored: Vec<_> = judged.judgments.iter().filter(|row| row.score.is_some()).collect();
    let against = |a| scored.iter().map(move |&b| Battle { prompt, judged, a, b });
    let ordered = scored.iter().flat_map(|&a| against(a));
    ordered.filter(|battle| battle.a.judge_index != battle.b.judge_index).collect()
}

impl Battle<'_> {
    pub(crate) fn id(&self) -> (&str, u32, u32) {
        (&self.judged.response.response_id, self.a.judge_index, self.b.judge_index)
    }

    /// What the generator is asked: one sample.
    pub(crate) fn request(
        &self,
        config: &BattlesConfig,
        rubrics: Rubrics<'_>,
        place: Place,
    ) -> Request {
        let (response_id, a, b) = self.id();
        let id = format!("{response_id}/{a}/{b}");
        let shown = |row: &JudgmentRow| match rationale(rubrics.judge, &row.rationale) {
            Some(rationale) if config.hide_scores => rationale,
            _ => row.rationale.clone(),
        };
        let response = &self.judged.response.response;
        let text =
            rubrics.meta.render(&self.prompt.prompt, response, &shown(self.a), &shown(self.b));
        Request {
            input: Input::Chat(vec![Message::user(text)]),
            seeds: vec![row_seed(place.run_seed, "meta", place.iteration, &id, 0)],
            sampling: config.sampling.clone(),
            top_logprobs: 0,
            id,
        }
    }
}

/// What judged, and what compares judgments.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rubrics<'a> {
    pub(crate) judge: &'a Rubric,
    pub(crate) meta: &'a MetaRubric,
}

/// What [`run`](super::run) asks about a prompt: for each two judgments with a score of the
/// response that
/// [`choose_response`] gives, both orders. The ids are
/// `{response_id}/{judge_index_a}/{judge_index_b}`.
///
/// With [`BattlesConfig::hide_scores`] a judgment that has no rationale before its score is shown
/// whole.
///
/// # Panics
/// If `judge` compares two responses.
pub fn battle_requests(
    prompt: &JudgedPrompt,
    config: &BattlesConfig,
    judge: &Rubric,
    meta: &MetaRubric,
    place: Place,
) -> Vec<Request> {
    let rubrics = Rubrics { judge, meta };
    battles(prompt).iter().map(|battle| battle.request(config, rubrics, place)).collect()
}
