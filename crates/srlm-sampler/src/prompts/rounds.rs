//! The rounds of prompt generation, without their input and output: which requests come next, and
//! what is kept of what they give.

use std::collections::{BTreeMap, HashSet};

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use srlm_artifact::{Counts, FinishReason, Place, Prompt, PromptRow, PromptSource, row_seed};
use srlm_generate::{Request, Sampling};

use super::Config;
use super::dropped::Dropped;
use crate::filter::collapse;
use crate::template::stops;
use crate::{DropReason, Error, Filter, Rejection, parse, render};

/// One generation, as written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Output {
    pub(crate) text: String,
    pub(crate) finish_reason: FinishReason,
}

/// Prompts accepted so far, and all that decides the next request.
pub(crate) struct Rounds<'a> {
    config: &'a Config,
    place: Place,
    /// Seeds that can be shown.
    seeds: Vec<String>,
    /// Generated prompts that can be shown: those of earlier iterations, then the accepted ones.
    generated: Vec<String>,
    filter: Filter,
    /// Ids of the prompts that the filter knows, in its order.
    known: Vec<String>,
    rows: Vec<PromptRow>,
    n_rounds: u32,
    dropped: Vec<Dropped>,
}

impl<'a> Rounds<'a> {
    /// # Errors
    /// [`Error::TooFewSeeds`]
    pub(crate) fn new(
        config: &'a Config,
        place: Place,
        seeds: &[PromptRow],
        earlier: &[PromptRow],
    ) -> Result<Self, Error> {
        let mut filter = Filter::new(config.filter.clone());
        let all = seeds.iter().chain(earlier);
        all.clone().for_each(|row| filter.add(&row.prompt.to_text()));
        let shown = demonstrations(seeds, config.max_demonstration_words);
        let needed = config.n_demonstrations();
        if shown.len() < needed {
            let (found, max_words) = (shown.len(), config.max_demonstration_words);
            return Err(Error::TooFewSeeds { found, n_seeds: seeds.len(), max_words, needed });
        }
        Ok(Self {
            config,
            place,
            seeds: shown,
            generated: demonstrations(earlier, config.max_demonstration_words),
            filter,
            known: all.map(|row| row.prompt_id.clone()).collect(),
            rows: Vec::new(),
            n_rounds: 0,
            dropped: Vec::new(),
        })
    }

    pub(crate) fn n_kept(&self) -> u64 {
        self.rows.len() as u64
    }

    /// Whether there are enough prompts, or have been enough rounds.
    pub(crate) fn is_done(&self) -> bool {
        self.is_full() || self.n_rounds >= self.config.max_rounds
    }

    fn is_full(&self) -> bool {
        self.rows.len() >= self.config.count as usize
    }

    /// The next round. Each request's demonstrations and seed follow from its id and from the
    /// rounds before.
    pub(crate) fn requests(&self) -> Vec<Request> {
        (0..self.config.requests_per_round).map(|i| self.request(i)).collect()
    }

    fn request(&self, i: u32) -> Request {
        let id = self.request_id(i);
        let seed =
            |index| row_seed(self.place.run_seed, "prompts", self.place.iteration, &id, index);
        let config = self.config;
        let demonstrations = self.draw(seed(0));
        let mut stop = config.sampling.stop.clone();
        stop.extend(stops(
            config.form,
            config.answers,
            demonstrations.len(),
            config.tasks_per_request,
        ));
        Request {
            input: render(
                config.form,
                &config.instruction,
                &demonstrations,
                config.tasks_per_request,
            ),
            seeds: vec![seed(1)],
            sampling: Sampling { stop, ..config.sampling.clone() },
            id,
            top_logprobs: 0,
        }
    }

