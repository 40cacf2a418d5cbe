//! Files over HTTP, resumed where they broke off.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use ureq::Agent;
use ureq::http::{HeaderMap, Response, StatusCode};

use super::SourceOptions;
use crate::error::Error;
use crate::hash;

/// Times that a file is asked for before giving up; each goes on where the last one broke off.
const ATTEMPTS: u32 = 5;
/// Most bytes of a JSON answer.
const MAX_JSON: u64 = 64 << 20;
/// Redirections of a HEAD request that are followed.
const MAX_REDIRECTS: usize = 8;

/// Asks one hub.
pub(super) struct Client<'a> {
    agent: Agent,
    options: &'a SourceOptions,
}

/// What a hub says about a file before sending it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Remote {
    /// Where the hub has it, after redirections within the hub.
    pub(super) url: String,
    /// Without quotes; for a large file its SHA-256.
    pub(super) etag: String,
    /// In bytes.
    pub(super) size: u64,
}

/// Why an attempt failed.
enum Failure {
    /// Another attempt may succeed.
    Broken(String),
    /// All came, but other bytes than the hub named; they were dropped, and a second time is the
    /// last.
    Wrong(String),
    Final(Error),
}

impl<'a> Client<'a> {
    pub(super) fn new(options: &'a SourceOptions) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .user_agent(concat!("srlm/", env!("CARGO_PKG_VERSION")))
            .accept_encoding("identity")
            .timeout_connect(Some(Duration::from_secs(20)))
            .timeout_recv_response(Some(Duration::from_secs(60)))
            .timeout_per_read(Some(Duration::from_secs(60)))
            .build();
        Self { agent: config.into(), options }
    }

