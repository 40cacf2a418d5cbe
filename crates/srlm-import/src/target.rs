//! What the judge should have written, from another judge's critique and score.

use srlm_artifact::Score;

use crate::ImportConfig;

/// The score on the scale from 0 to 5.
pub(crate) fn scaled(score: f64, config: &ImportConfig) -> Score {
    let on_five = score * Score::MAX / config.score_scale;
    let step = config.score_step;
    let rounded = if step > 0.0 { (on_five / step + 0.5).floor() * step } else { on_five };
    Score::new(rounded.clamp(0.0, Score::MAX))
        .expect("it was clamped, and rows with other numbers are bad")
}

/// The critique without its own verdict, and last the score line.
pub(crate) fn target(critique: &str, score: Score, config: &ImportConfig) -> String {
    let line = format!("{}: {}", config.score_label.trim(), score.get());
    let critique = without_verdict(critique);
    if critique.is_empty() { line } else { format!("{critique}\n{line}") }
}

/// Leaves out a last line such as `Rating: [[3]]`, and Prometheus' `[RESULT] 3` at the end of a
/// line.
pub(crate) fn without_verdict(critique: &str) -> &str {
    let critique = critique.trim();
    if let Some((before, verdict)) = critique.rsplit_once("[RESULT]")
        && verdict.trim().parse::<f64>().is_ok()
    {
        return before.trim_end();
    }
    let (before, last) = critique.rsplit_once('\n').unwrap_or(("", critique));
    if is_verdict(last) { before.trim_end() } else { critique }
}

/// Whether a line says nothing but a score.
fn is_verdict(line: &str) -> bool {
    let lower = line.to_lowercase();
    let words =
        lower.split(|c: char| !c.is_alphanumeric() && c != '.').map(|word| word.trim_matches('.'));
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let is_number = |word: &&str| word.parse::<f64>().is_ok();
    let is_name = |word: &&str| matches!(*word, "rating" | "score" | "result");
    let is_filler =
        |word: &&str| matches!(*word, "final" | "overall" | "total" | "the" | "is" | "out" | "of");
    let all_fit = words.iter().all(|word| is_number(word) || is_name(word) || is_filler(word));
    all_fit && words.iter().any(is_number) && words.iter().any(is_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_critiques_own_verdict_goes() {
        let check = |critique, expected| assert_eq!(without_verdict(critique), expected);
        check("Clear.\n\nRating: [[3]]\n", "Clear.");
        check("Clear. [RESULT] 4", "Clear.");
        check("Clear.\n**Overall score:** 4/5", "Clear.");
        check("Score: 4.", "");
        check("Clear.\nThe rating of 3 films is given.", "Clear.\nThe rating of 3 films is given.");
        check("Clear [RESULT] none", "Clear [RESULT] none");
        check("  ", "");
    }

    #[test]
    fn scores_come_to_a_scale_of_five() {
        let check = |score, score_scale, score_step, expected| {
            let config = ImportConfig { score_scale, score_step, ..ImportConfig::default() };
            assert_eq!(scaled(score, &config).get(), expected, "{score} of {score_scale}");
        };
        check(4.0, 5.0, 1.0, 4.0);
        check(3.0, 10.0, 1.0, 2.0);
        check(3.0, 10.0, 0.5, 1.5);
        check(6.5, 10.0, 0.0, 3.25);
        check(5.0, 5.0, 4.0, 4.0);
        check(0.0, 5.0, 1.0, 0.0);
    }

    #[test]
    fn a_target_ends_with_the_score_line() {
        let config = ImportConfig { score_scale: 10.0, ..ImportConfig::default() };
        assert_eq!(target("Clear.\nRating: 8", scaled(8.0, &config), &config), "Clear.\nScore: 4");
        assert_eq!(target("", scaled(8.0, &config), &config), "Score: 4");
    }
}
