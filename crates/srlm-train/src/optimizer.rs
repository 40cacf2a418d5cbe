//! AdamW over a module's parameters, with accumulation and clipping by the global norm.

use std::collections::HashMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::tensor::{Device, Gradients, Tensor};
use srlm_model::{AdamW, Model, adamw_step, sum_of_squares};
use srlm_settings::TrainConfig;

/// A tensor of either rank that a parameter has.
#[derive(Clone, Debug)]
pub(crate) enum Either {
    Vector(Tensor<1>),
    Matrix(Tensor<2>),
}

impl Either {
    pub(crate) fn of<const D: usize>(tensor: Tensor<D>) -> Self {
        match D {
            1 => Self::Vector(tensor.reshape([-1])),
            2 => {
                let [rows, cols]: [usize; 2] = std::array::from_fn(|i| tensor.dims()[i]);
                Self::Matrix(tensor.reshape([rows, cols]))
            }
            _ => unreachable!("parameters are vectors and matrices"),
        }
    }

    pub(crate) fn into_tensor<const D: usize>(self, shape: [usize; D]) -> Tensor<D> {
        match self {
            Self::Vector(tensor) => tensor.reshape(shape),
            Self::Matrix(tensor) => tensor.reshape(shape),
        }
    }
}

/// Gradients of one step, summed over its passes.
#[derive(Default)]
pub(crate) struct Accumulated(HashMap<ParamId, Either>);

struct Accumulate<'a> {
    gradients: &'a mut Gradients,
    sums: &'a mut HashMap<ParamId, Either>,
}

impl ModuleVisitor for Accumulate<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let Some(gradient) = param.val().grad_remove(self.gradients) else { return };
        let sum = match self.sums.remove(&param.id) {
            Some(sum) => sum.into_tensor(param.dims()) + gradient,
            None => gradient,
        };
        self.sums.insert(param.id, Either::of(sum));
    }
}

impl Accumulated {
    pub(crate) fn add(&mut self, model: &Model, mut gradients: Gradients) {
        model.visit(&mut Accumulate { gradients: &mut gradients, sums: &mut self.0 });
    }

    /// Adds what another device summed.
    pub(crate) fn add_moved(&mut self, other: Self, device: &Device) {
        let device = device.clone().inner();
        for (id, gradient) in other.0 {
            let sum = match (self.0.remove(&id), gradient) {
                (None, Either::Vector(g)) => Either::Vector(g.to_device(&device)),
                (None, Either::Matrix(g)) => Either::Matrix(g.to_device(&device)),
                (Some(Either::Vector(sum)), Either::Vector(g)) => {
                    Either::Vector(sum + g.to_device(&device))
                }
                (Some(Either::Matrix(sum)), Either::Matrix(g)) => {
                    Either::Matrix(sum + g.to_device(&device))
                }
                _ => unreachable!("a parameter has one rank on all devices"),
            };
            self.0.insert(id, sum);
        }
    }

    /// Euclidean norm over all parameters.
    pub(crate) fn norm(&self, model: &Model) -> f64 {
        struct Norm<'a>(&'a HashMap<ParamId, Either>, f64);
        impl ModuleVisitor for Norm<'_> {
            fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
                if let Some(gradient) = self.0.get(&param.id) {
                    let squares = match gradient.clone() {
                        Either::Vector(gradient) => sum_of_squares(gradient),
                        Either::Matrix(gradient) => sum_of_squares(gradient),
                    };
                    self.1 += f64::from(squares.into_scalar::<f32>());
                }
            }
        }
        let mut norm = Norm(&self.0, 0.0);
        model.visit(&mut norm);
        norm.1.sqrt()
    }
}

/// Running means of the gradient and of its square for every trained parameter.
#[derive(Default)]
pub(crate) struct Moments(pub(crate) HashMap<ParamId, (Either, Either)>);

struct Step<'a> {
    gradients: &'a mut HashMap<ParamId, Either>,
    moments: &'a mut HashMap<ParamId, (Either, Either)>,
    step: AdamW,
}

impl ModuleMapper for Step<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(gradient) = self.gradients.remove(&param.id) else { return param };
        let (id, tensor, mapper) = param.consume();
        let weight = tensor.inner();
        let shape = weight.dims();
        let (mean, square) = match self.moments.remove(&id) {
            Some((mean, square)) => (mean.into_tensor(shape), square.into_tensor(shape)),
            None => (weight.zeros_like(), weight.zeros_like()),
        };
        let (weight, mean, square) =
            adamw_step([weight, gradient.into_tensor(shape), mean, square], self.step);
        self.moments.insert(id, (Either::of(mean), Either::of(square)));
        Param::from_mapped_value(id, Tensor::from_inner(weight).require_grad(), mapper)
    }
}

impl Moments {
    /// One step; the gradient is scaled down when its norm exceeds `max_grad_norm`, over all
    /// parameters together.
    pub(crate) fn step(
        &mut self,
        model: Model,
        gradients: Accumulated,
        (norm, config, step, learning_rate): (f64, &TrainConfig, u32, f64),
    ) -> Model {
        let clipped = config.max_grad_norm > 0.0 && norm > config.max_grad_norm;
        let step = AdamW {
            learning_rate: learning_rate as f32,
            beta1: config.adam_beta1 as f32,
            beta2: config.adam_beta2 as f32,
            epsilon: config.adam_epsilon as f32,
            weight_decay: config.weight_decay as f32,
            step,
            // As torch.nn.utils.clip_grad_norm_ computes it.
            grad_scale: if clipped { (config.max_grad_norm / (norm + 1e-6)) as f32 } else { 1.0 },
        };
        let mut gradients = gradients.0;
        model.map(&mut Step { gradients: &mut gradients, moments: &mut self.0, step })
    }
}

/// Global norm of gradients that come in parts, for checks.
pub fn gradient_norm(model: &Model, parts: impl IntoIterator<Item = Gradients>) -> f64 {
    let mut accumulated = Accumulated::default();
    parts.into_iter().for_each(|gradients| accumulated.add(model, gradients));
    accumulated.norm(model)
}
