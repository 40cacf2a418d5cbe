//! Questions whose answer is a number.

use rand_chacha::ChaCha8Rng;

use crate::bootstrap::draw_below;

/// A question, its right answer and a wrong one that differs in the number alone.
pub(super) fn draw(random: &mut ChaCha8Rng) -> (String, String, String) {
    let mut number = |low: usize, high: usize| low + draw_below(random, high - low + 1);
    let (question, working, result) = match number(0, 4) {
        0 => {
            let (a, b) = (number(11, 99), number(11, 99));
            (format!("What is {a} plus {b}?"), format!("{a} + {b}"), a + b)
        }
        1 => {
            let (b, rest) = (number(11, 60), number(11, 90));
            let a = b + rest;
            (format!("What is {a} minus {b}?"), format!("{a} - {b}"), rest)
        }
        2 => {
            let (a, b) = (number(3, 19), number(3, 9));
            (format!("What is {a} times {b}?"), format!("{a} * {b}"), a * b)
        }
        3 => {
            let (a, b) = (number(3, 15), number(4, 24));
            (
                format!(
                    "A shelf has {a} boards with {b} books on each. How many books are on the shelf?"
                ),
                format!("{a} * {b}"),
                a * b,
            )
        }
        _ => {
            let (price, paid) = (number(11, 48), 50);
            (
                format!(
                    "A ticket costs {price} dollars and is paid with a {paid} dollar note. How much comes back?"
                ),
                format!("{paid} - {price}"),
                paid - price,
            )
        }
    };
    let offset = number(1, 9);
    let wrong =
        if result > offset && number(0, 1) == 0 { result - offset } else { result + offset };
    let answer = |number: usize| format!("{working} = {number}. The answer is {number}.");
    (question, answer(result), answer(wrong))
}

#[cfg(test)]
mod tests {
    use rand_chacha::rand_core::SeedableRng;

    use super::*;

    /// The number that the question asks for, read from its words.
    fn solved(question: &str) -> i64 {
        let numbers: Vec<i64> =
            question.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse().ok()).collect();
        match question {
            q if q.contains("plus") => numbers[0] + numbers[1],
            q if q.contains("minus") => numbers[0] - numbers[1],
            q if q.contains("ticket") => numbers[1] - numbers[0],
            _ => numbers[0] * numbers[1],
        }
    }

    #[test]
    fn the_right_answer_is_right_and_the_wrong_one_wrong() {
        let mut random = ChaCha8Rng::seed_from_u64(1);
        for _ in 0..2000 {
            let (question, right, wrong) = draw(&mut random);
            let end = |number: i64| format!("The answer is {number}.");
            assert!(right.ends_with(&end(solved(&question))), "{question} {right}");
            assert!(!wrong.ends_with(&end(solved(&question))), "{question} {wrong}");
            assert!(!wrong.contains("= -"), "{wrong}");
        }
    }
}
