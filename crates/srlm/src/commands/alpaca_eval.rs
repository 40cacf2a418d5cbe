//! AlpacaEval's annotations read back: `eval alpaca-eval`.

use serde_json::json;
use srlm_eval::Bootstrap;
use srlm_eval::alpaca_eval::{read, read_gamed, read_leaderboard, summary};

use super::print;
use crate::cli::EvalAlpacaEval;
use crate::exit::{Exit, OrExit};

/// A line for each model: our figures as shares, and those of the leaderboard in percent.
pub(crate) fn alpaca_eval(args: &EvalAlpacaEval) -> anyhow::Result<()> {
    let annotations = read(&args.input).or_exit(Exit::Data)?;
    let gamed = args.gamed.as_deref().map(read_gamed).transpose().or_exit(Exit::Data)?;
    let leaderboard =
        args.leaderboard.as_deref().map(read_leaderboard).transpose().or_exit(Exit::Data)?;
    for found in summary(&annotations, gamed.as_deref(), &Bootstrap::default()) {
        let mut line = serde_json::to_value(&found)?;
        if let Some(leaderboard) = &leaderboard {
            line["leaderboard"] = json!(leaderboard.get(&found.model));
        }
        print(&format!("{line}\n"))?;
    }
    Ok(())
}
