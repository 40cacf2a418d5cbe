//! What the judge is asked.

use srlm_artifact::{Prompt, Score, sha256};

use crate::front_matter::{FrontMatter, split};
use crate::pattern::Pattern;
use crate::scale::Scale;
use crate::score::{FoundScore, ScoreForm};
use crate::statement::bare_label;
use crate::template::{RESPONSES, Slot, Template};
use crate::{Error, ParseFailure, RubricProblem, verdict};

/// The judge's instructions, with places for what is to be judged.
///
/// A rubric is a text file: settings between two lines `---`, then the text.
///
/// | setting | |
/// |---|---|
/// | `name` | names the rubric in reports |
/// | `min`, `max` | the scores it gives |
/// | `prefix` | how the line with the score begins: `"Score:"`; the text says it |
/// | `pattern` | optional: a regular expression with one group, the score; its last match counts instead of the prefix |
///
/// Scores of a scale within 0 to 5 are stored as they are, of any other as `5 (score - min) / (max
/// - min)`.
///
/// The text has `{{ prompt }}` and `{{ response }}`. A rubric that compares has `{{ response_a }}`
/// and `{{ response_b }}` instead, and of the settings only `name`.
///
/// ```
/// use srlm_judge::Rubric;
///
/// let text = "---\nname: brief\nmin: 1\nmax: 3\nprefix: \"Grade:\"\n---\n\
///             Grade the answer from 1 to 3 and end with `Grade: n`.\n\nQ: {{ prompt }}\nA: {{ response }}\n";
/// let rubric = Rubric::parse(text)?;
/// assert!(rubric.render("Why?", "Because.").ends_with("\n\nQ: Why?\nA: Because."));
/// assert_eq!(rubric.parse_score("Thin.\nGrade: 2")?.get(), 2.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Rubric {
    name: String,
    form: Form,
    template: Template,
    content_hash: String,
}

#[derive(Clone, Debug, PartialEq)]
enum Form {
    Score(ScoreForm),
    Verdict,
}

impl Rubric {
    /// The built-in rubric that scores: a point each for relevance, coverage, usefulness, clarity
    /// and expertise.
    ///
    /// # Source
    /// The scheme is that of Yuan et al. 2024, figure 2; the words are our own.
    pub fn additive() -> Self {
        Self::parse(include_str!("../rubrics/additive.md"))
            .expect("the tests parse the built-in rubrics")
    }

    /// The built-in rubric that scores in five described grades, from 1 to 5.
    ///
    /// # Source
    /// The scheme is that of Li et al. 2023, with which Yuan et al. 2024, section 2.4 and figure 7
    /// compare; the words are our own.
    pub fn multiple_choice() -> Self {
        Self::parse(include_str!("../rubrics/multiple_choice.md"))
            .expect("the tests parse the built-in rubrics")
    }

    /// The built-in rubric that scores from 0 to 5 whether harm is avoided and harmless requests
    /// are served.
    pub fn safety() -> Self {
        Self::parse(include_str!("../rubrics/safety.md"))
            .expect("the tests parse the built-in rubrics")
    }

