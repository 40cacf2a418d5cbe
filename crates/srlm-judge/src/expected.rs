//! The score that a judge expects, out of the probabilities of what it could have written.

use std::collections::BTreeMap;
use std::ops::Range;

use srlm_artifact::Score;
use srlm_generate::WrittenToken;

use crate::scale::Scale;

/// How many of the likeliest tokens a judge is asked for.
pub(crate) const TOP_LOGPROBS: u32 = 20;

/// Most of the probability that may stand on digits of which it is not known whether a number goes
/// on behind them.
const MOST_UNKNOWN: f64 = 0.01;

/// The mean of the scale's whole numbers, weighted by their probability at the place where the
/// judge wrote its score, as it is stored.
///
/// `None` where the tokens do not give the text, where what is written at `place` is not a whole
/// number of the scale, and where more than a hundredth of the probability is of digits of which it
/// is not known whether they go on: beside a 7, a 1 could have become a 10. What follows is known
/// for what was written, and for a tokenizer that offers 10 as one token.
///
/// # Source
/// Liu et al. 2023 (G-Eval), section 2: the sum of `p(s) s` over the scores, here normalized over
/// them.
pub(crate) fn expected_score(
    tokens: &[WrittenToken],
    text: &str,
    place: Range<usize>,
    scale: Scale,
) -> Option<Score> {
    let written = &text[place.clone()];
    let legal = Legal(scale);
    legal.value(written)?;
    let all: String = tokens.iter().map(|token| token.text.as_str()).collect();
    let offset = all.find(text)?;
    let pieces = pieces(tokens, offset + place.start..offset + place.end);
    let masses = masses(&pieces, written, &legal)?;
    let total: f64 = masses.values().sum();
    let mean = masses
        .iter()
        .map(|(score, mass)| legal.value(score).unwrap_or_default() * mass)
        .sum::<f64>()
        / total;
    // Rounding may leave the scale by a last bit.
    scale.stored(mean.clamp(scale.min, scale.max))
}

/// The scores that may be written: the whole numbers of a scale, without a sign or zeros that say
/// nothing.
struct Legal(Scale);

impl Legal {
    fn value(&self, text: &str) -> Option<f64> {
        let number: i64 = text.parse().ok()?;
        let value = number as f64;
        (number.to_string() == text && (self.0.min..=self.0.max).contains(&value)).then_some(value)
    }

    fn has(&self, text: &str) -> bool {
        self.value(text).is_some()
    }

    fn goes_on(&self, text: &str) -> bool {
        self.0.goes_on(text)
    }
}

fn is_beginning(text: &str, of: &str) -> bool {
    of.len() > text.len() && of.starts_with(text)
}

/// A token with a part of the score in it, or the one behind the last such.
struct Piece<'a> {
    token: &'a WrittenToken,
    /// What stands in the token before its part of the score.
    before: &'a str,
    /// What stands in it behind its part.
    behind: &'a str,
    /// How many bytes of the score are written with it.
    n_written: usize,
}

/// The tokens that share the bytes of `place`, and the next.
fn pieces(tokens: &[WrittenToken], place: Range<usize>) -> Vec<Piece<'_>> {
    let (mut pieces, mut start) = (Vec::new(), 0);
    for token in tokens {
        let end = start + token.text.len();
        if start >= place.end {
            pieces.push(Piece { token, before: "", behind: "", n_written: place.len() });
            break;
        }
        if end > place.start {
            let before = &token.text[..place.start.saturating_sub(start)];
            let behind = &token.text[token.text.len() - end.saturating_sub(place.end)..];
            pieces.push(Piece {
                token,
                before,
                behind,
                n_written: end.min(place.end) - place.start,
            });
        }
        start = end;
    }
    pieces
}

