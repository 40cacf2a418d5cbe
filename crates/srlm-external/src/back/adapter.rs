//! A PEFT adapter, and its merge.

use std::fs;
use std::path::Path;

use rayon::prelude::*;
use serde_json::Value;
use srlm_checkpoint::{Checkpoint, read_safetensors};

use super::Named;
use crate::error::{Error, io};

/// LoRA or DoRA updates by the Hugging Face name of the weight that they change.
#[derive(Debug)]
pub(super) struct Adapter {
    updates: Named<Update>,
    rank: usize,
    scale: f32,
}

/// The update of one weight of `[output, input]`.
#[derive(Debug, Default)]
struct Update {
    /// `[rank, input]`.
    a: Vec<f32>,
    /// `[output, rank]`.
    b: Vec<f32>,
    /// `[output]`, with DoRA.
    magnitude: Option<Vec<f32>>,
}

impl Adapter {
    /// Reads `adapter_config.json` and `adapter_model.safetensors`, and checks every tensor against
    /// the base.
    pub(super) fn open(dir: &Path, base: &Checkpoint) -> Result<Self, Error> {
        let path = dir.join("adapter_config.json");
        let bytes = fs::read(&path).map_err(io("read", &path))?;
        let config: Value = serde_json::from_slice(&bytes)
            .map_err(|source| Error::Json { path: path.clone(), source })?;
        let (rank, scale) = settings(&path, &config)?;
        let weights = dir.join("adapter_model.safetensors");
        let failed = |source| Error::NotAModel { path: dir.to_owned(), source };
        let mut adapter = Self { updates: Named::new(), rank, scale };
        for (name, shape, values) in read_safetensors(&weights).map_err(failed)? {
            adapter.add(&weights, base, &name, &shape, values)?;
        }
        let dora = config["use_dora"] == true;
        let incomplete = adapter.updates.iter().find(|(_, update)| {
            update.a.is_empty() || update.b.is_empty() || update.magnitude.is_some() != dora
        });
        match incomplete {
            Some((name, _)) => Err(refused(
                &weights,
                name,
                "incomplete",
                "it needs lora_A and lora_B, and with use_dora a magnitude",
            )),
            None => Ok(adapter),
        }
    }

    fn add(
        &mut self,
        path: &Path,
        base: &Checkpoint,
        name: &str,
        shape: &[usize],
        values: Vec<f32>,
    ) -> Result<(), Error> {
        let unknown = || {
            refused(
                path,
                name,
                "no tensor of a LoRA adapter over this model",
                "train from its `model` folder",
            )
        };
        let (weight, part) = split(name).ok_or_else(unknown)?;
        let Some(&[output, input]) = base.config.tensor_shape(&weight).as_deref() else {
            return Err(unknown());
        };
        let expected: &[usize] = match part {
            Part::A => &[self.rank, input],
            Part::B => &[output, self.rank],
            Part::Magnitude => &[output],
        };
        // PEFT has saved magnitudes with an axis of one more.
        let n: usize = expected.iter().product();
        if values.len() != n || (part != Part::Magnitude && shape != expected) {
            return Err(refused(
                path,
                name,
                &format!("{shape:?}"),
                &format!("it must be {expected:?}"),
            ));
        }
        let update = self.updates.entry(weight).or_default();
        match part {
            Part::A => update.a = values,
            Part::B => update.b = values,
            Part::Magnitude => update.magnitude = Some(values),
        }
        Ok(())
    }

    /// `W + scale B A`; with DoRA each row is given its magnitude.
    pub(super) fn merge(&self, name: &str, shape: &[usize], weight: &mut [f32]) {
        let (Some(update), &[_, input]) = (self.updates.get(name), shape) else { return };
        weight.par_chunks_mut(input).enumerate().for_each(|(row, weight)| {
            for (r, &b) in update.b[row * self.rank..][..self.rank].iter().enumerate() {
                let factor = self.scale * b;
                weight.iter_mut().zip(&update.a[r * input..]).for_each(|(w, a)| *w += factor * a);
            }
            if let Some(magnitude) = &update.magnitude {
                let norm = weight.iter().map(|&w| f64::from(w).powi(2)).sum::<f64>().sqrt();
                let factor = (f64::from(magnitude[row]) / norm) as f32;
                weight.iter_mut().for_each(|w| *w *= factor);
            }
        });
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Part {
    A,
    B,
    Magnitude,
}

/// `base_model.model.model.layers.0.mlp.up_proj.lora_A.weight` is part `A` of
/// `model.layers.0.mlp.up_proj.weight`.
fn split(name: &str) -> Option<(String, Part)> {
    let name = name.strip_prefix("base_model.model.")?;
    let name = name.strip_suffix(".weight").unwrap_or(name);
    let (module, part) = name.rsplit_once('.')?;
    let part = match part {
        "lora_A" => Part::A,
        "lora_B" => Part::B,
        "lora_magnitude_vector" => Part::Magnitude,
        _ => return None,
    };
    Some((format!("{module}.weight"), part))
}

/// Rank and scale; what changes the merge in a way that is not known is refused.
fn settings(path: &Path, config: &Value) -> Result<(usize, f32), Error> {
    let allowed: [(&str, &[Value]); 6] = [
        ("peft_type", &[Value::from("LORA")]),
        ("bias", &[Value::from("none")]),
        ("fan_in_fan_out", &[Value::Bool(false)]),
        ("modules_to_save", &[Value::Null, Value::Array(Vec::new())]),
        ("rank_pattern", &[Value::Null, Value::Object(serde_json::Map::new())]),
        ("alpha_pattern", &[Value::Null, Value::Object(serde_json::Map::new())]),
    ];
    for (key, values) in allowed {
        let found = &config[key];
        let absent = found.is_null() && key != "peft_type";
        if !absent && !values.contains(found) {
            return Err(refused(
                path,
                key,
                &found.to_string(),
                &format!("merged are adapters with {}", values[0]),
            ));
        }
    }
    let rank = config["r"].as_u64().filter(|&rank| rank > 0);
    let rank = rank.ok_or_else(|| {
        refused(path, "r", &config["r"].to_string(), "it must be a number from 1 up")
    })?;
    let alpha = config["lora_alpha"].as_f64().filter(|alpha| alpha.is_finite());
    let alpha = alpha.ok_or_else(|| {
        refused(path, "lora_alpha", &config["lora_alpha"].to_string(), "it must be a number")
    })?;
    let divisor = if config["use_rslora"] == true { (rank as f64).sqrt() } else { rank as f64 };
    Ok((rank as usize, (alpha / divisor) as f32))
}

fn refused(path: &Path, key: &str, found: &str, reason: &str) -> Error {
    Error::Adapter {
        path: path.to_owned(),
        key: key.to_owned(),
        found: found.to_owned(),
        reason: reason.to_owned(),
    }
}
