//! A model's card, filled from the manifests of its folder and of the run that it lies in.

use std::path::Path;

use serde_json::Value;
use srlm_artifact::Manifest;
use srlm_checkpoint::{CardTable, ModelCard, ModelConfig};
use srlm_eval::{Evaluation, RunSummary};

use crate::exit::{Exit, OrExit};

/// The card of the model at `source` under this name.
pub(crate) fn of(source: &str, name: &str, config: &ModelConfig) -> anyhow::Result<ModelCard> {
    let mut card = ModelCard {
        name: name.to_owned(),
        languages: vec!["en".to_owned()],
        summary:
            "A language model trained by self-rewarding: it answers, judges its answers, and learns from the judgment."
                .to_owned(),
        limits: "The judge that its training relied on is the model itself. Its scores, and every gain measured by \
                 them, are not evidence of quality by themselves; see the report of the run."
            .to_owned(),
        tables: vec![shape(config)],
        ..ModelCard::default()
    };
    let dir = Path::new(source);
    if let Ok(manifest) = Manifest::read(dir) {
        add_training(&mut card, &manifest);
        add_run(&mut card, dir)?;
        add_trainer(&mut card, dir);
    }
    Ok(card)
}

fn shape(config: &ModelConfig) -> CardTable {
    let rows = [
        ("layers", config.n_layers),
        ("hidden size", config.hidden_size),
        ("attention heads", config.n_heads),
        ("key-value heads", config.n_kv_heads),
        ("context", config.context()),
        ("vocabulary", config.vocab_size),
    ];
    CardTable::pairs(
        "Model",
        ["What", "Value"],
        rows.map(|(what, value)| (what.to_owned(), value.to_string())),
    )
}

fn add_training(card: &mut ModelCard, manifest: &Manifest) {
    let recipe = &manifest.provenance;
    let counts = manifest.counts.iter().map(|(name, n)| (name.clone(), n.to_string()));
    card.tables.push(CardTable::pairs("Data", ["What", "Number"], counts));
    let mut settings = Vec::new();
    flattened("", &recipe.config, &mut settings);
    card.tables.push(CardTable::pairs(
        &format!("Training by {}", recipe.stage),
        ["Setting", "Value"],
        settings,
    ));
    card.provenance = vec![
        ("content hash".to_owned(), manifest.content_hash.clone()),
        (
            "stage".to_owned(),
            format!("{} {} (version {})", recipe.stage, recipe.crate_version, recipe.stage_version),
        ),
        ("seed".to_owned(), recipe.seed.to_string()),
        ("trained on".to_owned(), manifest.environment.device.clone()),
        ("made".to_owned(), manifest.environment.created_at.clone()),
    ];
    let inputs = recipe
        .inputs
        .iter()
        .map(|input| (format!("input: {}", input.role), input.content_hash.clone()));
    card.provenance.extend(inputs);
}

/// What the run that the folder lies in knows: its seed data, and the evaluation of every model up
/// to this one.
fn add_run(card: &mut ModelCard, dir: &Path) -> anyhow::Result<()> {
    let Some(run) = dir.parent().filter(|run| run.join("run.toml").exists()) else { return Ok(()) };
    let summary = RunSummary::read(run).or_exit(Exit::Data)?;
    let folder = dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let rows = |folder: &srlm_eval::Folder| {
        folder.facts().map(|facts| (folder.path.clone(), format!("{} rows", facts.n_rows)))
    };
    card.tables.push(CardTable::pairs(
        "Seed data",
        ["Folder", "Rows"],
        summary.seeds.iter().filter_map(rows),
    ));
    let Some(last) = summary.models.iter().position(|model| model.folder.path == folder) else {
        return Ok(());
    };
    let evaluated = summary.models[..=last].iter().filter_map(|model| model.evaluation.as_ref());
    let rows: Vec<Vec<String>> = evaluated.clone().map(row).collect();
    let columns = [
        "Model",
        "Verdict against the one before",
        "Win / tie / loss",
        "Held-out loss (nats/token)",
        "As a judge: pairs ordered as people do",
        "By length alone",
        "Mean response tokens",
    ];
    card.tables.push(CardTable {
        heading: "Evaluation".to_owned(),
        columns: columns.map(str::to_owned).into(),
        rows,
    });
    if let Some(evaluation) = evaluated.clone().next_back() {
        card.limits += &limits(evaluation);
    }
    Ok(())
}

/// A model's scores, with their intervals and numbers; a dash for what was not measured.
fn row(evaluation: &Evaluation) -> Vec<String> {
    let dash = || "–".to_owned();
    let compared = evaluation.head_to_head.as_ref().map(|found| {
        let rate = found.win_rate.map_or(String::new(), |r| {
            format!(", rate {:.2} [{:.2}, {:.2}]", r.value, r.low, r.high)
        });
        format!("{} / {} / {}{rate}", found.wins, found.ties, found.losses)
    });
    let percent = |estimate: srlm_eval::Estimate| {
        format!(
            "{:.1}% [{:.1}, {:.1}]",
            100.0 * estimate.value,
            100.0 * estimate.low,
            100.0 * estimate.high
        )
    };
    let agreement = evaluation.agreement.as_ref();
    let judged = agreement.and_then(|found| {
        let accuracy = found.judge.pairwise_accuracy?;
        Some(format!("{} of {}", percent(accuracy), found.n_pairs - found.n_unscored_pairs))
    });
    vec![
        evaluation.model.clone(),
        format!("{:?}", evaluation.verdict).to_lowercase(),
        compared.unwrap_or_else(dash),
        evaluation.held_out.map_or_else(dash, |held_out| {
            format!("{:.3} over {}", held_out.loss, held_out.n_tokens)
        }),
        judged.unwrap_or_else(dash),
        agreement
            .and_then(|found| found.length_baseline.pairwise_accuracy)
            .map_or_else(dash, percent),
        evaluation
            .lengths
            .as_ref()
            .map_or_else(dash, |lengths| format!("{:.0}", lengths.tokens.mean)),
    ]
}

/// What the numbers above do not show.
fn limits(evaluation: &Evaluation) -> String {
    let mut text = format!(" Against the model before it: {}.", evaluation.reason);
    if evaluation.evaluator.as_ref().is_some_and(|evaluator| !evaluator.independent) {
        text += " The judge of that comparison took part in training.";
    }
    text
}

/// Who trained it, where that was another program.
fn add_trainer(card: &mut ModelCard, dir: &Path) {
    let text = std::fs::read_to_string(dir.join("external.json")).unwrap_or_default();
    let Ok(Value::Object(record)) = serde_json::from_str::<Value>(&text) else { return };
    let mut rows = Vec::new();
    flattened("", &Value::Object(record), &mut rows);
    card.tables.push(CardTable::pairs("Trained by another program", ["What", "Value"], rows));
}

/// `train.batch_size` and its like, for every value of a table of settings.
fn flattened(prefix: &str, value: &Value, out: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(key, value)| {
            let name = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
            flattened(&name, value, out);
        }),
        Value::Null => {}
        value => out.push((prefix.to_owned(), value.to_string())),
    }
}