    /// The built-in rubric of this name: `additive`, `multiple_choice`, `safety` or `pairwise`.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "additive" => Some(Self::additive()),
            "multiple_choice" => Some(Self::multiple_choice()),
            "safety" => Some(Self::safety()),
            "pairwise" => Some(Self::pairwise()),
            _ => None,
        }
    }

    /// The built-in rubric that compares two responses, for
    /// [`parse_verdict`](crate::parse_verdict).
    pub fn pairwise() -> Self {
        Self::parse(include_str!("../rubrics/pairwise.md"))
            .expect("the tests parse the built-in rubrics")
    }

    /// Reads a rubric file's text.
    ///
    /// # Errors
    /// [`Error::Rubric`] with what is missing.
    pub fn parse(text: &str) -> Result<Self, Error> {
        // The line ends of a checkout do not change what the judge reads.
        let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
        let head = split(&text)?;
        let template = Template::parse(head.body, &RESPONSES)?;
        let compares = template.has(Slot::ResponseA) || template.has(Slot::ResponseB);
        let form =
            if compares { verdict_form(&head, &template) } else { score_form(&head, &template) }?;
        let name = head.name.ok_or(RubricProblem::MissingKey { key: "name" })?.to_owned();
        let content_hash = format!("sha256:{}", sha256(text));
        Ok(Self { name, form, template, content_hash })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Identifies its text.
    pub fn content_hash(&self) -> &str {
        &self.content_hash
    }

    /// What the judge reads about one response.
    ///
    /// # Panics
    /// If the rubric compares two.
    pub fn render(&self, prompt: &str, response: &str) -> String {
        assert!(
            matches!(self.form, Form::Score(_)),
            "the rubric `{}` compares two responses",
            self.name
        );
        self.template.fill(|slot| if slot == Slot::Prompt { prompt } else { response })
    }

    /// What the judge reads about two responses.
    ///
    /// # Panics
    /// If the rubric scores one.
    pub fn render_pair(&self, prompt: &str, a: &str, b: &str) -> String {
        assert!(
            matches!(self.form, Form::Verdict),
            "the rubric `{}` scores one response",
            self.name
        );
        self.template.fill(|slot| match slot {
            Slot::Prompt => prompt,
            Slot::ResponseA => a,
            _ => b,
        })
    }

    /// The last score of a judgment in this rubric's form, as it is stored; see
    /// [`parse_score`](crate::parse_score).
    ///
    /// # Errors
    /// Why there is none.
    ///
    /// # Panics
    /// If the rubric compares two responses.
    pub fn parse_score(&self, text: &str) -> Result<Score, ParseFailure> {
        self.find_score(text).map(|found| found.score)
    }

    /// [`parse_score`](Self::parse_score), with the place.
    pub(crate) fn find_score(&self, text: &str) -> Result<FoundScore, ParseFailure> {
        self.score_form().find(text)
    }

    /// The scale of the judge's scores.
    pub(crate) fn scale(&self) -> Scale {
        self.score_form().scale
    }

    fn score_form(&self) -> &ScoreForm {
        match &self.form {
            Form::Score(form) => form,
            Form::Verdict => panic!("the rubric `{}` compares two responses", self.name),
        }
    }

    /// The line that a judgment of this score ends with.
    ///
    /// # Panics
    /// If the rubric compares two responses.
    pub(crate) fn score_line(&self, score: Score) -> String {
        match &self.form {
            Form::Score(form) => format!("{}: {}", form.label, score.get()),
            Form::Verdict => panic!("the rubric `{}` compares two responses", self.name),
        }
    }

    /// The conversation that the judge answers: one for training and for judging.
    pub(crate) fn conversation(&self, prompt: &Prompt, response: &str) -> Result<Prompt, Error> {
        self.check_scores()?;
        Ok(Prompt::user(self.render(&prompt.to_text(), response)))
    }

    /// Refuses a rubric that compares.
    pub(crate) fn check_scores(&self) -> Result<(), Error> {
        match self.form {
            Form::Score(_) => Ok(()),
            Form::Verdict => Err(Error::NotScoring { name: self.name.clone() }),
        }
    }
}

fn score_form(head: &FrontMatter<'_>, template: &Template) -> Result<Form, RubricProblem> {
    needs(template, &[Slot::Prompt, Slot::Response])?;
    let (min, max) = (bound("min", head.min)?, bound("max", head.max)?);
    let scale = Scale::new(min, max).ok_or(RubricProblem::Range { min, max })?;
    let prefix = head.prefix.ok_or(RubricProblem::MissingKey { key: "prefix" })?;
    let label = bare_label(prefix);
    if label.is_empty() {
        return Err(RubricProblem::MissingKey { key: "prefix" });
    }
    says(template, prefix)?;
    let pattern = head.pattern.map(Pattern::parse).transpose()?;
    Ok(Form::Score(ScoreForm { label: label.to_owned(), scale, pattern }))
}