    /// The address of `path` on the hub.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.options.hf_endpoint.trim_end_matches('/'))
    }

    /// The token, for addresses of the hub itself only; where they redirect to, it is not sent on.
    fn authorization(&self, url: &str) -> Option<String> {
        let ours = url.starts_with(&self.url(""));
        self.options.hf_token.as_ref().filter(|_| ours).map(|token| format!("Bearer {token}"))
    }

    /// A JSON document of the hub; `None` when the hub cannot be reached or is out of order.
    pub(super) fn json(&self, url: &str) -> Result<Option<serde_json::Value>, Error> {
        let mut request = self.agent.get(url);
        if let Some(token) = self.authorization(url) {
            request = request.header("authorization", token);
        }
        let Ok(response) = request.call() else { return Ok(None) };
        if response.status().is_server_error() || response.status() == StatusCode::TOO_MANY_REQUESTS
        {
            return Ok(None);
        }
        self.check(url, response.status())?;
        let mut bytes = Vec::new();
        let body = response
            .into_body()
            .into_with_config()
            .limit(MAX_JSON)
            .reader()
            .read_to_end(&mut bytes);
        body.map_err(|e| failed(url, e))?;
        serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|e| failed(url, format!("the answer is no JSON: {e}")))
    }

    /// Name and size of a file's content, from the hub's own answer: where it keeps large files
    /// elsewhere, it names them before it redirects.
    pub(super) fn head(&self, url: &str) -> Result<Remote, Error> {
        let mut at = url.to_owned();
        for _ in 0..MAX_REDIRECTS {
            let mut request = self.agent.head(&at).config().max_redirects(0).build();
            if let Some(token) = self.authorization(&at) {
                request = request.header("authorization", token);
            }
            let response = request.call().map_err(|e| failed(url, e))?;
            let linked = response.headers().contains_key("x-linked-etag");
            match header(response.headers(), "location") {
                Some(location) if response.status().is_redirection() && !linked => {
                    at = joined(&at, location)
                }
                _ => {
                    if !response.status().is_redirection() {
                        self.check(url, response.status())?;
                    }
                    let missing = || failed(url, "the hub gives no ETag and length");
                    return remote(at, response.headers()).ok_or_else(missing);
                }
            }
        }
        Err(failed(url, "too many redirections"))
    }

    fn check(&self, url: &str, status: StatusCode) -> Result<(), Error> {
        let token = if self.options.hf_token.is_some() {
            "the token in HF_TOKEN does not open it"
        } else {
            "set HF_TOKEN"
        };
        let remedy = match status.as_u16() {
            200..=299 => return Ok(()),
            401 => format!("there is no such repository, or it is private or gated: {token}"),
            403 => {
                format!("access is restricted: accept the model's terms on the hub, and {token}")
            }
            404 => "there is no such repository, revision or file".to_owned(),
            _ => "the hub refused".to_owned(),
        };
        Err(failed(url, format!("{remedy} (status {})", status.as_u16())))
    }

    /// Brings a file to `path`, which appears only when all of it is there and its hash is right.
    ///
    /// Meanwhile it is `path.incomplete`, which a later call goes on with as long as the server
    /// still has the same content: the server's tag lies beside it and is sent as `If-Range`.
    pub(super) fn download(
        &self,
        path: &Path,
        remote: &Remote,
        on_bytes: &mut dyn FnMut(u64),
    ) -> Result<(), Error> {
        let url = &remote.url;
        let partial = Partial::beside(path);
        let (mut reason, mut was_wrong) = (String::new(), false);
        for attempt in 0..ATTEMPTS {
            if attempt > 1 {
                thread::sleep(Duration::from_millis(60 << attempt));
            }
            let fetched =
                self.attempt(&partial, remote, on_bytes).and_then(|()| partial.verify(remote));
            match fetched {
                Ok(()) => {
                    return fs::rename(&partial.file, path)
                        .map_err(Error::io(path))
                        .and_then(|()| partial.forget_tag());
                }
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Broken(why)) => reason = why,
                Err(Failure::Wrong(why)) if was_wrong => return Err(failed(url, why)),
                Err(Failure::Wrong(_)) => was_wrong = true,
            }
        }
        Err(failed(
            url,
            format!(
                "{reason}, at the last of {ATTEMPTS} attempts; run it again to go on where it broke off"
            ),
        ))
    }

    fn attempt(
        &self,
        partial: &Partial,
        remote: &Remote,
        on_bytes: &mut dyn FnMut(u64),
    ) -> Result<(), Failure> {
        let url = &remote.url;
        let (have, tag) = partial.begun(remote.size);
        if have == remote.size && have > 0 {
            return Ok(());
        }
        let mut request = self.agent.get(url);
        if let Some(token) = self.authorization(url) {
            request = request.header("authorization", token);
        }
        if let Some(tag) = &tag {
            request = request.header("range", format!("bytes={have}-")).header("if-range", tag);
        }
        let response = request.call().map_err(|e| Failure::Broken(e.to_string()))?;
        let have = self.accept(url, &response, have, partial)?;
        partial.keep_tag(response.headers()).map_err(Failure::Final)?;
        let io = |e| Failure::Final(Error::io(&partial.file)(e));
        let mut file =
            OpenOptions::new().create(true).append(true).open(&partial.file).map_err(io)?;
        file.set_len(have).map_err(io)?;
        let limit = remote.size.saturating_sub(have).saturating_add(1);
        let mut body = response.into_body().into_with_config().limit(u64::MAX).reader().take(limit);
        let mut done = have;
        let mut buffer = vec![0; 1 << 17];
        loop {
            on_bytes(done);
            match body.read(&mut buffer).map_err(|e| Failure::Broken(e.to_string()))? {
                0 => break,
                n => {
                    file.write_all(&buffer[..n]).map_err(io)?;
                    done += n as u64;
                }
            }
        }
        file.sync_all().map_err(io)
    }

    /// The byte that the answer begins at.
    fn accept<T>(
        &self,
        url: &str,
        response: &Response<T>,
        have: u64,
        partial: &Partial,
    ) -> Result<u64, Failure> {
        match response.status().as_u16() {
            200 => Ok(0),
            206 if range_start(response.headers()) == Some(have) => Ok(have),
            206 | 416 => {
                partial.remove();
                Err(Failure::Broken(format!(
                    "the server sent another range than was asked for (from byte {have})"
                )))
            }
            status @ (408 | 429 | 500..=599) => Err(Failure::Broken(format!("status {status}"))),
            _ => {
                self.check(url, response.status()).map_err(Failure::Final)?;
                Err(Failure::Final(failed(url, format!("status {}", response.status().as_u16()))))
            }
        }
    }
}

