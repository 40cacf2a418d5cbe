//! Training state on disk: weights, moments and metrics, written so that a crash leaves the last
//! whole one.

use std::collections::HashMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::tensor::{Tensor, TensorData};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use srlm_artifact::{MetricsRow, check_seal, seal};
use srlm_model::Model;

use crate::ema::Ema;
use crate::error::Error;
use crate::optimizer::{Either, Moments};

const RESUME: &str = "checkpoint";
const BEST: &str = "checkpoint-best";
/// Written last into a folder and removed first: one that has it is whole. It holds the hash of
/// each file beside it.
const WHOLE: &str = "whole";

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// All that the next step depends on.
pub(crate) struct State {
    pub(crate) model: Model,
    pub(crate) moments: Moments,
    pub(crate) ema: Option<Ema>,
    pub(crate) metrics: Vec<MetricsRow>,
}

impl State {
    /// Before the first step.
    pub(crate) fn start(model: Model, with_ema: bool) -> Self {
        let ema = with_ema.then(|| Ema::of(&model));
        Self { model, moments: Moments::default(), ema, metrics: Vec::new() }
    }

    /// The weights that training would return now.
    pub(crate) fn result(&self) -> Model {
        match &self.ema {
            Some(ema) => ema.applied(self.model.clone()),
            None => self.model.clone(),
        }
    }
}

fn failed(path: &Path) -> impl FnOnce(Failure) -> Error + '_ {
    move |source| Error::Checkpoint { path: path.to_owned(), source }
}

/// Name, shape and bytes of the tensors of a file, each parameter named by its number among the
/// trained ones.
type Stored = Vec<(String, Vec<usize>, Vec<u8>)>;

/// A value for every trained parameter, in the order of the module.
struct Collect<'a> {
    value: &'a dyn Fn(ParamId) -> Option<Either>,
    tensors: Stored,
}

impl ModuleVisitor for Collect<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if !param.val().is_require_grad() {
            return;
        }
        let shape = param.dims();
        let value = match (self.value)(param.id) {
            Some(value) => value.into_tensor(shape),
            None => param.val().inner(),
        };
        self.tensors.push((
            self.tensors.len().to_string(),
            shape.to_vec(),
            value.into_data().as_bytes().to_vec(),
        ));
    }
}

fn collect(model: &Model, value: &dyn Fn(ParamId) -> Option<Either>) -> Stored {
    let mut collect = Collect { value, tensors: Vec::new() };
    model.visit(&mut collect);
    collect.tensors
}

fn write_tensors(path: &Path, tensors: &Stored) -> Result<(), Failure> {
    let views = tensors
        .iter()
        .map(|(name, shape, bytes)| Ok((name, TensorView::new(Dtype::F32, shape.clone(), bytes)?)))
        .collect::<Result<Vec<_>, safetensors::SafeTensorError>>()?;
    safetensors::serialize_to_file(views, None, path)?;
    Ok(fs::File::open(path)?.sync_all()?)
}

/// Replaces `dir/name` by a folder that `write` fills; a crash leaves the old or the new one whole.
fn replace(
    dir: &Path,
    name: &str,
    write: impl FnOnce(&Path) -> Result<(), Failure>,
) -> Result<(), Error> {
    let (done, new) = (dir.join(name), dir.join(format!("{name}.new")));
    let written = || -> Result<(), Failure> {
        if new.join(WHOLE).exists() {
            // An attempt was killed in the middle of this.
            take_place(&new, &done)?;
        }
        if new.exists() {
            fs::remove_dir_all(&new)?;
        }
        fs::create_dir_all(&new)?;
        write(&new)?;
        seal(dir, &new)?;
        Ok(take_place(&new, &done)?)
    };
    written().map_err(failed(&done))
}

fn take_place(new: &Path, done: &Path) -> std::io::Result<()> {
    if done.exists() {
        // First, as a crash may leave a part of the rest.
        match fs::remove_file(done.join(WHOLE)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => fs::remove_dir_all(done)?,
        }
    }
    fs::rename(new, done)
}

