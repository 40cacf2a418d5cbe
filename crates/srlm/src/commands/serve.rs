//! `serve`: a model behind HTTP.

use std::net::SocketAddr;

use anyhow::anyhow;
use srlm_model::EngineConfig;
use srlm_serve::{Limits, Server, Settings};

use super::{print, rows};
use crate::cli::Serve;
use crate::console::Console;
use crate::exit::{Exit, OrExit};

/// Prints the address once the model can be asked; Ctrl-C ends it.
pub(crate) fn serve(args: &Serve, console: &Console) -> anyhow::Result<()> {
    let api_key = match args.api_key_env.as_str() {
        "" => None,
        variable => {
            let key = std::env::var(variable).ok().filter(|key| !key.is_empty());
            let absent = || {
                anyhow!(
                    "the environment variable {variable} with the key for clients is not set or empty"
                )
            };
            Some(key.ok_or_else(absent).or_exit(Exit::Config)?)
        }
    };
    let settings = Settings {
        address: SocketAddr::new(args.host, args.port),
        name: args.name.clone().unwrap_or_else(|| last_part(&args.model.model).to_owned()),
        api_key,
        max_tokens: args.max_tokens,
        seed: args.seed,
        limits: limits(args),
    };
    let name = settings.name.clone();
    // The address first: a port that is taken is known before the model is loaded.
    let server = Server::bind(settings).or_exit(Exit::Config)?;
    let config = EngineConfig {
        max_rows: args.max_rows,
        cache_tokens: args.cache_tokens,
        ..EngineConfig::default()
    };
    let engine = rows::engine(&args.model, config, console)?;
    print(&format!("{name} is served at http://{}/v1\n", server.address()))?;
    server.run(engine).or_exit(Exit::Engine)
}

/// The memory for all bodies holds at least one of the longest.
fn limits(args: &Serve) -> Limits {
    let limits = Limits::default();
    Limits {
        max_body_bytes: args.max_body_bytes,
        max_memory_bytes: limits.max_memory_bytes.max(args.max_body_bytes),
        max_samples: args.max_samples,
        ..limits
    }
}

/// The folder's or package's name, without what leads there.
fn last_part(model: &str) -> &str {
    let part = model.trim_end_matches('/').rsplit('/').next().unwrap_or(model);
    if part.is_empty() { model } else { part }
}
