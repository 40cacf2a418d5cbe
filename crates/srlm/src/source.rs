//! Where models come from, with the environment read in this one place.

use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Context, anyhow};
use burn::tensor::Device;
use srlm_artifact::Progress;
use srlm_checkpoint::{Source, SourceOptions};

use crate::console::Console;
use crate::exit::{Exit, OrExit};

/// The local path of a model source, downloaded or made where needed.
pub(crate) fn resolve(source: &str, console: &Console, device: &Device) -> anyhow::Result<PathBuf> {
    if source == "tiny:" {
        return crate::tiny::folder(&cache_dir()?, device).or_exit(Exit::Engine);
    }
    let source = Source::from_str(source).or_exit(Exit::Config)?;
    let name = source.to_string();
    let mut begun = false;
    let path = srlm_checkpoint::resolve(&source, &options()?, &mut |done, total| {
        if !begun {
            begun = true;
            console.begin(&format!("fetch {name}"));
        }
        let _ = console.progress(
            Progress { done, total: total.unwrap_or(done), unit: "bytes", tokens: 0 },
            "",
        );
    });
    if begun {
        match &path {
            Ok(path) => console.end(&format!("{}", path.display())),
            Err(_) => console.abandon(),
        }
    }
    path.with_context(|| format!("cannot get model {name}")).or_exit(Exit::Engine)
}

fn options() -> anyhow::Result<SourceOptions> {
    let var = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let mut options = SourceOptions::new(cache_dir()?);
    if let Some(home) = var("HF_HOME") {
        options.hf_home = PathBuf::from(home);
    } else if let Some(home) = var("HOME").or_else(|| var("USERPROFILE")) {
        options.hf_home = PathBuf::from(home).join(".cache/huggingface");
    }
    options.hf_token = var("HF_TOKEN");
    options.hf_endpoint = var("HF_ENDPOINT").unwrap_or(options.hf_endpoint);
    options.python = var("PYTHON").unwrap_or(options.python);
    Ok(options)
}

/// `SRLM_CACHE`, else `srlm` in the user's cache folder.
pub(crate) fn cache_dir() -> anyhow::Result<PathBuf> {
    let var =
        |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let home = || var("HOME").map(|home| home.join(".cache")).or_else(|| var("LOCALAPPDATA"));
    var("SRLM_CACHE")
        .or_else(|| var("XDG_CACHE_HOME").or_else(home).map(|cache| cache.join("srlm")))
        .ok_or_else(|| anyhow!("no cache folder is known: set SRLM_CACHE to one"))
        .or_exit(Exit::Config)
}
