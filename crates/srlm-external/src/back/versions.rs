//! What a trained folder says of the programs that made it.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::Named;

/// Versions by program: those that TRL's model card lists, and what the configurations say.
pub(super) fn read(folder: &Path) -> Named<String> {
    let mut versions = Named::new();
    for (file, key, program) in [
        ("config.json", "transformers_version", "Transformers"),
        ("adapter_config.json", "peft_version", "PEFT"),
    ] {
        let document: Option<Value> =
            fs::read(folder.join(file)).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let version = document.as_ref().and_then(|document| document[key].as_str());
        versions.extend(version.map(|version| (program.to_owned(), version.to_owned())));
    }
    let card = fs::read_to_string(folder.join("README.md")).unwrap_or_default();
    versions.extend(listed(&card));
    versions
}

/// `- TRL: 1.16.0` and its like below "Framework versions".
fn listed(card: &str) -> Named<String> {
    let lines =
        card.lines().skip_while(|line| !line.to_lowercase().contains("framework versions")).skip(1);
    let lines = lines.take_while(|line| !line.starts_with('#'));
    let entry = |line: &str| {
        let (program, version) = line.trim_start_matches(['-', '*', ' ']).split_once(':')?;
        let version = version.trim();
        let plausible = version.starts_with(|c: char| c.is_ascii_digit()) && version.len() < 40;
        plausible.then(|| (program.trim().to_owned(), version.to_owned()))
    };
    lines.filter_map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_lists_versions() {
        let card = "# m\n- Not: 1.0\n### Framework versions\n\n- TRL: 1.16.0\n- Pytorch: 2.15.0+cpu\n\n## Cite\n- A: 2.0";
        assert_eq!(
            listed(card).into_iter().collect::<Vec<_>>(),
            [
                ("Pytorch".to_owned(), "2.15.0+cpu".to_owned()),
                ("TRL".to_owned(), "1.16.0".to_owned())
            ]
        );
        assert!(listed("").is_empty());
    }
}
