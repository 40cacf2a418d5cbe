//! What a training curve says: normal, or worth a look, and why.

use serde::Serialize;
use srlm_artifact::MetricsRow;

/// Fewer steps than this say nothing.
const FEWEST_STEPS: usize = 4;
/// A gradient norm this many times the median is a jump.
const JUMP: f64 = 10.0;
/// A loss that moves by less than this share of itself has hardly moved.
const HARDLY: f64 = 0.01;
/// Reward accuracy from which pairs are known by heart, where it is reached in the first third.
const BY_HEART: f64 = 0.98;

/// How a curve looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CurveState {
    /// As it should be.
    Normal,
    /// Too little to say.
    Unclear,
    /// Not a fault by itself; look at the rest.
    Watch,
    /// Training did not do what it is for.
    Fault,
}

/// What one curve of one model says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CurveFinding {
    /// The column of `metrics.jsonl`, such as `rewards/margins`.
    pub curve: &'static str,
    /// How it looks.
    pub state: CurveState,
    /// Why, in a sentence with the numbers.
    pub reason: String,
}

/// The first and the last tenth of a curve, averaged.
#[derive(Clone, Copy)]
struct Ends {
    first: f64,
    last: f64,
}

/// Looks at every curve of a training, supervised or by preference. Nothing for no rows.
///
/// The thresholds are rules of thumb of our own: they point to what a reader should look at.
pub fn curve_findings(rows: &[MetricsRow]) -> Vec<CurveFinding> {
    if rows.is_empty() {
        return Vec::new();
    }
    let is_preference = rows.iter().any(|row| row.rewards_margins.is_some());
    let shared =
        [finding(rows, "grad_norm", grad_norm), finding(rows, "learning_rate", learning_rate)];
    let own = if is_preference {
        vec![
            finding(rows, "loss", preference_loss),
            finding(rows, "rewards/margins", margins),
            finding(rows, "rewards/accuracies", accuracies),
            finding(rows, "logps/chosen", chosen),
            finding(rows, "logps/rejected", rejected),
        ]
    } else {
        vec![finding(rows, "loss", supervised_loss)]
    };
    own.into_iter().chain(shared).collect()
}

/// A state with its reason; `None` where the curve has no values.
type Opinion = Option<(CurveState, String)>;

fn finding(
    rows: &[MetricsRow],
    curve: &'static str,
    look: fn(&[MetricsRow]) -> Opinion,
) -> CurveFinding {
    let few = || (CurveState::Unclear, format!("{} steps are too few to say", rows.len()));
    let opinion = if rows.len() < FEWEST_STEPS { Some(few()) } else { look(rows) };
    let (state, reason) =
        opinion.unwrap_or_else(|| (CurveState::Unclear, "it was not recorded".to_owned()));
    CurveFinding { curve, state, reason }
}

fn ends(rows: &[MetricsRow], value: impl Fn(&MetricsRow) -> Option<f64>) -> Option<Ends> {
    let values: Vec<f64> = rows.iter().filter_map(value).collect();
    let n = values.len().div_ceil(10);
    // A mean that is shown as 0 is 0: no "-0.000".
    let zero = |mean: f64| if mean.abs() < 5e-4 { 0.0 } else { mean };
    let mean = |part: &[f64]| zero(part.iter().sum::<f64>() / part.len() as f64);
    (n > 0).then(|| Ends { first: mean(&values[..n]), last: mean(&values[values.len() - n..]) })
}

fn supervised_loss(rows: &[MetricsRow]) -> Opinion {
    let Ends { first, last } = ends(rows, |row| Some(row.loss))?;
    Some(if last > first * (1.0 + HARDLY) {
        (
            CurveState::Fault,
            format!("it rose from {first:.3} to {last:.3}: lower the learning rate"),
        )
    } else if last > first * (1.0 - HARDLY) {
        (
            CurveState::Watch,
            format!(
                "it hardly moved, {first:.3} to {last:.3}: more steps or a higher learning rate"
            ),
        )
    } else if last < 0.1 * first {
        (
            CurveState::Watch,
            format!("it fell to {last:.3}, a tenth of {first:.3}: examples learned by heart"),
        )
    } else {
        (CurveState::Normal, format!("it fell from {first:.3} to {last:.3}"))
    })
}

