//! What cannot be run.

use anyhow::{Context, bail};
use srlm_eval::VerdictForm;
use srlm_sampler::prompts;

use super::RunConfig;
use super::tables::{Method, RoundTable, Unpaired};

impl RunConfig {
    /// Checks every table, and what one asks of another.
    pub(super) fn validated(self) -> anyhow::Result<Self> {
        if self.run.name.is_empty()
            || self.run.name.contains(['/', '\\'])
            || self.run.name.starts_with('.')
        {
            bail!("run.name = {:?} must be a plain folder name", self.run.name);
        }
        for (key, value, what) in [
            ("model.source", &self.model.source, "the model to start from"),
            ("data.ift", &self.data.ift, "instruction examples to train on"),
            ("data.ift_held_out", &self.data.ift_held_out, "instruction examples to evaluate on"),
        ] {
            if value.is_empty() {
                bail!(
                    "{key} is not set: name {what}, or a preset to start from, as in preset = \"smollm2\""
                );
            }
        }
        srlm_kernels::Cpu::named(&self.runtime.cpu)
            .map_err(|error| anyhow::anyhow!("runtime.cpu: {error}"))?;
        self.sft.validate().context("in [sft]")?;
        self.prompts.validate().context("in [prompts]")?;
        self.responses.validate().context("in [responses]")?;
        self.judge.validate().context("in [judge]")?;
        self.pairs.validate().context("in [pairs]")?;
        self.dpo.validate().context("in [dpo]")?;
        self.external.validate().context("in [external]")?;
        crate::external::check(&self)?;
        self.eft.validate().context("in [eft]")?;
        self.battles.validate().context("in [battles]")?;
        self.judge_pairs.validate().context("in [judge_pairs]")?;
        self.stop.validate().context("in [stop]")?;
        self.validate_eval().context("in [eval]")?;
        self.validate_round().context("in [round]")?;
        self.validate_safety_weight().context("in [round]")?;
        self.anchors.validate().context("in [anchors]")?;
        self.safety.validate().context("in [safety]")?;
        if self.data.ranked_prompts.is_empty() != self.data.ranked_responses.is_empty() {
            bail!(
                "data.ranked_prompts and data.ranked_responses belong together: give both or neither"
            );
        }
        if self.data.eft_held_out.is_empty() && self.data.ranked_prompts.is_empty() {
            bail!(
                "data.eft_held_out is empty: give ranked judging examples to evaluate on, or data.ranked_prompts"
            );
        }
        if !(self.data.train_share > 0.0 && self.data.train_share <= 1.0) {
            bail!("data.train_share = {} must be above 0 and at most 1", self.data.train_share);
        }
        for (name, server) in &self.engines {
            server.validate().with_context(|| format!("in [engines.{name}]"))?;
            if ["self", "m0"].contains(&name.as_str()) {
                bail!(
                    "[engines.{name}]: {name} names a model of the loop; give the engine another name"
                );
            }
        }
        if self.engine.max_rows == 0 || self.engine.prefill_tokens == 0 {
            bail!("engine.max_rows and engine.prefill_tokens must be at least 1");
        }
        Ok(self)
    }

    fn validate_eval(&self) -> anyhow::Result<()> {
        let eval = &self.eval;
        if eval.verdict_max_tokens == 0 {
            bail!("verdict_max_tokens must be at least 1");
        }
        eval.length_control.validate().context("in length_control")?;
        eval.rules.validate().context("in rules")?;
        let evaluator = &self.roles.evaluator;
        if eval.head_to_head
            && eval.verdict == VerdictForm::Likelihood
            && self.engines.contains_key(evaluator)
        {
            bail!(
                "verdict = \"likelihood\" reads the weights of the evaluator, and roles.evaluator = {evaluator:?} is a server: \
                 set eval.verdict = \"written\", or roles.evaluator to \"self\", \"m0\" or a model source"
            );
        }
        Ok(())
    }

    fn validate_round(&self) -> anyhow::Result<()> {
        let RoundTable { method, answer_column, future_guided, meta_judge_rounds, .. } =
            &self.round;
        let is_pool = self.prompts.source == prompts::Source::Pool;
        if *method == Method::Verified && (!is_pool || answer_column.is_empty()) {
            bail!("method = \"verified\" needs prompts.source = \"pool\" and answer_column");
        }
        if *method != Method::Judged && (*future_guided || *meta_judge_rounds > 0) {
            bail!("future_guided and meta_judge_rounds go with method = \"judged\" only");
        }
        if self.dpo.is_unpaired() && self.round.unpaired != Unpaired::Scored {
            bail!("unpaired must be \"scored\": dpo.loss_type learns from single responses");
        }
        if self.dpo.is_unpaired()
            && (*future_guided
                || *meta_judge_rounds > 0
                || matches!(method, Method::Spin | Method::PositiveOnly))
        {
            bail!(
                "future_guided, meta_judge_rounds, spin and positive_only go with losses of pairs only: dpo.loss_type learns from single responses"
            );
        }
        if self.pairs.label_weights != srlm_pairs::LabelWeights::None && self.roles.judge != "self"
        {
            bail!(
                "pairs.label_weights compares M_t with M_{{t-1}} as judges: roles.judge must be \"self\""
            );
        }
        if *meta_judge_rounds > 0 && self.judge.judgments < 2 {
            bail!(
                "meta_judge_rounds compares judgments of one response: judge.judgments must be at least 2"
            );
        }
        for (key, score) in [
            ("perfect_score", self.round.perfect_score),
            ("unpaired_threshold", self.round.unpaired_threshold),
        ] {
            if srlm_artifact::Score::new(score).is_none() {
                bail!("{key} = {score} must be from 0 to 5");
            }
        }
        Ok(())
    }

    /// A second reward goes with what selects pairs of the judged responses, and with nothing that
    /// reads the first one alone.
    fn validate_safety_weight(&self) -> anyhow::Result<()> {
        let (weight, round) = (self.round.safety_weight, &self.round);
        if weight == 0.0 {
            return Ok(());
        }
        if !(weight > 0.0 && weight <= 100.0) {
            bail!("safety_weight = {weight:?} must be from 0 to 100");
        }
        let others = [
            (
                matches!(round.method, Method::Spin | Method::PositiveOnly),
                "method = \"spin\" or \"positive_only\"",
            ),
            (round.unpaired != Unpaired::None, "unpaired"),
            (round.future_guided, "future_guided"),
            (self.pairs.anchored_rejection, "pairs.anchored_rejection"),
        ];
        match others.into_iter().find(|(is_on, _)| *is_on) {
            Some((_, other)) => {
                bail!(
                    "safety_weight does not go with {other}: set safety_weight = 0.0, or turn that off"
                )
            }
            None => Ok(()),
        }
    }
}
