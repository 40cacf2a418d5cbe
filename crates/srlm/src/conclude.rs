//! After each evaluation: the best model so far, and whether the loop goes on.

use anyhow::Context;
use serde_json::json;
use srlm_artifact::{Artifact, layout};
use srlm_eval::{Best, Evaluation, Stop, StopLimits};

use crate::run::Run;

/// Writes `best.json` from the evaluations of M1 to M_t and says why the loop stops, where it does.
pub(crate) fn conclude(run: &Run<'_>, t: u32) -> anyhow::Result<Best> {
    let read =
        |s: u32| Ok(srlm_eval::read(&Artifact::open(&run.path(&layout::evaluation(s, "eval")))?)?);
    let evaluations: Vec<Evaluation> = (1..=t).map(read).collect::<anyhow::Result<_>>()?;
    let is_last = t > run.config.run.iterations;
    let health = &run.config.judge.health;
    let limits = StopLimits {
        min_parse_rate: health.min_parse_rate,
        max_one_score_share: health.max_one_score_share,
        max_tie_rate: health.max_tie_rate,
        max_length_growth: run.config.eval.rules.max_length_growth,
    };
    let stop = srlm_eval::stop(&evaluations, &run.config.stop, &limits);
    let best = srlm_eval::best(&evaluations, stop.filter(|_| !is_last));
    let (path, text) = (run.path("best.json"), serde_json::to_string_pretty(&best)? + "\n");
    let staged = run.path(".best.json");
    let written = std::fs::write(&staged, text).and_then(|()| std::fs::rename(&staged, &path));
    written.with_context(|| format!("cannot write {}", path.display()))?;
    if let Some(stop) = &best.stopped {
        say_stop(run, stop);
    }
    if is_last || best.stopped.is_some() {
        run.console.event("best_model", json!({ "model": best.model, "reason": best.reason }));
        run.console.say(&format!(
            "best model: {} ({}): {}",
            best.model,
            place(run, &best.model),
            best.reason
        ));
    }
    Ok(best)
}

fn say_stop(run: &Run<'_>, stop: &Stop) {
    let Stop { model, rules, reason } = stop;
    let off: Vec<String> = rules.iter().map(|rule| format!("--set stop.{rule}=false")).collect();
    run.console.event("stopped", json!({ "model": model, "rules": rules, "reason": reason }));
    run.console.say(&format!("stopped after {model} ({}): {reason}", rules.join(", ")));
    run.console.say(&format!("to go on anyway, run the same command with {}", off.join(" ")));
}

/// Where a model's files are.
fn place(run: &Run<'_>, model: &str) -> String {
    match model {
        "M0" => run.config.model.source.clone(),
        _ => run.path(&model.to_lowercase()).display().to_string(),
    }
}
