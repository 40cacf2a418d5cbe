//! Saving a model as a Hugging Face folder.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::config::ModelConfig;
use crate::error::Error;
use crate::folder::{INDEX, SINGLE};
use crate::safetensors::{Dtype, FileWriter, Layout};
use crate::tokenizer::Tokenizer;

const HEAD: &str = "lm_head.weight";

/// How weights are stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaveOptions {
    /// Number format of every tensor.
    pub dtype: Dtype,
    /// Bytes of values in one file, from which on weights are split over several; a larger tensor
    /// has one to itself.
    pub max_shard_bytes: u64,
}

impl Default for SaveOptions {
    /// F32 in files of up to 5 GB, as transformers splits them.
    fn default() -> Self {
        Self { dtype: Dtype::F32, max_shard_bytes: 5_000_000_000 }
    }
}

/// Writes a model's folder tensor by tensor, so that the model is never in memory a second time.
///
/// `config.json` comes last: a folder whose writing was broken off is not a model to
/// [`crate::Checkpoint::open`].
#[derive(Debug)]
pub struct FolderWriter {
    dir: PathBuf,
    options: SaveOptions,
    shards: Vec<Shard>,
    /// Files to write at the end, in order.
    documents: Vec<(&'static str, Value)>,
    /// Shard and tensor that come next.
    next: (usize, usize),
    file: Option<FileWriter>,
    skips_head: bool,
}

/// The tensors of one file.
#[derive(Debug)]
struct Shard {
    file: String,
    tensors: Vec<(String, Vec<usize>)>,
}

impl FolderWriter {
    /// Begins the folder `dir`, which is made if need be; a model that is there is replaced.
    /// `tensors` gives the names and shapes in the order in which their values will come. A tied
    /// output projection may be among them; it is not written.
    ///
    /// # Errors
    /// `Error::Config` when transformers has no class with the configuration's switches,
    /// `Error::MissingTensor` and `Error::TensorShape` when `tensors` is not what the configuration
    /// calls for, `Error::Io`.
    pub fn create(
        dir: &Path,
        config: &ModelConfig,
        tokenizer: &Tokenizer,
        tensors: &[(String, Vec<usize>)],
        options: SaveOptions,
    ) -> Result<Self, Error> {
        check_tensors(dir, config, tensors)?;
        let (tokenizer_json, tokenizer_config) = tokenizer.to_json(config.max_positions)?;
        let documents = vec![
            ("tokenizer.json", tokenizer_json),
            ("tokenizer_config.json", tokenizer_config),
            ("special_tokens_map.json", tokenizer.special_tokens_map()),
            ("generation_config.json", config.generation_json()),
            ("config.json", config.to_json(options.dtype.torch_name(), &dir.join("config.json"))?),
        ];
        fs::create_dir_all(dir).map_err(Error::io(dir))?;
        remove_old(dir)?;
        let skips_head = config.tie_word_embeddings;
        let written = tensors.iter().filter(|(name, _)| !(skips_head && name == HEAD));
        let shards = split(written.cloned(), &options);
        Ok(Self {
            dir: dir.to_owned(),
            options,
            shards,
            documents,
            next: (0, 0),
            file: None,
            skips_head,
        })
    }

    /// Takes the next tensor's values, row-major.
    ///
    /// # Errors
    /// `Error::TensorRange` when a value is too large for the number format, `Error::Io`.
    ///
    /// # Panics
    /// When it is not `name`'s turn, or its values are not as many as its shape calls for.
    pub fn tensor(&mut self, name: &str, values: &[f32]) -> Result<(), Error> {
        if self.skips_head && name == HEAD {
            return Ok(());
        }
        let (shard, at) = self.next;
        let tensors = &self.shards.get(shard).expect("all tensors have been written").tensors;
        let (expected, shape) = &tensors[at];
        assert_eq!(name, expected, "tensors come in the order given");
        assert_eq!(
            values.len(),
            shape.iter().product::<usize>(),
            "values of tensor {name} of shape {shape:?}"
        );
        let file = match &mut self.file {
            Some(file) => file,
            empty => {
                let metadata = BTreeMap::from([("format".to_owned(), "pt".to_owned())]);
                let layout = Layout { tensors, dtype: self.options.dtype, metadata: &metadata };
                empty.insert(FileWriter::create(&self.dir.join(&self.shards[shard].file), &layout)?)
            }
        };
        file.values(name, values)?;
        self.next.1 += 1;
        if self.next.1 == tensors.len() {
            self.next = (shard + 1, 0);
            self.file.take().map_or(Ok(()), FileWriter::finish)?;
        }
        Ok(())
    }

