//! A small stage: prompts, responses and judges that follow a script.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use srlm_artifact::{
    Artifact, Begin, FinishReason, Judgments, Kind, Place, Progress, Prompt, PromptRow,
    PromptSource, Prompts, Recipe, ResponseRow, Responses, Shard, begin,
};
use srlm_generate::{Completion, Generate, Request, Scripted};
use srlm_judge::{Error, Inputs, JudgeConfig, Rubric, run};

pub(crate) const PLACE: Place = Place { run_seed: 42, iteration: 1 };

/// A judgment for each way in which one can end, by the request's seed.
pub(crate) fn words(request: &Request, sample_index: usize) -> String {
    let seed = request.seeds[sample_index];
    match seed % 8 {
        0 => String::new(),
        1 => format!("Seed {seed} is thin."),
        2 => "Score: 7".to_owned(),
        3 => "Score: 8/10".to_owned(),
        n => format!("Seed {seed} is fine.\nScore: {}", n - 3),
    }
}

/// Answers as the function says, as if every text had reached the token limit; fails after some
/// calls.
pub(crate) struct Judge {
    pub(crate) words: fn(&Request, usize) -> String,
    pub(crate) finish_reason: FinishReason,
    pub(crate) calls_left: u32,
}

impl Generate for Judge {
    fn identity(&self) -> String {
        "scripted".to_owned()
    }

    fn generate(
        &mut self,
        requests: &[Request],
        on_completion: &mut dyn FnMut(Completion),
    ) -> Result<(), srlm_generate::Error> {
        if self.calls_left == 0 {
            return Err(srlm_generate::Error::Engine {
                engine: "test".to_owned(),
                source: "gone".into(),
            });
        }
        self.calls_left -= 1;
        let finish_reason = self.finish_reason;
        Scripted(self.words).generate(requests, &mut |completion| {
            on_completion(Completion { finish_reason, ..completion })
        })
    }
}

pub(crate) fn write<K: Kind>(dir: &Path, rows: Vec<K::Row>) -> Artifact<K> {
    let recipe = Recipe {
        stage: "test".to_owned(),
        stage_version: 1,
        crate_version: String::new(),
        config: serde_json::Value::Null.into(),
        seed: 0,
        inputs: Vec::new(),
    };
    let Begin::Write(writer) = begin(dir, recipe).unwrap() else { panic!("not new") };
    writer.finish(rows, Default::default(), "cpu").unwrap()
}

fn prompt(i: u32) -> PromptRow {
    PromptRow {
        prompt_id: format!("p{i}"),
        prompt: Prompt::user(format!("Question {i}?")),
        source: PromptSource::Seed,
    }
}

pub(crate) fn response(i: u32, sample_index: u32) -> ResponseRow {
    ResponseRow {
        response_id: format!("p{i}/{sample_index}"),
        prompt_id: format!("p{i}"),
        sample_index,
        response: if sample_index == 0 {
            String::new()
        } else {
            format!("Answer {sample_index} to {i}.")
        },
        finish_reason: if sample_index == 1 { FinishReason::Length } else { FinishReason::Stop },
        n_tokens: 5,
        seed: 0,
    }
}

/// Nine prompts with four responses each, one of them blank and one cut off.
pub(crate) struct Fixture {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) prompts: Artifact<Prompts>,
    pub(crate) responses: Artifact<Responses>,
    pub(crate) rubric: Rubric,
    pub(crate) config: JudgeConfig,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let prompts = write::<Prompts>(&dir.path().join("prompts"), (0..9).map(prompt).collect());
        let responses = (0..9)
            .flat_map(|i| (0..4).map(move |sample_index| response(i, sample_index)))
            .collect();
        let responses = write::<Responses>(&dir.path().join("responses"), responses);
        let config = JudgeConfig { group_responses: 5, ..JudgeConfig::default() };
        Self { dir, prompts, responses, rubric: Rubric::additive(), config }
    }

    pub(crate) fn judge(
        &self,
        name: &str,
        generator: &mut dyn Generate,
    ) -> Result<Artifact<Judgments>, Error> {
        self.judge_until(name, generator, u64::MAX)
    }

    pub(crate) fn judge_until(
        &self,
        name: &str,
        generator: &mut dyn Generate,
        stop_after: u64,
    ) -> Result<Artifact<Judgments>, Error> {
        self.judge_shard(None, name, generator, stop_after)
    }

    pub(crate) fn judge_shard(
        &self,
        shard: Option<Shard>,
        name: &str,
        generator: &mut dyn Generate,
        stop_after: u64,
    ) -> Result<Artifact<Judgments>, Error> {
        let mut on_progress = |progress: Progress| {
            if progress.done > stop_after {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        };
        run(
            &self.config,
            self.inputs(shard),
            generator,
            PLACE,
            &self.out(name),
            "cpu",
            &mut on_progress,
        )
    }

    pub(crate) fn inputs(&self, shard: Option<Shard>) -> Inputs<'_> {
        Inputs { prompts: &self.prompts, responses: &self.responses, rubric: &self.rubric, shard }
    }

    pub(crate) fn out(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
}
