//! Models of a hub, in Hugging Face's cache layout.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::SourceOptions;
use super::fetch::{Client, Remote, failed};
use super::link::link;
use crate::error::Error;
use crate::folder::{self, INDEX, SINGLE};

/// Files beside the weights that are fetched where a repository has them.
const BESIDE: [&str; 7] = [
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "chat_template.jinja",
    "chat_template.json",
];

/// The snapshot's folder, or its `.gguf` file when the repository holds one and no safetensors.
pub(super) fn resolve(
    repo: &str,
    revision: Option<&str>,
    options: &SourceOptions,
    on_progress: &mut dyn FnMut(u64, Option<u64>),
) -> Result<PathBuf, Error> {
    let revision = revision.unwrap_or("main");
    let name = format!("models--{}", repo.replace('/', "--"));
    let hub = options.hf_home.join("hub");
    let storage = Storage { dir: hub.join(&name), locks: hub.join(".locks").join(&name) };
    if is_commit(revision)
        && let Some(path) = storage.complete(revision)
    {
        return Ok(path);
    }
    let client = Client::new(options);
    let url = client.url(&format!("api/models/{repo}/revision/{}", revision.replace('/', "%2F")));
    let Some(info) = client.json(&url)? else {
        // Out of reach: what was fetched before will do.
        let known = storage.commit(revision).and_then(|commit| storage.complete(&commit));
        return known.ok_or_else(|| {
            failed(&url, "the hub cannot be reached, and the model is not in the cache")
        });
    };
    let commit = info["sha"].as_str().filter(|sha| is_commit(sha));
    let commit = commit.ok_or_else(|| failed(&url, "the answer names no commit"))?;
    let files = info["siblings"].as_array().into_iter().flatten();
    let files: Vec<&str> = files.filter_map(|file| file["rfilename"].as_str()).collect();

    let mut fetch = Fetch {
        client: &client,
        repo,
        commit,
        storage: &storage,
        done: 0,
        total: None,
        on_progress,
    };
    let gguf = fetch.all(&files)?;
    storage.name(revision, commit)?;
    let snapshot = storage.snapshot(commit);
    Ok(gguf.map_or(snapshot.clone(), |file| snapshot.join(file)))
}

fn is_commit(text: &str) -> bool {
    text.len() == 40 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// `models--OWNER--NAME` with its `blobs`, `refs` and `snapshots`.
struct Storage {
    dir: PathBuf,
    locks: PathBuf,
}

impl Storage {
    fn snapshot(&self, commit: &str) -> PathBuf {
        self.dir.join("snapshots").join(commit)
    }

    /// The commit that a branch or tag was at when it was last fetched.
    fn commit(&self, revision: &str) -> Option<String> {
        if is_commit(revision) {
            return Some(revision.to_owned());
        }
        let text = fs::read_to_string(self.dir.join("refs").join(revision)).ok()?;
        Some(text.trim().to_owned()).filter(|commit| is_commit(commit))
    }

    /// Notes the commit of a branch or tag.
    fn name(&self, revision: &str, commit: &str) -> Result<(), Error> {
        if is_commit(revision) {
            return Ok(());
        }
        let path = self.dir.join("refs").join(revision);
        create_parent(&path)?;
        // Half of it would be no commit, and as good as none.
        fs::write(&path, commit).map_err(Error::io(&path))
    }

    /// The model in a snapshot, when nothing of it is missing.
    fn complete(&self, commit: &str) -> Option<PathBuf> {
        let dir = self.snapshot(commit);
        if dir.join("config.json").exists() && dir.join("tokenizer.json").exists() {
            let files = folder::weight_files(&dir).ok()?;
            return files.iter().all(|file| dir.join(file).exists()).then_some(dir);
        }
        let files = fs::read_dir(&dir).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
        let mut files =
            files.filter(|path| path.extension().is_some_and(|e| e == "gguf") && path.exists());
        files.next().filter(|_| files.next().is_none())
    }
}

/// One run of fetching: its progress counts over all files.
struct Fetch<'a> {
    client: &'a Client<'a>,
    repo: &'a str,
    commit: &'a str,
    storage: &'a Storage,
    done: u64,
    total: Option<u64>,
    on_progress: &'a mut dyn FnMut(u64, Option<u64>),
}

