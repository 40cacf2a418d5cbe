//! The best judgment of a response against its worst.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;
use srlm_artifact::{BattleRow, Counts, PairRow, Place, Score, row_seed};

use super::extremes::{NoPair, Rated, best_and_worst, contenders};
use super::{JudgePairsConfig, position_weights};
use crate::eft::thin;
use crate::{Error, JudgedPrompt, JudgedResponse, Rubric};

/// Pairs of judgments, and what became of the other responses.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JudgePairs {
    /// At most one a response, sorted by `prompt_id`.
    pub pairs: Vec<PairRow>,
    /// How many responses gave a pair, and why the others did not.
    pub counts: JudgePairsCounts,
}

/// Responses by what became of them: `responses` is the sum of all the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct JudgePairsCounts {
    /// Responses whose judgments were compared.
    pub responses: u64,
    /// Responses with a pair.
    pub pairs: u64,
    /// Responses whose judgments are all of one strength.
    pub equal: u64,
    /// Responses whose best judgment has the text of the worst.
    pub identical: u64,
    /// Responses whose best judgment is too long.
    pub too_long: u64,
    /// Responses whose pair was discarded, because the score of its chosen judgment is too common.
    pub thinned: u64,
}

impl From<JudgePairsCounts> for Counts {
    fn from(counts: JudgePairsCounts) -> Self {
        let JudgePairsCounts { responses, pairs, equal, identical, too_long, thinned } = counts;
        let counts = [
            ("responses", responses),
            ("pairs", pairs),
            ("equal", equal),
            ("identical", identical),
            ("too_long", too_long),
            ("thinned", thinned),
        ];
        Self::from(counts.map(|(name, n)| (name.to_owned(), n)))
    }
}

/// A pair, and the score that its chosen judgment gives.
struct Scored {
    score: Score,
    pair: PairRow,
}

/// Pairs the strongest judgment of each response with the weakest.
///
/// Wins are weighed by [`position_weights`] of all battles; [`strengths`](super::strengths) are
/// fitted response by response. Where several judgments are strongest, or weakest, the one of the
/// smallest `judge_index` stands for them. A pair is what DPO reads:
///
/// | column | |
/// |---|---|
/// | `prompt_id` | `judge/{response_id}` |
/// | `prompt` | the conversation that the judge answered, by `rubric` |
/// | `chosen`, `rejected` | the two judgments as they were written |
/// | `chosen_id`, `rejected_id` | `judge/{response_id}/{judge_index}` |
/// | `score_chosen`, `score_rejected` | [`win_rates`](super::win_rates) among the response's judgments, 0 to 1 |
///
/// The two scores are no points of a judge; the chosen one's is above 1/2 and the rejected one's
/// below.
///
/// The order of prompts and battles does not matter.
///
/// # Errors
/// [`Error::UnknownResponse`] and [`Error::UnknownJudgment`] where a battle is about something
/// else, and
/// [`Error::NotScoring`].
///
/// # Source
/// Wu et al. 2024: chosen and rejected have the highest and the lowest Elo score; a chosen judgment
/// that is too long gives no pair. The bound on a score's share is NeMo-Aligner's.
pub fn judge_pairs(
    prompts: &[JudgedPrompt],
    battles: &[BattleRow],
    rubric: &Rubric,
    config: &JudgePairsConfig,
    place: Place,
) -> Result<JudgePairs, Error> {
    let weights = position_weights(battles);
    let responses = prompts
        .iter()
        .flat_map(|prompt| prompt.responses.iter().map(move |judged| (prompt, judged)));
    let responses: HashMap<&str, _> =
        responses.map(|(p, judged)| (judged.response.response_id.as_str(), (p, judged))).collect();
    let mut of_response: BTreeMap<&str, Vec<&BattleRow>> = BTreeMap::new();
    battles.iter().for_each(|row| of_response.entry(&row.response_id).or_default().push(row));
    let (mut found, mut counts) = (Vec::new(), JudgePairsCounts::default());
    for (response_id, battles) in of_response {
        let unknown = || Error::UnknownResponse { response_id: response_id.to_owned() };
        let (prompt, judged) = responses.get(response_id).copied().ok_or_else(unknown)?;
        counts.responses += 1;
        let contenders = contenders(judged, &battles)?;
        match best_and_worst(&contenders, &battles, weights, config, place.iteration) {
            Ok(two) => found.push(scored(prompt, judged, two, rubric)?),
            Err(NoPair::Equal) => counts.equal += 1,
            Err(NoPair::Identical) => counts.identical += 1,
            Err(NoPair::TooLong) => counts.too_long += 1,
        }
    }
    Ok(finish(found, counts, config, place))
}

/// Discards what is too common, sorts and counts.
fn finish(
    found: Vec<Scored>,
    counts: JudgePairsCounts,
    config: &JudgePairsConfig,
    place: Place,
) -> JudgePairs {
    let n_found = found.len() as u64;
    let order = |found: &Scored| {
        let id = &found.pair.chosen_id;
        (row_seed(place.run_seed, "meta/thin", place.iteration, id, 0), id.clone())
    };
    let kept = thin(found, config.max_score_share, |found| found.score, order);
    let n_kept = kept.len() as u64;
    let mut pairs: Vec<PairRow> = kept.into_iter().map(|found| found.pair).collect();
    pairs.sort_by(|a, b| a.prompt_id.cmp(&b.prompt_id));
    JudgePairs {
        pairs,
        counts: JudgePairsCounts { pairs: n_kept, thinned: n_found - n_kept, ..counts },
    }
}

fn scored(
    prompt: &JudgedPrompt,
    judged: &JudgedResponse,
    [(chosen, score_chosen), (rejected, score_rejected)]: [Rated<'_>; 2],
    rubric: &Rubric,
) -> Result<Scored, Error> {
    let prompt_id = format!("judge/{}", judged.response.response_id);
    let pair = PairRow {
        prompt: rubric.conversation(&prompt.prompt, &judged.response.response)?,
        chosen: chosen.rationale.clone(),
        rejected: rejected.rationale.clone(),
        chosen_id: format!("{prompt_id}/{}", chosen.judge_index),
        rejected_id: format!("{prompt_id}/{}", rejected.judge_index),
        prompt_id,
        score_chosen,
        score_rejected,
        label_weight: 1.0,
    };
    let score = chosen.score.expect("only judgments with a score are looked up");
    Ok(Scored { score, pair })
}
