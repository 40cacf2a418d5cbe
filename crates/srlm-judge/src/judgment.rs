//! One group of responses: what the judge is asked, and the rows that its answers become.

use std::collections::HashMap;

use srlm_artifact::{
    FinishReason, JudgmentFailure, JudgmentRow, Place, Prompt, ResponseRow, row_seed,
};
use srlm_generate::{Completion, Generate, Input, Meter, Request, generate_group};

use crate::expected::{TOP_LOGPROBS, expected_score};
use crate::score::FoundScore;
use crate::shorten::shortened;
use crate::{Error, JudgeConfig, ParseFailure, Rubric};

/// What is the same for every judgment of the stage.
pub(crate) struct Court<'a> {
    pub(crate) config: &'a JudgeConfig,
    pub(crate) rubric: &'a Rubric,
    pub(crate) place: Place,
    pub(crate) prompts: HashMap<String, Prompt>,
}

impl Court<'_> {
    /// Judges one group of responses.
    pub(crate) fn judge(
        &self,
        group: &[&ResponseRow],
        generator: &mut dyn Generate,
        meter: &mut Meter<'_>,
    ) -> Result<Vec<JudgmentRow>, Error> {
        let requests =
            group.iter().map(|response| self.request(response)).collect::<Result<Vec<_>, _>>()?;
        let samples = generate_group(generator, &requests, &mut |completion| {
            meter.progress.done += 1;
            meter.progress.tokens += u64::from(completion.n_tokens);
            meter.report();
        })?;
        let row = |sample: Completion| {
            self.row(group[sample.request_index], &requests[sample.request_index], sample)
        };
        Ok(samples.into_iter().flatten().map(row).collect())
    }

    pub(crate) fn request(&self, response: &ResponseRow) -> Result<Request, Error> {
        let (config, place, id) = (self.config, self.place, &response.response_id);
        let seed = |index| row_seed(place.run_seed, "judge", place.iteration, id, index);
        let shown = shortened(&response.response, config.max_response_characters);
        let conversation = self.rubric.conversation(&self.prompts[&response.prompt_id], &shown)?;
        Ok(Request {
            id: id.clone(),
            input: Input::Chat(conversation.messages().to_vec()),
            seeds: (0..config.judgments).map(seed).collect(),
            sampling: config.sampling.clone(),
            top_logprobs: if config.expected_score { TOP_LOGPROBS } else { 0 },
        })
    }

    fn row(&self, response: &ResponseRow, request: &Request, sample: Completion) -> JudgmentRow {
        let found = self.found(&sample);
        let expected =
            found.as_ref().ok().filter(|_| self.config.expected_score).and_then(|found| {
                expected_score(
                    &sample.tokens,
                    &sample.text,
                    found.place.clone(),
                    self.rubric.scale(),
                )
            });
        JudgmentRow {
            response_id: response.response_id.clone(),
            prompt_id: response.prompt_id.clone(),
            judge_index: sample.sample_index as u32,
            score: found.as_ref().ok().map(|found| found.score),
            failure: found.err(),
            rationale: sample.text,
            seed: request.seeds[sample.sample_index],
            expected_score: expected,
            truncated: shortened(&response.response, self.config.max_response_characters)
                != response.response,
        }
    }

    /// The score of an answer. Where it was cut off inside the number (a 1 that may have become a
    /// 10) there is none.
    fn found(&self, sample: &Completion) -> Result<FoundScore, JudgmentFailure> {
        let is_cut = sample.finish_reason == FinishReason::Length;
        match self.rubric.find_score(&sample.text) {
            Ok(found) if is_cut && self.may_go_on(&found, &sample.text) => {
                Err(JudgmentFailure::Truncated)
            }
            Err(ParseFailure::NoScore) if is_cut => Err(JudgmentFailure::Truncated),
            found => found.map_err(JudgmentFailure::from),
        }
    }

    fn may_go_on(&self, found: &FoundScore, text: &str) -> bool {
        found.place.end == text.len() && self.rubric.scale().goes_on(&text[found.place.clone()])
    }
}
