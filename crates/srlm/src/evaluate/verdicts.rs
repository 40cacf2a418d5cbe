//! Asking which of two answers is better, in both orders.

use anyhow::Context;
use srlm_artifact::{OnProgress, Progress, Prompt, row_seed};
use srlm_checkpoint::Tokenizer;
use srlm_eval::{ComparisonRow, Preference, VerdictForm};
use srlm_generate::{Generate, Input, Request, Sampling};
use srlm_judge::{Rubric, Verdict};
use srlm_model::Conversation;

use crate::exit::{Exit, OrExit};
use crate::roles::{Named, named};
use crate::run::Run;

/// Two answers to one prompt.
pub(crate) struct Contest {
    pub(crate) prompt_id: String,
    pub(crate) prompt: String,
    pub(crate) new: String,
    pub(crate) old: String,
}

/// One comparison in one order.
pub(crate) struct Question {
    pub(crate) prompt_id: String,
    /// 0 where the new model's answer stands first, 1 where it stands second.
    pub(crate) order: u32,
    pub(crate) prompt: Prompt,
}

/// Both orders of each contest.
pub(crate) fn questions(contests: &[Contest]) -> Vec<Question> {
    let rubric = Rubric::pairwise();
    let both = |contest: &Contest| {
        let Contest { prompt_id, prompt, new, old } = contest;
        [(0, new, old), (1, old, new)].map(|(order, a, b)| Question {
            prompt_id: prompt_id.clone(),
            order,
            prompt: Prompt::user(rubric.render_pair(prompt, a, b)),
        })
    };
    contests.iter().flat_map(both).collect()
}

/// The verdicts, two a contest, as rows.
pub(crate) fn rows(
    contests: &[Contest],
    (model, opponent): (&str, &str),
    verdicts: &[Option<Preference>],
) -> Vec<ComparisonRow> {
    let row = |(contest, found): (&Contest, &[Option<Preference>])| ComparisonRow {
        prompt_id: contest.prompt_id.clone(),
        model: model.to_owned(),
        opponent: opponent.to_owned(),
        new_first: found[0],
        new_second: found[1],
        new_characters: contest.new.chars().count() as u64,
        old_characters: contest.old.chars().count() as u64,
    };
    contests.iter().zip(verdicts.chunks_exact(2)).map(row).collect()
}

/// The verdicts of a run's evaluator in iteration t, for the stage that writes `out`; `name` and
/// `of` decide its seeds.
pub(crate) fn ask(
    run: &Run<'_>,
    t: u32,
    questions: &[Question],
    (name, of): (&str, u32),
    out: &str,
    on_progress: OnProgress<'_>,
) -> anyhow::Result<Vec<Option<Preference>>> {
    let role = &run.config.roles.evaluator;
    if let (VerdictForm::Likelihood, Named::Weights(weights)) =
        (run.config.eval.verdict, named(role, t, &run.config.engines))
    {
        let (checkpoint, _) = run.checkpoint_of(&weights)?;
        let logps = &mut |sequences: &[&[u32]], starts: &[usize]| {
            run.with_engine_of(&weights, |engine| {
                Ok(engine.model().response_logps(sequences, starts))
            })
        };
        return likelier(
            questions,
            (&checkpoint.tokenizer, checkpoint.config.context()),
            logps,
            on_progress,
        );
    }
    // A server with likelihoods is refused with the configuration.
    let mut generator = run.kept_engine_of(role, t, out)?;
    let seed = |question: &Question| {
        row_seed(run.config.run.seed, name, of, &question.prompt_id, question.order)
    };
    written(questions, &mut *generator, &run.config.eval.verdict_sampling(), &seed, on_progress)
}

/// The verdict that a judge wrote.
pub(crate) fn read(text: &str) -> Option<Preference> {
    srlm_judge::parse_verdict(text).map(|verdict| match verdict {
        Verdict::A => Preference::A,
        Verdict::B => Preference::B,
        Verdict::Tie => Preference::Tie,
    })
}

/// What the generator writes; `None` where no verdict can be read.
pub(crate) fn written(
    questions: &[Question],
    generator: &mut dyn Generate,
    sampling: &Sampling,
    seed: &dyn Fn(&Question) -> u64,
    on_progress: OnProgress<'_>,
) -> anyhow::Result<Vec<Option<Preference>>> {
    let request = |question: &Question| Request {
        id: format!("{}/{}", question.prompt_id, question.order),
        input: Input::Chat(question.prompt.messages().to_vec()),
        seeds: vec![seed(question)],
        sampling: sampling.clone(),
        top_logprobs: 0,
    };
    let requests: Vec<Request> = questions.iter().map(request).collect();
    let mut found: Vec<Option<Preference>> = vec![None; requests.len()];
    let (mut n_done, total) = (0, requests.len() as u64);
    let generated = generator.generate(&requests, &mut |completion| {
        n_done += 1;
        // The generator itself stops where the user asks for it.
        let _ = on_progress(Progress { done: n_done, total, unit: "verdicts", tokens: 0 });
        found[completion.request_index] = read(&completion.text);
    });
    generated.or_exit(Exit::Engine)?;
    Ok(found)
}

/// Comparisons of one pass: they share the rubric.
const COMPARISONS: usize = 4;

/// The log-probability of the tokens of each sequence from a place on.
pub(crate) type ResponseLogps<'a> =
    &'a mut dyn FnMut(&[&[u32]], &[usize]) -> anyhow::Result<Vec<f64>>;

/// Which of the two verdicts a model finds likelier; `None` where the texts exceed its context.
pub(crate) fn likelier(
    questions: &[Question],
    (tokenizer, context): (&Tokenizer, usize),
    logps: ResponseLogps<'_>,
    on_progress: OnProgress<'_>,
) -> anyhow::Result<Vec<Option<Preference>>> {
    let mut found = Vec::new();
    for group in questions.chunks(COMPARISONS) {
        let mut conversations = Vec::new();
        let mut fits = Vec::new();
        for question in group {
            let conversation = |verdict| {
                Conversation::new(tokenizer, &question.prompt, verdict)
                    .with_context(|| format!("comparison of {}", question.prompt_id))
            };
            let both = [conversation("Verdict: A")?, conversation("Verdict: B")?];
            fits.push(both.iter().all(|c| c.ids.len() <= context));
            if fits.last() == Some(&true) {
                conversations.extend(both);
            }
        }
        let sequences: Vec<&[u32]> = conversations.iter().map(|c| c.ids.as_slice()).collect();
        let starts: Vec<usize> = conversations.iter().map(|c| c.response_start).collect();
        let logps = if sequences.is_empty() { Vec::new() } else { logps(&sequences, &starts)? };
        let mut verdicts =
            logps.chunks_exact(2).map(|l| if l[0] >= l[1] { Preference::A } else { Preference::B });
        found.extend(fits.into_iter().map(|fits| if fits { verdicts.next() } else { None }));
        let (done, total) = (found.len() as u64, questions.len() as u64);
        if on_progress(Progress { done, total, unit: "verdicts", tokens: 0 }).is_break() {
            return Err(srlm_generate::Error::Interrupted.into());
        }
    }
    Ok(found)
}