    /// Writes the index, the tokenizer and, last, the configuration.
    ///
    /// # Errors
    /// `Error::Io`.
    ///
    /// # Panics
    /// When a tensor has not come.
    pub fn finish(self) -> Result<(), Error> {
        assert_eq!(self.next, (self.shards.len(), 0), "shard and tensor that come next at the end");
        if self.shards.len() > 1 {
            write_document(&self.dir.join(INDEX), &self.index())?;
        }
        for (name, document) in &self.documents {
            write_document(&self.dir.join(name), document)?;
        }
        Ok(())
    }

    fn index(&self) -> Value {
        let mut map = Map::new();
        let mut n_bytes = 0;
        for shard in &self.shards {
            for (name, shape) in &shard.tensors {
                n_bytes += bytes_of(shape, self.options.dtype);
                map.insert(name.clone(), json!(shard.file));
            }
        }
        json!({ "metadata": { "total_size": n_bytes }, "weight_map": map })
    }
}

fn bytes_of(shape: &[usize], dtype: Dtype) -> u64 {
    shape.iter().product::<usize>() as u64 * dtype.n_bytes()
}

fn check_tensors(
    dir: &Path,
    config: &ModelConfig,
    tensors: &[(String, Vec<usize>)],
) -> Result<(), Error> {
    let given: BTreeMap<&str, &Vec<usize>> =
        tensors.iter().map(|(name, shape)| (name.as_str(), shape)).collect();
    for (name, expected) in config.tensors() {
        match given.get(name.as_str()) {
            None => return Err(Error::MissingTensor { path: dir.to_owned(), name }),
            Some(found) if **found != expected => {
                let found = (*found).clone();
                return Err(Error::TensorShape { path: dir.to_owned(), name, found, expected });
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// Fills files in order, none beyond the limit unless by a single tensor.
fn split(tensors: impl Iterator<Item = (String, Vec<usize>)>, options: &SaveOptions) -> Vec<Shard> {
    let mut shards: Vec<Shard> = Vec::new();
    let mut n_bytes = 0;
    for (name, shape) in tensors {
        let size = bytes_of(&shape, options.dtype);
        match shards.last_mut() {
            Some(shard) if n_bytes + size <= options.max_shard_bytes => {
                n_bytes += size;
                shard.tensors.push((name, shape));
            }
            _ => {
                n_bytes = size;
                shards.push(Shard { file: String::new(), tensors: vec![(name, shape)] });
            }
        }
    }
    let n = shards.len();
    for (i, shard) in shards.iter_mut().enumerate() {
        shard.file = if n == 1 {
            SINGLE.to_owned()
        } else {
            format!("model-{:05}-of-{n:05}.safetensors", i + 1)
        };
    }
    shards
}

/// Removes the files of a model that is being replaced: some would be read before the new ones.
fn remove_old(dir: &Path) -> Result<(), Error> {
    let fixed = ["config.json", INDEX, SINGLE, "chat_template.jinja", "chat_template.json"];
    for entry in fs::read_dir(dir).map_err(Error::io(dir))? {
        let entry = entry.map_err(Error::io(dir))?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if fixed.contains(&&*name) || (name.starts_with("model-") && name.ends_with(".safetensors"))
        {
            fs::remove_file(entry.path()).map_err(Error::io(&entry.path()))?;
        }
    }
    Ok(())
}

/// Writes under a temporary name, waits for the disk, then renames.
fn write_document(path: &Path, document: &Value) -> Result<(), Error> {
    let part = path.with_extension("json.part");
    let text = format!("{document:#}\n");
    let mut file = fs::File::create(&part).map_err(Error::io(&part))?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(Error::io(&part))?;
    fs::rename(&part, path).map_err(Error::io(path))
}
