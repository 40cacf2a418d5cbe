//! Writing a model as one GGUF file, tensor by tensor.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::format::GgufFormat;
use super::write_header::{ALIGNMENT, Stored, header};
use super::{names, rope, write_metadata, write_tokenizer};
use crate::checkpoint::Checkpoint;
use crate::config::{Architecture, ModelConfig};
use crate::error::Error;

const ROPE_FREQS: &str = "rope_freqs.weight";
/// Rows converted at a time: beside a tensor's values in f32, only so many of its stored rows are
/// in memory.
const ROWS: usize = 4096;

/// How a GGUF file is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GgufOptions {
    /// Number format of the matrices; norms and biases stay F32.
    pub format: GgufFormat,
    /// The model's name for people, `general.name`.
    pub name: String,
}

/// Writes `checkpoint`, weights, tokenizer and chat template, as the GGUF file `path`, which
/// llama.cpp, Ollama and
/// [`Checkpoint::open`] read.
///
/// One tensor is in memory at a time, and the file gets its name when all of it is on the disk.
///
/// # Errors
/// `Error::Tokenizer` when the tokenizer has no counterpart in GGUF's tables, `Error::TensorRange`
/// when a value does not fit into the number format, `Error::Io`.
///
/// # Source
/// ggml, `docs/gguf.md`; llama.cpp, `convert_hf_to_gguf.py`.
pub fn write_gguf(
    checkpoint: &Checkpoint,
    path: &Path,
    options: &GgufOptions,
) -> Result<(), Error> {
    let config = &checkpoint.config;
    let (layout, stored) = layout(config, options.format);
    let n_parameters =
        stored.iter().map(|tensor| tensor.shape.iter().product::<usize>() as u64).sum();
    let mut metadata =
        write_metadata::metadata(config, options.format, &options.name, n_parameters);
    metadata.extend(write_tokenizer::metadata(&checkpoint.tokenizer, config, checkpoint.path())?);

    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let written = GgufWriter::create(&part, &header(&metadata, &stored))
        .and_then(|writer| write_tensors(writer, checkpoint, &layout, &stored))
        .and_then(|()| fs::rename(&part, path).map_err(Error::io(path)));
    if written.is_err() {
        // A part that stays behind does no harm, and the first error is the one to tell.
        let _ = fs::remove_file(&part);
    }
    written
}

/// Hugging Face names of the tensors in order, `None` for the divisors of the rotary frequencies,
/// and their stored forms.
fn layout(config: &ModelConfig, format: GgufFormat) -> (Vec<Option<String>>, Vec<Stored>) {
    let rope = rope::divisors(config).map(|divisors| {
        let shape = vec![divisors.len()];
        (None, Stored { name: ROPE_FREQS.to_owned(), shape, format: GgufFormat::F32 })
    });
    let tensors = config.tensors().map(|(ours, shape)| {
        let name =
            names::ggml(&ours).expect("every tensor of a configuration has a name in llama.cpp");
        let format = format.of_tensor(&name, &shape, config.tie_word_embeddings);
        (Some(ours), Stored { name, shape, format })
    });
    rope.into_iter().chain(tensors).unzip()
}

fn write_tensors(
    mut writer: GgufWriter<'_>,
    checkpoint: &Checkpoint,
    layout: &[Option<String>],
    stored: &[Stored],
) -> Result<(), Error> {
    let config = &checkpoint.config;
    for (name, stored) in layout.iter().zip(stored) {
        match name {
            Some(name) => writer.tensor(
                name,
                stored,
                &checkpoint.tensor(name)?.1,
                interleaved(config, name),
            )?,
            None => writer.tensor(
                ROPE_FREQS,
                stored,
                &rope::divisors(config).unwrap_or_default(),
                None,
            )?,
        }
    }
    writer.finish()
}

/// Rows of a head that llama.cpp turns from halves into pairs for its rotary layout: queries and
/// keys of `llama` files.
fn interleaved(config: &ModelConfig, name: &str) -> Option<usize> {
    let pairs = matches!(config.architecture, Architecture::Llama | Architecture::Mistral);
    let rotary = name.contains(".q_proj.") || name.contains(".k_proj.");
    (pairs && rotary).then_some(config.head_dim)
}

/// A file whose header is written and whose values follow.
struct GgufWriter<'a> {
    path: &'a Path,
    file: BufWriter<File>,
}

impl<'a> GgufWriter<'a> {
    fn create(path: &'a Path, header: &[u8]) -> Result<Self, Error> {
        let mut file = BufWriter::new(File::create(path).map_err(Error::io(path))?);
        file.write_all(header).map_err(Error::io(path))?;
        Ok(Self { path, file })
    }

    /// Appends a tensor's values, given row-major in Hugging Face's row order, up to the next
    /// boundary.
    fn tensor(
        &mut self,
        name: &str,
        stored: &Stored,
        values: &[f32],
        head: Option<usize>,
    ) -> Result<(), Error> {
        // A bias is a column when its values are rows of heads.
        let row_len = match (stored.shape.as_slice(), head) {
            ([_], Some(_)) => 1,
            ([.., row_len], _) => *row_len,
            ([], _) => 1,
        };
        let n_rows = values.len() / row_len.max(1);
        let bytes_of = |row: usize| -> Result<Vec<u8>, f32> {
            let mut bytes = Vec::with_capacity(4 * row_len);
            let from = source_row(row, head);
            stored.format.store(&values[from * row_len..][..row_len], &mut bytes)?;
            Ok(bytes)
        };
        let failed = |value| {
            let (path, name, dtype) = (self.path.to_owned(), name.to_owned(), stored.format.name());
            Error::TensorRange { path, name, value, dtype }
        };
        for first in (0..n_rows).step_by(ROWS) {
            let rows = (first..n_rows.min(first + ROWS)).into_par_iter().with_min_len(16);
            let rows: Vec<_> = rows.map(bytes_of).collect::<Result<_, _>>().map_err(failed)?;
            rows.iter()
                .try_for_each(|bytes| self.file.write_all(bytes))
                .map_err(Error::io(self.path))?;
        }
        let n_bytes = stored.n_bytes();
        let filling = vec![0; (n_bytes.next_multiple_of(ALIGNMENT) - n_bytes) as usize];
        self.file.write_all(&filling).map_err(Error::io(self.path))
    }

    /// Waits until all is on the disk.
    fn finish(self) -> Result<(), Error> {
        let file = self.file.into_inner().map_err(|e| Error::io(self.path)(e.into_error()))?;
        file.sync_all().map_err(Error::io(self.path))
    }
}

/// Hugging Face's row that becomes row `row` of the file: of a head of `n` rows, `s * n / 2 + i`
/// becomes `2i + s`.
fn source_row(row: usize, head: Option<usize>) -> usize {
    let Some(n) = head else { return row };
    let (head, within) = (row / n * n, row % n);
    head + within % 2 * (n / 2) + within / 2
}