/// The folder that [`replace`] wrote last.
fn whole(dir: &Path, name: &str) -> Option<PathBuf> {
    [format!("{name}.new"), name.to_owned()]
        .iter()
        .map(|name| dir.join(name))
        .find(|at| at.join(WHOLE).exists())
}

/// Writes the state and drops the one before it.
pub(crate) fn save(dir: &Path, state: &State) -> Result<(), Error> {
    let State { model, moments, ema, metrics } = state;
    replace(dir, RESUME, |new| {
        let mean = |id| moments.0.get(&id).map(|(mean, _)| mean.clone());
        let square = |id| moments.0.get(&id).map(|(_, square)| square.clone());
        write_tensors(&new.join("weight.safetensors"), &collect(model, &|_| None))?;
        write_tensors(&new.join("mean.safetensors"), &collect(model, &mean))?;
        write_tensors(&new.join("square.safetensors"), &collect(model, &square))?;
        if let Some(ema) = ema {
            write_tensors(
                &new.join("ema.safetensors"),
                &collect(model, &|id| ema.0.get(&id).cloned()),
            )?;
        }
        fs::write(new.join("metrics.json"), serde_json::to_vec(metrics)?)?;
        Ok(fs::File::open(new.join("metrics.json"))?.sync_all()?)
    })
}

/// Writes the best weights so far and drops those before them.
pub(crate) fn save_best(dir: &Path, model: &Model) -> Result<(), Error> {
    replace(dir, BEST, |new| {
        write_tensors(&new.join("weight.safetensors"), &collect(model, &|_| None))
    })
}

/// The last state written into `dir`, put into the model of `start`; `None` where there is none.
pub(crate) fn load(dir: &Path, start: &State) -> Result<Option<State>, Error> {
    let Some(done) = whole(dir, RESUME) else { return Ok(None) };
    check_seal(dir, &done)
        .map_err(Failure::from)
        .and_then(|()| read(&done, start))
        .map(Some)
        .map_err(failed(&done))
}

/// `model` with the best weights.
pub(crate) fn load_best(dir: &Path, model: Model) -> Result<Model, Error> {
    let at = whole(dir, BEST).unwrap_or_else(|| dir.join(BEST));
    check_seal(dir, &at)
        .map_err(Failure::from)
        .and_then(|()| read_tensors(&at.join("weight.safetensors")))
        .map(|tensors| restore(model, tensors).0)
        .map_err(failed(&at))
}

fn read(done: &Path, start: &State) -> Result<State, Failure> {
    let file = |name: &str| read_tensors(&done.join(format!("{name}.safetensors")));
    // One file after the other: no more than one copy beside the state itself.
    let (_, mut means) = restore(start.model.clone(), file("mean")?);
    let (_, mut squares) = restore(start.model.clone(), file("square")?);
    let ema = match &start.ema {
        Some(_) => Some(Ema(restore(start.model.clone(), file("ema")?).1)),
        None => None,
    };
    let (model, weights) = restore(start.model.clone(), file("weight")?);
    let moments = weights
        .keys()
        .filter_map(|id| Some((*id, (means.remove(id)?, squares.remove(id)?))))
        .collect();
    let metrics = serde_json::from_slice(&fs::read(done.join("metrics.json"))?)?;
    Ok(State { model, moments: Moments(moments), ema, metrics })
}

/// Puts values into the trained parameters, and keeps them by parameter.
struct Restore {
    values: HashMap<String, Vec<f32>>,
    next: usize,
    kept: HashMap<ParamId, Either>,
}

