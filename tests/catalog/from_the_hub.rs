//! A model of the catalog from the hub: one file at a pinned commit.

use std::fs;
use std::time::Duration;

use lenscape::catalog::{FetchError, FetchProgress};

use super::bench::{Bench, COMMIT, assert_no_files_below, files_below, sha256, tiny_file};
use super::hub_server::{Fault, HubServer};

const FILE: &str = "org/tiny/tiny.Q8_0.gguf";

/// Some bytes more than the cut of a connection leaves, all in one piece.
const HALF: usize = 150_000;

fn broken(fault: Fault) -> (HubServer, Bench) {
    let server = HubServer::start();
    server.break_with(FILE, fault);
    let bench = Bench::with_hub(&server.endpoint);
    (server, bench)
}

/// The line that says why the hub failed, among those of the final error.
fn hub_line(message: &str) -> String {
    let line = message
        .lines()
        .find_map(|line| line.strip_prefix("  hub: "));
    line.unwrap_or_else(|| panic!("no line about the hub in:\n{message}"))
        .to_owned()
}

#[test]
fn the_file_comes_into_the_hub_cache_in_the_layout_of_the_hubs_own_tools() {
    let server = HubServer::start();
    let bench = Bench::with_hub(&server.endpoint);
    assert_eq!(bench.tiny(), tiny_file());
    let repo = bench.places.hub.cache.join("models--org--tiny");
    let blob = repo.join("blobs").join(sha256(&tiny_file()));
    let pointer = repo.join("snapshots").join(COMMIT).join("tiny.Q8_0.gguf");
    assert_eq!(files_below(&repo), [blob.clone(), pointer.clone()]);
    assert_eq!(
        pointer.canonicalize().unwrap(),
        blob.canonicalize().unwrap()
    );
    assert!(!repo.join("refs").exists(), "a commit needs no reference");
}

#[test]
fn progress_goes_from_nothing_to_everything() {
    let server = HubServer::start();
    let bench = Bench::with_hub(&server.endpoint);
    bench.tiny();
    let total = tiny_file().len() as u64;
    let events = bench.progress();
    let nothing = FetchProgress {
        source: "hub".to_owned(),
        file: "tiny.Q8_0.gguf".to_owned(),
        bytes: 0,
        total: Some(total),
        speed: None,
    };
    assert_eq!(events.first(), Some(&nothing));
    assert_eq!(events.last().unwrap().bytes, total);
}

#[test]
fn what_is_in_the_cache_is_used_in_place_without_the_network() {
    let server = HubServer::start();
    let mut bench = Bench::with_hub(&server.endpoint);
    bench.tiny();
    let asked = server.requests().len();
    bench.places.hub.offline = true;
    assert_eq!(bench.tiny(), tiny_file());
    assert_eq!(server.requests().len(), asked);
    // Nothing is copied.
    assert_no_files_below(&bench.store_folder());
}

#[test]
fn a_damaged_file_in_the_cache_is_said_and_fetched_anew() {
    let server = HubServer::start();
    let bench = Bench::with_hub(&server.endpoint);
    bench.tiny();
    let blob = bench.places.hub.cache.join("models--org--tiny/blobs");
    let blob = blob.join(sha256(&tiny_file()));
    let mut content = tiny_file();
    content[7] ^= 1;
    fs::write(&blob, content).unwrap();
    assert_eq!(bench.tiny(), tiny_file());
    assert_eq!(bench.failed_sources(), ["hub cache"]);
}

#[test]
fn a_hub_that_is_out_of_reach_is_named() {
    // Port 9 is the discard service, which nobody runs.
    let bench = Bench::with_hub("http://127.0.0.1:9");
    let message = bench.failure("tiny");
    let line = hub_line(&message);
    assert!(
        line.starts_with("http://127.0.0.1:9 cannot be reached: "),
        "{line}"
    );
    assert_eq!(bench.failed_sources(), ["hub", "Python package"]);
    assert_eq!(message.lines().count(), 3, "{message}");
    assert!(!bench.places.hub.cache.join("models--org--tiny").exists());
}

#[test]
fn an_endpoint_that_is_no_address_is_named() {
    let line = hub_line(&Bench::with_hub("huggingface").failure("tiny"));
    assert!(
        line.starts_with("HF_ENDPOINT `huggingface` is no web address"),
        "{line}"
    );
}

