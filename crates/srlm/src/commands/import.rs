//! Public data sets into seed data.

use anyhow::{Context, anyhow};
use serde_json::json;
use srlm_import::{Format, ImportConfig};

use super::print;
use crate::cli::Import;
use crate::config;
use crate::exit::{Exit, OrExit};

/// `import`: the account of every row on standard error, the folders on standard output.
pub(crate) fn import(args: &Import) -> anyhow::Result<()> {
    let config = settings(args).or_exit(Exit::Config)?;
    let imported = match srlm_import::import(&config, &args.input, &args.out) {
        Err(error @ (srlm_import::Error::Config { .. } | srlm_import::Error::Column { .. })) => {
            return Err(error).or_exit(Exit::Config);
        }
        imported => imported.or_exit(Exit::Data)?,
    };
    if args.json {
        let folders: Vec<_> = imported
            .artifacts
            .iter()
            .map(|made| json!({ "file": made.dir.join(made.file), "kind": made.kind, "rows": made.rows }))
            .collect();
        return print(
            &(json!({ "counts": imported.accounting.counts(), "artifacts": folders }).to_string()
                + "\n"),
        );
    }
    eprintln!("{}", imported.accounting);
    for made in &imported.artifacts {
        let state = if made.up_to_date { ", up to date" } else { "" };
        print(&format!("{} {} rows{state}\n", made.dir.join(made.file).display(), made.rows))?;
    }
    Ok(())
}

fn settings(args: &Import) -> anyhow::Result<ImportConfig> {
    let format = serde_json::from_value::<Format>(json!(args.format))
        .map_err(|error| anyhow!("no format {:?}: {error}", args.format))?;
    let mut columns = std::collections::BTreeMap::new();
    for pair in &args.map {
        let (field, column) = pair
            .split_once('=')
            .with_context(|| format!("--map {pair}: write it as field=column"))?;
        columns.insert(field.to_owned(), column.to_owned());
    }
    config::with_overrides(&ImportConfig { format, columns, ..ImportConfig::default() }, &args.set)
}
