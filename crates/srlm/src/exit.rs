//! What the process tells its caller by its exit code.

use anyhow::Error;

/// Exit codes that other programs rely on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The requests are in a file, as was asked.
    Emitted = 0,
    /// Configuration or usage.
    Config = 2,
    /// Data: a file, a row, an artifact.
    Data = 3,
    /// Engine: the model or a server.
    Engine = 4,
    /// The device failed its check or was not built in.
    Device = 5,
    /// A model is to be trained by another program; the run goes on when its folder is there.
    Waiting = 75,
    /// Interrupted, state saved.
    Interrupted = 130,
}

/// An error with an exit code; in all else it is the error that it wraps.
#[derive(Debug)]
struct Coded {
    exit: Exit,
    error: Error,
}

impl std::fmt::Display for Coded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for Coded {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        // The wrapped error itself, so that its type can be found in the chain.
        Some(&*self.error)
    }
}

/// Gives the errors of a result an exit code.
pub(crate) trait OrExit<T> {
    fn or_exit(self, code: Exit) -> anyhow::Result<T>;
}

impl<T, E: Into<Error>> OrExit<T> for Result<T, E> {
    fn or_exit(self, code: Exit) -> anyhow::Result<T> {
        self.map_err(|error| {
            let error = error.into();
            // The first code given is the nearest to the cause.
            if error.downcast_ref::<Coded>().is_some() {
                error
            } else {
                Error::new(Coded { exit: code, error })
            }
        })
    }
}

/// The exit code of an error: what a stage's own error says, else what was attached, else data.
pub(crate) fn code(error: &Error) -> Exit {
    let said = error.downcast_ref::<Coded>().map(|coded| coded.exit);
    error.chain().find_map(of_stage).or(said).unwrap_or(Exit::Data)
}

/// Stages wrap the errors of what they call without a word of their own, so the variants are looked
/// at here.
fn of_stage(cause: &(dyn std::error::Error + 'static)) -> Option<Exit> {
    use srlm_generate::Error as Generate;
    use srlm_train::Error as Train;
    let of_generate = |error: &Generate| match error {
        Generate::Interrupted => Exit::Interrupted,
        Generate::Emitted { .. } => Exit::Emitted,
        Generate::NoResult { .. } | Generate::File(_) => Exit::Data,
        _ => Exit::Engine,
    };
    let of_train = |error: &Train| match error {
        Train::Interrupted => Some(Exit::Interrupted),
        Train::NotFinite { .. } => Some(Exit::Engine),
        Train::Settings(_) => Some(Exit::Config),
        _ => None,
    };
    if let Some(error) = cause.downcast_ref::<Generate>() {
        return Some(of_generate(error));
    }
    if let Some(error) = cause.downcast_ref::<Train>() {
        return of_train(error);
    }
    if cause.downcast_ref::<srlm_settings::Error>().is_some() {
        return Some(Exit::Config);
    }
    match cause.downcast_ref::<srlm_sampler::Error>() {
        Some(srlm_sampler::Error::Interrupted) => return Some(Exit::Interrupted),
        Some(srlm_sampler::Error::Generate(error)) => return Some(of_generate(error)),
        _ => {}
    }
    match cause.downcast_ref::<srlm_judge::Error>() {
        Some(srlm_judge::Error::Interrupted) => return Some(Exit::Interrupted),
        Some(srlm_judge::Error::Generate(error)) => return Some(of_generate(error)),
        _ => {}
    }
    match cause.downcast_ref::<srlm_sft::Error>() {
        Some(srlm_sft::Error::Train(error)) => return of_train(error),
        Some(srlm_sft::Error::Model(_)) => return Some(Exit::Engine),
        _ => {}
    }
    if let Some(error) = cause.downcast_ref::<srlm_external::Error>() {
        use srlm_external::Error as External;
        return match error {
            External::Config { .. }
            | External::Unsupported { .. }
            | External::Batch { .. }
            | External::LabelWeight { .. }
            | External::Placeholder { .. } => Some(Exit::Config),
            _ => None,
        };
    }
    match cause.downcast_ref::<srlm_dpo::Error>() {
        Some(srlm_dpo::Error::Interrupted) => Some(Exit::Interrupted),
        Some(srlm_dpo::Error::Train(error)) => of_train(error),
        Some(srlm_dpo::Error::Model(_)) => Some(Exit::Engine),
        _ => None,
    }
}

/// The error as people read it: causes in order.
pub(crate) fn message(error: &Error) -> String {
    let mut lines: Vec<String> = error.chain().map(ToString::to_string).collect();
    lines.dedup();
    lines.join("\n  caused by: ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interruption_is_known_through_every_stage() {
        let check = |error: Error, expected: Exit| assert_eq!(code(&error), expected, "{error:?}");
        let train = || srlm_train::Error::Interrupted;
        let coded =
            |error: Error| Err::<(), _>(error).or_exit(Exit::Data).expect_err("it is an error");
        check(coded(srlm_sft::Error::Train(train()).into()), Exit::Interrupted);
        check(coded(srlm_dpo::Error::Train(train()).into()), Exit::Interrupted);
        check(coded(srlm_dpo::Error::Interrupted.into()), Exit::Interrupted);
        check(coded(srlm_judge::Error::Interrupted.into()), Exit::Interrupted);
        check(
            coded(srlm_sampler::Error::from(srlm_generate::Error::Interrupted).into()),
            Exit::Interrupted,
        );
        check(coded(srlm_generate::Error::Interrupted.into()), Exit::Interrupted);
    }

    #[test]
    fn the_nearest_code_stands_and_a_plain_error_is_about_data() {
        let plain = || anyhow::anyhow!("row 3 is empty");
        assert_eq!(code(&plain()), Exit::Data);
        let twice = Err::<(), _>(plain())
            .or_exit(Exit::Config)
            .or_exit(Exit::Data)
            .expect_err("it is an error");
        assert_eq!(code(&twice), Exit::Config);
        assert_eq!(message(&twice), "row 3 is empty");
    }
}
