//! The kinds of artifact, as types.

use std::fmt::Debug;

use crate::{
    BattleRow, EftRow, Format, IftRow, JudgmentRow, NoRow, PairRow, PromptRow, RefLogpsRow,
    ResponseRow, Row, UnpairedRefLogpsRow, UnpairedRow,
};

/// What a folder holds. Stages take and give [`Artifact<K>`](crate::Artifact), so wiring one to the
/// wrong input does not compile.
pub trait Kind: Clone + Debug + 'static {
    /// Its name in manifests.
    const NAME: &'static str;
    /// Its form on disk, rows and manifest.
    const FORMAT: Format;
    /// The rows file, `{NAME}.jsonl`; `None` where all is in extra files.
    const ROWS_FILE: Option<&'static str>;
    /// Whether the folder may hold more than its manifest lists; only where another program is to
    /// put its result.
    const IS_OPEN: bool = false;
    /// One line of the rows file, [`NoRow`] where there is none.
    type Row: Row;
}

/// Instruction-following examples: [`IftRow`].
#[derive(Clone, Debug)]
pub enum Ift {}

impl Kind for Ift {
    const NAME: &'static str = "ift";
    /// - 1.0: first.
    const FORMAT: Format = Format::new(1, 0);
    const ROWS_FILE: Option<&'static str> = Some("ift.jsonl");
    type Row = IftRow;
}

/// Judging examples: [`EftRow`].
#[derive(Clone, Debug)]
pub enum Eft {}

impl Kind for Eft {
    const NAME: &'static str = "eft";
    /// - 1.0: first.
    const FORMAT: Format = Format::new(1, 0);
    const ROWS_FILE: Option<&'static str> = Some("eft.jsonl");
    type Row = EftRow;
}

/// Prompts to answer: [`PromptRow`].
#[derive(Clone, Debug)]
pub enum Prompts {}

impl Kind for Prompts {
    const NAME: &'static str = "prompts";
    /// - 1.0: first.
    const FORMAT: Format = Format::new(1, 0);
    const ROWS_FILE: Option<&'static str> = Some("prompts.jsonl");
    type Row = PromptRow;
}

/// Candidate responses: [`ResponseRow`].
#[derive(Clone, Debug)]
pub enum Responses {}

impl Kind for Responses {
    const NAME: &'static str = "responses";
    /// - 1.0: first.
    const FORMAT: Format = Format::new(1, 0);
    const ROWS_FILE: Option<&'static str> = Some("responses.jsonl");
    type Row = ResponseRow;
}

/// What a judge says of responses: [`JudgmentRow`].
#[derive(Clone, Debug)]
pub enum Judgments {}

impl Kind for Judgments {
    const NAME: &'static str = "judgments";
    /// - 1.0: first.
    /// - 1.1: `expected_score`, `truncated`.
    const FORMAT: Format = Format::new(1, 1);
    const ROWS_FILE: Option<&'static str> = Some("judgments.jsonl");
    type Row = JudgmentRow;
}

/// Comparisons of two judgments of one response: [`BattleRow`].
#[derive(Clone, Debug)]
pub enum Battles {}

impl Kind for Battles {
    const NAME: &'static str = "battles";
    /// - 1.0: first.
    const FORMAT: Format = Format::new(1, 0);
    const ROWS_FILE: Option<&'static str> = Some("battles.jsonl");
    type Row = BattleRow;
}

/// Preference pairs: [`PairRow`].
#[derive(Clone, Debug)]
pub enum Pairs {}

impl Kind for Pairs {
    const NAME: &'static str = "pairs";
    /// - 1.0: first.
    /// - 1.1: `label_weight`.
    const FORMAT: Format = Format::new(1, 1);
    const ROWS_FILE: Option<&'static str> = Some("pairs.jsonl");
    type Row = PairRow;
}

/// Responses with a verdict each: [`UnpairedRow`].
#[derive(Clone, Debug)]
pub enum Unpaired {}

