//! The numbers of the report as Markdown, for terminals and pull requests.

use super::answer::{change_words, head_to_head_line};
use super::format::{NOTHING, count, duration, interval, or_nothing, percent, percent_interval};
use super::visible::visible;
use super::{CurveState, KeyMeasures, ModelSummary, RunSummary};

/// The outcome in sentences, the table of models, what training curves need a look, and each
/// iteration's funnel.
pub fn summary_markdown(run: &RunSummary) -> String {
    let mut lines = vec![format!("# {}", plain(&run.name)), String::new()];
    for sentence in run.sentences() {
        lines.extend([plain(&sentence), String::new()]);
    }
    let measures = run.key_measures();
    lines.extend(table(
        "model | verdict | win / tie / loss | at equal lengths | rating (Elo) | answers",
        run.models.iter().zip(&measures).map(|(model, measures)| following(model, measures)),
    ));
    lines.push(String::new());
    lines.extend(table(
        "model | judge pairwise accuracy | longer response | chance | judging | hidden anchors | held-out loss (nats/token)",
        measures.iter().map(judging),
    ));
    lines.push(String::new());
    lines.extend(table(
        "model | mean response tokens | cut off | refusals | harmful served | harmless refused | distinct pairs \
         | self-BLEU | time | tokens written | tokens trained on",
        measures.iter().map(responses),
    ));
    lines.extend(training(run));
    if let Some(made) = &run.judging_examples {
        let rows = crate::IterationFunnel { iteration: 0, rows: made.rows.clone() };
        lines.push(format!("\n## Judging examples\n\n{}", rows.to_markdown().trim_end()));
    }
    for iteration in &run.iterations {
        lines.push(format!(
            "\n## Iteration {}\n\n{}",
            iteration.iteration,
            iteration.funnel.to_markdown().trim_end()
        ));
    }
    lines.join("\n") + "\n"
}

/// A table's lines; `heads` are parted by ` | `.
pub(crate) fn table<const N: usize>(
    heads: &str,
    rows: impl Iterator<Item = [String; N]>,
) -> Vec<String> {
    let rule = format!("|{}", "---|".repeat(N));
    let row = |cells: [String; N]| format!("| {} |", cells.map(|cell| plain(&cell)).join(" | "));
    [format!("| {heads} |"), rule].into_iter().chain(rows.map(row)).collect()
}

fn following(model: &ModelSummary, measures: &KeyMeasures) -> [String; 6] {
    let line = model.evaluation.as_ref().and_then(head_to_head_line);
    [
        model.label.clone(),
        model.standing().to_owned(),
        line.unwrap_or_else(|| NOTHING.to_owned()),
        or_nothing(measures.length_controlled_win_rate, interval),
        or_nothing(measures.elo, |elo| {
            format!("{:.0} [{:.0}, {:.0}]", elo.value, elo.low, elo.high)
        }),
        or_nothing(measures.following, |change| change_words(change).to_owned()),
    ]
}

fn judging(measures: &KeyMeasures) -> [String; 7] {
    [
        measures.model.clone(),
        or_nothing(measures.pairwise_accuracy, percent_interval),
        or_nothing(measures.length_baseline, percent),
        or_nothing(measures.random_baseline, percent),
        or_nothing(measures.judging, |change| change_words(change).to_owned()),
        or_nothing(measures.anchors_youden_j, interval),
        or_nothing(measures.held_out_loss, |loss| format!("{loss:.3}")),
    ]
}

fn responses(measures: &KeyMeasures) -> [String; 11] {
    let some = |n: u64| if n > 0 { count(n) } else { NOTHING.to_owned() };
    [
        measures.model.clone(),
        or_nothing(measures.mean_response_tokens, |tokens| format!("{tokens:.0}")),
        or_nothing(measures.truncation_rate, percent),
        or_nothing(measures.refusal_rate, percent),
        or_nothing(measures.unsafe_compliance_rate, percent_interval),
        or_nothing(measures.over_refusal_rate, percent_interval),
        or_nothing(measures.distinct_2, percent),
        or_nothing(measures.self_bleu, |bleu| format!("{bleu:.3}")),
        if measures.wall_seconds > 0.0 {
            duration(measures.wall_seconds)
        } else {
            NOTHING.to_owned()
        },
        some(measures.n_response_tokens),
        some(measures.n_training_tokens),
    ]
}

/// Curves that are not normal.
fn training(run: &RunSummary) -> Vec<String> {
    let of = |model: &ModelSummary| {
        let odd = model.training.iter().filter(|finding| finding.state != CurveState::Normal);
        let line = |finding: &super::CurveFinding| {
            let (state, curve) = (finding.state.word(), plain(finding.curve));
            format!("- {} {curve}, {state}: {}", plain(&model.label), plain(&finding.reason))
        };
        odd.map(line).collect::<Vec<_>>()
    };
    let lines: Vec<String> = run.models.iter().flat_map(of).collect();
    if lines.is_empty() {
        lines
    } else {
        [vec!["\n## Training curves to look at\n".to_owned()], lines].concat()
    }
}

/// Names cannot break the table, start markup or hide anything.
pub(crate) fn plain(text: &str) -> String {
    let text = visible(text);
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' => plain.push(' '),
            '|' | '<' | '`' | '*' | '_' | '#' => plain.extend(['\\', c]),
            _ => plain.push(c),
        }
    }
    plain
}
