//! Preference losses by the names of TRL, which axolotl passes on.

use super::unsupported;
use crate::config::Tool;
use crate::error::Error;
use crate::training::Preference;

/// TRL's names of the losses of a table that its DPO trainer has.
pub(crate) fn names(tool: Tool, preference: &Preference) -> Result<Vec<&'static str>, Error> {
    let smoothed = preference.label_smoothing > 0.0;
    let name = |loss: &String| {
        let refuse =
            |remedy: &str| Err(unsupported(tool, "loss_type", format!("{loss:?}"), remedy));
        match loss.as_str() {
            "sigmoid" if smoothed => Err(unsupported(
                tool,
                "label_smoothing",
                format!("{:?}", preference.label_smoothing),
                "its sigmoid loss leaves label smoothing out; set loss_type = [\"robust\"] or label_smoothing = 0.0",
            )),
            "sigmoid" => Ok("sigmoid"),
            "robust" => Ok("robust"),
            "hinge" => Ok("hinge"),
            "ipo_mean" => Ok("ipo"),
            "sigmoid_norm" => Ok("sigmoid_norm"),
            "apo_zero" => Ok("apo_zero"),
            "apo_down" => Ok("apo_down"),
            "nll" => Ok("sft"),
            "ipo" => {
                refuse("its IPO divides log-ratios by token counts; that loss is \"ipo_mean\"")
            }
            "simpo" => refuse(
                "train with tool = \"axolotl\" and simpo as the only loss, or with engine = \"self\"",
            ),
            _ => refuse("train with engine = \"self\", or set another loss"),
        }
    };
    preference.loss_type.iter().map(name).collect()
}

/// Why a loss is not quite ours; empty where it is.
pub(crate) fn caveat(preference: &Preference, per_process: usize) -> &'static str {
    let has_nll = preference.loss_type.iter().any(|loss| loss == "nll");
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

    fn table(loss: &str, label_smoothing: f64) -> Preference {
        Preference {
            loss_type: vec![loss.to_owned()],
            loss_weights: vec![1.0],
            beta: 0.1,
            label_smoothing,
            simpo_gamma: 0.0,
            ld_alpha: 1.0,
        }
    }

    #[test]
    fn losses_have_the_names_of_what_computes_the_same() {
        for (ours, theirs) in [
            ("sigmoid", "sigmoid"),
            ("robust", "robust"),
            ("hinge", "hinge"),
            ("ipo_mean", "ipo"),
            ("sigmoid_norm", "sigmoid_norm"),
            ("apo_zero", "apo_zero"),
            ("apo_down", "apo_down"),
            ("nll", "sft"),
        ] {
            assert_eq!(names(Tool::Trl, &table(ours, 0.0)).unwrap(), [theirs]);
        }
    }

    #[test]
    fn losses_without_a_counterpart_are_refused_with_a_remedy() {
        let refused =
            |loss, smoothing| names(Tool::Trl, &table(loss, smoothing)).unwrap_err().to_string();
        insta::assert_snapshot!(refused("ipo", 0.0), @r#"trl has no counterpart of loss_type = "ipo": its IPO divides log-ratios by token counts; that loss is "ipo_mean""#);
        insta::assert_snapshot!(refused("sigmoid", 0.1), @r#"trl has no counterpart of label_smoothing = 0.1: its sigmoid loss leaves label smoothing out; set loss_type = ["robust"] or label_smoothing = 0.0"#);
        insta::assert_snapshot!(refused("orpo", 0.0), @r#"trl has no counterpart of loss_type = "orpo": train with engine = "self", or set another loss"#);
    }
}
