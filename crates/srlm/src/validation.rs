//! Comparing checkpoints by what they write, as the paper does.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use burn::module::Module;
use serde::{Deserialize, Serialize};
use srlm_artifact::{PromptRow, read_jsonl, row_seed, to_line};
use srlm_checkpoint::Tokenizer;
use srlm_eval::{Bootstrap, Comparison, HeadToHead, head_to_head};
use srlm_generate::{Generate, Input, Request};
use srlm_model::{Engine, Model};
use srlm_train::{Validate, ValidateBy, ValidateError, ValidationConfig};

use crate::evaluate::verdicts::{self, Contest};
use crate::exit::{Exit, OrExit};
use crate::paths;
use crate::run::Run;
use crate::seed;
use crate::tiny;

/// An answer that a checkpoint gave.
#[derive(Serialize, Deserialize)]
struct Answer {
    prompt_id: String,
    response: String,
}

/// The evaluator of a run as the judge of checkpoints.
pub(crate) struct JudgedCheckpoints<'r, 'a> {
    run: &'r Run<'a>,
    /// The model that training starts from, which `self` means here.
    t: u32,
    /// The folder that training writes.
    out: String,
    prompts: Vec<PromptRow>,
    tokenizer: Arc<Tokenizer>,
}

impl<'r, 'a> JudgedCheckpoints<'r, 'a> {
    /// `None` where the settings ask for no judge.
    pub(crate) fn new(
        run: &'r Run<'a>,
        t: u32,
        config: &ValidationConfig,
        out: &str,
    ) -> anyhow::Result<Option<Self>> {
        if config.every == 0 || config.by != ValidateBy::Judge {
            return Ok(None);
        }
        let mut prompts = prompts(run)?;
        prompts.truncate(config.prompts);
        let (checkpoint, _) = run.checkpoint(t)?;
        Ok(Some(Self {
            run,
            t,
            out: out.to_owned(),
            prompts,
            tokenizer: Arc::new(checkpoint.tokenizer),
        }))
    }

    fn write_answers(&self, model: &Model, step: u32, path: &Path) -> anyhow::Result<()> {
        let run = self.run;
        let request = |row: &PromptRow| Request {
            id: row.prompt_id.clone(),
            input: Input::Chat(row.prompt.messages().to_vec()),
            seeds: vec![row_seed(run.config.run.seed, "validation", self.t, &row.prompt_id, 0)],
            sampling: run.config.responses.sampling.clone(),
            top_logprobs: 0,
        };
        let requests: Vec<Request> = self.prompts.iter().map(request).collect();
        let (config, interrupt) = (run.config.engine.clone(), run.console.interrupt());
        let model = model.valid().merge_lora();
        let mut engine = Engine::new(model, self.tokenizer.clone(), config)
            .with_content_hash(&format!("step {step}"))
            .with_interrupt(interrupt);
        let mut answers = vec![String::new(); requests.len()];
        let generated =
            engine.generate(&requests, &mut |found| answers[found.request_index] = found.text);
        generated.or_exit(Exit::Engine)?;
        let answer = |(row, response): (&PromptRow, String)| Answer {
            prompt_id: row.prompt_id.clone(),
            response,
        };
        let lines =
            self.prompts.iter().zip(answers).map(answer).map(|answer| Ok(to_line(&answer)? + "\n"));
        let text = lines.collect::<anyhow::Result<String>>()?;
        let staged = path.with_extension("new");
        std::fs::create_dir_all(path.parent().context("answers lie in a folder")?)?;
        std::fs::write(&staged, text)
            .with_context(|| format!("cannot write {}", staged.display()))?;
        std::fs::rename(&staged, path).with_context(|| format!("cannot write {}", path.display()))
    }

    fn compare(&self, new: u32, old: u32, dir: &Path) -> anyhow::Result<f64> {
        let (new, old) = (
            read_jsonl::<Answer>(&answers_of(dir, new))?,
            read_jsonl::<Answer>(&answers_of(dir, old))?,
        );
        let contest = |((row, new), old): ((&PromptRow, Answer), Answer)| Contest {
            prompt_id: row.prompt_id.clone(),
            prompt: row.prompt.to_text(),
            new: new.response,
            old: old.response,
        };
        let contests: Vec<Contest> = self.prompts.iter().zip(new).zip(old).map(contest).collect();
        let questions = verdicts::questions(&contests);
        let on_progress = &mut |progress| {
            self.run.console.progress(progress, "checkpoint against the best so far")
        };
        let found = verdicts::ask(
            self.run,
            self.t,
            &questions,
            ("validation", self.t),
            &self.out,
            on_progress,
        )?;
        // Training needs the memory.
        self.run.unload();
        let comparison = |(contest, found): (&Contest, &[Option<_>])| Comparison {
            prompt_id: contest.prompt_id.clone(),
            new_first: found[0],
            new_second: found[1],
        };
        let comparisons: Vec<Comparison> =
            contests.iter().zip(found.chunks_exact(2)).map(comparison).collect();
        let HeadToHead { wins, ties, losses, .. } =
            head_to_head(&comparisons, &Bootstrap::default());
        let n = (wins + ties + losses) as f64;
        // Without a single verdict nothing is known to be better.
        Ok(if n == 0.0 { 0.5 } else { (wins as f64 + 0.5 * ties as f64) / n })
    }
}

impl Validate for JudgedCheckpoints<'_, '_> {
    fn answer(&mut self, model: &Model, step: u32, dir: &Path) -> Result<(), ValidateError> {
        let path = answers_of(dir, step);
        if path.exists() {
            Ok(())
        } else {
            self.write_answers(model, step, &path).map_err(Into::into)
        }
    }

    fn win_rate(&mut self, new: u32, old: u32, dir: &Path) -> Result<f64, ValidateError> {
        self.compare(new, old, dir).map_err(Into::into)
    }
}

fn answers_of(dir: &Path, step: u32) -> PathBuf {
    dir.join(format!("checkpoint-validation/answers-{step}.jsonl"))
}

/// The prompts of `data.validation`.
fn prompts(run: &Run<'_>) -> anyhow::Result<Vec<PromptRow>> {
    let file = &run.config.data.validation;
    if file.is_empty() {
        let refuse = || -> anyhow::Result<_> {
            bail!(
                "validation.by = \"judge\" compares answers to prompts that nothing else uses: set data.validation"
            )
        };
        return refuse().or_exit(Exit::Config);
    }
    if file == "tiny:" {
        return Ok(tiny::data("validation", 12)
            .ift
            .into_iter()
            .map(|row| seed::prompt_row(&row.prompt_id, row.prompt))
            .collect());
    }
    paths::rows(file)
}