impl ModuleMapper for Restore {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if !param.val().is_require_grad() {
            return param;
        }
        let name = self.next.to_string();
        self.next += 1;
        let Some(values) = self.values.remove(&name) else { return param };
        let (id, tensor, mapper) = param.consume();
        let old = tensor.inner();
        let tensor = Tensor::<D>::from_data(TensorData::new(values, old.dims()), &old.device());
        self.kept.insert(id, Either::of(tensor.clone()));
        Param::from_mapped_value(id, Tensor::from_inner(tensor).require_grad(), mapper)
    }
}

fn restore(model: Model, values: HashMap<String, Vec<f32>>) -> (Model, HashMap<ParamId, Either>) {
    let mut restore = Restore { values, next: 0, kept: HashMap::new() };
    let model = model.map(&mut restore);
    (model, restore.kept)
}

fn read_tensors(path: &Path) -> Result<HashMap<String, Vec<f32>>, Failure> {
    let file = fs::read(path)?;
    let tensors = SafeTensors::deserialize(&file)?;
    let values = |view: TensorView<'_>| {
        view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
    };
    Ok(tensors.tensors().into_iter().map(|(name, view)| (name, values(view))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(dir: &Path) -> Option<String> {
        whole(dir, RESUME).map(|at| fs::read_to_string(at.join("state")).unwrap())
    }

    fn write(text: &'static str) -> impl FnOnce(&Path) -> Result<(), Failure> {
        move |new| Ok(fs::write(new.join("state"), text)?)
    }

    #[test]
    fn every_damage_to_a_checkpoint_is_named_with_its_remedy() {
        let damages: [fn(&Path); 6] = [
            |done| fs::write(done.join("state"), "2").unwrap(),
            |done| fs::write(done.join("state"), "").unwrap(),
            |done| fs::remove_file(done.join("state")).unwrap(),
            |done| fs::write(done.join("another"), "").unwrap(),
            |done| fs::write(done.join(WHOLE), "").unwrap(),
            |done| fs::write(done.join("../recipe.json"), "{}").unwrap(),
        ];
        for (i, damage) in damages.into_iter().enumerate() {
            let run = tempfile::tempdir().unwrap();
            fs::write(run.path().join("run.toml"), "").unwrap();
            let dir = run.path().join("m2.partial");
            fs::create_dir(&dir).unwrap();
            fs::write(dir.join("recipe.json"), "{\"key\":1}").unwrap();
            replace(&dir, RESUME, write("1")).unwrap();
            let done = dir.join(RESUME);
            assert!(check_seal(&dir, &done).is_ok());
            damage(&done);
            let error = check_seal(&dir, &done).unwrap_err().to_string();
            assert!(error.contains("is damaged") && error.contains("`--force m2`"), "{i}: {error}");
        }
    }

    #[test]
    fn a_crash_at_any_moment_leaves_the_old_or_the_new_state() {
        let dir = tempfile::tempdir().unwrap();
        let (dir, done, new) =
            (dir.path(), dir.path().join(RESUME), dir.path().join("checkpoint.new"));
        let die: fn(&Path) -> Result<(), Failure> = |new| {
            fs::write(new.join("state"), "half")?;
            Err("killed".into())
        };
        assert!(replace(dir, RESUME, die).is_err());
        assert_eq!(kept(dir), None);
        replace(dir, RESUME, write("1")).unwrap();
        replace(dir, RESUME, write("2")).unwrap();
        assert!(replace(dir, RESUME, die).is_err());
        assert_eq!(kept(dir).unwrap(), "2");

        // Killed while the old one was removed, and again at the next state.
        fs::write(new.join("state"), "3").unwrap();
        fs::write(new.join(WHOLE), "").unwrap();
        for gone in [WHOLE, "state"] {
            fs::remove_file(done.join(gone)).unwrap();
            assert_eq!(kept(dir).unwrap(), "3");
        }
        assert!(replace(dir, RESUME, die).is_err());
        assert_eq!(kept(dir).unwrap(), "3");
        replace(dir, RESUME, write("4")).unwrap();
        assert_eq!((kept(dir).unwrap().as_str(), new.exists()), ("4", false));
    }
}