impl Kind for Unpaired {
    const NAME: &'static str = "unpaired";
    /// - 1.0: first.
    const FORMAT: Format = Format::new(1, 0);
    const ROWS_FILE: Option<&'static str> = Some("unpaired.jsonl");
    type Row = UnpairedRow;
}

/// Reference log-probabilities of pairs: [`RefLogpsRow`].
#[derive(Clone, Debug)]
pub enum RefLogps {}

impl Kind for RefLogps {
    const NAME: &'static str = "ref-logps";
    /// - 1.0: first.
    const FORMAT: Format = Format::new(1, 0);
    const ROWS_FILE: Option<&'static str> = Some("ref-logps.jsonl");
    type Row = RefLogpsRow;
}

/// Reference log-probabilities of single responses: [`UnpairedRefLogpsRow`].
#[derive(Clone, Debug)]
pub enum UnpairedRefLogps {}

impl Kind for UnpairedRefLogps {
    const NAME: &'static str = "unpaired-ref-logps";
    /// - 1.0: first.
    const FORMAT: Format = Format::new(1, 0);
    const ROWS_FILE: Option<&'static str> = Some("unpaired-ref-logps.jsonl");
    type Row = UnpairedRefLogpsRow;
}

/// A model in Hugging Face's layout, with the [`metrics.jsonl`](crate::read_metrics) of its
/// training.
#[derive(Clone, Debug)]
pub enum Model {}

impl Kind for Model {
    const NAME: &'static str = "model";
    /// - 1.0: first.
    const FORMAT: Format = Format::new(1, 0);
    const ROWS_FILE: Option<&'static str> = None;
    type Row = NoRow;
}

/// What another program trains a model with: data, the model to start from and settings, in that
/// program's forms.
#[derive(Clone, Debug)]
pub enum HandOver {}

impl Kind for HandOver {
    const NAME: &'static str = "hand-over";
    const IS_OPEN: bool = true;
    /// - 1.0: first.
    const FORMAT: Format = Format::new(1, 0);
    const ROWS_FILE: Option<&'static str> = None;
    type Row = NoRow;
}

/// Measures of a model: files that `srlm-eval` owns.
#[derive(Clone, Debug)]
pub enum Eval {}

impl Kind for Eval {
    const NAME: &'static str = "eval";
    /// - 1.0: first.
    /// - 2.0: `eval.json` has both axes of the verdict, length control, ratings and more.
    const FORMAT: Format = Format::new(2, 0);
    const ROWS_FILE: Option<&'static str> = None;
    type Row = NoRow;
}

/// What many runs came to: files that `srlm-eval` owns.
#[derive(Clone, Debug)]
pub enum Study {}

impl Kind for Study {
    const NAME: &'static str = "study";
    /// - 1.0: first.
    const FORMAT: Format = Format::new(1, 0);
    const ROWS_FILE: Option<&'static str> = None;
    type Row = NoRow;
}

/// The newest format of the kind of this name that can be read.
pub(crate) fn supported(kind: &str) -> Option<Format> {
    let known = [
        (Ift::NAME, Ift::FORMAT),
        (Eft::NAME, Eft::FORMAT),
        (Prompts::NAME, Prompts::FORMAT),
        (Responses::NAME, Responses::FORMAT),
        (Judgments::NAME, Judgments::FORMAT),
        (Battles::NAME, Battles::FORMAT),
        (Pairs::NAME, Pairs::FORMAT),
        (Unpaired::NAME, Unpaired::FORMAT),
        (RefLogps::NAME, RefLogps::FORMAT),
        (UnpairedRefLogps::NAME, UnpairedRefLogps::FORMAT),
        (Model::NAME, Model::FORMAT),
        (HandOver::NAME, HandOver::FORMAT),
        (Eval::NAME, Eval::FORMAT),
        (Study::NAME, Study::FORMAT),
    ];
    known.into_iter().find_map(|(name, format)| (name == kind).then_some(format))
}
