//! What is trained and how: the table of a stage, as our own loop has it.

use serde_json::{Value, json};
use srlm_artifact::Settings;
use srlm_settings::{DpoConfig, LoraConfig, LossOn, SftConfig, TrainConfig};

/// The table of a stage, and what its training draws from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Training<'a> {
    /// What is learned, and how.
    pub table: Table<'a>,
    /// Seed of the order of examples and of fresh adapters; other programs are given its lower 32
    /// bits, as many as NumPy takes.
    pub seed: u64,
}

/// The table of a stage that trains.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Table<'a> {
    /// The responses of examples are learned.
    Sft(&'a SftConfig),
    /// Preferences between pairs of responses, against the model itself as reference.
    Dpo(&'a DpoConfig),
}

/// A setting that only our own training has.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OursAlone {
    /// The key in the stage's table.
    pub(crate) key: &'static str,
    /// Its value, as TOML writes it.
    pub(crate) value: String,
    /// The value under which other programs train alike.
    pub(crate) off: String,
}

impl<'a> Training<'a> {
    /// The loop's numbers.
    pub(crate) fn numbers(self) -> &'a TrainConfig {
        match self.table {
            Table::Sft(table) => &table.train,
            Table::Dpo(table) => &table.train,
        }
    }

    /// Adapters instead of all parameters.
    pub(crate) fn lora(self) -> Option<&'a LoraConfig> {
        match self.table {
            Table::Sft(table) => table.lora.as_ref(),
            Table::Dpo(table) => table.lora.as_ref(),
        }
    }

    /// TRL's subcommand, and the end of the stage's name.
    pub(crate) fn name(self) -> &'static str {
        match self.table {
            Table::Sft(_) => "sft",
            Table::Dpo(_) => "dpo",
        }
    }

    /// The seed that other programs are given.
    pub(crate) fn narrow_seed(self) -> u64 {
        self.seed & u64::from(u32::MAX)
    }

    /// What decides the trained model, for its recipe: the table without what another program is
    /// not told.
    pub(crate) fn recorded(self) -> Settings {
        let mut table = match self.table {
            Table::Sft(table) => Settings::of(table),
            Table::Dpo(table) => Settings::of(table),
        };
        let not_told = [
            ("", "engine"),
            ("", "desirable_weight"),
            ("", "undesirable_weight"),
            ("/lora", "stored_base"),
            ("/train", "validation"),
        ];
        for (within, key) in not_told {
            if let Some(keys) = table.pointer_mut(within).and_then(Value::as_object_mut) {
                keys.remove(key);
            }
        }
        let table = table.with_default("lora", &LoraConfig::default());
        Settings::from(json!({ "seed": self.narrow_seed() })).with("table", table)
    }

    /// Keys of the table that no other program has.
    pub(crate) fn ours_alone(self) -> Vec<OursAlone> {
        let train = self.numbers();
        let mut keys = vec![
            number("train.dropout", train.dropout, 0.0),
            number("train.ema_decay", train.ema_decay, 0.0),
            OursAlone {
                key: "train.validation.every",
                value: train.validation.every.to_string(),
                off: "0".to_owned(),
            },
        ];
        if let Table::Sft(table) = self.table {
            if table.eft_repeats > 0 {
                keys.push(number("eft_weight", table.eft_weight, 1.0));
            }
            let off = json!(LossOn::Response).to_string();
            keys.push(OursAlone { key: "loss_on", value: json!(table.loss_on).to_string(), off });
        }
        keys
    }
}

fn number(key: &'static str, value: f64, off: f64) -> OursAlone {
    OursAlone { key, value: format!("{value:?}"), off: format!("{off:?}") }
}
