//! A run: its folder, its models, its device.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use srlm_artifact::{Artifact, Model as ModelKind, Place, RunLock, Shard, layout};
use srlm_checkpoint::Checkpoint;
use srlm_generate::{Completion, Error as GenerateError, Generate, Request};
use srlm_model::{Engine, Model};
use srlm_train::Machine;

use crate::config::RunConfig;
use crate::console::Console;
use crate::device::{self, NamedDevice};
use crate::exit::{Exit, OrExit};
use crate::roles::BatchFiles;
use crate::source;

/// Between two evaluations the report is written again not more often than this.
const REPORT_EVERY: Duration = Duration::from_secs(60);

/// A model's weights: M_t's, or those of a source that stays the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Weights {
    Iteration(u32),
    Source(String),
}

impl fmt::Display for Weights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Iteration(t) => write!(f, "M{t}"),
            Self::Source(source) => f.write_str(source),
        }
    }
}

/// Everything that the stages of one run share. Nothing is loaded before a stage needs it.
pub(crate) struct Run<'a> {
    pub(crate) config: RunConfig,
    pub(crate) dir: PathBuf,
    pub(crate) console: &'a Console,
    device: OnceCell<NamedDevice>,
    more_devices: OnceCell<Vec<burn::tensor::Device>>,
    m0: OnceCell<(PathBuf, String)>,
    engine: RefCell<Option<(Weights, Engine)>>,
    /// Folders and hashes of fixed models that roles name.
    fixed: RefCell<BTreeMap<String, (PathBuf, String)>>,
    /// Requests and results in files, for the stage at hand.
    pub(crate) batch: BatchFiles,
    /// The part of the stage at hand that is made here.
    pub(crate) shard: Option<Shard>,
    /// When the report was last written, or this process began.
    reported_at: Cell<Instant>,
    _lock: Option<RunLock>,
}

impl<'a> Run<'a> {
    /// Opens or creates the run's folder and locks it.
    pub(crate) fn open(
        config: RunConfig,
        dir: PathBuf,
        console: &'a Console,
    ) -> anyhow::Result<Self> {
        Self::open_part(config, dir, console, None)
    }

    /// The same for a part of a stage, which others may make at the same time: the part's own
    /// folder is locked only.
    pub(crate) fn open_part(
        config: RunConfig,
        dir: PathBuf,
        console: &'a Console,
        shard: Option<Shard>,
    ) -> anyhow::Result<Self> {
        crate::cpu::follow_configuration(&config.runtime.cpu)?;
        std::fs::create_dir_all(&dir)
            .with_context(|| format!("cannot create {}", dir.display()))?;
        let lock = if shard.is_none() { Some(RunLock::acquire(&dir)?) } else { None };
        if config.runtime.threads > 0 {
            // Fails only when a pool was built before, which then stays.
            let _ =
                rayon::ThreadPoolBuilder::new().num_threads(config.runtime.threads).build_global();
        }
        let (device, more_devices) = (OnceCell::new(), OnceCell::new());
        let (m0, engine) = (OnceCell::new(), RefCell::new(None));
        let (fixed, batch) = (RefCell::default(), BatchFiles::default());
        let run = Self {
            config,
            dir,
            console,
            device,
            more_devices,
            m0,
            engine,
            fixed,
            batch,
            shard,
            reported_at: Cell::new(Instant::now()),
            _lock: lock,
        };
        if !run.path("run.toml").exists() {
            run.save_config()?;
        }
        Ok(run)
    }

    /// Saves the configuration. Called before something is made with it: a run that is refused
    /// because a setting changed keeps the configuration that made it.
    pub(crate) fn save_config(&self) -> anyhow::Result<()> {
        let (path, text) = (self.path("run.toml"), self.config.to_toml()?);
        if std::fs::read_to_string(&path).is_ok_and(|saved| saved == text) {
            return Ok(());
        }
        write_whole(&path, &text)
    }

    /// Whether the report was not written for a while.
    pub(crate) fn report_is_due(&self) -> bool {
        self.reported_at.get().elapsed() >= REPORT_EVERY
    }

    /// Counts the time to the next report from now.
    pub(crate) fn report_begins(&self) {
        self.reported_at.set(Instant::now());
    }

    pub(crate) fn path(&self, folder: &str) -> PathBuf {
        self.dir.join(folder)
    }

    pub(crate) fn place(&self, iteration: u32) -> Place {
        Place { run_seed: self.config.run.seed, iteration }
    }

    pub(crate) fn device(&self) -> anyhow::Result<&NamedDevice> {
        if self.device.get().is_none() {
            let opened = device::open(&self.config.runtime.device)?;
            let _ = self.device.set(opened);
        }
        self.device.get().context("the device was just opened")
    }