fn preference_loss(rows: &[MetricsRow]) -> Opinion {
    let Ends { first, last } = ends(rows, |row| Some(row.loss))?;
    Some(if last > first * (1.0 + HARDLY) {
        (
            CurveState::Fault,
            format!("it rose from {first:.3} to {last:.3}: lower the learning rate"),
        )
    } else if last > first * (1.0 - HARDLY) {
        (
            CurveState::Watch,
            format!(
                "it hardly moved, {first:.3} to {last:.3}: the model learned little from the pairs"
            ),
        )
    } else if last < 0.1 * first {
        (CurveState::Watch, format!("it fell to {last:.3}: few pairs learned by heart"))
    } else {
        (CurveState::Normal, format!("it fell from {first:.3} to {last:.3}"))
    })
}

fn margins(rows: &[MetricsRow]) -> Opinion {
    let Ends { first, last } = ends(rows, |row| row.rewards_margins)?;
    Some(match last {
        ..=0.0 => {
            (CurveState::Fault, format!("it ends at {last:.3}: chosen is not told from rejected"))
        }
        _ if last <= first => {
            (CurveState::Watch, format!("above 0, but it did not grow ({first:.3} to {last:.3})"))
        }
        _ => (CurveState::Normal, format!("it grew from {first:.3} to {last:.3}")),
    })
}

fn accuracies(rows: &[MetricsRow]) -> Opinion {
    let accuracy = |row: &MetricsRow| row.rewards_accuracies;
    let Ends { last, .. } = ends(rows, accuracy)?;
    let early = ends(&rows[..rows.len().div_ceil(3)], accuracy)?.last;
    Some(if last <= 0.5 {
        (CurveState::Fault, format!("it ends at {last:.2}, no better than chance"))
    } else if early >= BY_HEART {
        (
            CurveState::Watch,
            format!(
                "{early:.2} already in the first third: pairs so easy, or so few, teach little"
            ),
        )
    } else {
        (CurveState::Normal, format!("it ends at {last:.2}, above chance"))
    })
}

/// DPO's loss sees only the difference of the two, so a fall of both is common.
fn chosen(rows: &[MetricsRow]) -> Opinion {
    let Ends { first, last } = ends(rows, |row| row.logps_chosen)?;
    let margin = ends(rows, |row| row.rewards_margins);
    let grows = margin.is_some_and(|margin| margin.last > margin.first.max(0.0));
    let change = format!("{:.1} nats per response ({first:.1} to {last:.1})", (last - first).abs());
    Some(if last >= first {
        (CurveState::Normal, format!("it rose by {change}"))
    } else if grows {
        let why = "while the margin grew: common, since the loss sees only the difference to the rejected response";
        (CurveState::Normal, format!("it fell by {change} {why}"))
    } else {
        (
            CurveState::Watch,
            format!("it fell by {change} and the margin did not grow: lower the learning rate"),
        )
    })
}

fn rejected(rows: &[MetricsRow]) -> Opinion {
    let change = |value: fn(&MetricsRow) -> Option<f64>| {
        ends(rows, value).map(|Ends { first, last }| last - first)
    };
    let (rejected, chosen) = (change(|row| row.logps_rejected)?, change(|row| row.logps_chosen)?);
    let changes = format!("it changed by {rejected:+.1} nats per response, chosen by {chosen:+.1}");
    // The pairs of the first and last steps differ, so only the margin decides; this curve explains
    // it.
    Some((
        CurveState::Normal,
        format!("{changes}; steps see different pairs, so the margin decides"),
    ))
}

