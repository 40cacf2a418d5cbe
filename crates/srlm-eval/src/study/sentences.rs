//! What came of a study, in sentences that claim no more than was measured.

use super::measure::MEASURES;
use super::{Curve, RunState, Study, StudyRun};
use crate::report::format::duration;

impl Study {
    /// The outcome in a sentence, then what a reader must know before believing it.
    pub fn sentences(&self) -> Vec<String> {
        let mut sentences = vec![format!("{}{}", self.progress(), self.effects())];
        sentences.extend(self.about_intervals());
        sentences.extend(self.about_evaluator());
        sentences.extend(self.about_time());
        sentences
    }

    fn progress(&self) -> String {
        let n = |is: fn(&StudyRun) -> bool| self.runs().filter(|run| is(run)).count();
        let (all, done) = (self.runs().count(), n(|run| run.state == RunState::Done));
        let failed = n(|run| matches!(run.state, RunState::Failed(_)));
        let failed = if failed > 0 { format!(", {failed} failed") } else { String::new() };
        format!("{done} of {all} runs are done{failed}. ")
    }

    fn effects(&self) -> String {
        let tested: Vec<&Curve> = self.curves.iter().filter(|curve| curve.is_tested()).collect();
        let apart: Vec<String> =
            tested.iter().filter(|curve| curve.has_points_apart()).map(|c| c.name()).collect();
        match (tested.len(), apart.len()) {
            (0, _) => "Nothing can be compared yet.".to_owned(),
            (n, 0) => format!(
                "On none of the {n} curves with intervals do those of two points come apart: no effect of a setting is \
                 shown."
            ),
            (n, n_apart) => format!(
                "On {n_apart} of the {n} curves with intervals those of two points come apart: {}. Elsewhere no effect \
                 is shown; of many curves, some come apart by chance.",
                apart.join("; ")
            ),
        }
    }

    fn about_intervals(&self) -> Option<String> {
        let most = self.points.iter().map(|point| point.runs.len()).max()?;
        Some(if most == 1 {
            "Each point is one run: its intervals are over the held-out prompts and know nothing of what another seed \
             would give. Measures without an interval are single numbers; set repeats for more."
                .to_owned()
        } else {
            format!(
                "Each point is the mean of up to {most} seeds. Its interval is the wider of Student's t over the seeds \
                 and of the runs' own over the held-out prompts."
            )
        })
    }

    fn about_evaluator(&self) -> Option<String> {
        let mut evaluators =
            self.runs().filter_map(|run| run.last()?.evaluator.as_ref()).peekable();
        evaluators.peek()?;
        evaluators.all(|evaluator| !evaluator.independent).then(|| {
            "Win rates are given by a judge that took part in training: it may reward what it writes.".to_owned()
        })
    }

    fn about_time(&self) -> Option<String> {
        let alone: f64 = self.runs().filter_map(|run| run.cost.seconds).sum();
        let seconds = self.seconds.filter(|seconds| *seconds > 0.0)?;
        Some(format!(
            "Stages took {} in all. Without taking finished artifacts over from each other the runs would have taken {}.",
            duration(seconds),
            duration(alone)
        ))
    }
}

impl Curve {
    /// Whether it has two points with intervals of some width.
    pub(crate) fn is_tested(&self) -> bool {
        self.points.iter().filter(|point| point.reading.with_width().is_some()).count() > 1
    }

    /// `win rate over responses.samples (judge.judgments = 1)`.
    fn name(&self) -> String {
        let measure = MEASURES.iter().find(|measure| measure.name == self.measure);
        let measure =
            measure.map_or(self.measure.to_owned(), |measure| measure.title.to_lowercase());
        let others = if self.others.is_empty() {
            String::new()
        } else {
            format!(" ({})", settings(&self.others))
        };
        format!("{measure} over {}{others}", self.axis)
    }
}

/// `judge.judgments = 1, responses.samples = 2`.
pub(crate) fn settings(settings: &super::Settings) -> String {
    let texts: Vec<String> =
        settings.iter().map(|(key, value)| format!("{key} = {}", text(value))).collect();
    texts.join(", ")
}

/// A value as a reader wants it: text without quotes.
pub(crate) fn text(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