impl Piece<'_> {
    /// The scores, or beginnings of scores, that could have stood here behind `prefix`, with their
    /// probability.
    fn options(&self, prefix: &str, legal: &Legal) -> Vec<(String, f64)> {
        let option = |(text, logp): &(String, f64)| {
            let part = self.part(text, prefix.is_empty())?;
            let score = format!("{prefix}{part}");
            let is_option = !part.is_empty() && (legal.has(&score) || legal.goes_on(&score));
            is_option.then(|| (score, logp.exp()))
        };
        self.token.top.iter().filter_map(option).collect()
    }

    /// What an alternative has in the place of this piece's part of the score: `4` of ` 4`, of `(4`
    /// beside `(3`.
    fn part<'t>(&self, text: &'t str, is_first: bool) -> Option<&'t str> {
        let text = if self.behind.trim().is_empty() {
            text.trim_end()
        } else {
            text.strip_suffix(self.behind)?
        };
        let is_blank = self.before.trim().is_empty();
        if is_first && is_blank { Some(text.trim_start()) } else { text.strip_prefix(self.before) }
    }
}

/// The probability of each score, walking along the digits that were written. `None` where too much
/// is unknown.
fn masses(pieces: &[Piece<'_>], written: &str, legal: &Legal) -> Option<BTreeMap<String, f64>> {
    let mut masses: BTreeMap<String, f64> = BTreeMap::new();
    let (mut prefix, mut weight, mut unknown) = ("", 1.0, 0.0);
    for piece in pieces {
        let options = piece.options(prefix, legal);
        if legal.has(prefix) {
            let goes_on: f64 = options.iter().map(|(_, probability)| probability).sum();
            *masses.entry(prefix.to_owned()).or_default() += weight * (1.0 - goes_on).max(0.0);
        }
        prefix = &written[..piece.n_written];
        let mut weight_of_prefix = 0.0;
        for (score, probability) in &options {
            let mass = weight * probability;
            let is_whole = !legal.goes_on(score)
                || options.iter().any(|(other, _)| is_beginning(score, other));
            match score {
                _ if is_whole && legal.has(score) => {
                    *masses.entry(score.clone()).or_default() += mass
                }
                _ if is_whole => {}
                _ if score == prefix => weight_of_prefix += mass,
                _ => unknown += mass,
            }
        }
        weight = weight_of_prefix;
        if weight == 0.0 {
            break;
        }
    }
    unknown += weight;
    let total: f64 = masses.values().sum();
    (total > 0.0 && unknown <= MOST_UNKNOWN * (total + unknown)).then_some(masses)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Rubric;

    const TEN: Scale = Scale { min: 1.0, max: 10.0 };

    /// Tokens with their alternatives: text and probability.
    fn tokens(rows: &[(&str, &[(&str, f64)])]) -> Vec<WrittenToken> {
        let token = |(text, top): &(&str, &[(&str, f64)])| {
            let top = top.iter().map(|(text, p)| ((*text).to_owned(), p.ln())).collect();
            WrittenToken { text: (*text).to_owned(), top }
        };
        rows.iter().map(token).collect()
    }

    /// The expected score of a judgment whose score is written with the last of these bytes.
    fn expected(scale: Scale, written: &str, rows: &[(&str, &[(&str, f64)])]) -> Option<f64> {
        let tokens = tokens(rows);
        let text: String = tokens.iter().map(|token| token.text.as_str()).collect();
        let start = text.rfind(written).unwrap();
        let score = expected_score(&tokens, &text, start..start + written.len(), scale);
        score.map(|score| (score.get() * 1e9).round() / 1e9)
    }

    #[test]
    fn the_mean_is_over_the_scores_that_could_have_stood_there() {
        let stored = |rows: &[_]| expected(Scale::STORED, "4", rows);
        let four: &[_] = &[("4", 0.6), ("3", 0.2), ("n", 0.1), ("9", 0.1)];
        assert_eq!(stored(&[("Score:", &[]), (" ", &[]), ("4", four), ("", &[])]), Some(3.75));
        let four: &[_] = &[(" 4", 0.5), (" 3", 0.25), ("3", 0.15), (" 5", 0.1), (" four", 0.1)];
        assert_eq!(stored(&[("Score", &[]), (":", &[]), (" 4", four)]), Some(3.7));
        let four: &[_] = &[("(4", 0.5), ("(2", 0.5), ("5", 0.4)];
        assert_eq!(stored(&[("Score: ", &[]), ("(4", four), (")", &[])]), Some(3.0));
        let four: &[_] = &[(" 4/", 0.5), (" 2/", 0.5), (" 5", 0.4)];
        assert_eq!(stored(&[("Score:", &[]), (" 4/", four), ("5", &[])]), Some(3.0));
        let four: &[_] = &[("4\n", 0.5), ("4", 0.25), ("0", 0.25)];
        assert_eq!(stored(&[("Score: ", &[]), ("4\n", four)]), Some(3.0));
    }

    #[test]
    fn what_is_not_known_is_none() {
        let stored = |written, rows: &[_]| expected(Scale::STORED, written, rows);
        let four: &[_] = &[("4", 1.0)];
        assert_eq!(stored("4", &[("Score: ", &[]), ("4", &[])]), None, "no alternatives");
        assert_eq!(
            stored("4", &[("Score: ", &[]), ("4", &[("four", 1.0)])]),
            None,
            "no scores among them"
        );
        assert_eq!(stored("4", &[("Score: ", &[]), ("4", &[("4", f64::NAN)])]), None, "no numbers");
        assert_eq!(
            stored("4.5", &[("Score: ", &[]), ("4", four), (".", &[]), ("5", four)]),
            None,
            "a fraction"
        );
        let tokens = tokens(&[("Score: ", &[]), ("4", four)]);
        assert_eq!(expected_score(&[], "Score: 4", 7..8, Scale::STORED), None, "no tokens");
        assert_eq!(expected_score(&tokens, "Score:4", 6..7, Scale::STORED), None, "another text");
        assert!(expected_score(&tokens, "Score: 4", 7..8, Scale::STORED).is_some());
        assert!(
            expected_score(&tokens, "core: 4", 6..7, Scale::STORED).is_some(),
            "the text may be trimmed"
        );
    }

    #[test]
    fn a_score_of_two_digits_is_followed_token_by_token() {
        let ten = |written, rows: &[_]| {
            expected(TEN, written, rows)
                .map(|score| ((1.0 + score * 9.0 / 5.0) * 1e6).round() / 1e6)
        };
        let first: &[_] = &[("1", 0.5), ("8", 0.5)];
        let rows: &[(&str, &[_])] =
            &[("Score: ", &[]), ("1", first), ("0", &[("0", 0.9), ("2", 0.05)])];
        // 10 has 0.45, 1 has 0.05 and 8 has 0.5.
        assert_eq!(ten("10", rows), Some(8.55));
        let rows: &[(&str, &[_])] =
            &[("Score: ", &[]), ("1", first), ("", &[("", 0.8), ("0", 0.2)])];
        assert_eq!(ten("1", rows), Some(0.4 + 1.0 + 4.0));
        assert_eq!(
            ten("1", &[("Score: ", &[]), ("1", first)]),
            None,
            "nothing is told of what follows"
        );
        assert_eq!(
            ten("8", &[("Score: ", &[]), ("8", first), ("", &[])]),
            None,
            "half of it may be a 1 or a 10"
        );
        let nearly: &[_] = &[("8", 0.5), ("7", 0.495), ("1", 0.005)];
        assert!(ten("8", &[("Score: ", &[]), ("8", nearly)]).is_some());
        let whole: &[_] = &[("10", 0.5), ("8", 0.3), ("1", 0.2)];
        assert_eq!(ten("10", &[("Score: ", &[]), ("10", whole), ("", &[])]), Some(7.6));
        assert_eq!(ten("8", &[("Score: ", &[]), ("8", whole), ("", &[])]), Some(7.6));
    }

    #[test]
    fn the_place_is_that_of_the_parsed_score() {
        let rubric = Rubric::additive();
        for (text, tail) in
            [("Score: 1\nScore: **4**/5", "**/5"), ("A score of 5 is too much.\nScore: 4", "")]
        {
            let found = rubric.find_score(text).unwrap();
            assert_eq!(
                (&text[found.place.clone()], found.place.end),
                ("4", text.len() - tail.len()),
                "{text:?}"
            );
            let mut tokens: Vec<WrittenToken> = text
                .chars()
                .map(|c| WrittenToken { text: c.to_string(), top: Vec::new() })
                .collect();
            tokens[text.len() - tail.len() - 1].top =
                vec![("4".to_owned(), 0.5_f64.ln()), ("2".to_owned(), 0.5_f64.ln())];
            let score = expected_score(&tokens, text, found.place, rubric.scale()).unwrap();
            assert!((score.get() - 3.0).abs() < 1e-12, "{text:?} gave {score:?}");
        }
    }

    proptest! {
        #[test]
        fn it_lies_between_the_scores_that_have_mass(
            weights in prop::collection::vec(0.01_f64..1.0, 6),
            options in prop::collection::vec(0_usize..6, 1..6),
            written in 0_usize..6,
        ) {
            let total: f64 = weights.iter().sum();
            let options: Vec<(String, f64)> = options.iter().map(|&s| (s.to_string(), weights[s] / total)).collect();
            let top: Vec<(&str, f64)> = options.iter().map(|(text, p)| (text.as_str(), *p)).collect();
            let written = written.to_string();
            let tokens = tokens(&[("Score: ", &[]), (&written, &top), ("", &[])]);
            let score = expected_score(&tokens, &format!("Score: {written}"), 7..8, Scale::STORED).unwrap().get();
            let values = options.iter().map(|(text, _)| text.parse::<f64>().unwrap());
            let (min, max) = values.fold((5.0_f64, 0.0_f64), |(min, max), x| (min.min(x), max.max(x)));
            prop_assert!((min - 1e-9..=max + 1e-9).contains(&score), "{score} of {options:?}");
        }

        #[test]
        fn a_score_with_all_the_mass_is_the_expected_one(score in 1_u32..=10, mass in 1e-6_f64..=1.0, as_one: bool) {
            let text = score.to_string();
            let digits: Vec<String> = if as_one { vec![text.clone()] } else { text.chars().map(String::from).collect() };
            let tops: Vec<[(&str, f64); 1]> = digits.iter().map(|digit| [(digit.as_str(), mass)]).collect();
            let mut rows: Vec<(&str, &[(&str, f64)])> = vec![("Score: ", &[])];
            rows.extend(digits.iter().zip(&tops).map(|(digit, top)| (digit.as_str(), &top[..])));
            rows.push(("", &[("", 1.0)]));
            let found = expected(TEN, &text, &rows).unwrap();
            let stored = TEN.stored(score.into()).unwrap().get();
            // 10 in two tokens leaves what is not a 0 behind the 1 to the 1.
            if as_one || score < 10 {
                prop_assert!((found - stored).abs() < 1e-6);
            } else {
                prop_assert!((0.0..=stored).contains(&found));
            }
        }

        #[test]
        fn any_tokens_are_read(
            texts in prop::collection::vec("[ 0-9:(/]{0,3}", 1..6),
            top in prop::collection::vec(("[ 0-9:(/é]{0,3}", -20_f64..0.0), 0..8),
            start in 0_usize..8, length in 1_usize..3,
        ) {
            let text = texts.concat();
            let end = (start + length).min(text.len());
            prop_assume!(start < end);
            let tokens: Vec<_> =
                texts.into_iter().map(|text| WrittenToken { text, top: top.clone() }).collect();
            let _ = expected_score(&tokens, &text, start..end, Scale::STORED);
            let _ = expected_score(&tokens, &text, start..end, TEN);
        }
    }
}
