//! What the process tells its caller by its exit code.

use anyhow::Error;

/// Exit codes that other programs rely on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Configuration or usage.
    Config = 2,
    /// Data: a file, a row, an artifact.
    Data = 3,
    /// Engine: the model or a server.
    Engine = 4,
    /// The device failed its check or was not built in.
    Device = 5,
    /// Interrupted, state saved.
    Interrupted = 130,
}

/// Attaches an exit code to an error.
#[derive(Debug)]
pub(crate) struct Coded(pub(crate) Exit);

impl std::fmt::Display for Coded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.0 {
            Exit::Config => "configuration error",
            Exit::Data => "data error",
            Exit::Engine => "engine error",
            Exit::Device => "device error",
            Exit::Interrupted => "interrupted",
        })
    }
}

impl std::error::Error for Coded {}

/// Gives the errors of a result an exit code.
pub(crate) trait OrExit<T> {
    fn or_exit(self, code: Exit) -> anyhow::Result<T>;
}

impl<T, E: Into<Error>> OrExit<T> for Result<T, E> {
    fn or_exit(self, code: Exit) -> anyhow::Result<T> {
        self.map_err(|error| {
            let error = error.into();
            // The first code given is the nearest to the cause.
            if error.downcast_ref::<Coded>().is_some() { error } else { error.context(Coded(code)) }
        })
    }
}

/// The exit code of an error; data, when nothing else was said.
pub(crate) fn code(error: &Error) -> i32 {
    error.downcast_ref::<Coded>().map_or(Exit::Data, |coded| coded.0) as i32
}

/// The error as people read it: causes in order, the code's own words left out.
pub(crate) fn message(error: &Error) -> String {
    let mut lines: Vec<String> =
        error.chain().filter(|cause| cause.downcast_ref::<Coded>().is_none()).map(ToString::to_string).collect();
    lines.dedup();
    lines.join("\n  caused by: ")
}
