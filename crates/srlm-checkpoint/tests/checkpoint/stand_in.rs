//! A hub on this machine: files by address, with the faults that a test asks for.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What the server does with one address.
#[derive(Clone, Debug, Default)]
pub(crate) struct File {
    pub(crate) content: Vec<u8>,
    pub(crate) etag: String,
    /// Kept on another address, as large files are; the hub's answer names hash and size.
    pub(crate) linked_to: Option<String>,
    /// Breaks off after so many bytes of each of the answers to come.
    pub(crate) cuts: Vec<usize>,
    /// Answers with this status instead.
    pub(crate) status: Option<u16>,
}

/// A request as it came in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: BTreeMap<String, String>,
}

#[derive(Clone)]
pub(crate) struct StandIn {
    pub(crate) endpoint: String,
    files: Arc<Mutex<BTreeMap<String, File>>>,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl StandIn {
    /// Listens until the test's process ends.
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let server = Self { endpoint, files: Arc::default(), requests: Arc::default() };
        let ours = server.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let ours = ours.clone();
                thread::spawn(move || ours.serve(stream));
            }
        });
        server
    }

    pub(crate) fn put(&self, path: &str, file: File) {
        self.files.lock().unwrap().insert(path.to_owned(), file);
    }

    pub(crate) fn edit(&self, path: &str, change: impl FnOnce(&mut File)) {
        change(self.files.lock().unwrap().get_mut(path).unwrap());
    }

    /// The requests since the last call.
    pub(crate) fn requests(&self) -> Vec<Request> {
        std::mem::take(&mut *self.requests.lock().unwrap())
    }

    /// One request a connection.
    fn serve(&self, mut stream: TcpStream) -> Option<()> {
        let mut lines = BufReader::new(stream.try_clone().ok()?).lines().map_while(Result::ok);
        let first = lines.next()?;
        let mut words = first.split(' ');
        let mut request = Request {
            method: words.next()?.into(),
            path: words.next()?.into(),
            ..Request::default()
        };
        for line in lines.take_while(|line| !line.is_empty()) {
            let (name, value) = line.split_once(": ")?;
            request.headers.insert(name.to_lowercase(), value.to_owned());
        }
        self.requests.lock().unwrap().push(request.clone());
        let (head, body) = self.answer(&request);
        stream.write_all(head.as_bytes()).ok()?;
        stream.write_all(&body).ok()
    }

    fn answer(&self, request: &Request) -> (String, Vec<u8>) {
        let mut files = self.files.lock().unwrap();
        let close = "Connection: close\r\n\r\n";
        let Some(file) = files.get_mut(&request.path) else {
            return (format!("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n{close}"), Vec::new());
        };
        if let Some(status) = file.status {
            return (format!("HTTP/1.1 {status} No\r\nContent-Length: 0\r\n{close}"), Vec::new());
        }
        if let Some(target) = &file.linked_to {
            let (etag, size) = (&file.etag, file.content.len());
            let linked = format!("X-Linked-Etag: \"{etag}\"\r\nX-Linked-Size: {size}\r\n");
            return (
                format!(
                    "HTTP/1.1 302 Found\r\nLocation: {target}\r\n{linked}Content-Length: 0\r\n{close}"
                ),
                Vec::new(),
            );
        }
        let start = request
            .headers
            .get("range")
            .and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok());
        let same =
            request.headers.get("if-range").is_none_or(|tag| *tag == format!("\"{}\"", file.etag));
        let start: usize = start.filter(|_| same).unwrap_or(0);
        let (all, rest) = (file.content.len(), &file.content[start..]);
        let status = if start > 0 { "206 Partial Content" } else { "200 OK" };
        let range = if start > 0 {
            format!("Content-Range: bytes {start}-{}/{all}\r\n", all - 1)
        } else {
            String::new()
        };
        let head = format!(
            "HTTP/1.1 {status}\r\nETag: \"{}\"\r\nContent-Length: {}\r\n{range}{close}",
            file.etag,
            rest.len()
        );
        if request.method == "HEAD" {
            return (head, Vec::new());
        }
        let mut body = rest.to_vec();
        if !file.cuts.is_empty() {
            body.truncate(file.cuts.remove(0));
        }
        (head, body)
    }
}
