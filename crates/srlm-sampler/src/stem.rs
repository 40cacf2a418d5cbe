//! Porter's stemmer in the variant that the `rouge-score` package takes from NLTK.

/// Words that the rules would treat badly, and their stems.
const IRREGULAR: [(&str, &str); 16] = [
    ("sky", "sky"),
    ("skies", "sky"),
    ("dying", "die"),
    ("lying", "lie"),
    ("tying", "tie"),
    ("news", "news"),
    ("innings", "inning"),
    ("inning", "inning"),
    ("outings", "outing"),
    ("outing", "outing"),
    ("cannings", "canning"),
    ("canning", "canning"),
    ("howe", "howe"),
    ("proceed", "proceed"),
    ("exceed", "exceed"),
    ("succeed", "succeed"),
];

/// Step 2: each suffix and what it becomes where the stem has a positive measure. `logi` is handled
/// apart.
const STEP_2: [(&str, &str); 21] = [
    ("ational", "ate"),
    ("tional", "tion"),
    ("enci", "ence"),
    ("anci", "ance"),
    ("izer", "ize"),
    ("bli", "ble"),
    ("alli", "al"),
    ("entli", "ent"),
    ("eli", "e"),
    ("ousli", "ous"),
    ("ization", "ize"),
    ("ation", "ate"),
    ("ator", "ate"),
    ("alism", "al"),
    ("iveness", "ive"),
    ("fulness", "ful"),
    ("ousness", "ous"),
    ("aliti", "al"),
    ("iviti", "ive"),
    ("biliti", "ble"),
    ("fulli", "ful"),
];

/// Step 3, on the same condition.
const STEP_3: [(&str, &str); 7] = [
    ("icate", "ic"),
    ("ative", ""),
    ("alize", "al"),
    ("iciti", "ic"),
    ("ical", "ic"),
    ("ful", ""),
    ("ness", ""),
];

/// Step 4: suffixes that go where the stem's measure is above 1.
const STEP_4: [&str; 19] = [
    "al", "ance", "ence", "er", "ic", "able", "ible", "ant", "ement", "ment", "ent", "ion", "ou",
    "ism", "ate", "iti", "ous", "ive", "ize",
];

/// The stem of a word of lower-case ASCII letters and digits.
///
/// # Source
/// Porter 1980 with the departures that NLTK lists as its extensions. Checked against `rouge-score`
/// 0.1.2.
pub(crate) fn stem(word: &str) -> String {
    debug_assert!(word.is_ascii());
    if let Some((_, stem)) = IRREGULAR.iter().find(|(irregular, _)| *irregular == word) {
        return (*stem).to_owned();
    }
    if word.len() <= 2 {
        return word.to_owned();
    }
    let word = step_1c(step_1b(step_1a(word)));
    let word = step_4(step_3(step_2(word)));
    step_5b(step_5a(word))
}

fn is_consonant(word: &[u8], i: usize) -> bool {
    match word[i] {
        b'a' | b'e' | b'i' | b'o' | b'u' => false,
        b'y' => i == 0 || !is_consonant(word, i - 1),
        _ => true,
    }
}

/// How often a run of vowels is followed by a run of consonants.
fn measure(stem: &str) -> usize {
    let stem = stem.as_bytes();
    (1..stem.len()).filter(|&i| !is_consonant(stem, i - 1) && is_consonant(stem, i)).count()
}

fn contains_vowel(stem: &str) -> bool {
    (0..stem.len()).any(|i| !is_consonant(stem.as_bytes(), i))
}

fn ends_double_consonant(word: &str) -> bool {
    let bytes = word.as_bytes();
    matches!(bytes, [.., a, b] if a == b) && is_consonant(bytes, bytes.len() - 1)
}

/// Whether the word ends consonant, vowel, consonant (not w, x or y), or is a vowel and a
/// consonant.
fn ends_cvc(word: &str) -> bool {
    let w = word.as_bytes();
    match w.len() {
        0 | 1 => false,
        2 => !is_consonant(w, 0) && is_consonant(w, 1),
        n => {
            is_consonant(w, n - 3)
                && !is_consonant(w, n - 2)
                && is_consonant(w, n - 1)
                && !matches!(w[n - 1], b'w' | b'x' | b'y')
        }
    }
}

