//! The stages of an iteration, each a line in the console and a folder in the run.

use std::ops::ControlFlow;
use std::path::Path;

use srlm_artifact::{
    Artifact, Ift, Judgments, Kind, MetricsRow, Model as ModelKind, Origin, Pairs, Place, Progress,
    Prompts, RefLogps, Responses, Unpaired, UnpairedRefLogps, layout,
};
use srlm_checkpoint::Checkpoint;
use srlm_judge::Rubric;
use srlm_train::{Hooks, TrainEngine};

use crate::exit::{Exit, OrExit};
use crate::external;
use crate::run::Run;
use crate::seed::Seed;
use crate::validation::JudgedCheckpoints;

/// Runs a stage between the console's first and last line on it.
pub(crate) fn staged<K: Kind>(
    run: &Run<'_>,
    folder: &str,
    stage: impl FnOnce() -> anyhow::Result<Artifact<K>>,
) -> anyhow::Result<Artifact<K>> {
    let whole = run.path(folder);
    let made = run.shard.map_or(whole.clone(), |shard| shard.dir(&whole));
    if !made.join("manifest.json").exists() {
        run.save_config()?;
    }
    run.console.begin(folder);
    match stage() {
        Ok(artifact) => {
            let counts = &artifact.manifest().counts;
            let counts: Vec<String> = counts
                .iter()
                .filter(|(_, n)| **n > 0)
                .map(|(name, n)| format!("{name} {n}"))
                .collect();
            let summary = match artifact.origin() {
                Origin::UpToDate => "up to date".to_owned(),
                Origin::Taken => "taken from another run".to_owned(),
                Origin::Made => counts.join(", "),
            };
            run.console.end(&summary);
            Ok(artifact)
        }
        Err(error) => {
            run.console.abandon();
            Err(error)
        }
    }
}

pub(crate) fn training_progress<'r>(
    run: &'r Run<'_>,
) -> impl FnMut(&MetricsRow, u32) -> ControlFlow<()> + 'r {
    let mut tokens = 0;
    move |row, n_steps| {
        tokens += row.n_tokens;
        let progress = Progress {
            done: u64::from(row.step),
            total: u64::from(n_steps),
            unit: "steps",
            tokens,
        };
        run.console.progress(progress, &format!("loss {:.4}", row.loss))
    }
}

/// M0 -> M1.
pub(crate) fn sft(run: &Run<'_>, seed: &Seed) -> anyhow::Result<Artifact<ModelKind>> {
    sft_on(run, &layout::model(1), &seed.ift, seed.judge_sft.as_ref())
}

/// M0 fine-tuned on instruction-following examples and, where there are any, judging examples.
pub(crate) fn sft_on(
    run: &Run<'_>,
    out: &str,
    ift: &Artifact<Ift>,
    eft: Option<&Artifact<Ift>>,
) -> anyhow::Result<Artifact<ModelKind>> {
    if run.config.sft.engine == TrainEngine::External {
        return external::sft(run, ift, eft, out);
    }
    staged(run, out, || {
        run.unload();
        let (checkpoint, hash) = run.checkpoint(0)?;
        let inputs = srlm_sft::Inputs {
            model: &checkpoint,
            model_hash: &hash,
            model_name: &run.config.model.source,
            ift,
            eft,
        };
        let mut judge = JudgedCheckpoints::new(run, 0, &run.config.sft.train.validation, out)?;
        let hooks = Hooks {
            on_step: &mut training_progress(run),
            validate: judge.as_mut().map(|judge| judge as _),
        };
        srlm_sft::run(&run.config.sft, inputs, run.machine()?, run.place(0), &run.path(out), hooks)
            .or_exit(Exit::Data)
    })
}

/// New prompts: written by a role in iteration t, or drawn from a pool.
pub(crate) fn prompts(
    run: &Run<'_>,
    t: u32,
    seed: &Artifact<Ift>,
) -> anyhow::Result<Artifact<Prompts>> {
    let out = layout::round(t, "prompts");
    staged(run, &out, || {
        let earlier: Vec<Artifact<Prompts>> = (1..t)
            .map(|before| Artifact::open(&run.path(&layout::round(before, "prompts"))))
            .collect::<Result<_, _>>()?;
        let (config, place, path, name) =
            (&run.config.prompts, run.place(t), run.path(&out), &run.device()?.name);
        if config.source == srlm_sampler::prompts::Source::Pool {
            let pool =
                srlm_sampler::prompts::read_pool(Path::new(&config.pool)).or_exit(Exit::Data)?;
            let inputs = srlm_sampler::prompts::DrawInputs {
                pool: &pool,
                earlier: &earlier,
                shard: run.shard,
            };
            return srlm_sampler::prompts::draw(config, inputs, place, &path, name)
                .or_exit(Exit::Data);
        }
        let inputs =
            srlm_sampler::prompts::Inputs { seeds: seed, earlier: &earlier, shard: run.shard };
        let mut generator = run.engine_of(&run.config.roles.prompts, t, &out)?;
        let on_progress = &mut |progress| run.console.progress(progress, "");
        srlm_sampler::prompts::run(config, inputs, &mut *generator, place, &path, name, on_progress)
            .or_exit(Exit::Data)
    })
}

