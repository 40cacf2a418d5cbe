//! A running mean of the weights.

use std::collections::HashMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::tensor::Tensor;
use srlm_model::Model;

use crate::optimizer::Either;

/// `mean = decay * mean + (1 - decay) * weight` after every step, for every trained parameter; it
/// starts at the weights that training starts from.
#[derive(Default)]
pub(crate) struct Ema(pub(crate) HashMap<ParamId, Either>);

impl Ema {
    /// The weights as they are.
    pub(crate) fn of(model: &Model) -> Self {
        let mut ema = Self::default();
        model.visit(&mut Update { means: &mut ema.0, decay: 0.0 });
        ema
    }

    pub(crate) fn update(&mut self, model: &Model, decay: f64) {
        model.visit(&mut Update { means: &mut self.0, decay });
    }

    /// `model` with the means in place of its weights.
    pub(crate) fn applied(&self, model: Model) -> Model {
        model.map(&mut Apply(&self.0))
    }
}

struct Update<'a> {
    means: &'a mut HashMap<ParamId, Either>,
    decay: f64,
}

impl ModuleVisitor for Update<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if !param.val().is_require_grad() {
            return;
        }
        let weight = param.val().inner();
        let mean = match self.means.remove(&param.id) {
            Some(mean) => mean.into_tensor(param.dims()) * self.decay + weight * (1.0 - self.decay),
            None => weight,
        };
        self.means.insert(param.id, Either::of(mean));
    }
}

struct Apply<'a>(&'a HashMap<ParamId, Either>);

impl ModuleMapper for Apply<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(mean) = self.0.get(&param.id) else { return param };
        let (id, tensor, mapper) = param.consume();
        let mean = mean.clone().into_tensor(tensor.dims());
        Param::from_mapped_value(id, Tensor::from_inner(mean).require_grad(), mapper)
    }
}
