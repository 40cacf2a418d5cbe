//! LoRA and DoRA against PEFT's logits, gradients and merged weights: `tests/fixtures/adapters.py`.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Device, Gradients, Tensor, TensorData};
use serde_json::Value;
use srlm_model::{LoraConfig, Model, PackedSequences, TrainingPass};

use crate::curves::{fixture, tiny_llama};
use crate::reference::{close, ids};

fn names(model: &Model) -> Vec<String> {
    let mut names = Vec::new();
    model.for_each_tensor(|name, _| names.push(name.trim_end_matches(".weight").to_owned()));
    names
}

/// Puts the fixture's values into A and B.
fn filled(model: Model, modules: &[&str]) -> Model {
    struct Fill<'a> {
        names: std::vec::IntoIter<String>,
        modules: &'a [&'a str],
    }
    impl ModuleMapper for Fill<'_> {
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let name = self.names.next().unwrap();
            let Some((module, part)) = name.split_once(".adapter.") else { return param };
            let (first, scale) = match part {
                "lora_a" => (100.0, 0.25),
                "lora_b" => (101.0, 0.1),
                _ => return param,
            };
            let j = self.modules.iter().position(|&m| m == module).unwrap() as f64;
            let shape = param.dims();
            let value = |k: usize| {
                let k = k as f64;
                (scale * (0.7 * (first + 2.0 * j + 1.0) + 0.0123 * k * k).sin()) as f32
            };
            let values: Vec<f32> = (0..shape.iter().product()).map(value).collect();
            let tensor = Tensor::from_data(TensorData::new(values, shape), &param.val().device());
            Param::initialized(param.id, tensor.require_grad())
        }
    }
    let names = names(&model).into_iter();
    model.map(&mut Fill { names, modules })
}

/// A norm and some entries.
fn check(what: &str, ours: &[f32], expected: &Value, tolerance: f64) {
    let norm = ours.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt();
    close(
        &format!("{what}: norm"),
        norm,
        expected["norm"].as_f64().unwrap(),
        tolerance * norm.max(1.0),
    );
    for entry in expected["entries"].as_array().into_iter().flatten() {
        let index = entry["index"].as_u64().unwrap() as usize;
        close(
            &format!("{what}[{index}]"),
            f64::from(ours[index]),
            entry["value"].as_f64().unwrap(),
            tolerance,
        );
    }
}

/// Gradient of every trained parameter by name.
fn gradients(model: &Model, gradients: &Gradients) -> BTreeMap<String, Vec<f32>> {
    struct Read<'a>(std::vec::IntoIter<String>, &'a Gradients, BTreeMap<String, Vec<f32>>);
    impl ModuleVisitor for Read<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let name = self.0.next().unwrap();
            if let Some(gradient) = param.val().grad(self.1) {
                self.2.insert(name, gradient.into_data().try_into_vec().unwrap());
            }
        }
    }
    let mut read = Read(names(model).into_iter(), gradients, BTreeMap::new());
    model.visit(&mut read);
    read.2
}

#[test]
fn logits_gradients_and_merged_weights_are_those_of_peft() {
    let fixture = fixture("adapters.json");
    let modules: Vec<&str> =
        fixture["modules"].as_array().unwrap().iter().map(|m| m.as_str().unwrap()).collect();
    let sequences: Vec<(Vec<u32>, usize)> = fixture["sequences"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| (ids(&s["ids"]), s["response_start"].as_u64().unwrap() as usize))
        .collect();
    for case in fixture["cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        // The scale of rank-stabilized LoRA is another alpha here.
        let rank = fixture["rank"].as_u64().unwrap() as usize;
        let alpha = case["scale"].as_f64().unwrap() * rank as f64;
        let config = LoraConfig { rank, alpha, dora: name == "dora", ..LoraConfig::default() };
        let base = tiny_llama(&fixture["weights"]["tensors"], &Device::flex().autodiff());
        let model = filled(base.with_lora(&config), &modules);
        for ((ids, _), expected) in sequences.iter().zip(case["logits"].as_array().unwrap()) {
            let packed = PackedSequences::new(&[ids]);
            let hidden = model.hidden(&packed.ids, &std::sync::Arc::new(packed.layout.clone()));
            let logits: Vec<f32> = model.logits(hidden).into_data().try_into_vec().unwrap();
            check(&format!("{name} logits"), &logits, expected, 2e-5);
        }
        let views: Vec<&[u32]> = sequences.iter().map(|(ids, _)| ids.as_slice()).collect();
        let starts: Vec<usize> = sequences.iter().map(|(_, start)| *start).collect();
        let packed = PackedSequences::inputs_of(&views);
        let scored = packed.scored(&views, &starts);
        let (mut value, mut found) = (0.0, BTreeMap::new());
        let loss = |logps: Tensor<1>| {
            let loss = -logps.mean();
            value = f64::from(loss.clone().into_scalar::<f32>());
            loss
        };
        model.backward((&packed, &scored), &TrainingPass::default(), loss, &mut |parts| {
            found = gradients(&model, &parts);
        });
        close("loss", value, case["loss"].as_f64().unwrap(), 1e-5);
        let mut n = 0;
        for (module, parts) in case["gradients"].as_object().unwrap() {
            for (part, expected) in parts.as_object().unwrap() {
                let ours = match part.as_str() {
                    "lora_A" => "lora_a",
                    "lora_B" => "lora_b",
                    _ => "lora_magnitude_vector",
                };
                let key = format!("{module}.adapter.{ours}");
                check(&format!("{name} gradient of {key}"), &found[&key], expected, 1e-5);
                n += 1;
            }
        }
        assert_eq!((n, found.len()), if name == "dora" { (42, 42) } else { (28, 28) });
        let merged = model.merge_lora();
        for (module, expected) in case["merged"].as_object().unwrap() {
            merged.for_each_tensor(|name, source| {
                if name == format!("{module}.weight") {
                    check(&format!("merged {module}"), &source.values(), expected, 1e-5);
                }
            });
        }
    }
}