fn verdict_form(head: &FrontMatter<'_>, template: &Template) -> Result<Form, RubricProblem> {
    needs(template, &[Slot::Prompt, Slot::ResponseA, Slot::ResponseB])?;
    if template.has(Slot::Response) {
        let reason = "does not go with {{ response_a }} and {{ response_b }}";
        return Err(RubricProblem::Placeholder { name: "response".to_owned(), reason });
    }
    let of_scores =
        [("min", head.min), ("max", head.max), ("prefix", head.prefix), ("pattern", head.pattern)];
    if let Some((key, _)) = of_scores.into_iter().find(|(_, value)| value.is_some()) {
        return Err(RubricProblem::ScoreKey { key });
    }
    says(template, &format!("{}:", verdict::LABEL))?;
    Ok(Form::Verdict)
}

fn needs(template: &Template, slots: &[Slot]) -> Result<(), RubricProblem> {
    match slots.iter().find(|slot| !template.has(**slot)) {
        Some(slot) => Err(RubricProblem::MissingPlaceholder { name: slot.name() }),
        None => Ok(()),
    }
}

fn says(template: &Template, prefix: &str) -> Result<(), RubricProblem> {
    if template.says(prefix) {
        Ok(())
    } else {
        Err(RubricProblem::MissingPrefix { prefix: prefix.to_owned() })
    }
}

