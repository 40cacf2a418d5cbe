//! Talking to a model in the terminal.

use std::io::{BufRead, IsTerminal, Write};

use anyhow::Context;
use srlm_artifact::Message;
use srlm_generate::{Input, Request};
use srlm_model::{Engine, EngineConfig, Event};

use super::{print, rows};
use crate::cli::{Chat, ModelArgs};
use crate::console::Console;
use crate::exit::{Exit, OrExit};

/// One model and its side of the conversation.
struct Side {
    name: String,
    engine: Engine,
    turns: Vec<Message>,
}

/// `chat`: a line is a turn; an empty line or the end of input leaves.
pub(crate) fn chat(args: &Chat, console: &Console) -> anyhow::Result<()> {
    let mut sides = Vec::new();
    for model in std::iter::once(&args.model.model).chain(&args.vs) {
        let of = ModelArgs { model: model.clone(), device: args.model.device.clone() };
        let config = EngineConfig { max_rows: 1, ..EngineConfig::default() };
        sides.push(Side {
            name: model.clone(),
            engine: rows::engine(&of, config, console)?,
            turns: Vec::new(),
        });
    }
    let terminal = std::io::stdin().is_terminal();
    for turn in 0.. {
        if terminal {
            print("> ")?;
            std::io::stdout().flush()?;
        }
        let mut line = String::new();
        let n =
            std::io::stdin().lock().read_line(&mut line).context("cannot read standard input")?;
        if n == 0 || line.trim().is_empty() {
            return Ok(());
        }
        let named = sides.len() > 1;
        for side in &mut sides {
            if named {
                print(&format!("[{}] ", side.name))?;
            }
            answer(side, line.trim(), turn, args)?;
        }
    }
    Ok(())
}

fn answer(side: &mut Side, line: &str, turn: u64, args: &Chat) -> anyhow::Result<()> {
    side.turns.push(Message::user(line));
    let request = Request {
        id: format!("turn {}", turn + 1),
        input: Input::Chat(side.turns.clone()),
        seeds: vec![args.sampling.seed + turn],
        sampling: rows::sampling(&args.sampling, false),
        top_logprobs: 0,
    };
    let mut whole = String::new();
    let served = side.engine.run(&[request], &mut |event| match event {
        Event::Text { text, .. } => {
            // A reader that is gone is noticed at the next prompt.
            let _ = print(text);
            let _ = std::io::stdout().flush();
        }
        Event::Done(completion, _) => whole = completion.text,
    });
    served.or_exit(Exit::Engine)?;
    print("\n")?;
    side.turns.push(Message::assistant(whole));
    Ok(())
}
