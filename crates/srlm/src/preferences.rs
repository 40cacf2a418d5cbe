//! Where a round's preferences come from: the paper's way, and those of its successors.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use srlm_artifact::{
    Artifact, Ift, Judgments, Pairs, Place, PromptRow, Prompts, Responses, Unpaired, layout,
    row_seed,
};
use srlm_judge::meta::{self, MetaRubric};
use srlm_judge::{Breach, Rubric};
use srlm_pairs::{Judged, LabelWeights, PerfectConfig, SafetyReward, UnpairedConfig, UnpairedOf};

use crate::config::{self, Method};
use crate::exit::{Exit, OrExit};
use crate::iterate::{reported, rubric_file};
use crate::run::Run;
use crate::safety;
use crate::seed::{self, Seed};
use crate::stages::{self, staged};

/// What M_{t+1} is trained on.
pub(crate) enum Preferences {
    /// Pairs, by preference training from M_t.
    Pairs(Artifact<Pairs>),
    /// Single responses with verdicts, by preference training from M_t.
    Unpaired(Artifact<Unpaired>),
    /// Examples, by fine-tuning from M0.
    Perfect(Artifact<Ift>),
}

/// Makes the preferences of round t.
pub(crate) fn of(
    run: &Run<'_>,
    t: u32,
    seed: &Seed,
    rubric: &Rubric,
) -> anyhow::Result<Preferences> {
    if run.config.round.method == Method::Spin {
        return spin(run, t, seed).map(Preferences::Pairs);
    }
    let round = Round { run, t, rubric };
    let prompts = reported(run, prompts(run, t, seed)?)?;
    let responses = reported(run, stages::responses(run, t, &prompts)?)?;
    let judgments = reported(run, judgments(run, t, (&prompts, &responses), rubric)?)?;
    let judged = Judged { prompts: &prompts, responses: &responses, judgments: &judgments };
    let unpaired = round.unpaired(judged)?;
    if run.config.round.method == Method::PositiveOnly {
        return round.perfect(seed, judged).map(Preferences::Perfect);
    }
    let pairs = reported(run, round.pairs(judged)?)?;
    if let (Some(unpaired), true) = (unpaired, run.config.dpo.is_unpaired()) {
        return Ok(Preferences::Unpaired(unpaired));
    }
    round.refined(pairs, judged).map(Preferences::Pairs)
}

/// The prompts of round t.
pub(crate) fn prompts(run: &Run<'_>, t: u32, seed: &Seed) -> anyhow::Result<Artifact<Prompts>> {
    if run.config.round.method != Method::Spin {
        return stages::prompts(run, t, &seed.ift);
    }
    let rows = seed
        .ift
        .rows()?
        .into_iter()
        .map(|row| seed::prompt_row(&row.prompt_id, row.prompt))
        .collect();
    let out = layout::round(t, "prompts");
    staged(run, &out, || seed::write::<Prompts>(&run.path(&out), rows))
}

/// The judgments of round t's responses; where a judge made them, as healthy as the settings want
/// them.
pub(crate) fn judgments(
    run: &Run<'_>,
    t: u32,
    (prompts, responses): (&Artifact<Prompts>, &Artifact<Responses>),
    rubric: &Rubric,
) -> anyhow::Result<Artifact<Judgments>> {
    if run.config.round.method == Method::Verified {
        return Round { run, t, rubric }.verified(prompts, responses);
    }
    let judgments = stages::judge(run, t, (prompts, responses), rubric)?;
    if run.shard.is_none() {
        check_health(run, &judgments)?;
    }
    Ok(judgments)
}

/// Makes the pairs of round t from what it has judged.
pub(crate) fn pairs(run: &Run<'_>, t: u32, rubric: &Rubric) -> anyhow::Result<Artifact<Pairs>> {
    let at = |stage: &str| run.path(&layout::round(t, stage));
    let (prompts, responses, judgments) = (
        Artifact::open(&at("prompts"))?,
        Artifact::open(&at("responses"))?,
        Artifact::open(&at("judgments"))?,
    );
    let judged = Judged { prompts: &prompts, responses: &responses, judgments: &judgments };
    let round = Round { run, t, rubric };
    round.refined(round.pairs(judged)?, judged)
}

