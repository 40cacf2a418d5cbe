//! Training state on disk: weights, moments and metrics, written so that a crash leaves the last whole one.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Tensor, TensorData};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use srlm_artifact::MetricsRow;
use srlm_model::Model;

use crate::error::Error;
use crate::optimizer::{Either, Moments};

const FOLDER: &str = "checkpoint";
const PARTS: [&str; 3] = ["weight", "mean", "square"];

type State = (Model, Moments, Vec<MetricsRow>);

fn failed(path: &Path) -> impl FnOnce(Box<dyn std::error::Error + Send + Sync>) -> Error + '_ {
    move |source| Error::Checkpoint { path: path.to_owned(), source }
}

/// Name, shape and bytes of a tensor.
type Stored = (String, Vec<usize>, Vec<u8>);

/// Values by parameter, in the order of the module: every trained parameter has a number there.
#[derive(Default)]
struct Collect<'a> {
    moments: Option<&'a Moments>,
    tensors: [Vec<Stored>; 3],
}

fn bytes<const D: usize>(tensor: Tensor<D>) -> Vec<u8> {
    tensor.into_data().as_bytes().to_vec()
}

impl ModuleVisitor for Collect<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        // Frozen parameters have no moments and are what the model was loaded with.
        let Some((mean, square)) = self.moments.and_then(|moments| moments.0.get(&param.id)) else { return };
        let shape = param.dims();
        let name = self.tensors[0].len().to_string();
        let parts = [
            bytes(param.val().inner()),
            bytes(mean.clone().into_tensor(shape)),
            bytes(square.clone().into_tensor(shape)),
        ];
        for (list, part) in self.tensors.iter_mut().zip(parts) {
            list.push((name.clone(), shape.to_vec(), part));
        }
    }
}

/// Writes the state after `metrics.len()` steps and drops the one before it.
pub(crate) fn save(dir: &Path, model: &Model, moments: &Moments, metrics: &[MetricsRow]) -> Result<(), Error> {
    let mut collect = Collect { moments: Some(moments), ..Collect::default() };
    model.visit(&mut collect);
    let (done, new) = (dir.join(FOLDER), dir.join(format!("{FOLDER}.new")));
    let write = || -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        if new.exists() {
            fs::remove_dir_all(&new)?;
        }
        fs::create_dir_all(&new)?;
        for (part, tensors) in PARTS.iter().zip(&collect.tensors) {
            let views = tensors
                .iter()
                .map(|(name, shape, bytes)| Ok((name, TensorView::new(Dtype::F32, shape.clone(), bytes)?)))
                .collect::<Result<Vec<_>, safetensors::SafeTensorError>>()?;
            let path = new.join(format!("{part}.safetensors"));
            safetensors::serialize_to_file(views, None, &path)?;
            fs::File::open(&path)?.sync_all()?;
        }
        fs::write(new.join("metrics.json"), serde_json::to_vec(metrics)?)?;
        fs::File::open(new.join("metrics.json"))?.sync_all()?;
        if done.exists() {
            fs::remove_dir_all(&done)?;
        }
        fs::rename(&new, &done)?;
        Ok(())
    };
    write().map_err(failed(&done))
}

struct Restore {
    parts: [HashMap<String, Vec<f32>>; 3],
    next: usize,
    moments: Moments,
}

impl ModuleMapper for Restore {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        if !param.val().is_require_grad() {
            return param;
        }
        let name = self.next.to_string();
        self.next += 1;
        let [weight, mean, square] = &mut self.parts;
        let (Some(weight), Some(mean), Some(square)) = (weight.remove(&name), mean.remove(&name), square.remove(&name))
        else {
            return param;
        };
        let (id, tensor, mapper) = param.consume();
        let old = tensor.inner();
        let (shape, device) = (old.dims(), old.device());
        let tensor = |values| Tensor::<D>::from_data(TensorData::new(values, shape), &device);
        self.moments.0.insert(id, (Either::of(tensor(mean)), Either::of(tensor(square))));
        Param::from_mapped_value(id, Tensor::from_inner(tensor(weight)).require_grad(), mapper)
    }
}

/// The last state written into `dir`, put into `model`; `None` where there is none.
pub(crate) fn load(dir: &Path, model: Model) -> Result<Option<State>, Error> {
    let mut done = dir.join(FOLDER);
    if !done.exists() {
        // A crash between removing the old state and renaming the new one leaves the new one whole.
        done = dir.join(format!("{FOLDER}.new"));
        if !done.join("metrics.json").exists() {
            return Ok(None);
        }
    }
    read(&done, model).map(Some).map_err(failed(&done))
}

fn read(done: &Path, model: Model) -> Result<State, Box<dyn std::error::Error + Send + Sync>> {
    let metrics: Vec<MetricsRow> = serde_json::from_slice(&fs::read(done.join("metrics.json"))?)?;
    let mut parts: [HashMap<String, Vec<f32>>; 3] = Default::default();
    for (name, part) in PARTS.iter().zip(&mut parts) {
        *part = read_tensors(&done.join(format!("{name}.safetensors")))?;
    }
    let mut restore = Restore { parts, next: 0, moments: Moments::default() };
    let model = model.map(&mut restore);
    Ok((model, restore.moments, metrics))
}

fn read_tensors(path: &PathBuf) -> Result<HashMap<String, Vec<f32>>, Box<dyn std::error::Error + Send + Sync>> {
    let file = fs::read(path)?;
    let tensors = SafeTensors::deserialize(&file)?;
    let values = |view: TensorView<'_>| {
        view.data().chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
    };
    let tensors: BTreeMap<String, Vec<f32>> =
        tensors.tensors().into_iter().map(|(name, view)| (name, values(view))).collect();
    Ok(tensors.into_iter().collect())
}
