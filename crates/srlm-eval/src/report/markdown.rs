//! The first screen of the report and its funnels as Markdown, for terminals and pull requests.

use super::RunSummary;
use super::answer::head_to_head_line;
use super::format::{NOTHING, or_nothing, percent, percent_interval};
use super::summary::ModelSummary;
use crate::Lengths;

/// The outcome in sentences, the table of models, and each iteration's funnel.
pub fn summary_markdown(run: &RunSummary) -> String {
    let mut lines = vec![format!("# {}", plain(&run.name)), String::new()];
    for sentence in run.sentences() {
        lines.extend([plain(&sentence), String::new()]);
    }
    lines.push(
        "| model | verdict | held-out loss (nats/token) | judge pairwise accuracy | longer response \
         | win / tie / loss | mean response tokens |"
            .to_owned(),
    );
    lines.push("|---|---|---|---|---|---|---|".to_owned());
    lines.extend(run.models.iter().map(row));
    for iteration in &run.iterations {
        lines.push(format!("\n## Iteration {}\n\n{}", iteration.iteration, iteration.funnel.to_markdown().trim_end()));
    }
    lines.join("\n") + "\n"
}

fn row(model: &ModelSummary) -> String {
    let evaluation = model.evaluation.as_ref();
    let agreement = evaluation.and_then(|evaluation| evaluation.agreement.as_ref());
    let cells = [
        model.label.clone(),
        model.standing().to_owned(),
        or_nothing(evaluation.and_then(|evaluation| evaluation.held_out), |held_out| format!("{:.3}", held_out.loss)),
        or_nothing(agreement.and_then(|agreement| agreement.judge.pairwise_accuracy), percent_interval),
        or_nothing(agreement.and_then(|agreement| agreement.length_baseline.pairwise_accuracy), |x| percent(x.value)),
        evaluation.and_then(head_to_head_line).unwrap_or_else(|| NOTHING.to_owned()),
        or_nothing(evaluation.and_then(|evaluation| evaluation.lengths.as_ref()), |lengths: &Lengths| {
            format!("{:.0}", lengths.tokens.mean)
        }),
    ];
    format!("| {} |", cells.map(|cell| plain(&cell)).join(" | "))
}

/// Names cannot break the table or start markup.
pub(crate) fn plain(text: &str) -> String {
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
