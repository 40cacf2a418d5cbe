//! A tokenizer from the text of its files.

use std::collections::BTreeMap;
use std::path::Path;

use super::Tokenizer;
use super::special::SpecialTokens;
use crate::chat_template::ChatTemplate;
use crate::error::Error;

impl Tokenizer {
    /// Builds a tokenizer from the content of a `tokenizer.json`, the texts of its special tokens
    /// by role (`bos`, `eos`, `unk`, `pad`) and a chat template.
    ///
    /// # Errors
    /// `Error::Tokenizer` when the content does not parse, a role has another name or a token is
    /// not in the vocabulary; `Error::Template` when the template does not parse.
    pub fn from_parts(
        json: &str,
        special: &BTreeMap<&str, &str>,
        template: Option<&str>,
    ) -> Result<Self, Error> {
        let path = Path::new("tokenizer.json");
        let inner = super::load(json.as_bytes(), path)?;
        let mut tokens = SpecialTokens::default();
        for (role, token) in special {
            let place = match *role {
                "bos" => &mut tokens.bos,
                "eos" => &mut tokens.eos,
                "unk" => &mut tokens.unk,
                "pad" => &mut tokens.pad,
                other => {
                    return Err(Error::tokenizer(
                        path,
                        format!("{other:?} is no role; roles are bos, eos, unk, pad"),
                    ));
                }
            };
            if inner.token_to_id(token).is_none() {
                return Err(Error::tokenizer(
                    path,
                    format!("the {role} token {token:?} is not in the vocabulary"),
                ));
            }
            *place = Some((*token).to_owned());
        }
        let template = template.map(ChatTemplate::new).transpose()?;
        Ok(Self::new(inner, tokens, template, &[]))
    }
}