    pub(crate) fn machine(&self) -> anyhow::Result<Machine<'_>> {
        let NamedDevice { device, name } = self.device()?;
        if self.more_devices.get().is_none() {
            let names = self.config.runtime.training_devices.iter();
            let opened = names
                .map(|name| Ok(device::open(name)?.device))
                .collect::<anyhow::Result<Vec<_>>>()?;
            let _ = self.more_devices.set(opened);
        }
        let more_devices = self.more_devices.get().context("the devices were just opened")?;
        Ok(Machine { device, device_name: name, more_devices, runtime: &self.config.runtime.train })
    }

    /// Folder or file of M_t, and its content hash.
    pub(crate) fn model_path(&self, t: u32) -> anyhow::Result<(PathBuf, String)> {
        if t > 0 {
            let artifact = Artifact::<ModelKind>::open(&self.path(&layout::model(t)))?;
            return Ok((artifact.dir().to_owned(), artifact.content_hash().to_owned()));
        }
        if self.m0.get().is_none() {
            let path =
                source::resolve(&self.config.model.source, self.console, &self.device()?.device)?;
            let hash = Checkpoint::open(&path)
                .and_then(|checkpoint| checkpoint.content_hash())
                .or_exit(Exit::Engine)?;
            let _ = self.m0.set((path, hash));
        }
        self.m0.get().cloned().context("M0 was just resolved")
    }

    /// Folder or file of a model, and its content hash.
    pub(crate) fn weights(&self, weights: &Weights) -> anyhow::Result<(PathBuf, String)> {
        let source = match weights {
            Weights::Iteration(t) => return self.model_path(*t),
            Weights::Source(source) => source,
        };
        if let Some(found) = self.fixed.borrow().get(source) {
            return Ok(found.clone());
        }
        let path = source::resolve(source, self.console, &self.device()?.device)?;
        let hash = Checkpoint::open(&path)
            .and_then(|checkpoint| checkpoint.content_hash())
            .or_exit(Exit::Engine)?;
        self.fixed.borrow_mut().insert(source.clone(), (path.clone(), hash.clone()));
        Ok((path, hash))
    }

    /// M_t's files and content hash.
    pub(crate) fn checkpoint(&self, t: u32) -> anyhow::Result<(Checkpoint, String)> {
        self.checkpoint_of(&Weights::Iteration(t))
    }

    /// A model's files and content hash.
    pub(crate) fn checkpoint_of(&self, weights: &Weights) -> anyhow::Result<(Checkpoint, String)> {
        let (path, hash) = self.weights(weights)?;
        Ok((Checkpoint::open(&path).or_exit(Exit::Engine)?, hash))
    }

    /// Calls `f` with the engine of M_t, loading it in place of any other.
    pub(crate) fn with_engine<R>(
        &self,
        t: u32,
        f: impl FnOnce(&mut Engine) -> anyhow::Result<R>,
    ) -> anyhow::Result<R> {
        self.with_engine_of(&Weights::Iteration(t), f)
    }

    /// Calls `f` with the engine of a model, loading it in place of any other.
    pub(crate) fn with_engine_of<R>(
        &self,
        weights: &Weights,
        f: impl FnOnce(&mut Engine) -> anyhow::Result<R>,
    ) -> anyhow::Result<R> {
        let mut slot = self.engine.borrow_mut();
        if slot.as_ref().is_none_or(|(loaded, _)| loaded != weights) {
            // The old model goes before the new one comes.
            *slot = None;
            let (path, hash) = self.weights(weights)?;
            let checkpoint = Checkpoint::open(&path).or_exit(Exit::Engine)?;
            let model = Model::load(&checkpoint, &self.device()?.device).or_exit(Exit::Engine)?;
            let engine = Engine::new(model, checkpoint.tokenizer, self.config.engine.clone())
                .with_content_hash(&hash)
                .with_interrupt(self.console.interrupt());
            *slot = Some((weights.clone(), engine));
        }
        let (_, engine) = slot.as_mut().context("the engine was just loaded")?;
        f(engine)
    }

    /// Drops the loaded model: training needs the memory.
    pub(crate) fn unload(&self) {
        *self.engine.borrow_mut() = None;
    }
}

/// A model as a generator, loaded at the first call.
pub(crate) struct LazyEngine<'r, 'a> {
    run: &'r Run<'a>,
    weights: Weights,
    identity: String,
}

impl<'r, 'a> LazyEngine<'r, 'a> {
    pub(crate) fn new(run: &'r Run<'a>, weights: Weights, identity: String) -> Self {
        Self { run, weights, identity }
    }
}

impl Generate for LazyEngine<'_, '_> {
    fn identity(&self) -> String {
        self.identity.clone()
    }

    fn generate(
        &mut self,
        requests: &[Request],
        on_completion: &mut dyn FnMut(Completion),
    ) -> Result<(), GenerateError> {
        let mut outcome = Ok(());
        let loaded = self.run.with_engine_of(&self.weights, |engine| {
            outcome = engine.generate(requests, on_completion);
            Ok(())
        });
        let failed = |error: anyhow::Error| GenerateError::Engine {
            engine: self.weights.to_string(),
            source: anyhow!("{}", crate::exit::message(&error)).into(),
        };
        loaded.map_err(failed)?;
        outcome
    }
}

/// Writes beside and renames: another process, or a browser, never reads half of it.
pub(crate) fn write_whole(path: &Path, text: &str) -> anyhow::Result<()> {
    let name =
        path.file_name().and_then(|name| name.to_str()).context("the path ends with a name")?;
    let staged = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let written = std::fs::write(&staged, text).and_then(|()| std::fs::rename(&staged, path));
    written.with_context(|| format!("cannot write {}", path.display()))
}