fn grad_norm(rows: &[MetricsRow]) -> Opinion {
    let mut norms: Vec<f64> = rows.iter().map(|row| row.grad_norm).collect();
    norms.sort_unstable_by(f64::total_cmp);
    let (median, most) = (norms[norms.len() / 2], norms[norms.len() - 1]);
    let step = rows.iter().find(|row| row.grad_norm == most).map_or(0, |row| row.step);
    Some(if most == 0.0 {
        (CurveState::Fault, "it is 0: nothing was learned".to_owned())
    } else if most > JUMP * median {
        (
            CurveState::Watch,
            format!("{most:.3} at step {step} is more than {JUMP} times the median {median:.3}"),
        )
    } else {
        (CurveState::Normal, format!("no jump: at most {most:.3}, median {median:.3}"))
    })
}

fn learning_rate(rows: &[MetricsRow]) -> Opinion {
    let most = rows.iter().map(|row| row.learning_rate).fold(0.0, f64::max);
    let last = rows.last()?.learning_rate;
    Some(if most == 0.0 {
        (CurveState::Fault, "it is 0: nothing was learned".to_owned())
    } else {
        (CurveState::Normal, format!("at most {most:.1e}, {last:.1e} at the end"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Twenty steps of a run that goes well, each changed by `change` at its progress from 0 to 1.
    fn preference(change: impl Fn(&mut MetricsRow, f64)) -> Vec<CurveFinding> {
        let row = |i: u32| {
            let progress = f64::from(i) / 19.0;
            let mut row = MetricsRow {
                step: i + 1,
                loss: 0.693 - 0.2 * progress,
                rewards_margins: Some(progress),
                rewards_accuracies: Some(0.5 + 0.3 * progress),
                logps_chosen: Some(-100.0 - 20.0 * progress),
                logps_rejected: Some(-100.0 - 40.0 * progress),
                grad_norm: 1.0,
                learning_rate: 1e-6,
                ..MetricsRow::default()
            };
            change(&mut row, progress);
            row
        };
        curve_findings(&(0..20).map(row).collect::<Vec<_>>())
    }

    fn state(findings: &[CurveFinding], curve: &str) -> CurveState {
        findings.iter().find(|finding| finding.curve == curve).unwrap().state
    }

    #[test]
    fn a_falling_chosen_log_probability_is_normal_while_the_margin_grows() {
        let good = preference(|_, _| {});
        assert!(good.iter().all(|finding| finding.state == CurveState::Normal), "{good:?}");
        let bad = preference(|row, _| row.rewards_margins = Some(0.0));
        assert_eq!(state(&bad, "logps/chosen"), CurveState::Watch);
        assert_eq!(state(&bad, "rewards/margins"), CurveState::Fault);
    }

    #[test]
    fn faults_are_told_from_what_is_worth_a_look() {
        use CurveState::{Fault, Unclear, Watch};
        let rising = preference(|row, progress| row.loss = 0.693 + progress);
        assert_eq!(state(&rising, "loss"), Fault);
        assert_eq!(state(&preference(|row, _| row.loss = 0.693), "loss"), Watch);
        assert_eq!(
            state(&preference(|row, _| row.rewards_accuracies = Some(0.4)), "rewards/accuracies"),
            Fault
        );
        assert_eq!(
            state(&preference(|row, _| row.rewards_accuracies = Some(1.0)), "rewards/accuracies"),
            Watch
        );
        let jump =
            preference(|row, progress| row.grad_norm = if progress == 1.0 { 50.0 } else { 1.0 });
        assert_eq!(state(&jump, "grad_norm"), Watch);
        assert_eq!(state(&preference(|row, _| row.learning_rate = 0.0), "learning_rate"), Fault);
        let one = curve_findings(&[MetricsRow { step: 1, loss: 2.0, ..MetricsRow::default() }]);
        assert!(one.iter().all(|finding| finding.state == Unclear));
        assert_eq!(curve_findings(&[]), []);
    }
}
