//! Judging examples made of ranked responses, by the paper's rule.

use srlm_artifact::Artifact;
use srlm_judge::Rubric;
use srlm_judge::eft::{EftArtifacts, Inputs, Out};

use crate::config::Baseline;
use crate::exit::{Exit, OrExit};
use crate::preferences::check_health;
use crate::run::Run;
use crate::seed::{self, Ranked, Seed};
use crate::stages;

/// The SFT baseline, which writes the judgments.
const BASELINE: &str = "eft/baseline";

/// Adds the judging examples that ranked responses give, if there are any, to the seed data.
pub(crate) fn complete(run: &Run<'_>, mut seed: Seed, rubric: &Rubric) -> anyhow::Result<Seed> {
    let Some(ranked) = &seed.ranked else { return Ok(seed) };
    let EftArtifacts { train, evaluation } = build(run, &seed, ranked, rubric)?;
    let mut rows = seed::eft_rows(&run.config)?;
    rows.extend(train.rows()?);
    seed.judge_sft = seed::judge_sft(run, rubric, "eft/judge-sft", &rows)?;
    if seed.held_out.is_none() {
        seed.held_out = Some(seed::ranked_of(run, "eft/held-out", &evaluation.rows()?)?);
    }
    Ok(seed)
}

/// Ranked responses -> the baseline's judgments -> those that agree with people.
fn build(
    run: &Run<'_>,
    seed: &Seed,
    ranked: &Ranked,
    rubric: &Rubric,
) -> anyhow::Result<EftArtifacts> {
    let eft = match run.config.data.baseline {
        Baseline::Ift => None,
        Baseline::IftAndEft => seed.judge_sft.as_ref(),
    };
    stages::sft_on(run, BASELINE, &seed.ift, eft)?;
    let baseline = run.path(BASELINE).display().to_string();
    let (prompts, responses) = (&ranked.prompts, &ranked.responses);
    let judge = (baseline.as_str(), 0);
    let judgments = stages::judge_with(
        run,
        judge,
        (prompts, responses),
        rubric,
        "eft/judgments",
        &run.config.judge,
    )?;
    check_health(run, &judgments)?;
    let inputs = Inputs { prompts, responses, judgments: &judgments, rubric };
    let (train, evaluation) = (run.path("eft/train"), run.path("eft/evaluation"));
    let out = Out { train: &train, evaluation: &evaluation };
    let train = stages::staged(run, "eft/train", || {
        let made = srlm_judge::eft::run(&run.config.eft, inputs, run.config.run.seed, out)
            .or_exit(Exit::Data)?;
        Ok(made.train)
    })?;
    Ok(EftArtifacts { train, evaluation: Artifact::open(&evaluation)? })
}