/// The pairs that round t is trained on, which are there.
pub(crate) fn made(run: &Run<'_>, t: u32) -> anyhow::Result<Artifact<Pairs>> {
    let stage = match &run.config.round {
        round if t <= round.meta_judge_rounds => "all-pairs",
        round if round.future_guided => "guided-pairs",
        _ => "pairs",
    };
    Ok(Artifact::open(&run.path(&layout::round(t, stage)))?)
}

/// What the steps of a round share.
struct Round<'r, 'a> {
    run: &'r Run<'a>,
    t: u32,
    rubric: &'r Rubric,
}

impl Round<'_, '_> {
    /// The pairs, with better chosen answers and with pairs of judgments where the settings ask for
    /// them.
    fn refined(
        &self,
        mut pairs: Artifact<Pairs>,
        judged: Judged<'_>,
    ) -> anyhow::Result<Artifact<Pairs>> {
        let run = self.run;
        if run.config.round.future_guided && pairs.manifest().rows > 0 {
            pairs = self.future_guided(&pairs, judged.prompts)?;
        }
        if self.t <= run.config.round.meta_judge_rounds {
            pairs = self.with_judge_pairs(&pairs, judged)?;
        }
        Ok(pairs)
    }

    fn folder(&self, stage: &str) -> String {
        layout::round(self.t, stage)
    }

    /// Seeds of samples beside the candidates: the same ones would draw alike and pair like with
    /// like.
    fn place(&self, what: &str) -> Place {
        let run_seed = row_seed(self.run.config.run.seed, what, self.t, "", 0);
        Place { run_seed, iteration: self.t }
    }

    /// Judgments of answers that can be checked.
    fn verified(
        &self,
        prompts: &Artifact<Prompts>,
        responses: &Artifact<Responses>,
    ) -> anyhow::Result<Artifact<Judgments>> {
        let out = self.folder("judgments");
        let answers = answers(self.run, &prompts.rows()?)?;
        staged(self.run, &out, || {
            srlm_judge::verify::run(responses, &answers, &self.run.path(&out)).or_exit(Exit::Data)
        })
    }

    /// Pairs of judged responses, with what the settings of `[pairs]` ask for beyond them.
    fn pairs(&self, judged: Judged<'_>) -> anyhow::Result<Artifact<Pairs>> {
        let (run, t) = (self.run, self.t);
        let Judged { prompts, responses, judgments } = judged;
        let anchors =
            if run.config.pairs.anchored_rejection { Some(self.anchors(prompts)?) } else { None };
        let before = match run.config.pairs.label_weights {
            LabelWeights::None => None,
            _ => {
                let (judge, out) = (("self", t - 1), self.folder("judgments-before"));
                let config = &run.config.judge;
                Some(stages::judge_with(
                    run,
                    judge,
                    (prompts, responses),
                    self.rubric,
                    &out,
                    config,
                )?)
            }
        };
        let safety = self.safety(prompts, responses)?;
        let anchors = anchors.as_ref().map(|(responses, judgments)| (responses, judgments));
        let safety = safety
            .as_ref()
            .map(|judgments| SafetyReward { judgments, weight: run.config.round.safety_weight });
        let judgments_before = before.as_ref();
        let inputs =
            srlm_pairs::Inputs { prompts, responses, judgments, anchors, judgments_before, safety };
        stages::pairs(run, t, inputs)
    }

    /// What the judge says of M_t's answers by the safety rubric, where that counts.
    fn safety(
        &self,
        prompts: &Artifact<Prompts>,
        responses: &Artifact<Responses>,
    ) -> anyhow::Result<Option<Artifact<Judgments>>> {
        let (run, t) = (self.run, self.t);
        if run.config.round.safety_weight == 0.0 {
            return Ok(None);
        }
        let (judge, out) = ((run.config.roles.judge.as_str(), t), self.folder("safety-judgments"));
        let (rubric, config) = safety::rubric(run);
        stages::judge_with(run, judge, (prompts, responses), &rubric, &out, &config).map(Some)
    }

