//! Models of several large files: sharded safetensors and split GGUFs, some files at a time.

use std::fs;

use lenscape::catalog::{CheckpointFiles, FetchError};

use super::bench::{Bench, COMMIT};
use super::hub_server::{Fault, HubServer};

const REPO: &str = "org/big";
const SHARDS: usize = 6;

/// Larger than what one piece of a stream holds.
fn shard_content(shard: usize) -> Vec<u8> {
    (0..100_000 + shard)
        .map(|at| (at * (shard + 3)) as u8)
        .collect()
}

fn shard(number: usize) -> String {
    format!("model-{number:05}-of-{SHARDS:05}.safetensors")
}

fn put(server: &HubServer, name: &str, content: Vec<u8>) {
    server.put(&format!("{REPO}/{name}"), content);
}

fn broken(server: &HubServer, name: &str, fault: Fault) {
    server.break_with(&format!("{REPO}/{name}"), fault);
}

fn sharded() -> (HubServer, Bench) {
    let server = HubServer::start();
    let names = (0..SHARDS).map(|number| format!(r#""t{number}":"{}""#, shard(number)));
    let names: Vec<String> = names.collect();
    let index = format!(r#"{{"weight_map":{{{}}}}}"#, names.join(","));
    put(&server, "model.safetensors.index.json", index.into());
    for name in ["config.json", "tokenizer.json"] {
        put(&server, name, name.into());
    }
    for number in 0..SHARDS {
        put(&server, &shard(number), shard_content(number));
    }
    let bench = Bench::with_hub(&server.endpoint);
    (server, bench)
}

fn assert_is_whole(bench: &Bench) {
    let folder = bench.fetch(REPO).unwrap().files;
    for number in 0..SHARDS {
        let content = fs::read(folder.path().join(shard(number))).unwrap();
        assert_eq!(content, shard_content(number), "{number}");
    }
}

fn contents_asked_for(server: &HubServer) -> Vec<String> {
    let requests = server.requests().into_iter();
    let prefix = format!("GET /content/{REPO}/");
    requests
        .filter_map(|request| request.strip_prefix(&prefix).map(str::to_owned))
        .collect()
}

#[test]
fn four_files_come_at_a_time_and_no_more() {
    let (server, bench) = sharded();
    for number in 0..SHARDS {
        broken(&server, &shard(number), Fault::Meet(4));
    }
    assert_is_whole(&bench);
    assert_eq!(server.most_at_once(), 4);
}

#[test]
fn progress_is_that_of_all_files_together() {
    let (_server, bench) = sharded();
    assert_is_whole(&bench);
    let progress = bench.progress();
    let all = progress.iter().filter(|at| at.file == "8 files");
    let bytes: Vec<u64> = all.clone().map(|at| at.bytes).collect();
    let small = "config.json".len() + "tokenizer.json".len();
    let large: usize = (0..SHARDS).map(|number| shard_content(number).len()).sum();
    let total = (small + large) as u64;
    assert!(all.clone().all(|at| at.total == Some(total)));
    assert_eq!((bytes.first(), bytes.last()), (Some(&0), Some(&total)));
    assert!(bytes.is_sorted(), "{bytes:?}");
}

#[test]
fn a_broken_file_is_named_and_continued_next_time_and_whole_ones_stay() {
    let (server, bench) = sharded();
    broken(&server, &shard(5), Fault::CutAfter(60_000));
    let message = bench.failure(REPO);
    let expected = format!(
        "the connection broke after 60000 of 100005 bytes of {}",
        shard(5)
    );
    assert!(message.contains(&expected), "{message}");

    server.repair();
    let before = contents_asked_for(&server);
    assert_is_whole(&bench);
    let again = &contents_asked_for(&server)[before.len()..];
    assert!(again.contains(&format!("{} from 60000", shard(5))));
    assert!(!again.contains(&shard(0)), "it was whole: {again:?}");
    let last = bench.progress().pop().unwrap();
    assert_eq!(Some(last.bytes), last.total, "kept bytes count as done");
}

#[test]
fn each_fault_of_one_file_ends_the_whole_download_with_its_reason() {
    let of_file = format!("org/big has no file {}", shard(2));
    for (fault, expected) in [
        (Fault::Status(401, vec![]), "(HTTP 401): set HF_TOKEN"),
        (Fault::Status(403, vec![]), "(HTTP 403): set HF_TOKEN"),
        (
            Fault::Status(403, vec![("X-Error-Code", "GatedRepo")]),
            "org/big is gated: accept its licence at",
        ),
        (Fault::Status(404, vec![]), of_file.as_str()),
        (
            Fault::Status(429, vec![("Retry-After", "9")]),
            "too many requests from here: wait 9 s",
        ),
        (Fault::Status(500, vec![]), "answered HTTP 500"),
        (Fault::Short, "has 1000 bytes instead of 100002"),
        (Fault::Corrupt, "has checksum"),
    ] {
        let (server, bench) = sharded();
        broken(&server, &shard(2), fault.clone());
        let message = bench.failure(REPO);
        assert!(message.contains(expected), "{fault:?}: {message}");
        assert_eq!(message.lines().count(), 1, "{message}");
        server.repair();
        assert_is_whole(&bench);
    }
}

#[test]
fn a_cancellation_ends_all_downloads() {
    let (server, bench) = sharded();
    for number in 0..SHARDS {
        broken(&server, &shard(number), Fault::HangAfter(50_000));
    }
    let cancel = bench.cancel.clone();
    let canceller = std::thread::spawn({
        let server = server.clone();
        move || {
            while contents_asked_for(&server).len() < 4 {
                std::thread::yield_now();
            }
            cancel.cancel();
        }
    });
    assert!(matches!(bench.fetch(REPO), Err(FetchError::Cancelled)));
    canceller.join().unwrap();
    assert_eq!(contents_asked_for(&server).len(), 4, "no other was begun");
}

fn split_gguf() -> (HubServer, Bench) {
    let server = HubServer::start();
    for name in [
        "m.Q8_0-00001-of-00002.gguf",
        "m.Q8_0-00002-of-00002.gguf",
        "sub/m.Q2_K-00001-of-00002.gguf",
        "sub/m.Q2_K-00002-of-00002.gguf",
        "half.F32-00001-of-00002.gguf",
    ] {
        put(&server, name, name.into());
    }
    let bench = Bench::with_hub(&server.endpoint);
    (server, bench)
}

#[test]
fn all_parts_of_a_split_gguf_come_and_its_first_one_is_opened() {
    for (name, first) in [
        ("org/big", "m.Q8_0-00001-of-00002.gguf"),
        (
            "org/big/m.Q8_0-00001-of-00002.gguf",
            "m.Q8_0-00001-of-00002.gguf",
        ),
        (
            "org/big:m.Q8_0-00002-of-00002.gguf",
            "m.Q8_0-00001-of-00002.gguf",
        ),
        (
            "org/big/sub/m.Q2_K-00001-of-00002.gguf",
            "sub/m.Q2_K-00001-of-00002.gguf",
        ),
    ] {
        let (_server, mut bench) = split_gguf();
        let files = bench.fetch(name).unwrap().files;
        let CheckpointFiles::Gguf(path) = &files else {
            panic!("a GGUF is expected");
        };
        assert!(path.ends_with(first), "{name}: {}", path.display());
        let second = first.replace("00001-of", "00002-of");
        let second = second.rsplit('/').next().unwrap();
        assert!(path.with_file_name(second).is_file(), "{name}");
        bench.places.hub.offline = true;
        assert_eq!(bench.fetch(name).unwrap().files, files, "from the cache");
    }
}

#[test]
fn a_missing_part_is_named() {
    let (_server, bench) = split_gguf();
    let message = bench.failure("org/big:half.F32-00001-of-00002.gguf");
    assert!(
        message.contains("org/big has no file half.F32-00002-of-00002.gguf"),
        "{message}"
    );
}

#[test]
fn a_part_that_is_missing_in_the_cache_is_fetched() {
    let (server, bench) = split_gguf();
    let first = bench.fetch(REPO).unwrap().files;
    let second = first.path().with_file_name("m.Q8_0-00002-of-00002.gguf");
    fs::remove_file(&second).unwrap();
    assert!(!server.requests().is_empty());
    assert_eq!(bench.fetch(REPO).unwrap().files, first);
    assert!(second.is_file());
}

#[test]
fn what_the_hubs_own_tools_fetched_by_an_old_id_is_used() {
    let bench = Bench::offline();
    let folder = bench.places.hub.cache.join("models--gpt2");
    let snapshot = folder.join("snapshots").join(COMMIT);
    fs::create_dir_all(&snapshot).unwrap();
    fs::create_dir_all(folder.join("refs")).unwrap();
    fs::write(folder.join("refs/main"), COMMIT).unwrap();
    for name in ["config.json", "tokenizer.json", "model.safetensors"] {
        fs::write(snapshot.join(name), name).unwrap();
    }
    let expected = CheckpointFiles::Folder(snapshot);
    for name in ["gpt2", "openai-community/gpt2", "gpt2@main"] {
        assert_eq!(bench.fetch(name).unwrap().files, expected, "{name}");
    }
}
