//! Checks of a folder whose kind only its manifest tells.

use std::path::Path;

use crate::{
    Artifact, Battles, Eft, Error, Eval, HandOver, Ift, Judgments, Kind, Manifest, Model, Pairs,
    Prompts, RefLogps, Responses, Study, Unpaired, UnpairedRefLogps,
};

/// What was found in a folder.
#[derive(Debug)]
pub struct Found {
    /// What it says of itself, where that can be read.
    pub manifest: Option<Manifest>,
    /// All that is wrong with it.
    pub problems: Vec<Error>,
}

/// Opens and verifies a folder of any kind.
///
/// # Errors
/// Those of [`Artifact::open`] and [`Artifact::verify`].
pub fn verify_dir(dir: &Path) -> Result<Manifest, Error> {
    let Found { manifest, problems } = inspect(dir);
    match (problems.into_iter().next(), manifest) {
        (None, Some(manifest)) => Ok(manifest),
        (Some(problem), _) => Err(problem),
        (None, None) => Err(Error::Missing { path: dir.to_owned() }),
    }
}

/// Opens and verifies a folder of any kind, and goes on after the first problem.
pub fn inspect(dir: &Path) -> Found {
    let manifest = match Manifest::read(dir) {
        Ok(manifest) => manifest,
        Err(error) => return Found { manifest: None, problems: vec![error] },
    };
    let problems = match manifest.kind.as_str() {
        Ift::NAME => Artifact::<Ift>::problems(dir),
        Eft::NAME => Artifact::<Eft>::problems(dir),
        Prompts::NAME => Artifact::<Prompts>::problems(dir),
        Responses::NAME => Artifact::<Responses>::problems(dir),
        Judgments::NAME => Artifact::<Judgments>::problems(dir),
        Battles::NAME => Artifact::<Battles>::problems(dir),
        Pairs::NAME => Artifact::<Pairs>::problems(dir),
        Unpaired::NAME => Artifact::<Unpaired>::problems(dir),
        RefLogps::NAME => Artifact::<RefLogps>::problems(dir),
        UnpairedRefLogps::NAME => Artifact::<UnpairedRefLogps>::problems(dir),
        Model::NAME => Artifact::<Model>::problems(dir),
        HandOver::NAME => Artifact::<HandOver>::problems(dir),
        Eval::NAME => Artifact::<Eval>::problems(dir),
        Study::NAME => Artifact::<Study>::problems(dir),
        _ => vec![Error::UnknownKind { path: dir.to_owned(), kind: manifest.kind.clone() }],
    };
    Found { manifest: Some(manifest), problems }
}