    /// M0's answers, judged by M_t.
    fn anchors(
        &self,
        prompts: &Artifact<Prompts>,
    ) -> anyhow::Result<(Artifact<Responses>, Artifact<Judgments>)> {
        let (run, t) = (self.run, self.t);
        let out = self.folder("anchor-responses");
        let responses = stages::respond(
            run,
            ("m0", 0),
            self.place("anchor"),
            prompts,
            &out,
            &run.config.responses,
        )?;
        let (judge, out) = ((run.config.roles.judge.as_str(), t), self.folder("anchor-judgments"));
        let judgments = stages::judge_with(
            run,
            judge,
            (prompts, &responses),
            self.rubric,
            &out,
            &run.config.judge,
        )?;
        Ok((responses, judgments))
    }

    /// Pairs whose chosen answers a model that was trained on `pairs` may have written.
    fn future_guided(
        &self,
        pairs: &Artifact<Pairs>,
        prompts: &Artifact<Prompts>,
    ) -> anyhow::Result<Artifact<Pairs>> {
        let (run, t) = (self.run, self.t);
        let out = self.folder("future-model");
        stages::dpo_to(run, t, pairs, (&self.folder("future-ref-logps"), &out))?;
        let future = run.path(&out).display().to_string();
        let out = self.folder("future-responses");
        let responses = stages::respond(
            run,
            (future.as_str(), t),
            self.place("future"),
            prompts,
            &out,
            &run.config.responses,
        )?;
        let (judge, out) = ((run.config.roles.judge.as_str(), t), self.folder("future-judgments"));
        let judgments = stages::judge_with(
            run,
            judge,
            (prompts, &responses),
            self.rubric,
            &out,
            &run.config.judge,
        )?;
        let out = self.folder("guided-pairs");
        staged(run, &out, || {
            let future = Judged { prompts, responses: &responses, judgments: &judgments };
            srlm_pairs::run_future_guided(&run.config.pairs, pairs, future, &run.path(&out))
                .or_exit(Exit::Data)
        })
    }

    /// The pairs with pairs of judgments that M_t's comparisons rank.
    fn with_judge_pairs(
        &self,
        pairs: &Artifact<Pairs>,
        judged: Judged<'_>,
    ) -> anyhow::Result<Artifact<Pairs>> {
        let (run, t, rubric) = (self.run, self.t, self.rubric);
        let Judged { prompts, responses, judgments } = judged;
        let config = &run.config.battles;
        let meta = match config.rubric.as_str() {
            "meta" => MetaRubric::built_in(),
            name => MetaRubric::parse(&rubric_file("battles.rubric", name)?)?,
        };
        let out = self.folder("battles");
        let battles = staged(run, &out, || {
            let mut generator = run.engine_of(&run.config.roles.judge, t, &out)?;
            let inputs = meta::Inputs { prompts, responses, judgments, rubric, meta: &meta };
            let (place, path, device) = (run.place(t), run.path(&out), &run.device()?.name);
            let on_progress = &mut |progress| run.console.progress(progress, "");
            meta::run(config, inputs, &mut *generator, place, &path, device, on_progress)
                .or_exit(Exit::Data)
        })?;
        let out = self.folder("judge-pairs");
        let judge_pairs = staged(run, &out, || {
            let inputs =
                meta::PairsInputs { prompts, responses, judgments, battles: &battles, rubric };
            meta::run_pairs(&run.config.judge_pairs, inputs, run.place(t), &run.path(&out))
                .or_exit(Exit::Data)
        })?;
        let all = [pairs.rows()?, judge_pairs.rows()?].concat();
        let out = self.folder("all-pairs");
        staged(run, &out, || seed::write::<Pairs>(&run.path(&out), all))
    }

