//! Filters new prompts as Self-Instruct does and samples two responses to each that is kept.
use srlm_sampler::responses::{Config, sample};
use srlm_sampler::{Filter, FilterConfig, Place, PromptRow, PromptSource, Scripted};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut filter = Filter::new(FilterConfig::default());
    filter.add("Suggest three names for a black cat.");
    let written = ["Suggest three names for a grey cat.", "Why do cats like boxes?"];
    let kept = written.iter().filter(|prompt| filter.problem(prompt).is_none());
    let row = |prompt: &&str| PromptRow {
        prompt_id: "boxes".to_owned(),
        prompt: (**prompt).into(),
        source: PromptSource::Generated,
    };
    let prompts: Vec<PromptRow> = kept.map(row).collect();
    let mut generator = Scripted(|_: &_, i: usize| format!("Answer {i}: they are warm."));
    let config = Config { samples: 2, ..Config::default() };
    let place = Place { run_seed: 42, iteration: 1 };
    let responses = sample(&config, &prompts, &mut generator, place)?;
    responses.iter().for_each(|row| println!("{}: {}", row.response_id, row.response));
    assert_eq!((prompts.len(), responses.len()), (1, 2));
    Ok(())
}
