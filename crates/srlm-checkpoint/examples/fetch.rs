//! Fetches a model and prints nothing: `fetch SOURCE CACHE`. The path is where the crate's documentation says.

use std::error::Error;
use std::path::PathBuf;

use srlm_checkpoint::{Source, SourceOptions, resolve};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [source, cache] = args.as_slice() else { return Err("two arguments are needed: SOURCE CACHE".into()) };
    let source: Source = source.parse()?;
    resolve(&source, &SourceOptions::new(PathBuf::from(cache)), &mut |_, _| {})?;
    Ok(())
}