    /// Verdicts on answers, where the settings ask for them.
    fn unpaired(&self, judged: Judged<'_>) -> anyhow::Result<Option<Artifact<Unpaired>>> {
        let of = match self.run.config.round.unpaired {
            config::Unpaired::None => return Ok(None),
            config::Unpaired::Tied => UnpairedOf::Tied,
            config::Unpaired::Scored => UnpairedOf::Scored,
        };
        let (run, out) = (self.run, self.folder("unpaired"));
        let (aggregation, threshold) =
            (run.config.pairs.aggregation, run.config.round.unpaired_threshold);
        staged(run, &out, || {
            let config = UnpairedConfig { of, aggregation, threshold };
            srlm_pairs::run_unpaired(&config, judged, &run.path(&out)).or_exit(Exit::Data)
        })
        .map(Some)
    }

    /// The seed examples with the perfect answers of this round and those before it.
    fn perfect(&self, seed: &Seed, judged: Judged<'_>) -> anyhow::Result<Artifact<Ift>> {
        let (run, out) = (self.run, self.folder("perfect"));
        let (aggregation, perfect_score) =
            (run.config.pairs.aggregation, run.config.round.perfect_score);
        staged(run, &out, || {
            let config = PerfectConfig { aggregation, perfect_score };
            srlm_pairs::run_perfect(&config, judged, &run.path(&out)).or_exit(Exit::Data)
        })?;
        let mut rows = seed.ift.rows()?;
        for t in 1..=self.t {
            rows.extend(Artifact::<Ift>::open(&run.path(&layout::round(t, "perfect")))?.rows()?);
        }
        let out = self.folder("seed-and-perfect");
        staged(run, &out, || seed::write::<Ift>(&run.path(&out), rows))
    }
}

/// The seed's answers over M_t's own.
fn spin(run: &Run<'_>, t: u32, seed: &Seed) -> anyhow::Result<Artifact<Pairs>> {
    let prompts = prompts(run, t, seed)?;
    let responses = reported(run, stages::responses(run, t, &prompts)?)?;
    let out = layout::round(t, "pairs");
    let pairs = staged(run, &out, || {
        srlm_pairs::run_spin(&seed.ift, &responses, &run.path(&out)).or_exit(Exit::Data)
    })?;
    reported(run, pairs)
}

/// The answers that the pool has for these prompts.
fn answers(run: &Run<'_>, prompts: &[PromptRow]) -> anyhow::Result<BTreeMap<String, String>> {
    let column = &run.config.round.answer_column;
    let path = Path::new(&run.config.prompts.pool);
    let pool = srlm_sampler::prompts::read_pool(path).or_exit(Exit::Data)?;
    let drawn: std::collections::HashSet<&str> =
        prompts.iter().map(|row| row.prompt_id.as_str()).collect();
    let mut answers = BTreeMap::new();
    for row in pool.rows().iter().filter(|row| drawn.contains(row.prompt_id.as_str())) {
        let answer = match row.columns.get(column) {
            Some(serde_json::Value::String(text)) => text.clone(),
            Some(number @ serde_json::Value::Number(_)) => number.to_string(),
            _ => {
                let absent = || {
                    format!(
                        "{}: prompt {} has no answer in `{column}`",
                        path.display(),
                        row.prompt_id
                    )
                };
                return None.with_context(absent).or_exit(Exit::Data);
            }
        };
        answers.insert(row.prompt_id.clone(), answer);
    }
    Ok(answers)
}

/// Says where judging passes a threshold; an error where the settings stop there.
pub(crate) fn check_health(run: &Run<'_>, judgments: &Artifact<Judgments>) -> anyhow::Result<()> {
    let health = srlm_judge::read_health(judgments).or_exit(Exit::Data)?;
    let config = &run.config.judge.health;
    let breaches = srlm_judge::breaches(&health, config);
    let said: Vec<String> = breaches.iter().map(Breach::to_string).collect();
    for breach in &said {
        run.console.say(&format!("warning: {breach}"));
    }
    if said.is_empty() || config.action == srlm_judge::Action::Warn {
        return Ok(());
    }
    let refuse = || -> anyhow::Result<()> {
        anyhow::bail!(
            "judging is not healthy: {}. The judgments are complete; judge.health.action = \"warn\" goes on with them",
            said.join("; ")
        )
    };
    refuse().or_exit(Exit::Data)
}
