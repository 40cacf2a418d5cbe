//! Checks of a folder whose kind only its manifest tells.

use std::path::Path;

use crate::{
    Artifact, Battles, Eft, Error, Eval, HandOver, Ift, Judgments, Kind, Manifest, Model, Pairs,
    Prompts, RefLogps, Responses, Study, Unpaired, UnpairedRefLogps,
};

/// Opens and verifies a folder of any kind.
///
/// # Errors
/// Those of [`Artifact::open`] and [`Artifact::verify`].
pub fn verify_dir(dir: &Path) -> Result<Manifest, Error> {
    let manifest = Manifest::read(dir)?;
    match manifest.kind.as_str() {
        Ift::NAME => verify::<Ift>(dir),
        Eft::NAME => verify::<Eft>(dir),
        Prompts::NAME => verify::<Prompts>(dir),
        Responses::NAME => verify::<Responses>(dir),
        Judgments::NAME => verify::<Judgments>(dir),
        Battles::NAME => verify::<Battles>(dir),
        Pairs::NAME => verify::<Pairs>(dir),
        Unpaired::NAME => verify::<Unpaired>(dir),
        RefLogps::NAME => verify::<RefLogps>(dir),
        UnpairedRefLogps::NAME => verify::<UnpairedRefLogps>(dir),
        Model::NAME => verify::<Model>(dir),
        HandOver::NAME => verify::<HandOver>(dir),
        Eval::NAME => verify::<Eval>(dir),
        Study::NAME => verify::<Study>(dir),
        _ => Err(Error::UnknownKind { path: dir.to_owned(), kind: manifest.kind.clone() }),
    }?;
    Ok(manifest)
}

fn verify<K: Kind>(dir: &Path) -> Result<(), Error> {
    Artifact::<K>::open(dir)?.verify()
}