    /// Demonstrations in the order in which they are shown: generated ones as far as there are,
    /// seeds, shuffled.
    fn draw(&self, seed: u64) -> Vec<&str> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut pick = |from: &'_ [String], n: usize| -> Vec<usize> {
            let mut places: Vec<usize> = (0..from.len()).collect();
            places.partial_shuffle(&mut rng, n).0.to_vec()
        };
        let n_generated = (self.config.generated_demonstrations as usize).min(self.generated.len());
        let generated = pick(&self.generated, n_generated);
        let seeds = pick(&self.seeds, self.config.n_demonstrations() - n_generated);
        let mut shown: Vec<&str> = generated.iter().map(|&i| self.generated[i].as_str()).collect();
        shown.extend(seeds.iter().map(|&i| self.seeds[i].as_str()));
        shown.shuffle(&mut rng);
        shown
    }

    fn request_id(&self, i: u32) -> String {
        format!("iter{}-round{:04}-{i:03}", self.place.iteration, self.n_rounds)
    }

    /// Takes what the requests of a round gave, in their order.
    pub(crate) fn take(&mut self, outputs: &[Output]) {
        let (config, first_number) = (self.config, self.config.n_demonstrations() as u32 + 1);
        for (i, output) in (0..).zip(outputs) {
            let request = self.request_id(i);
            let parsed = parse(
                &output.text,
                config.form,
                config.answers,
                first_number,
                output.finish_reason,
            );
            for prompt in parsed.prompts {
                match self.problem(&prompt) {
                    Some(problem) => self.drop_one(prompt, problem, &request),
                    None => self.keep(prompt),
                }
            }
            if let Some(prompt) = parsed.truncated {
                self.drop_one(prompt, of_itself(DropReason::Truncated), &request);
            }
        }
        self.n_rounds += 1;
    }

    fn problem(&self, prompt: &str) -> Option<Rejection> {
        if self.is_full() {
            Some(of_itself(DropReason::Surplus))
        } else {
            self.filter.problem(prompt)
        }
    }

    fn keep(&mut self, prompt: String) {
        let prompt_id = format!("iter{}-{:05}", self.place.iteration, self.rows.len());
        self.filter.add(&prompt);
        self.known.push(prompt_id.clone());
        let source = PromptSource::Generated;
        self.rows.push(PromptRow { prompt_id, prompt: Prompt::user(prompt.clone()), source });
        self.generated.push(prompt);
    }

    fn drop_one(&mut self, text: String, problem: Rejection, request: &str) {
        let Rejection { reason, nearest, rouge_l } = problem;
        let nearest = nearest.map(|place| self.known[place].clone());
        let (round, request) = (self.n_rounds, request.to_owned());
        self.dropped.push(Dropped { text, reason, round, request, nearest, rouge_l });
    }

    /// What was not accepted, in the order in which it was generated.
    pub(crate) fn dropped(&self) -> &[Dropped] {
        &self.dropped
    }

    /// What was accepted, and the counts: `generated` is `kept` and all reasons together.
    ///
    /// # Errors
    /// [`Error::TooFewPrompts`]
    pub(crate) fn finish(self) -> Result<(Vec<PromptRow>, Counts), Error> {
        let (config, kept) = (self.config, self.n_kept());
        let mut n_dropped: BTreeMap<DropReason, u64> =
            DropReason::ALL.map(|reason| (reason, 0)).into();
        self.dropped.iter().for_each(|row| *n_dropped.entry(row.reason).or_insert(0) += 1);
        let generated = kept + self.dropped.len() as u64;
        if kept < u64::from(config.min_count) {
            let seen = n_dropped
                .iter()
                .filter(|(_, n)| **n > 0)
                .map(|(reason, n)| format!(", {n} {}", reason.name()));
            let accounting = format!("{generated} generated{}", seen.collect::<String>());
            return Err(Error::TooFewPrompts {
                kept,
                min_count: config.min_count,
                rounds: self.n_rounds,
                accounting,
            });
        }
        let mut counts: Counts =
            n_dropped.iter().map(|(reason, n)| (reason.name().to_owned(), *n)).collect();
        let totals = [
            ("requested", u64::from(config.count)),
            ("rounds", u64::from(self.n_rounds)),
            ("generated", generated),
            ("kept", kept),
        ];
        counts.extend(totals.map(|(name, n)| (name.to_owned(), n)));
        Ok((self.rows, counts))
    }
}

fn of_itself(reason: DropReason) -> Rejection {
    Rejection { reason, nearest: None, rouge_l: None }
}

/// The distinct single user turns of at most `max_words` words, in order.
fn demonstrations(rows: &[PromptRow], max_words: u32) -> Vec<String> {
    let mut seen = HashSet::new();
    let texts = rows.iter().filter_map(|row| row.prompt.as_user_text()).map(collapse);
    let short =
        texts.filter(|text| !text.is_empty() && text.split(' ').count() <= max_words as usize);
    short.filter(|text| seen.insert(text.clone())).collect()
}

#[cfg(test)]
mod tests {
    use srlm_artifact::{FinishReason, Message};
    use srlm_generate::Input;

    use super::*;

    const PLACE: Place = Place { run_seed: 7, iteration: 1 };

    fn row(prompt_id: &str, prompt: Prompt) -> PromptRow {
        PromptRow { prompt_id: prompt_id.to_owned(), prompt, source: PromptSource::Seed }
    }

    fn seeds(n: usize) -> Vec<PromptRow> {
        (0..n)
            .map(|i| row(&format!("seed-{i}"), Prompt::user(format!("seed s{i} t{i} u{i}"))))
            .collect()
    }

    fn shown(request: &Request) -> Vec<String> {
        let Input::Text(text) = &request.input else { panic!("not plain text") };
        text.lines()
            .skip(1)
            .map(|line| line.split_once(". ").map_or(line, |(_, task)| task).to_owned())
            .collect()
    }

    fn outputs(texts: &[&str]) -> Vec<Output> {
        texts
            .iter()
            .map(|text| Output { text: (*text).to_owned(), finish_reason: FinishReason::Stop })
            .collect()
    }

