//! Weights in and out: a parameter's path in the module is its Hugging Face name.

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Device, Tensor, TensorData};
use srlm_checkpoint::Checkpoint;

use crate::error::Error;
use crate::model::Model;

/// Keeps the path of the module being walked.
#[derive(Default)]
struct Path(Vec<String>);

impl Path {
    /// The Hugging Face name of the parameter that is walked.
    fn tensor_name(&self) -> String {
        let path = self.0.join(".");
        if path.starts_with("lm_head") { path } else { format!("model.{path}") }
    }
}

struct Loader<'a> {
    checkpoint: &'a Checkpoint,
    device: &'a Device,
    /// Tensors that are not read.
    skipped: &'a dyn Fn(&str) -> bool,
    path: Path,
    error: Option<srlm_checkpoint::Error>,
}

impl ModuleMapper for Loader<'_> {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.0.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.0.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let name = self.path.tensor_name();
        if self.error.is_some() || (self.skipped)(&name) {
            return param;
        }
        match self.checkpoint.tensor(&name) {
            Ok((shape, values)) => {
                let tensor = Tensor::from_data(TensorData::new(values, shape), self.device);
                let tensor = if self.device.is_autodiff() { tensor.require_grad() } else { tensor };
                Param::initialized(param.id, tensor)
            }
            Err(error) => {
                self.error = Some(error);
                param
            }
        }
    }
}

/// Reads every tensor but the `skipped` ones, which stay zeros.
pub(crate) fn load(
    checkpoint: &Checkpoint,
    device: &Device,
    skipped: &dyn Fn(&str) -> bool,
) -> Result<Model, Error> {
    checkpoint.verify()?;
    let mut loader = Loader { checkpoint, device, skipped, path: Path::default(), error: None };
    let model = Model::zeros(&checkpoint.config, device).map(&mut loader);
    match loader.error {
        Some(error) => Err(error.into()),
        None => Ok(model),
    }
}

/// A visitor over named parameters.
struct Named<F> {
    path: Path,
    f: F,
}

impl<F: FnMut(String, TensorSource<'_>)> ModuleVisitor for Named<F> {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.0.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.0.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let read = || param.val().into_data().try_to_vec::<f32>().expect("parameters are f32");
        (self.f)(
            self.path.tensor_name(),
            TensorSource { shape: param.dims().to_vec(), read: &read },
        );
    }
}

/// A parameter whose values are read only when asked for.
pub struct TensorSource<'a> {
    /// Its shape.
    pub shape: Vec<usize>,
    read: &'a dyn Fn() -> Vec<f32>,
}

impl TensorSource<'_> {
    /// The values, row-major.
    pub fn values(&self) -> Vec<f32> {
        (self.read)()
    }
}

impl Model {
    /// Calls `f` with the Hugging Face name of every parameter, in the order of the module.
    pub fn for_each_tensor(&self, f: impl FnMut(String, TensorSource<'_>)) {
        self.visit(&mut Named { path: Path::default(), f });
    }
}
