//! `hub:` against a stand-in server: layout of the cache, broken downloads, faults.

use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde_json::json;
use sha2::{Digest, Sha256};
use srlm_checkpoint::{Checkpoint, Error, Source, SourceOptions, resolve};

use crate::models::fixture;
use crate::stand_in::{File, StandIn};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// A hub that holds `acme/tiny`, and where its files are kept here.
struct Hub {
    server: StandIn,
    /// Where weights are sent from.
    storage: StandIn,
    options: SourceOptions,
    _dir: tempfile::TempDir,
}

fn sha256(content: &[u8]) -> String {
    Sha256::digest(content).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The fixture `name` as a repository: weights behind a redirection to another server, the rest
/// direct.
fn hub(name: &str) -> Hub {
    let (server, storage) = (StandIn::start(), StandIn::start());
    let mut siblings =
        vec![json!({ "rfilename": "README.md" }), json!({ "rfilename": "pytorch_model.bin" })];
    for entry in fs::read_dir(fixture("folders").join(name)).unwrap() {
        let path = entry.unwrap().path();
        let file_name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let content = fs::read(&path).unwrap();
        let address = format!("/acme/tiny/resolve/{COMMIT}/{file_name}");
        if file_name.ends_with(".safetensors") {
            let etag = sha256(&content);
            let target = format!("{}/store/{file_name}", storage.endpoint);
            let kept = File {
                content: content.clone(),
                etag: format!("store-{}", &etag[..8]),
                ..File::default()
            };
            storage.put(&format!("/store/{file_name}"), kept);
            server
                .put(&address, File { content, etag, linked_to: Some(target), ..File::default() });
        } else {
            let etag = sha256(&content)[..40].to_owned();
            server.put(&address, File { content, etag, ..File::default() });
        }
        siblings.push(json!({ "rfilename": file_name }));
    }
    let info = json!({ "sha": COMMIT, "siblings": siblings }).to_string().into_bytes();
    for revision in ["main", "v1.0", COMMIT] {
        let file = File { content: info.clone(), etag: "info".into(), ..File::default() };
        server.put(&format!("/api/models/acme/tiny/revision/{revision}"), file);
    }
    let dir = tempfile::tempdir().unwrap();
    let mut options = SourceOptions::new(dir.path().join("cache"));
    options.hf_home = dir.path().join("hf");
    options.hf_endpoint = server.endpoint.clone();
    options.hf_token = Some("secret".to_owned());
    Hub { server, storage, options, _dir: dir }
}

impl Hub {
    fn get(&self, source: &str) -> Result<PathBuf, Error> {
        resolve(&Source::from_str(source).unwrap(), &self.options, &mut |_, _| {})
    }

    fn model_dir(&self) -> PathBuf {
        self.options.hf_home.join("hub/models--acme--tiny")
    }

    fn complaint(&self, source: &str) -> String {
        self.get(source).unwrap_err().to_string().replace(&self.server.endpoint, "HUB")
    }
}

fn weights_blob(hub: &Hub) -> PathBuf {
    let content = fs::read(fixture("folders/llama/model.safetensors")).unwrap();
    hub.model_dir().join("blobs").join(sha256(&content))
}

#[test]
fn a_model_is_fetched_into_the_standard_layout() {
    let hub = hub("mistral");
    let mut steps = Vec::new();
    let source = Source::from_str("hub:acme/tiny@v1.0").unwrap();
    let path =
        resolve(&source, &hub.options, &mut |done, total| steps.push((done, total))).unwrap();
    assert_eq!(path, hub.model_dir().join("snapshots").join(COMMIT));
    assert_eq!(fs::read_to_string(hub.model_dir().join("refs/v1.0")).unwrap(), COMMIT);
    let original = Checkpoint::open(&fixture("folders/mistral")).unwrap();
    assert_eq!(
        Checkpoint::open(&path).unwrap().content_hash().unwrap(),
        original.content_hash().unwrap()
    );
    assert!(!path.join("README.md").exists() && !path.join("pytorch_model.bin").exists());
    #[cfg(unix)]
    {
        let link = fs::read_link(path.join("model-00001-of-00004.safetensors")).unwrap();
        assert_eq!(link.parent(), Some(Path::new("../../blobs")));
    }
    let blobs: Vec<_> = fs::read_dir(hub.model_dir().join("blobs"))
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert_eq!(blobs.len(), 10);
    assert!(blobs.iter().all(|name| !name.to_string_lossy().contains("incomplete")));

    assert!(steps.is_sorted_by_key(|(done, _)| *done), "{steps:?}");
    let (done, total) = *steps.last().unwrap();
    assert_eq!(Some(done), total);
}

#[test]
fn the_token_goes_to_the_hub_only() {
    let hub = hub("llama");
    hub.get("hub:acme/tiny").unwrap();
    let asked = hub.server.requests();
    assert!(asked.iter().all(|request| request.headers["authorization"] == "Bearer secret"));
    let elsewhere = hub.storage.requests();
    assert!(
        !elsewhere.is_empty()
            && elsewhere.iter().all(|request| !request.headers.contains_key("authorization"))
    );
}

#[test]
fn what_is_here_is_not_fetched_again() {
    let hub = hub("llama");
    let path = hub.get("hub:acme/tiny").unwrap();
    hub.server.requests();
    assert_eq!(hub.get("hub:acme/tiny").unwrap(), path);
    assert!(
        hub.server
            .requests()
            .iter()
            .all(|request| request.method == "HEAD" || request.path.starts_with("/api/"))
    );
    assert_eq!(hub.get(&format!("hub:acme/tiny@{COMMIT}")).unwrap(), path);
    assert_eq!(hub.server.requests().len(), 0, "a commit that is here needs no hub");
}

#[test]
fn without_the_hub_the_cache_will_do() {
    let mut hub = hub("llama");
    let path = hub.get("hub:acme/tiny").unwrap();
    // Nothing listens on a port that was just given back.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    hub.options.hf_endpoint = format!("http://{closed}");
    assert_eq!(hub.get("hub:acme/tiny").unwrap(), path);
    let text = hub.get("hub:acme/tiny@other").unwrap_err().to_string();
    assert!(
        text.ends_with("the hub cannot be reached, and the model is not in the cache"),
        "{text}"
    );
}

#[test]
fn a_broken_download_goes_on_where_it_broke_off() {
    let hub = hub("llama");
    hub.storage.edit("/store/model.safetensors", |file| file.cuts = vec![10_000]);
    let path = hub.get("hub:acme/tiny").unwrap();
    Checkpoint::open(&path).unwrap();
    let ranges: Vec<_> = hub
        .storage
        .requests()
        .iter()
        .map(|request| request.headers.get("range").cloned())
        .collect();
    assert_eq!(ranges, [None, Some("bytes=10000-".to_owned())]);
}

#[test]
fn a_later_run_goes_on_too_unless_the_content_changed() {
    for changed in [false, true] {
        let hub = hub("llama");
        let blob = weights_blob(&hub);
        fs::create_dir_all(blob.parent().unwrap()).unwrap();
        let content = fs::read(fixture("folders/llama/model.safetensors")).unwrap();
        let begun = if changed { vec![7; 5000] } else { content[..5000].to_vec() };
        let tag = if changed {
            "\"old\"".to_owned()
        } else {
            format!("\"store-{}\"", &sha256(&content)[..8])
        };
        fs::write(blob.with_file_name(format!("{}.incomplete", sha256(&content))), begun).unwrap();
        fs::write(blob.with_file_name(format!("{}.incomplete.etag", sha256(&content))), &tag)
            .unwrap();
        hub.get("hub:acme/tiny").unwrap();
        assert_eq!(fs::read(&blob).unwrap(), content);
        let asked = hub.storage.requests();
        assert_eq!(asked.len(), 1);
        assert_eq!(asked[0].headers["range"], "bytes=5000-");
        assert_eq!(asked[0].headers["if-range"], tag);
    }
}

#[test]
fn content_with_another_hash_is_never_kept() {
    let hub = hub("llama");
    hub.storage.edit("/store/model.safetensors", |file| file.content[20_000] ^= 1);
    // Broken off once, so that the wrong bytes also pass through resuming.
    hub.storage.edit("/store/model.safetensors", |file| file.cuts = vec![25_000]);
    let text = hub.complaint("hub:acme/tiny");
    assert!(text.contains("bytes came with hash"), "{text}");
    assert_eq!(hub.storage.requests().len(), 3, "broken off, resumed, and once anew");
    assert!(!weights_blob(&hub).exists());
    assert!(Checkpoint::open(&hub.model_dir().join("snapshots").join(COMMIT)).is_err());
}

#[test]
fn refusals_say_what_helps() {
    let mut hub = hub("llama");
    let cases = [
        (
            401,
            "cannot fetch HUB/api/models/acme/tiny/revision/main: there is no such repository, or it is private or gated: the token in HF_TOKEN does not open it (status 401)",
        ),
        (
            403,
            "cannot fetch HUB/api/models/acme/tiny/revision/main: access is restricted: accept the model's terms on the hub, and the token in HF_TOKEN does not open it (status 403)",
        ),
        (
            503,
            "cannot fetch HUB/api/models/acme/tiny/revision/main: the hub cannot be reached, and the model is not in the cache",
        ),
    ];
    for (status, expected) in cases {
        hub.server.edit("/api/models/acme/tiny/revision/main", |file| file.status = Some(status));
        assert_eq!(hub.complaint("hub:acme/tiny"), expected);
    }
    assert_eq!(
        hub.complaint("hub:acme/none"),
        "cannot fetch HUB/api/models/acme/none/revision/main: there is no such repository, revision or file (status 404)"
    );
    hub.options.hf_token = None;
    hub.server.edit("/api/models/acme/tiny/revision/main", |file| file.status = Some(401));
    assert!(
        hub.complaint("hub:acme/tiny").ends_with("private or gated: set HF_TOKEN (status 401)")
    );
}

#[test]
fn repositories_without_usable_weights_are_named() {
    let hub = hub("llama");
    let info = |files: &[&str]| {
        let siblings: Vec<_> = files.iter().map(|name| json!({ "rfilename": name })).collect();
        let content = json!({ "sha": COMMIT, "siblings": siblings }).to_string().into_bytes();
        hub.server.edit("/api/models/acme/tiny/revision/main", |file| file.content = content);
    };
    info(&["config.json", "pytorch_model.bin"]);
    assert_eq!(
        hub.complaint("hub:acme/tiny"),
        "cannot fetch HUB/acme/tiny: it has no model.safetensors, no index of several and no .gguf file"
    );
    info(&["a.gguf", "b.gguf"]);
    assert_eq!(
        hub.complaint("hub:acme/tiny"),
        "cannot fetch HUB/acme/tiny: it has several .gguf files ([\"a.gguf\", \"b.gguf\"]); download one and give its path"
    );
    info(&["a.gguf", "README.md"]);
    hub.server.put(
        &format!("/acme/tiny/resolve/{COMMIT}/a.gguf"),
        File { content: b"GGUF".to_vec(), etag: "a1".into(), ..File::default() },
    );
    let path = hub.get("hub:acme/tiny").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"GGUF");
    assert_eq!(path.file_name().unwrap(), "a.gguf");
}

#[test]
fn two_at_once_fetch_once() {
    let hub = hub("llama");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| hub.get("hub:acme/tiny").unwrap());
        }
    });
    assert_eq!(hub.storage.requests().len(), 1);
    Checkpoint::open(&hub.model_dir().join("snapshots").join(COMMIT)).unwrap();
}