    #[test]
    fn six_seeds_and_two_generated_prompts_are_shown_once_there_are_two() {
        let config = Config::default();
        let mut rounds = Rounds::new(&config, PLACE, &seeds(20), &[]).unwrap();
        let n_generated = |rounds: &Rounds<'_>| {
            let requests = rounds.requests();
            assert!(requests.iter().all(|request| shown(request).len() == 9));
            requests
                .iter()
                .map(|r| shown(r).iter().filter(|task| task.starts_with("Tell")).count())
                .collect::<Vec<_>>()
        };
        assert_eq!(n_generated(&rounds), [0; 16]);
        rounds.take(&outputs(&[
            " Tell me about the moon.\n10. Tell one joke on geese.\n11. Tell why glass can break.",
        ]));
        assert_eq!((rounds.n_kept(), n_generated(&rounds)), (3, vec![2; 16]));
    }

    #[test]
    fn long_seeds_and_conversations_are_not_shown() {
        let mut seeds = seeds(8);
        let turns = vec![Message::user("hi"), Message::assistant("hello"), Message::user("bye")];
        seeds.push(row("long", Prompt::user("long ".repeat(61))));
        seeds.push(row("turns", Prompt::conversation(turns)));
        seeds.push(seeds[0].clone());
        let config = Config::default();
        assert_eq!(Rounds::new(&config, PLACE, &seeds, &[]).unwrap().seeds.len(), 8);
        let error = Rounds::new(&config, PLACE, &seeds[1..10], &[]).err().unwrap();
        insta::assert_snapshot!(error, @"7 of 9 seed prompts are single user turns of at most 60 words, 8 are needed; give more seeds, raise `max_demonstration_words` or lower `seed_demonstrations`");
    }

    #[test]
    fn requests_differ_and_follow_from_ids_alone() {
        let config = Config::default();
        let rounds = Rounds::new(&config, PLACE, &seeds(20), &[]).unwrap();
        let (first, again) = (rounds.requests(), rounds.requests());
        assert_eq!(first, again);
        assert_ne!(first[0].input, first[1].input);
        assert_ne!(first[0].seeds, first[1].seeds);
    }

    #[test]
    fn every_generated_prompt_is_accounted_for() {
        let config = Config { count: 1, min_count: 1, ..Config::default() };
        let earlier = [row("iter0-00000", Prompt::user("Name a very old tree."))];
        let mut rounds = Rounds::new(&config, PLACE, &seeds(8), &earlier).unwrap();
        let mut outputs = outputs(&[
            " Draw me a big cat.\n10. Name a very old tree.\n11. Name a VERY old tree!\n12. Name a very old tall tree.\n13. Why do leaves turn red?\n14. What is rain made of?",
            " What is snow made of?\n10. What i",
        ]);
        outputs[1].finish_reason = FinishReason::Length;
        rounds.take(&outputs);
        assert!(rounds.is_done());
        let dropped = rounds.dropped().to_vec();
        let (rows, counts) = rounds.finish().unwrap();
        let first = (rows[0].prompt_id.as_str(), rows[0].prompt.to_text());
        assert_eq!(first, ("iter1-00000", "Why do leaves turn red?".to_owned()));
        let n_dropped: u64 = DropReason::ALL.iter().map(|reason| counts[reason.name()]).sum();
        assert_eq!(
            (counts["generated"], n_dropped),
            (counts["kept"] + n_dropped, dropped.len() as u64)
        );
        let lines: Vec<_> =
            dropped.iter().map(|row| srlm_artifact::to_line(row).unwrap()).collect();
        insta::assert_snapshot!(lines.join("\n"), @r#"
        {"text":"Draw me a big cat.","reason":"keyword","round":0,"request":"iter1-round0000-000","nearest":null,"rouge_l":null}
        {"text":"Name a very old tree.","reason":"duplicate","round":0,"request":"iter1-round0000-000","nearest":"iter0-00000","rouge_l":null}
        {"text":"Name a VERY old tree!","reason":"near_duplicate","round":0,"request":"iter1-round0000-000","nearest":"iter0-00000","rouge_l":null}
        {"text":"Name a very old tall tree.","reason":"similar","round":0,"request":"iter1-round0000-000","nearest":"iter0-00000","rouge_l":0.9090909090909091}
        {"text":"What is rain made of?","reason":"surplus","round":0,"request":"iter1-round0000-000","nearest":null,"rouge_l":null}
        {"text":"What is snow made of?","reason":"surplus","round":0,"request":"iter1-round0000-001","nearest":null,"rouge_l":null}
        {"text":"What i","reason":"truncated","round":0,"request":"iter1-round0000-001","nearest":null,"rouge_l":null}
        "#);
    }

    #[test]
    fn too_few_prompts_name_what_became_of_the_rest() {
        let config = Config { max_rounds: 1, ..Config::default() };
        let mut rounds = Rounds::new(&config, PLACE, &seeds(8), &[]).unwrap();
        rounds.take(&outputs(&[" Hi.\n10. Draw a map of Rome."]));
        let error = rounds.finish().unwrap_err();
        insta::assert_snapshot!(error, @"only 0 prompts of at least 100 after 1 rounds: 2 generated, 1 too_short, 1 keyword; raise `max_rounds`, loosen the filter that drops most, or lower `min_count`");
    }
}
