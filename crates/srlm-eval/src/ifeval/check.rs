//! Verdicts on a response.

use serde::{Deserialize, Serialize};

use super::{Instruction, Row, python};

/// Whether each instruction of a row is followed, in the row's order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verdicts {
    /// By the response as it is.
    pub strict: Vec<bool>,
    /// By any of eight readings of it.
    pub loose: Vec<bool>,
}

/// Which instructions of `row` the response follows.
///
/// Loose verdicts also try the response without its first line, its last line and both, each with
/// and without its stars: whatever a greeting, a closing remark or Markdown would spoil.
pub fn check(row: &Row, response: &str) -> Verdicts {
    let readings = readings(response);
    let is_loose = |instruction: &Instruction| {
        readings.iter().any(|reading| instruction.is_followed_by(reading))
    };
    Verdicts {
        strict: row
            .instructions
            .iter()
            .map(|instruction| instruction.is_followed_by(response))
            .collect(),
        loose: row.instructions.iter().map(is_loose).collect(),
    }
}

fn readings(response: &str) -> [String; 8] {
    let after_first = response.split_once('\n').map_or("", |(_, rest)| rest);
    let before_last = response.rsplit_once('\n').map_or("", |(rest, _)| rest);
    let inner = after_first.rsplit_once('\n').map_or("", |(rest, _)| rest);
    let plain =
        [response, python::strip(after_first), python::strip(before_last), python::strip(inner)];
    let unstarred = plain.map(|text| text.replace('*', ""));
    let [a, b, c, d] = plain.map(str::to_owned);
    let [e, f, g, h] = unstarred;
    [a, b, c, d, e, f, g, h]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readings_drop_lines_and_stars() {
        let all = readings("Sure!\n*a*\n\nBye");
        assert_eq!(
            all,
            [
                "Sure!\n*a*\n\nBye",
                "*a*\n\nBye",
                "Sure!\n*a*",
                "*a*",
                "Sure!\na\n\nBye",
                "a\n\nBye",
                "Sure!\na",
                "a"
            ]
        );
        assert_eq!(readings("one line")[1..4], ["", "", ""]);
    }
}
