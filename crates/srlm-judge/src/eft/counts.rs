//! What became of every ranked prompt and response.

use serde::Serialize;
use srlm_artifact::Counts;

/// `prompts` is the sum of `too_few`, `unscored` and `judged`; `judged` that of `all_tied`,
/// `disagreeing`, `targets_disagreeing` and `kept`; `kept` that of `train_prompts` and
/// `evaluation_prompts`; `responses` that of `same_rank`, `blank`, `no_rationale` and `rows`;
/// `rows` that of `train`, `evaluation` and `thinned`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct EftCounts {
    /// Prompts given.
    pub prompts: u64,
    /// Prompts with fewer than two responses.
    pub too_few: u64,
    /// Prompts with a response that no judgment scores.
    pub unscored: u64,
    /// Prompts with several responses, all scored.
    pub judged: u64,
    /// Prompts whose responses all have one mean score.
    pub all_tied: u64,
    /// Prompts whose mean scores are not in people's order.
    pub disagreeing: u64,
    /// Prompts whose mean scores are in people's order, and the scores of their targets in a
    /// contrary one.
    pub targets_disagreeing: u64,
    /// Prompts whose judgments agree with people.
    pub kept: u64,
    /// Responses to the prompts that are kept.
    pub responses: u64,
    /// Responses of a human rank that another response to the prompt stands for.
    pub same_rank: u64,
    /// Responses without a text.
    pub blank: u64,
    /// Responses none of whose judgments of the nearest score reasons before it.
    pub no_rationale: u64,
    /// Examples made.
    pub rows: u64,
    /// Examples discarded because their score is too common.
    pub thinned: u64,
    /// Examples to train on.
    pub train: u64,
    /// Examples to evaluate on.
    pub evaluation: u64,
    /// Kept prompts that went to training.
    pub train_prompts: u64,
    /// Kept prompts that went to evaluation.
    pub evaluation_prompts: u64,
}

impl From<EftCounts> for Counts {
    fn from(counts: EftCounts) -> Self {
        let EftCounts { prompts, too_few, unscored, judged, all_tied, disagreeing, .. } = counts;
        let EftCounts {
            targets_disagreeing, kept, responses, same_rank, blank, no_rationale, ..
        } = counts;
        let EftCounts {
            rows, thinned, train, evaluation, train_prompts, evaluation_prompts, ..
        } = counts;
        let counts = [
            ("prompts", prompts),
            ("too_few", too_few),
            ("unscored", unscored),
            ("judged", judged),
            ("all_tied", all_tied),
            ("disagreeing", disagreeing),
            ("targets_disagreeing", targets_disagreeing),
            ("kept", kept),
            ("responses", responses),
            ("same_rank", same_rank),
            ("blank", blank),
            ("no_rationale", no_rationale),
            ("rows", rows),
            ("thinned", thinned),
            ("train", train),
            ("evaluation", evaluation),
            ("train_prompts", train_prompts),
            ("evaluation_prompts", evaluation_prompts),
        ];
        Self::from(counts.map(|(name, n)| (name.to_owned(), n)))
    }
}