fn step_1a(word: &str) -> String {
    match word {
        _ if word.ends_with("ies") && word.len() == 4 => word[..3].to_owned(),
        _ if word.ends_with("sses") || word.ends_with("ies") => word[..word.len() - 2].to_owned(),
        _ if word.ends_with('s') && !word.ends_with("ss") => word[..word.len() - 1].to_owned(),
        _ => word.to_owned(),
    }
}

fn step_1b(word: String) -> String {
    if let Some(stem) = word.strip_suffix("ied") {
        return format!("{stem}{}", if word.len() == 4 { "ie" } else { "i" });
    }
    if let Some(stem) = word.strip_suffix("eed") {
        return if measure(stem) > 0 { format!("{stem}ee") } else { word };
    }
    let stem = ["ed", "ing"]
        .into_iter()
        .filter_map(|s| word.strip_suffix(s))
        .find(|stem| contains_vowel(stem));
    match stem {
        Some(stem) => mend(stem),
        None => word,
    }
}

/// Gives back the letter that `-ed` or `-ing` had taken, or takes the one that they had doubled.
fn mend(stem: &str) -> String {
    if ["at", "bl", "iz"].iter().any(|s| stem.ends_with(s)) {
        return format!("{stem}e");
    }
    if ends_double_consonant(stem) {
        let keeps_both = stem.ends_with(['l', 's', 'z']);
        return stem[..stem.len() - usize::from(!keeps_both)].to_owned();
    }
    if measure(stem) == 1 && ends_cvc(stem) { format!("{stem}e") } else { stem.to_owned() }
}

fn step_1c(word: String) -> String {
    match word.strip_suffix('y') {
        Some(stem) if stem.len() > 1 && is_consonant(stem.as_bytes(), stem.len() - 1) => {
            format!("{stem}i")
        }
        _ => word,
    }
}

fn step_2(word: String) -> String {
    if let Some(stem) = word.strip_suffix("alli")
        && measure(stem) > 0
    {
        return step_2(format!("{stem}al"));
    }
    if word.ends_with("logi") {
        // The l counts as part of the stem, so that `geologi` is treated as `archaeologi` is.
        let cut = word.len() - usize::from(measure(&word[..word.len() - 3]) > 0);
        return word[..cut].to_owned();
    }
    replace_first(word, &STEP_2)
}

fn step_3(word: String) -> String {
    replace_first(word, &STEP_3)
}

/// Applies the first rule whose suffix fits, if what is left has a positive measure.
fn replace_first(word: String, rules: &[(&str, &str)]) -> String {
    for (suffix, replacement) in rules {
        if let Some(stem) = word.strip_suffix(suffix) {
            return if measure(stem) > 0 { format!("{stem}{replacement}") } else { word };
        }
    }
    word
}

fn step_4(word: String) -> String {
    let Some((suffix, stem)) = STEP_4.iter().find_map(|s| Some((*s, word.strip_suffix(s)?))) else {
        return word;
    };
    let goes = measure(stem) > 1 && (suffix != "ion" || stem.ends_with(['s', 't']));
    if goes { stem.to_owned() } else { word }
}

fn step_5a(word: String) -> String {
    match word.strip_suffix('e') {
        Some(stem) if measure(stem) > 1 || (measure(stem) == 1 && !ends_cvc(stem)) => {
            stem.to_owned()
        }
        _ => word,
    }
}

fn step_5b(mut word: String) -> String {
    if word.ends_with("ll") && measure(&word[..word.len() - 1]) > 1 {
        word.pop();
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_the_stems_that_porter_gives() {
        let expected = [
            ("caresses", "caress"),
            ("ponies", "poni"),
            ("ties", "tie"),
            ("cats", "cat"),
            ("feed", "feed"),
            ("agreed", "agre"),
            ("plastered", "plaster"),
            ("motoring", "motor"),
            ("sing", "sing"),
            ("conflated", "conflat"),
            ("hopping", "hop"),
            ("falling", "fall"),
            ("filing", "file"),
            ("happy", "happi"),
            ("relational", "relat"),
            ("digitizer", "digit"),
            ("geology", "geolog"),
            ("hopefulness", "hope"),
            ("adoption", "adopt"),
            ("probate", "probat"),
            ("controller", "control"),
            ("dying", "die"),
            ("2024s", "2024"),
        ];
        for (word, stemmed) in expected {
            assert_eq!(stem(word), stemmed, "{word}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_token_has_a_stem(word in "[a-z0-9]{1,20}") {
            proptest::prop_assert!(stem(&word).is_ascii());
        }
    }
}
