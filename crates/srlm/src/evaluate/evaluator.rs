//! Who decides the head-to-head, and whether it took part in training.

use srlm_eval::Evaluator;

use crate::config::Method;
use crate::roles::{Named, named};
use crate::run::{Run, Weights};

/// Who decides the head-to-head of M_t; `self` is M_{t-1}.
pub(super) fn evaluator(run: &Run<'_>, t: u32) -> anyhow::Result<Evaluator> {
    let name = match named(&run.config.roles.evaluator, t - 1, &run.config.engines) {
        Named::Weights(weights) => weights.to_string(),
        Named::Server(server) => server.model,
    };
    let part_in_training = part_in_training(run, t)?;
    Ok(Evaluator {
        name,
        independent: part_in_training.is_none(),
        part_in_training,
        form: run.config.eval.verdict,
    })
}

/// What tells the evaluator of M_t apart from others.
pub(super) fn identity(run: &Run<'_>, t: u32) -> anyhow::Result<String> {
    identity_of(run, &run.config.roles.evaluator, t - 1)
}

/// The content hash of a role's weights, or a server's address and model.
fn identity_of(run: &Run<'_>, role: &str, t: u32) -> anyhow::Result<String> {
    Ok(match named(role, t, &run.config.engines) {
        Named::Weights(weights) => run.weights(&weights)?.1,
        Named::Server(server) => {
            format!("{} at {}", server.model, server.base_url.trim_end_matches('/'))
        }
    })
}

/// What M_t's evaluator did for the training of M_t or of a model before it, in words; `None` where
/// it did nothing.
fn part_in_training(run: &Run<'_>, t: u32) -> anyhow::Result<Option<String>> {
    let (config, own) = (&run.config, identity(run, t)?);
    let serves_the_run = |server: &srlm_generate::HttpConfig| server.model.contains("{t}");
    if config.engines.get(&config.roles.evaluator).is_some_and(serves_the_run) {
        return Ok(Some("its server has the models of this run".to_owned()));
    }
    for s in (1..t).rev() {
        for (did, role) in parts(run) {
            if identity_of(run, role, s)? == own {
                return Ok(Some(format!("it {did} that M{} learned from", s + 1)));
            }
        }
    }
    for s in 0..=t {
        if run.weights(&Weights::Iteration(s))?.1 == own {
            return Ok(Some(if s == t {
                format!("it is M{t} itself")
            } else {
                format!("M{t} was trained from it")
            }));
        }
    }
    Ok(None)
}

/// What each role does for training, in words, and who plays it.
fn parts<'r>(run: &'r Run<'_>) -> Vec<(&'static str, &'r str)> {
    let (roles, method) = (&run.config.roles, run.config.round.method);
    let judges = matches!(method, Method::Judged | Method::PositiveOnly);
    let writes = method != Method::Spin
        && run.config.prompts.source == srlm_sampler::prompts::Source::Generate;
    let judge = judges.then_some(("judged the answers", roles.judge.as_str()));
    let prompts = writes.then_some(("wrote the prompts", roles.prompts.as_str()));
    judge
        .into_iter()
        .chain([("wrote the answers", roles.responses.as_str())])
        .chain(prompts)
        .collect()
}
