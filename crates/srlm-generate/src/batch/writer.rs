//! Requests into a file, to be answered elsewhere.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use srlm_artifact::Error as FileError;

use super::BatchReader;
use super::reader::Found;
use crate::http::Body;
use crate::request::check;
use crate::{Completion, Error, Generate, Request};

/// Writes the requests that have no result yet to a file, and ends the call with
/// [`Error::Emitted`].
///
/// A line is `{custom_id, method, url, body}`, one for each sample. A call whose samples all have
/// results is served from them, so that a stage of several rounds goes on to the first that is to
/// be asked. Whole groups are written: for one file a stage, its group has to be the whole stage.
#[derive(Debug)]
pub struct BatchWriter {
    results: BatchReader,
    path: PathBuf,
}

#[derive(Serialize)]
struct Line<'a> {
    custom_id: &'a str,
    method: &'static str,
    url: String,
    body: Body<'a>,
}

impl BatchWriter {
    /// Writes to `path`, which must be free, what `results` do not answer; a reader of no files
    /// answers nothing.
    pub fn new(results: BatchReader, path: PathBuf) -> Self {
        Self { results, path }
    }

    /// Writes the lines beside `path` and renames the file once they are on the disk.
    fn write(&self, missing: &[Found<'_>]) -> Result<(), FileError> {
        let failed =
            |action| move |source| FileError::Io { action, path: self.path.clone(), source };
        if self.path.symlink_metadata().is_ok() {
            let problem =
                "is there already; give a name that is free, as it may hold requests under way"
                    .to_owned();
            return Err(FileError::File { path: self.path.clone(), problem });
        }
        let temporary = partial(&self.path);
        let model = self.results.identity();
        let write = || -> io::Result<()> {
            let mut out = BufWriter::new(File::create(&temporary)?);
            for Found { request, sample_index, id, .. } in missing {
                let body = Body::new(&model, request, request.seeds[*sample_index]);
                let url = format!("/v1/{}", body.path());
                serde_json::to_writer(
                    &mut out,
                    &Line { custom_id: id, method: "POST", url, body },
                )?;
                out.write_all(b"\n")?;
            }
            out.into_inner()?.sync_all()
        };
        write().map_err(failed("write"))?;
        fs::rename(&temporary, &self.path).map_err(failed("rename"))
    }
}

fn partial(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    path.with_file_name(name)
}

impl Generate for BatchWriter {
    /// The model's name, as for the same model behind a server.
    fn identity(&self) -> String {
        self.results.identity()
    }

    /// # Errors
    /// [`Error::Emitted`] once the file is there, [`Error::File`] where it cannot be written,
    /// [`Error::Request`].
    fn generate(
        &mut self,
        requests: &[Request],
        on_completion: &mut dyn FnMut(Completion),
    ) -> Result<(), Error> {
        check(requests)?;
        let missing: Vec<_> = self
            .results
            .look_up(requests)
            .filter(|found| !matches!(found.result, Some(Ok(_))))
            .collect();
        if missing.is_empty() {
            return self.results.generate(requests, on_completion);
        }
        self.write(&missing)?;
        Err(Error::Emitted { path: self.path.clone(), n: missing.len() })
    }
}