impl Fetch<'_> {
    /// Fetches the model among a repository's files; the name of the `.gguf` file if it is one.
    fn all(&mut self, files: &[&str]) -> Result<Option<String>, Error> {
        let has = |name: &str| files.contains(&name);
        if has(SINGLE) {
            return self.files(wanted(files, vec![SINGLE.to_owned()])).map(|()| None);
        }
        if has(INDEX) {
            self.files(vec![INDEX.to_owned()])?;
            let map = folder::indexed_files(&self.storage.snapshot(self.commit).join(INDEX))?;
            let mut shards: Vec<String> = map.into_values().collect();
            shards.sort();
            shards.dedup();
            return self.files(wanted(files, shards)).map(|()| None);
        }
        let ggufs: Vec<&&str> = files
            .iter()
            .filter(|name| name.ends_with(".gguf") && !name.contains(['/', '\\']))
            .collect();
        match ggufs.as_slice() {
            [one] => self.files(vec![(**one).to_owned()]).map(|()| Some((**one).to_owned())),
            [] => {
                Err(self
                    .unusable("it has no model.safetensors, no index of several and no .gguf file"))
            }
            several => {
                let reason = format!(
                    "it has several .gguf files ({several:?}); download one and give its path"
                );
                Err(self.unusable(&reason))
            }
        }
    }

    fn unusable(&self, reason: &str) -> Error {
        failed(&self.client.url(self.repo), reason)
    }

    /// Fetches what is not here yet, large or small.
    fn files(&mut self, names: Vec<String>) -> Result<(), Error> {
        let mut found = Vec::new();
        for name in names {
            let url = self.client.url(&format!("{}/resolve/{}/{name}", self.repo, self.commit));
            let remote = self.client.head(&url)?;
            found.push((name, remote));
        }
        let new: u64 = found
            .iter()
            .filter(|(_, remote)| !self.is_here(remote))
            .map(|(_, remote)| remote.size)
            .sum();
        self.total = (new > 0).then_some(self.done + new);
        for (name, remote) in &found {
            self.blob(remote)?;
            let snapshot = self.storage.snapshot(self.commit);
            fs::create_dir_all(&snapshot).map_err(Error::io(&snapshot))?;
            link(&snapshot, name, &self.blob_path(remote))?;
        }
        Ok(())
    }

    fn blob_path(&self, remote: &Remote) -> PathBuf {
        self.storage.dir.join("blobs").join(&remote.etag)
    }

    fn is_here(&self, remote: &Remote) -> bool {
        fs::metadata(self.blob_path(remote)).is_ok_and(|file| file.len() == remote.size)
    }

    /// Brings one content, while no other process does (huggingface_hub locks the same files).
    fn blob(&mut self, remote: &Remote) -> Result<(), Error> {
        if self.is_here(remote) {
            return Ok(());
        }
        let path = self.blob_path(remote);
        create_parent(&path)?;
        let lock = self.storage.locks.join(format!("{}.lock", remote.etag));
        create_parent(&lock)?;
        let lock_file = File::create(&lock).map_err(Error::io(&lock))?;
        lock_file.lock().map_err(Error::io(&lock))?;
        if !self.is_here(remote) {
            let (before, total) = (self.done, self.total);
            let on_progress = &mut *self.on_progress;
            self.client.download(&path, remote, &mut |done| on_progress(before + done, total))?;
        }
        self.done += remote.size;
        Ok(())
    }
}

/// The weights and what the repository has beside them.
fn wanted(files: &[&str], weights: Vec<String>) -> Vec<String> {
    let beside = BESIDE.iter().filter(|name| files.contains(name)).map(|name| (*name).to_owned());
    beside.chain(weights).collect()
}

fn create_parent(path: &Path) -> Result<(), Error> {
    let Some(parent) = path.parent() else { return Ok(()) };
    match fs::create_dir_all(parent) {
        Err(e) if e.kind() != ErrorKind::AlreadyExists => Err(Error::io(parent)(e)),
        _ => Ok(()),
    }
}