/// Candidate responses of M_t.
pub(crate) fn responses(
    run: &Run<'_>,
    t: u32,
    prompts: &Artifact<Prompts>,
) -> anyhow::Result<Artifact<Responses>> {
    let who = (run.config.roles.responses.as_str(), t);
    respond(run, who, run.place(t), prompts, &layout::round(t, "responses"), &run.config.responses)
}

/// Responses of a role in iteration t to `prompts` at `out`, drawn as `config` and the seeds of
/// `place` say.
pub(crate) fn respond(
    run: &Run<'_>,
    (role, t): (&str, u32),
    place: Place,
    prompts: &Artifact<Prompts>,
    out: &str,
    config: &srlm_sampler::responses::Config,
) -> anyhow::Result<Artifact<Responses>> {
    staged(run, out, || {
        let mut generator = run.engine_of(role, t, out)?;
        let (generator, name) = (&mut *generator, &run.device()?.name);
        let on_progress = &mut |progress| run.console.progress(progress, "");
        let inputs = srlm_sampler::responses::Inputs { prompts, shard: run.shard };
        if run.batch.emit.is_some() {
            // All of the stage's requests in one file; the stage itself would stop after its first
            // group.
            let requests =
                srlm_sampler::responses::requests(config, inputs, place).or_exit(Exit::Data)?;
            generator.generate(&requests, &mut |_| ()).or_exit(Exit::Engine)?;
        }
        srlm_sampler::responses::run(
            config,
            inputs,
            generator,
            place,
            &run.path(out),
            name,
            on_progress,
        )
        .or_exit(Exit::Data)
    })
}

/// M_t's judgments of its own responses.
pub(crate) fn judge(
    run: &Run<'_>,
    t: u32,
    (prompts, responses): (&Artifact<Prompts>, &Artifact<Responses>),
    rubric: &Rubric,
) -> anyhow::Result<Artifact<Judgments>> {
    let who = (run.config.roles.judge.as_str(), t);
    judge_with(
        run,
        who,
        (prompts, responses),
        rubric,
        &layout::round(t, "judgments"),
        &run.config.judge,
    )
}

/// Judgments of `responses` by a role in iteration t, at `out`.
pub(crate) fn judge_with(
    run: &Run<'_>,
    (role, t): (&str, u32),
    (prompts, responses): (&Artifact<Prompts>, &Artifact<Responses>),
    rubric: &Rubric,
    out: &str,
    config: &srlm_judge::JudgeConfig,
) -> anyhow::Result<Artifact<Judgments>> {
    staged(run, out, || {
        let inputs = srlm_judge::Inputs { prompts, responses, rubric, shard: run.shard };
        let mut generator = run.engine_of(role, t, out)?;
        let (generator, name) = (&mut *generator, &run.device()?.name);
        let on_progress = &mut |progress| run.console.progress(progress, "");
        if run.batch.emit.is_some() {
            let requests =
                srlm_judge::requests(config, inputs, run.place(t)).or_exit(Exit::Data)?;
            generator.generate(&requests, &mut |_| ()).or_exit(Exit::Engine)?;
        }
        let judged = srlm_judge::run(
            config,
            inputs,
            generator,
            run.place(t),
            &run.path(out),
            name,
            on_progress,
        );
        let too_long = |error: &srlm_judge::Error| {
            matches!(error, srlm_judge::Error::Generate(srlm_generate::Error::Request { .. }))
        };
        match judged {
            Err(error) if too_long(&error) => Err(anyhow::Error::new(error)
                .context("where a response is too long to be judged, judge.max_response_characters shortens it"))
            .or_exit(Exit::Engine),
            judged => judged.or_exit(Exit::Data),
        }
    })
}

/// Preference pairs of judged responses.
pub(crate) fn pairs(
    run: &Run<'_>,
    t: u32,
    inputs: srlm_pairs::Inputs<'_>,
) -> anyhow::Result<Artifact<Pairs>> {
    let out = layout::round(t, "pairs");
    staged(run, &out, || {
        srlm_pairs::run(&run.config.pairs, inputs, run.place(t), &run.path(&out))
            .or_exit(Exit::Data)
    })
}

/// Log-probabilities of the pairs under M_t, the reference, at `out`.
fn ref_logps(
    run: &Run<'_>,
    t: u32,
    pairs: &Artifact<Pairs>,
    out: &str,
) -> anyhow::Result<Artifact<RefLogps>> {
    staged(run, out, || {
        let path = run.path(out);
        if path.join("manifest.json").exists() {
            // Up to date or refused by its key: the model need not be loaded to find out.
            let (checkpoint, hash) = run.checkpoint(t)?;
            return reference_stage(run, t, pairs, &path, (None, &checkpoint, &hash));
        }
        run.with_engine(t, |engine| {
            let (checkpoint, hash) = run.checkpoint(t)?;
            reference_stage(run, t, pairs, &path, (Some(engine.model()), &checkpoint, &hash))
        })
    })
}