/// A file that is still coming in, and the tag of what is coming.
struct Partial {
    file: PathBuf,
    tag: PathBuf,
}

impl Partial {
    fn beside(path: &Path) -> Self {
        let with = |suffix: &str| {
            let mut name = path.as_os_str().to_owned();
            name.push(suffix);
            PathBuf::from(name)
        };
        Self { file: with(".incomplete"), tag: with(".incomplete.etag") }
    }

    /// Bytes to keep, and the tag under which to ask for the rest.
    fn begun(&self, size: u64) -> (u64, Option<String>) {
        let have = fs::metadata(&self.file).map_or(0, |file| file.len());
        let tag = fs::read_to_string(&self.tag).ok().filter(|tag| !tag.is_empty());
        if have > 0 && have <= size && tag.is_some() { (have, tag) } else { (0, None) }
    }

    /// Weak tags do not promise the same bytes.
    fn keep_tag(&self, headers: &HeaderMap) -> Result<(), Error> {
        let tag = header(headers, "etag").filter(|tag| !tag.starts_with("W/")).unwrap_or_default();
        fs::write(&self.tag, tag).map_err(Error::io(&self.tag))
    }

    fn forget_tag(&self) -> Result<(), Error> {
        match fs::remove_file(&self.tag) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(Error::io(&self.tag)(e)),
            _ => Ok(()),
        }
    }

    /// Begins anew.
    fn remove(&self) {
        let _ = fs::remove_file(&self.file);
        let _ = fs::remove_file(&self.tag);
    }

    fn verify(&self, remote: &Remote) -> Result<(), Failure> {
        if !self.file.exists() && remote.size == 0 {
            File::create(&self.file).map_err(|e| Failure::Final(Error::io(&self.file)(e)))?;
        }
        let len =
            fs::metadata(&self.file).map_err(|e| Failure::Final(Error::io(&self.file)(e)))?.len();
        if len < remote.size {
            return Err(Failure::Broken(format!(
                "it broke off after {len} of {} bytes",
                remote.size
            )));
        }
        let is_sha256 =
            remote.etag.len() == 64 && remote.etag.bytes().all(|b| b.is_ascii_hexdigit());
        let hash = if is_sha256 {
            hash::sha256_file(&self.file).map_err(Failure::Final)?
        } else {
            remote.etag.clone()
        };
        if len == remote.size && hash.eq_ignore_ascii_case(&remote.etag) {
            return Ok(());
        }
        self.remove();
        Err(Failure::Wrong(format!(
            "{len} bytes came with hash {hash}, not {} with {}",
            remote.size, remote.etag
        )))
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn remote(url: String, headers: &HeaderMap) -> Option<Remote> {
    let etag = header(headers, "x-linked-etag").or_else(|| header(headers, "etag"))?;
    let etag = etag.trim_start_matches("W/").trim_matches('"');
    let size = header(headers, "x-linked-size").or_else(|| header(headers, "content-length"))?;
    let named = !etag.is_empty()
        && etag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    Some(Remote { url, etag: named.then(|| etag.to_owned())?, size: size.trim().parse().ok()? })
}

/// The first byte in `Content-Range: bytes FIRST-LAST/ALL`.
fn range_start(headers: &HeaderMap) -> Option<u64> {
    header(headers, "content-range")?.strip_prefix("bytes ")?.split_once('-')?.0.trim().parse().ok()
}

/// A redirection's target, which may be a path on the same server.
fn joined(url: &str, location: &str) -> String {
    if !location.starts_with('/') {
        return location.to_owned();
    }
    let host_end =
        url.find("://").and_then(|at| url[at + 3..].find('/').map(|slash| at + 3 + slash));
    format!("{}{location}", &url[..host_end.unwrap_or(url.len())])
}

pub(super) fn failed(url: &str, reason: impl ToString) -> Error {
    Error::Download { url: url.to_owned(), reason: reason.to_string() }
}
