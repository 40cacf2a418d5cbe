//! Accuracies over many responses.

use serde::{Deserialize, Serialize};

use super::Verdicts;
use crate::{Bootstrap, Estimate};

/// The four accuracies of IFEval, each a share from 0 to 1 with its interval by bootstrap over
/// prompts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// Prompts checked.
    pub n_prompts: u64,
    /// Instructions checked.
    pub n_instructions: u64,
    /// Prompts all of whose instructions are followed by the response as it is.
    pub prompt_strict: Estimate,
    /// Prompts all of whose instructions are followed by some reading of the response, each by its
    /// own.
    pub prompt_loose: Estimate,
    /// Instructions followed by the response as it is.
    pub instruction_strict: Estimate,
    /// Instructions followed by some reading of the response.
    pub instruction_loose: Estimate,
}

/// Sums up verdicts, one for each prompt; `None` without any instruction.
pub fn summary(verdicts: &[Verdicts], bootstrap: &Bootstrap) -> Option<Summary> {
    let strict: Vec<&[bool]> = verdicts.iter().map(|row| row.strict.as_slice()).collect();
    let loose: Vec<&[bool]> = verdicts.iter().map(|row| row.loose.as_slice()).collect();
    Some(Summary {
        n_prompts: verdicts.len() as u64,
        n_instructions: strict.iter().map(|row| row.len() as u64).sum(),
        prompt_strict: bootstrap.estimate(&strict, of_prompts)?,
        prompt_loose: bootstrap.estimate(&loose, of_prompts)?,
        instruction_strict: bootstrap.estimate(&strict, of_instructions)?,
        instruction_loose: bootstrap.estimate(&loose, of_instructions)?,
    })
}

fn of_prompts(rows: &[&&[bool]]) -> Option<f64> {
    let n_followed = rows.iter().filter(|row| row.iter().all(|&followed| followed)).count();
    (!rows.is_empty()).then(|| n_followed as f64 / rows.len() as f64)
}

fn of_instructions(rows: &[&&[bool]]) -> Option<f64> {
    let n: usize = rows.iter().map(|row| row.len()).sum();
    let n_followed = rows.iter().flat_map(|row| row.iter()).filter(|&&followed| followed).count();
    (n > 0).then(|| n_followed as f64 / n as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_needs_all_of_its_instructions() {
        let verdicts = [
            Verdicts { strict: vec![true, true], loose: vec![true, true] },
            Verdicts { strict: vec![true, false, false], loose: vec![true, true, true] },
        ];
        let found = summary(&verdicts, &Bootstrap::default()).unwrap();
        assert_eq!((found.n_prompts, found.n_instructions), (2, 5));
        assert_eq!((found.prompt_strict.value, found.prompt_loose.value), (0.5, 1.0));
        assert_eq!((found.instruction_strict.value, found.instruction_loose.value), (0.6, 1.0));
        assert_eq!(summary(&[], &Bootstrap::default()), None);
    }
}
