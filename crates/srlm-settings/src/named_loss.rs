//! A loss by its name in the configuration: of pairs, or of single responses.

use schemars::JsonSchema;
use serde::de::value::StrDeserializer;
use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize};

use crate::{LossType, UnpairedLoss};

/// A loss of the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum NamedLoss {
    /// Of a chosen and a rejected response.
    Pair(LossType),
    /// Of single responses with a verdict each.
    Unpaired(UnpairedLoss),
}

impl NamedLoss {
    /// The loss of pairs, if it is one.
    pub fn pair(self) -> Option<LossType> {
        match self {
            Self::Pair(loss) => Some(loss),
            Self::Unpaired(_) => None,
        }
    }

    /// The loss of single responses, if it is one.
    pub fn unpaired(self) -> Option<UnpairedLoss> {
        match self {
            Self::Pair(_) => None,
            Self::Unpaired(loss) => Some(loss),
        }
    }
}

impl From<LossType> for NamedLoss {
    fn from(loss: LossType) -> Self {
        Self::Pair(loss)
    }
}

impl From<UnpairedLoss> for NamedLoss {
    fn from(loss: UnpairedLoss) -> Self {
        Self::Unpaired(loss)
    }
}

impl<'de> Deserialize<'de> for NamedLoss {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let name_of = || StrDeserializer::<serde::de::value::Error>::new(&name);
        if let Ok(loss) = UnpairedLoss::deserialize(name_of()) {
            return Ok(Self::Unpaired(loss));
        }
        let pair = LossType::deserialize(name_of());
        pair.map(Self::Pair).map_err(|error| {
            D::Error::custom(format!(
                "{error}, or, for single responses, `kto`, `apo_zero_unpaired`"
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_written_as_they_stand_and_others_list_all() {
        for name in ["sigmoid", "ipo_mean", "nll", "kto", "apo_zero_unpaired"] {
            let loss: NamedLoss = serde_json::from_value(name.into()).unwrap();
            assert_eq!(serde_json::to_value(loss).unwrap(), name);
            assert_eq!(loss.pair().is_none(), loss.unpaired().is_some());
        }
        let error = serde_json::from_value::<NamedLoss>("dpo".into()).unwrap_err().to_string();
        for name in ["`dpo`", "`sigmoid`", "`apo_down`", "`kto`", "`apo_zero_unpaired`"] {
            assert!(error.contains(name), "{error}");
        }
    }
}