#[test]
fn each_refusal_is_explained() {
    let gated = vec![("X-Error-Code", "GatedRepo")];
    for (status, headers, expected) in [
        (
            404,
            vec![],
            "org/tiny has no file tiny.Q8_0.gguf at revision",
        ),
        (
            404,
            vec![("X-Error-Code", "RepoNotFound")],
            "has no repository org/tiny; if it is private, set HF_TOKEN",
        ),
        (
            401,
            vec![("X-Error-Code", "RepoNotFound")],
            "has no repository org/tiny; if it is private, set HF_TOKEN",
        ),
        (
            404,
            vec![("X-Error-Code", "RevisionNotFound")],
            "org/tiny has no revision",
        ),
        (
            401,
            vec![],
            "does not let us read org/tiny (HTTP 401): set HF_TOKEN",
        ),
        (
            401,
            gated.clone(),
            "org/tiny is gated: accept its licence at http://127.0.0.1",
        ),
        (
            403,
            gated,
            "org/tiny is gated: accept its licence at http://127.0.0.1",
        ),
        (
            429,
            vec![("Retry-After", "77")],
            "too many requests from here: wait 77 s",
        ),
        (
            403,
            vec![],
            "does not let us read org/tiny (HTTP 403): set HF_TOKEN",
        ),
        (
            429,
            vec![],
            "too many requests from here: wait some minutes",
        ),
        (500, vec![], "answered HTTP 500: try again later"),
        (503, vec![], "answered HTTP 503: try again later"),
    ] {
        let (_server, bench) = broken(Fault::Status(status, headers));
        let line = hub_line(&bench.failure("tiny"));
        assert!(line.contains(expected), "{status}: {line}");
    }
}

#[test]
fn a_cut_connection_keeps_what_came_and_the_next_attempt_continues() {
    let (server, bench) = broken(Fault::CutAfter(HALF));
    let line = hub_line(&bench.failure("tiny"));
    assert!(
        line.starts_with(&format!(
            "the connection broke after {HALF} of 300000 bytes"
        )),
        "{line}"
    );
    server.repair();
    assert_eq!(bench.tiny(), tiny_file());
    let last = server.requests().pop().unwrap();
    assert_eq!(last, format!("GET /content/{FILE} from {HALF}"));
}

#[test]
fn a_server_without_ranges_sends_everything_again() {
    let (server, bench) = broken(Fault::CutAfter(HALF));
    bench.failure("tiny");
    server.break_with(FILE, Fault::NoRanges);
    assert_eq!(bench.tiny(), tiny_file());
}

#[test]
fn a_beginning_that_does_not_fit_the_rest_is_thrown_away() {
    let (server, bench) = broken(Fault::CutAfter(HALF));
    bench.failure("tiny");
    let blobs = bench.places.hub.cache.join("models--org--tiny/blobs");
    let [unfinished] = &files_below(&blobs)[..] else {
        panic!("one unfinished file is expected");
    };
    fs::write(unfinished, vec![0; HALF]).unwrap();
    server.repair();
    assert!(hub_line(&bench.failure("tiny")).contains("has checksum"));
    assert_eq!(bench.tiny(), tiny_file());
}

#[test]
fn a_wrong_checksum_is_said_with_both_sums_and_nothing_is_kept() {
    let (_server, bench) = broken(Fault::Corrupt);
    let line = hub_line(&bench.failure("tiny"));
    let mut corrupt = tiny_file();
    corrupt[100] ^= 1;
    let expected = format!(
        "tiny.Q8_0.gguf has checksum {} instead of {}; the damaged file was not kept",
        sha256(&corrupt),
        sha256(&tiny_file())
    );
    assert_eq!(line, expected);
    assert_no_files_below(bench.folder.path());
}

#[test]
fn a_wrong_length_is_said_with_both_lengths_and_nothing_is_kept() {
    let (_server, bench) = broken(Fault::Short);
    let line = hub_line(&bench.failure("tiny"));
    assert!(
        line.starts_with("tiny.Q8_0.gguf has 1000 bytes instead of 300000"),
        "{line}"
    );
    assert_no_files_below(bench.folder.path());
}

#[test]
fn a_server_that_falls_silent_is_given_up() {
    let (_server, mut bench) = broken(Fault::HangAfter(HALF));
    bench.places.patience = Duration::from_millis(300);
    let line = hub_line(&bench.failure("tiny"));
    assert!(line.ends_with("gave no sign of life for 0.3 s"), "{line}");
}

#[test]
fn a_download_can_be_cancelled_and_continued() {
    let (server, bench) = broken(Fault::HangAfter(HALF));
    let cancel = bench.cancel.clone();
    let canceller = std::thread::spawn({
        let server = server.clone();
        move || {
            while !server
                .requests()
                .iter()
                .any(|request| request.starts_with("GET /content"))
            {
                std::thread::yield_now();
            }
            cancel.cancel();
        }
    });
    assert!(matches!(bench.fetch("tiny"), Err(FetchError::Cancelled)));
    assert_eq!(
        bench.failed_sources(),
        [] as [&str; 0],
        "a cancellation is no failure"
    );
    canceller.join().unwrap();

    server.repair();
    let mut again = Bench::with_hub(&server.endpoint);
    again.places = bench.places.clone();
    assert_eq!(again.tiny(), tiny_file());
}

#[test]
fn offline_is_said_with_the_variable_that_causes_it() {
    let line = hub_line(&Bench::offline().failure("tiny"));
    assert!(
        line.contains("HF_HUB_OFFLINE forbids the network"),
        "{line}"
    );
}

#[test]
fn a_cache_that_cannot_be_written_to_is_named() {
    let server = HubServer::start();
    let bench = Bench::with_hub(&server.endpoint);
    fs::write(&bench.places.hub.cache, "a file where a folder should be").unwrap();
    let line = hub_line(&bench.failure("tiny"));
    assert!(
        line.starts_with("cannot write to ") && line.contains("set HF_HOME"),
        "{line}"
    );
}
