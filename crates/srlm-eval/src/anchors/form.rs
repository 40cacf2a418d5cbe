//! Requests for a form that a program can check.

use rand_chacha::ChaCha8Rng;

use crate::bootstrap::draw_below;

/// What is told of, and three things to say of it.
const TOPICS: [(&str, [&str; 3]); 8] = [
    ("a rainy day", ["the street is wet", "people carry umbrellas", "the sky is gray"]),
    ("a small bakery", ["the oven is warm", "the bread smells good", "the door opens early"]),
    ("a train journey", ["the wagons are full", "the hills pass by", "the whistle is loud"]),
    ("a public library", ["the rooms are quiet", "the shelves are high", "the chairs are soft"]),
    ("a mountain lake", ["the water is cold", "the shore is stony", "the fish are small"]),
    ("a school garden", ["the beans grow fast", "the soil is dark", "the children dig"]),
    ("a harbor at night", ["the lamps are green", "the boats are still", "the wind is mild"]),
    ("a winter market", ["the stalls are bright", "the tea is hot", "the music is old"]),
];

/// Forms as the request words them, by number.
const FORMS: [&str; 6] = [
    "Do not use any commas.",
    "Use lowercase letters only.",
    "Use capital letters only.",
    "Answer with exactly three bullet points that begin with an asterisk.",
    "Put your whole answer in double quotation marks.",
    "Answer with nothing but a JSON list of three strings.",
];

/// Different requests that there are.
pub(super) const N_DIFFERENT: usize = TOPICS.len() * FORMS.len();

/// A request, an answer in the form that it asks for, and the same words in another form.
pub(super) fn draw(random: &mut ChaCha8Rng) -> (String, String, String) {
    let (topic, facts) = TOPICS[draw_below(random, TOPICS.len())];
    let form = draw_below(random, FORMS.len());
    let (right, wrong) = answers(form, &facts);
    (format!("Say three short things about {topic}. {}", FORMS[form]), right, wrong)
}

fn answers(form: usize, facts: &[&str; 3]) -> (String, String) {
    let sentences = facts.map(|fact| capitalized(fact) + ".").join(" ");
    match form {
        0 => (
            sentences,
            format!("{}.", capitalized(&format!("{}, {}, and {}", facts[0], facts[1], facts[2]))),
        ),
        1 => (sentences.to_lowercase(), sentences),
        2 => (sentences.to_uppercase(), sentences),
        3 => (facts.map(|fact| format!("* {}.", capitalized(fact))).join("\n"), sentences),
        4 => (format!("\"{sentences}\""), sentences),
        _ => (serde_json::json!(facts).to_string(), sentences),
    }
}

fn capitalized(text: &str) -> String {
    let mut characters = text.chars();
    characters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(characters).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ifeval::{Row, check};

    /// The instruction of IFEval that checks a form.
    fn instruction(form: usize) -> (&'static str, serde_json::Value) {
        match form {
            0 => ("punctuation:no_comma", json!({})),
            1 => ("change_case:english_lowercase", json!({})),
            2 => ("change_case:english_capital", json!({})),
            3 => ("detectable_format:number_bullet_lists", json!({ "num_bullets": 3 })),
            4 => ("startend:quotation", json!({})),
            _ => ("detectable_format:json_format", json!({})),
        }
    }

    #[test]
    fn ifeval_passes_the_right_answer_and_fails_the_wrong_one() {
        for form in 0..FORMS.len() {
            let (id, kwargs) = instruction(form);
            let row =
                json!({ "key": 1, "prompt": "p", "instruction_id_list": [id], "kwargs": [kwargs] });
            let row = Row::parse(&row.to_string()).unwrap();
            for (_, facts) in TOPICS {
                let (right, wrong) = answers(form, &facts);
                assert_eq!(check(&row, &right).strict, [true], "{id}: {right}");
                assert_eq!(check(&row, &wrong).strict, [false], "{id}: {wrong}");
            }
        }
    }
}
