//! Stages beside the loop: what else judged responses are good for.

use std::path::Path;

use srlm_artifact::{
    Aggregation, Artifact, Ift, Input, Judgments, Made, Pairs, Prompts, Responses, Settings, Stage,
    Unpaired, make, stage,
};

use crate::counts::by_name;
use crate::{
    Error, PairsConfig, PerfectConfig, PromptCandidates, UnpairedConfig, candidates_by_prompt,
    future_guided, perfect, spin, unpaired,
};

const FUTURE_GUIDED: Stage = stage!("srlm-pairs/future-guided", 1);
const PERFECT: Stage = stage!("srlm-pairs/perfect", 1);
const UNPAIRED: Stage = stage!("srlm-pairs/unpaired", 1);
const SPIN: Stage = stage!("srlm-pairs/spin", 1);

/// Responses and what a judge said of them.
#[derive(Clone, Copy, Debug)]
pub struct Judged<'a> {
    /// What was asked.
    pub prompts: &'a Artifact<Prompts>,
    /// The candidates.
    pub responses: &'a Artifact<Responses>,
    /// What the judge said of them.
    pub judgments: &'a Artifact<Judgments>,
}

impl Judged<'_> {
    /// Reads and joins the rows.
    pub(crate) fn candidates(
        self,
        aggregation: Aggregation,
    ) -> Result<Vec<PromptCandidates>, Error> {
        let (prompts, responses) = (self.prompts.rows()?, self.responses.rows()?);
        candidates_by_prompt(prompts, responses, &self.judgments.rows()?, aggregation)
    }

    pub(crate) fn as_inputs(self, prefix: &str) -> [Input; 3] {
        let role = |name: &str| format!("{prefix}{name}");
        let Self { prompts, responses, judgments } = self;
        [
            prompts.as_input(&role("prompts")),
            responses.as_input(&role("responses")),
            judgments.as_input(&role("judgments")),
        ]
    }
}

/// Writes pairs with the future model's better responses as chosen, see [`future_guided`].
///
/// # Errors
/// Those of [`PairsConfig::validate`], [`candidates_by_prompt`] and the artifacts.
pub fn run_future_guided(
    config: &PairsConfig,
    pairs: &Artifact<Pairs>,
    future: Judged<'_>,
    out: &Path,
) -> Result<Artifact<Pairs>, Error> {
    config.validate()?;
    let mut inputs = future.as_inputs("future_").to_vec();
    inputs.push(pairs.as_input("pairs"));
    make(out, FUTURE_GUIDED.recipe(Settings::of(config), 0, inputs), |_| {
        let guided = future_guided(pairs.rows()?, &future.candidates(config.aggregation)?, config);
        Ok(Made::on_cpu(guided.pairs, by_name(&guided.counts)))
    })
}

/// Writes the perfect responses as examples to fine-tune on, see [`perfect`].
///
/// # Errors
/// Those of [`PerfectConfig::validate`], [`candidates_by_prompt`] and the artifacts.
pub fn run_perfect(
    config: &PerfectConfig,
    judged: Judged<'_>,
    out: &Path,
) -> Result<Artifact<Ift>, Error> {
    config.validate()?;
    let inputs = judged.as_inputs("").to_vec();
    make(out, PERFECT.recipe(Settings::of(config), 0, inputs), |_| {
        let perfect = perfect(&judged.candidates(config.aggregation)?, config);
        Ok(Made::on_cpu(perfect.rows, by_name(&perfect.counts)))
    })
}

/// Writes the responses of tied prompts with a verdict each, see [`unpaired`].
///
/// # Errors
/// Those of [`UnpairedConfig::validate`], [`candidates_by_prompt`] and the artifacts.
pub fn run_unpaired(
    config: &UnpairedConfig,
    judged: Judged<'_>,
    out: &Path,
) -> Result<Artifact<Unpaired>, Error> {
    config.validate()?;
    let inputs = judged.as_inputs("").to_vec();
    make(out, UNPAIRED.recipe(Settings::of(config), 0, inputs), |_| {
        let unpaired = unpaired(&judged.candidates(config.aggregation)?, config);
        Ok(Made::on_cpu(unpaired.rows, by_name(&unpaired.counts)))
    })
}

/// Writes pairs of the human's answers and the model's own, see [`spin`].
///
/// # Errors
/// Those of [`spin`] and the artifacts.
pub fn run_spin(
    seeds: &Artifact<Ift>,
    responses: &Artifact<Responses>,
    out: &Path,
) -> Result<Artifact<Pairs>, Error> {
    let inputs = vec![seeds.as_input("seeds"), responses.as_input("responses")];
    make(out, SPIN.recipe(Settings::of(&()), 0, inputs), |_| {
        let spin = spin(&seeds.rows()?, &responses.rows()?)?;
        Ok(Made::on_cpu(spin.pairs, by_name(&spin.counts)))
    })
}
