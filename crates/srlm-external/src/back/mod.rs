//! What comes back: opened, checked against what was handed over, and made the stage's model.

mod adapter;
mod curve;
mod returned;
mod shape;
mod versions;

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;
use srlm_artifact::{Artifact, Begin, Model as ModelKind, Writer, begin};
use srlm_checkpoint::{Checkpoint, FolderWriter, SaveOptions};

use self::returned::Returned;
use crate::config::ExternalConfig;
use crate::error::{Error, io};
use crate::hand_over::{HandOver, Inputs, recipe};
use crate::numbers::{Narrowest, is_same};
use crate::training::Training;

/// Values by name.
type Named<T> = BTreeMap<String, T>;

/// File in the model's folder that says who trained it.
const RECORD: &str = "external.json";

/// What the check of a folder found.
#[derive(Clone, Debug)]
pub struct Verified {
    /// Tensors that differ from those handed over.
    pub n_changed: u64,
    /// Tensors that do not.
    pub n_unchanged: u64,
    /// Euclidean norm of all changes, over that of the weights before.
    pub relative_change: f64,
    /// The largest change of one weight.
    pub largest_change: f32,
    narrowest: Narrowest,
}

/// The trained model at `out` if it is there, else a place to write it to; as
/// `srlm_artifact::begin`.
///
/// # Errors
/// Those of `srlm_artifact::begin`: a setting that changed is named.
pub fn begin_model(
    config: &ExternalConfig,
    training: Training<'_>,
    inputs: Inputs<'_>,
    seed: u64,
    out: &Path,
) -> Result<Begin<ModelKind>, Error> {
    Ok(begin(out, recipe(config, training, inputs, seed))?)
}

/// Checks a folder that another program trained from `base`: the same configuration, every tensor
/// there in its shape and finite, the same tokenizer, and something learned. An adapter in PEFT's
/// layout is checked as merged into `base`.
///
/// # Errors
/// What is wrong and what helps: [`Error::NotAModel`], [`Error::OtherConfig`],
/// [`Error::OtherTokenizer`],
/// [`Error::NotFinite`], [`Error::Unchanged`], [`Error::Adapter`].
pub fn verify(folder: &Path, base: &Checkpoint) -> Result<Verified, Error> {
    compare(&Returned::open(folder, base)?, folder, base)
}

/// Checks what came back and makes it the model that `writer` was begun for, with the training
/// curve in `metrics.jsonl` and who trained it in `external.json`.
///
/// # Errors
/// Those of [`verify`], and of writing.
pub fn take_back(
    writer: Writer<ModelKind>,
    hand_over: &HandOver,
    config: &ExternalConfig,
    base: &Checkpoint,
) -> Result<Artifact<ModelKind>, Error> {
    let folder = hand_over.output();
    let returned = Returned::open(&folder, base)?;
    let verified = compare(&returned, &folder, base)?;
    let dir = writer.dir();
    save(&returned, dir, base, &verified)?;
    let metrics = curve::read(&folder)?;
    srlm_artifact::write_metrics(dir, &metrics)?;
    let record = json!({
        "tool": config.tool,
        "command": hand_over.command(),
        "versions": versions::read(&folder),
        "hand_over": hand_over.content_hash(),
        "returned": if returned.is_adapter() { "adapter, merged" } else { "all weights" },
        "relative_change": verified.relative_change,
        "largest_change": verified.largest_change,
    });
    let path = dir.join(RECORD);
    std::fs::write(&path, format!("{record:#}\n")).map_err(io("write", &path))?;
    let mut counts = hand_over.counts().clone();
    counts.insert("steps".to_owned(), metrics.len() as u64);
    counts.insert("tokens".to_owned(), metrics.iter().map(|row| row.n_tokens).sum());
    counts.insert("tensors_changed".to_owned(), verified.n_changed);
    counts.insert("tensors_unchanged".to_owned(), verified.n_unchanged);
    Ok(writer.finish(Vec::new(), counts, &format!("external: {}", config.tool.name()))?)
}

fn compare(returned: &Returned<'_>, folder: &Path, base: &Checkpoint) -> Result<Verified, Error> {
    let (mut changed, mut unchanged, mut largest) = (0, 0, 0.0f32);
    let (mut squares, mut squares_before) = (0.0, 0.0);
    let mut narrowest = Narrowest::new();
    for name in base.tensor_names() {
        let (_, before) = base.tensor(&name)?;
        let after = returned.tensor(&name)?;
        if let Some(index) = after.iter().position(|value| !value.is_finite()) {
            return Err(Error::NotFinite {
                path: folder.to_owned(),
                name,
                index,
                value: after[index],
            });
        }
        narrowest.see(&after);
        if is_same(&before, &after) {
            unchanged += 1;
        } else {
            changed += 1;
        }
        for (&old, &new) in before.iter().zip(&after) {
            largest = largest.max((new - old).abs());
            squares += f64::from(new - old).powi(2);
            squares_before += f64::from(old).powi(2);
        }
    }
    if changed == 0 {
        return Err(Error::Unchanged { path: folder.to_owned(), n_tensors: unchanged });
    }
    let relative_change = (squares / squares_before.max(f64::MIN_POSITIVE)).sqrt();
    Ok(Verified {
        n_changed: changed,
        n_unchanged: unchanged as u64,
        relative_change,
        largest_change: largest,
        narrowest,
    })
}

/// The weights under the configuration and tokenizer that were handed over, in as few bits as hold
/// them; an adapter also as it came.
fn save(
    returned: &Returned<'_>,
    dir: &Path,
    base: &Checkpoint,
    verified: &Verified,
) -> Result<(), Error> {
    let tensors: Vec<_> = base.config.tensors().collect();
    let options = SaveOptions { dtype: verified.narrowest.dtype(), ..SaveOptions::default() };
    let mut writer = FolderWriter::create(dir, &base.config, &base.tokenizer, &tensors, options)?;
    for (name, _) in &tensors {
        writer.tensor(name, &returned.tensor(name)?)?;
    }
    writer.finish()?;
    returned.copy_adapter(&dir.join("adapter"))
}
