//! A small server that plays the hub, faults included.
//!
//! Large files are redirected to another address, as the hub redirects them to a content network,
//! whose answers carry none of the hub's own headers.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use super::bench::{COMMIT, sha256, tiny_file};

/// What goes wrong with a file, or with a whole repository.
#[derive(Clone, Debug)]
pub enum Fault {
    /// This status, with these headers.
    Status(u16, Vec<(&'static str, &'static str)>),
    /// The connection is cut after so many bytes of the body.
    CutAfter(usize),
    /// The body stops after so many bytes, and the connection stays open.
    HangAfter(usize),
    /// Other content of the same length.
    Corrupt,
    /// Content that is shorter than announced beforehand, but complete as far as HTTP can tell.
    Short,
    /// Ranges are ignored: the whole file comes.
    NoRanges,
    /// The list of a repository's files never ends.
    Endless,
    /// The list says that the file has so many bytes.
    Said(u64),
    /// No byte comes before so many files with this fault were asked for.
    Meet(usize),
}

/// What the server has, and what it was asked.
#[derive(Default)]
struct Site {
    files: HashMap<String, Vec<u8>>,
    faults: HashMap<String, Fault>,
    requests: Vec<String>,
    meeting: Meeting,
}

/// The files with [`Fault::Meet`] that were asked for.
#[derive(Default)]
struct Meeting {
    arrived: usize,
    under_way: usize,
    most_at_once: usize,
}

/// A running server; it ends with the test's process.
#[derive(Clone)]
pub struct HubServer {
    pub endpoint: String,
    site: Arc<Mutex<Site>>,
    arrival: Arc<Condvar>,
}

struct Request {
    method: String,
    path: String,
    range_start: Option<usize>,
    token: Option<String>,
}

impl HubServer {
    /// A hub whose repository `org/tiny` holds the tiny model's file.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let this = Self {
            endpoint: format!("http://{}", listener.local_addr().unwrap()),
            site: Arc::default(),
            arrival: Arc::default(),
        };
        this.put("org/tiny/tiny.Q8_0.gguf", tiny_file());
        let server = this.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let server = server.clone();
                std::thread::spawn(move || server.serve(stream));
            }
        });
        this
    }

    /// Let there be this file: `org/name/path`.
    pub fn put(&self, path: &str, content: Vec<u8>) {
        self.site
            .lock()
            .unwrap()
            .files
            .insert(path.to_owned(), content);
    }

    /// Let this go wrong with `org/name/path`, or with `org/name` as a whole.
    pub fn break_with(&self, path: &str, fault: Fault) {
        self.site
            .lock()
            .unwrap()
            .faults
            .insert(path.to_owned(), fault);
    }

    /// Nothing goes wrong any more.
    pub fn repair(&self) {
        self.site.lock().unwrap().faults.clear();
    }

    /// What was asked, as `METHOD path`, with `from N` behind it for a range.
    pub fn requests(&self) -> Vec<String> {
        self.site.lock().unwrap().requests.clone()
    }

    /// How many files with [`Fault::Meet`] were on their way at the same time, at most.
    pub fn most_at_once(&self) -> usize {
        self.site.lock().unwrap().meeting.most_at_once
    }

    fn serve(&self, mut stream: TcpStream) {
        let Some(request) = Request::read(&stream) else {
            return;
        };
        self.site.lock().unwrap().requests.push(request.to_string());
        assert_eq!(
            request.token.as_deref(),
            Some("Bearer hf_test"),
            "{request}"
        );
        let listed = ["/api/models/", "/api/spaces/"];
        let listed = listed
            .iter()
            .find_map(|kind| request.path.strip_prefix(kind));
        if let Some(rest) = listed {
            self.list(&mut stream, rest);
        } else if let Some(path) = request.path.strip_prefix("/content/") {
            self.content(&mut stream, &request, path);
        } else {
            self.resolve(&mut stream, &request);
        }
    }

    /// `org/name/revision/REV?blobs=true`
    fn list(&self, stream: &mut TcpStream, path: &str) {
        let (repo, revision) = path.split_once("/revision/").unwrap();
        let (revision, query) = revision.split_once('?').unwrap();
        assert_eq!(query, "blobs=true");
        let site = self.site.lock().unwrap();
        if let Some(Fault::Status(status, headers)) = site.faults.get(repo) {
            return answer(stream, *status, headers, b"");
        }
        if let Some(Fault::Endless) = site.faults.get(repo) {
            drop(site);
            return never_end(stream);
        }
        let mut files = Vec::new();
        for (path, content) in &site.files {
            let Some(name) = path.strip_prefix(&format!("{repo}/")) else {
                continue;
            };
            let size = match site.faults.get(path) {
                Some(Fault::Said(size)) => *size,
                _ => content.len() as u64,
            };
            let lfs = match is_large(name) {
                true => format!(
                    r#","lfs":{{"sha256":"{}","size":{size},"pointerSize":130}}"#,
                    sha256(content)
                ),
                false => String::new(),
            };
            let blob = &sha256(content)[..40];
            files.push(format!(
                r#"{{"rfilename":"{name}","size":{size},"blobId":"{blob}"{lfs}}}"#
            ));
        }
        if files.is_empty() {
            return answer(stream, 404, &[("X-Error-Code", "RepoNotFound")], b"");
        }
        if revision != "main" && revision != COMMIT && revision != "refs%2Fpr%2F1" {
            return answer(stream, 404, &[("X-Error-Code", "RevisionNotFound")], b"");
        }
        let body = format!(
            r#"{{"id":"{repo}","sha":"{COMMIT}","siblings":[{}]}}"#,
            files.join(",")
        );
        answer(
            stream,
            200,
            &[("Content-Type", "application/json")],
            body.as_bytes(),
        );
    }

    /// `org/name/resolve/COMMIT/path`
    fn resolve(&self, stream: &mut TcpStream, request: &Request) {
        let path = request.path.trim_start_matches("/spaces/");
        let path = path
            .trim_start_matches('/')
            .replacen(&format!("/resolve/{COMMIT}/"), "/", 1);
        let repo: Vec<&str> = path.splitn(3, '/').collect();
        let site = self.site.lock().unwrap();
        let fault = site.faults.get(&path);
        let fault = fault
            .or_else(|| site.faults.get(&repo[..2].join("/")))
            .cloned();
        if let Some(Fault::Status(status, headers)) = fault {
            return answer(stream, status, &headers, b"");
        }
        let Some(content) = site.files.get(&path).cloned() else {
            return answer(stream, 404, &[("X-Error-Code", "EntryNotFound")], b"");
        };
        drop(site);
        if !is_large(&path) {
            let etag = format!("\"{}\"", &sha256(&content)[..40]);
            let headers = [("X-Repo-Commit", COMMIT), ("ETag", etag.as_str())];
            return body(stream, request, &headers, &content, fault);
        }
        let etag = format!("\"{}\"", sha256(&content));
        let location = format!("/content/{path}");
        let headers = [
            ("X-Repo-Commit", COMMIT),
            ("X-Linked-Etag", etag.as_str()),
            ("Location", location.as_str()),
        ];
        answer(stream, 302, &headers, b"");
    }

    fn content(&self, stream: &mut TcpStream, request: &Request, path: &str) {
        let site = self.site.lock().unwrap();
        let content = site.files[path].clone();
        let fault = site.faults.get(path).cloned();
        drop(site);
        if let Some(Fault::Meet(count)) = fault {
            self.meet(count);
        }
        body(
            stream,
            request,
            &[("ETag", "\"of-the-content-network\"")],
            &content,
            fault,
        );
    }
}