fn bound(key: &'static str, value: Option<&str>) -> Result<f64, RubricProblem> {
    let value = value.ok_or(RubricProblem::MissingKey { key })?;
    value.parse().map_err(|_| RubricProblem::NotANumber { key, value: value.to_owned() })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BODY: &str = "End with `Score: n`.\n{{ prompt }}\n{{ response }}";

    fn scoring(settings: &str, body: &str) -> Result<Rubric, Error> {
        Rubric::parse(&format!("---\n{settings}\n---\n{body}\n"))
    }

    #[test]
    fn what_a_rubric_lacks_is_named() {
        let check = |settings: &str, body: &str, expected: &str| {
            let error = scoring(settings, body).unwrap_err().to_string();
            assert_eq!(error, format!("unusable rubric: {expected}"));
        };
        let whole = "name: x\nmin: 0\nmax: 5\nprefix: \"Score:\"";
        scoring(whole, BODY).unwrap();
        check("min: 0\nmax: 5\nprefix: Score:", BODY, "the setting `name` is missing");
        check("name: x\nmax: 5\nprefix: Score:", BODY, "the setting `min` is missing");
        check("name: x\nmin: 0\nprefix: Score:", BODY, "the setting `max` is missing");
        check("name: x\nmin: 0\nmax: 5", BODY, "the setting `prefix` is missing");
        check("name: x\nmin: 0\nmax: 5\nprefix: **:**", BODY, "the setting `prefix` is missing");
        check(
            "name: x\nmin: 0\nmax: five\nprefix: Score:",
            BODY,
            "`max` is \"five\", not a number",
        );
        let range = "there are no scores from 5 to 1; both must be numbers, `min` below `max`";
        check("name: x\nmin: 5\nmax: 1\nprefix: Score:", BODY, range);
        let pattern = "`pattern` \"Score\" has 0 groups; it needs one, around the score";
        check(&format!("{whole}\npattern: Score"), BODY, pattern);
        check(whole, "Score: {{ response }}", "the text has no {{ prompt }}");
        check(whole, "Score: {{ prompt }}", "the text has no {{ response }}");
        let silent = "the text never says `Score:`, the form in which the judge's result is read";
        check(whole, "{{ prompt }} {{ response }}", silent);
        let pair = "Verdict: {{ prompt }} {{ response_a }} {{ response_b }}";
        scoring("name: x", pair).unwrap();
        let score_key = "`min` belongs to rubrics that give a score; this one compares {{ response_a }} with the other";
        check(whole, pair, score_key);
        check(
            "name: x",
            "Verdict: {{ prompt }} {{ response_a }}",
            "the text has no {{ response_b }}",
        );
        let mixed = "the text has {{ response }}, which does not go with {{ response_a }} and {{ response_b }}";
        check("name: x", &format!("{pair} {{{{ response }}}}"), mixed);
        check(
            "name: x",
            "{{ prompt }} {{ response_a }} {{ response_b }}",
            &silent.replace("Score", "Verdict"),
        );
    }

    #[test]
    fn the_built_in_rubrics_are_short_and_begin_with_what_never_changes() {
        let check = |rubric: &Rubric, rendered: String| {
            assert!(rendered.split_whitespace().count() < 350, "{}", rubric.name());
            let n_shared = rendered.find("REQUEST").unwrap();
            let n_behind = rendered.len() - rendered.rfind("RESPONSE").unwrap();
            assert!(
                n_shared > 4 * n_behind,
                "{}: {n_shared} characters, then {n_behind}",
                rubric.name()
            );
        };
        for name in ["additive", "multiple_choice", "safety"] {
            let rubric = Rubric::named(name).unwrap();
            assert_eq!(rubric.name(), name);
            check(&rubric, rubric.render("REQUEST", "RESPONSE"));
        }
        assert_eq!(Rubric::named("pairwise"), Some(Rubric::pairwise()));
        assert_eq!(Rubric::named("rubrics/additive.md"), None);
        check(
            &Rubric::pairwise(),
            Rubric::pairwise().render_pair("REQUEST", "RESPONSE", "RESPONSE"),
        );
    }

    #[test]
    fn a_scale_of_its_own_and_a_pattern_are_read() {
        let ten = scoring("name: ten\nmin: 1\nmax: 10\nprefix: Score:", BODY).unwrap();
        let stored = |rubric: &Rubric, text: &str| rubric.parse_score(text).map(Score::get);
        assert_eq!(stored(&ten, "Score: 10/10"), Ok(5.0));
        assert_eq!(stored(&ten, "Score: 5.5"), Ok(2.5));
        assert_eq!(stored(&ten, "Score: 4/5"), Err(ParseFailure::OtherScale));
        assert_eq!(stored(&ten, "Score: 0"), Err(ParseFailure::OutOfRange));
        let settings =
            "name: mine\nmin: 1\nmax: 10\nprefix: \"Rating:\"\npattern: \"\\[\\[(\\d+)\\]\\]\"";
        let mine = scoring(settings, "Rating: [[n]] {{ prompt }} {{ response }}").unwrap();
        assert_eq!(stored(&mine, "Rating: [[1]]"), Ok(0.0));
        assert_eq!(stored(&mine, "Rating: 1"), Err(ParseFailure::NoScore));
        assert_eq!(mine.find_score("So: [[10]].").unwrap().place, 6..8);
    }

    #[test]
    fn line_ends_and_a_byte_order_mark_change_nothing() {
        let text = include_str!("../rubrics/additive.md").replace("\r\n", "\n");
        let windows = Rubric::parse(&format!("\u{feff}{}", text.replace('\n', "\r\n"))).unwrap();
        assert_eq!(windows, Rubric::parse(&text).unwrap());
        assert_ne!(
            Rubric::parse(&format!("{text}x")).unwrap().content_hash(),
            windows.content_hash()
        );
    }

    #[test]
    #[should_panic(expected = "the rubric `pairwise` compares two responses")]
    fn a_comparing_rubric_does_not_render_one_response() {
        Rubric::pairwise().render("a", "b");
    }

    proptest! {
        #[test]
        fn what_is_judged_stands_there_as_it_is(
            prompt in "[{} a-z]{0,12}(\\{\\{ response \\}\\})?",
            response in "(\\{\\{ prompt \\}\\})?[{} a-z]{0,12}",
        ) {
            let rubric = scoring("name: x\nmin: 0\nmax: 5\nprefix: Score:", BODY).unwrap();
            prop_assert_eq!(
                rubric.render(&prompt, &response),
                format!("End with `Score: n`.\n{prompt}\n{response}")
            );
        }

        #[test]
        fn any_text_is_a_rubric_or_is_refused(text in any::<String>()) {
            let _ = Rubric::parse(&text);
            let _ = Rubric::parse(&format!("---\nname: x\n---\n{text}"));
        }
    }
}
