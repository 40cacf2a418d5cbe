//! Preference losses by the names of TRL, which axolotl passes on.

use serde_json::json;
use srlm_settings::{DpoConfig, LossType, NamedLoss};

use super::unsupported;
use crate::config::Tool;
use crate::error::Error;

/// TRL's names of the losses of a table that its DPO trainer has.
pub(crate) fn names(tool: Tool, preference: &DpoConfig) -> Result<Vec<&'static str>, Error> {
    let smoothing = preference.label_smoothing;
    preference.loss_type.iter().map(|&loss| name(tool, loss, smoothing)).collect()
}

fn name(tool: Tool, named: NamedLoss, smoothing: f64) -> Result<&'static str, Error> {
    let other = "train with engine = \"self\", or set another loss";
    let Some(loss) = named.pair() else {
        return Err(unsupported(tool, "loss_type", json!(named).to_string(), other));
    };
    let remedy = match loss {
        LossType::Sigmoid if smoothing > 0.0 => {
            return Err(unsupported(
                tool,
                "label_smoothing",
                format!("{smoothing:?}"),
                "its sigmoid loss leaves label smoothing out; set loss_type = [\"robust\"] or label_smoothing = 0.0",
            ));
        }
        LossType::Sigmoid => return Ok("sigmoid"),
        LossType::Robust => return Ok("robust"),
        LossType::Hinge => return Ok("hinge"),
        LossType::IpoMean => return Ok("ipo"),
        LossType::SigmoidNorm => return Ok("sigmoid_norm"),
        LossType::ApoZero => return Ok("apo_zero"),
        LossType::ApoDown => return Ok("apo_down"),
        LossType::Nll => return Ok("sft"),
        LossType::Ipo => "its IPO divides log-ratios by token counts; that loss is \"ipo_mean\"",
        LossType::Simpo => {
            "train with tool = \"axolotl\" and simpo as the only loss, or with engine = \"self\""
        }
        LossType::Orpo => other,
    };
    Err(unsupported(tool, "loss_type", json!(named).to_string(), remedy))
}

/// Why a loss is not quite ours; empty where it is.
pub(crate) fn caveat(preference: &DpoConfig, per_process: usize) -> &'static str {
    let has_nll = preference.loss_type.contains(&LossType::Nll.into());
    if has_nll && per_process > 1 {
        "`sft` is our `nll`, but averages over the tokens of a pass, where ours averages over pairs: they are equal with\n\
         external.micro_batch_size = 1."
    } else {
        ""
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(loss: impl Into<NamedLoss>, label_smoothing: f64) -> DpoConfig {
        DpoConfig { loss_type: vec![loss.into()], label_smoothing, ..DpoConfig::default() }
    }

    #[test]
    fn losses_have_the_names_of_what_computes_the_same() {
        for (ours, theirs) in [
            (LossType::Sigmoid, "sigmoid"),
            (LossType::Robust, "robust"),
            (LossType::Hinge, "hinge"),
            (LossType::IpoMean, "ipo"),
            (LossType::SigmoidNorm, "sigmoid_norm"),
            (LossType::ApoZero, "apo_zero"),
            (LossType::ApoDown, "apo_down"),
            (LossType::Nll, "sft"),
        ] {
            assert_eq!(names(Tool::Trl, &table(ours, 0.0)).unwrap(), [theirs]);
        }
    }

    #[test]
    fn losses_without_a_counterpart_are_refused_with_a_remedy() {
        let refused =
            |loss, smoothing| names(Tool::Trl, &table(loss, smoothing)).unwrap_err().to_string();
        insta::assert_snapshot!(refused(LossType::Ipo, 0.0), @r#"trl has no counterpart of loss_type = "ipo": its IPO divides log-ratios by token counts; that loss is "ipo_mean""#);
        insta::assert_snapshot!(refused(LossType::Sigmoid, 0.1), @r#"trl has no counterpart of label_smoothing = 0.1: its sigmoid loss leaves label smoothing out; set loss_type = ["robust"] or label_smoothing = 0.0"#);
        insta::assert_snapshot!(refused(LossType::Orpo, 0.0), @r#"trl has no counterpart of loss_type = "orpo": train with engine = "self", or set another loss"#);
    }
}