fn reference_stage(
    run: &Run<'_>,
    t: u32,
    pairs: &Artifact<Pairs>,
    out: &std::path::Path,
    (model, checkpoint, hash): (Option<&srlm_model::Model>, &Checkpoint, &str),
) -> anyhow::Result<Artifact<RefLogps>> {
    let reference =
        srlm_dpo::reference::Reference { model, tokenizer: &checkpoint.tokenizer, hash };
    let place = (run.place(t), run.device()?.name.as_str());
    let max_length = run.config.dpo.train.max_length.min(checkpoint.config.context());
    let on_progress = &mut |progress| run.console.progress(progress, "");
    srlm_dpo::reference::run(
        (max_length, run.config.dpo.ld_alpha),
        pairs,
        reference,
        place,
        out,
        on_progress,
    )
    .or_exit(Exit::Data)
}

/// Log-probabilities of single responses under M_t, the reference.
pub(crate) fn unpaired_ref_logps(
    run: &Run<'_>,
    t: u32,
    unpaired: &Artifact<Unpaired>,
) -> anyhow::Result<Artifact<UnpairedRefLogps>> {
    let out = layout::round(t, "unpaired-ref-logps");
    staged(run, &out, || {
        let path = run.path(&out);
        let (checkpoint, hash) = run.checkpoint(t)?;
        let stage = |model: Option<&srlm_model::Model>| {
            let reference = srlm_dpo::reference::Reference {
                model,
                tokenizer: &checkpoint.tokenizer,
                hash: &hash,
            };
            let place = (run.place(t), run.device()?.name.as_str());
            let max_length = run.config.dpo.train.max_length.min(checkpoint.config.context());
            let on_progress = &mut |progress| run.console.progress(progress, "");
            srlm_dpo::unpaired::reference(
                max_length,
                unpaired,
                reference,
                place,
                &path,
                on_progress,
            )
            .or_exit(Exit::Data)
        };
        if path.join("manifest.json").exists() {
            return stage(None);
        }
        run.with_engine(t, |engine| stage(Some(engine.model())))
    })
}

/// M_t -> M_{t+1} on single responses.
pub(crate) fn kto(
    run: &Run<'_>,
    t: u32,
    unpaired: &Artifact<Unpaired>,
    ref_logps: &Artifact<UnpairedRefLogps>,
) -> anyhow::Result<Artifact<ModelKind>> {
    let out = layout::model(t + 1);
    staged(run, &out, || {
        run.unload();
        let (checkpoint, hash) = run.checkpoint(t)?;
        let model_name = &layout::model(t);
        let inputs = srlm_dpo::unpaired::Inputs {
            model: &checkpoint,
            model_hash: &hash,
            model_name,
            unpaired,
            ref_logps,
        };
        let mut judge = JudgedCheckpoints::new(run, t, &run.config.dpo.train.validation, &out)?;
        let hooks = Hooks {
            on_step: &mut training_progress(run),
            validate: judge.as_mut().map(|judge| judge as _),
        };
        let (config, machine, place) = (&run.config.dpo, run.machine()?, run.place(t));
        srlm_dpo::unpaired::run(config, inputs, machine, place, &run.path(&out), hooks)
            .or_exit(Exit::Data)
    })
}

/// M_t -> M_{t+1}.
pub(crate) fn dpo(
    run: &Run<'_>,
    t: u32,
    pairs: &Artifact<Pairs>,
) -> anyhow::Result<Artifact<ModelKind>> {
    dpo_to(run, t, pairs, (&layout::round(t, "ref-logps"), &layout::model(t + 1)))
}

/// M_t trained on pairs, at `out`; where it is trained here, the reference's log-probabilities are
/// at `ref_out`.
pub(crate) fn dpo_to(
    run: &Run<'_>,
    t: u32,
    pairs: &Artifact<Pairs>,
    (ref_out, out): (&str, &str),
) -> anyhow::Result<Artifact<ModelKind>> {
    if run.config.dpo.engine == TrainEngine::External {
        return external::dpo(run, t, pairs, out);
    }
    let ref_logps = &ref_logps(run, t, pairs, ref_out)?;
    staged(run, out, || {
        run.unload();
        let (checkpoint, hash) = run.checkpoint(t)?;
        let inputs = srlm_dpo::Inputs {
            model: &checkpoint,
            model_hash: &hash,
            model_name: &layout::model(t),
            pairs,
            ref_logps,
        };
        let mut judge = JudgedCheckpoints::new(run, t, &run.config.dpo.train.validation, out)?;
        let hooks = Hooks {
            on_step: &mut training_progress(run),
            validate: judge.as_mut().map(|judge| judge as _),
        };
        srlm_dpo::run(&run.config.dpo, inputs, run.machine()?, run.place(t), &run.path(out), hooks)
            .or_exit(Exit::Data)
    })
}