impl HubServer {
    /// Waits for `count` files. Whoever asks for one is counted as under way until just before it
    /// gets the first byte, so it cannot ask for the next one meanwhile.
    fn meet(&self, count: usize) {
        let mut site = self.site.lock().unwrap();
        let meeting = &mut site.meeting;
        meeting.arrived += 1;
        meeting.under_way += 1;
        meeting.most_at_once = meeting.most_at_once.max(meeting.under_way);
        self.arrival.notify_all();
        let mut site = self
            .arrival
            .wait_while(site, |site| site.meeting.arrived < count)
            .unwrap();
        site.meeting.under_way -= 1;
    }
}

/// Sends a listing without an end, until nobody takes it any more.
fn never_end(stream: &mut TcpStream) {
    let mut piece: &[u8] = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"siblings\":[";
    while stream.write_all(piece).is_ok() {
        piece = &[b' '; 1 << 16];
    }
}

/// The hub keeps these outside of git.
fn is_large(path: &str) -> bool {
    [".gguf", ".safetensors", ".pt"]
        .iter()
        .any(|end| path.ends_with(end))
}

fn body(
    stream: &mut TcpStream,
    request: &Request,
    headers: &[(&str, &str)],
    content: &[u8],
    fault: Option<Fault>,
) {
    let is_head = request.method == "HEAD";
    let mut content = content.to_vec();
    match fault {
        Some(Fault::Corrupt) => content[100] ^= 1,
        Some(Fault::Short) if !is_head => content.truncate(1000),
        _ => {}
    }
    let start = match fault {
        Some(Fault::NoRanges) => 0,
        _ => request.range_start.unwrap_or(0),
    };
    let content = &content[start..];
    let status = if start > 0 { 206 } else { 200 };
    head(stream, status, headers, content.len());
    match fault {
        _ if is_head => {}
        Some(Fault::CutAfter(bytes)) => write(stream, &content[..bytes]),
        Some(Fault::HangAfter(bytes)) => {
            write(stream, &content[..bytes]);
            // Longer than any patience in these tests.
            std::thread::sleep(Duration::from_secs(60));
        }
        _ => write(stream, content),
    }
}

fn answer(stream: &mut TcpStream, status: u16, headers: &[(&str, &str)], content: &[u8]) {
    head(stream, status, headers, content.len());
    write(stream, content);
}

fn head(stream: &mut TcpStream, status: u16, headers: &[(&str, &str)], length: usize) {
    let mut text =
        format!("HTTP/1.1 {status} Played\r\nContent-Length: {length}\r\nConnection: close\r\n");
    for (name, value) in headers {
        text += &format!("{name}: {value}\r\n");
    }
    write(stream, format!("{text}\r\n").as_bytes());
}

fn write(stream: &mut TcpStream, bytes: &[u8]) {
    // The other side may have given up.
    let _ = stream.write_all(bytes);
}

impl Request {
    fn read(stream: &TcpStream) -> Option<Self> {
        let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
        let first = lines.next()?;
        let mut words = first.split(' ').map(str::to_owned);
        let mut this = Self {
            method: words.next()?,
            path: words.next()?,
            range_start: None,
            token: None,
        };
        for line in lines.take_while(|line| !line.is_empty()) {
            let (name, value) = line.split_once(": ")?;
            match name.to_lowercase().as_str() {
                "range" => {
                    let start = value.strip_prefix("bytes=")?.split('-').next()?;
                    this.range_start = Some(start.parse().ok()?);
                }
                "authorization" => this.token = Some(value.to_owned()),
                _ => {}
            }
        }
        Some(this)
    }
}

impl std::fmt::Display for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.method, self.path)?;
        match self.range_start {
            Some(start) => write!(f, " from {start}"),
            None => Ok(()),
        }
    }
}
