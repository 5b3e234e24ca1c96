//! Whole repositories by their hub id.

use std::fs;

use lenscape::catalog::CheckpointFiles;

use super::bench::{Bench, COMMIT};
use super::hub_server::{Fault, HubServer};

const INDEX: &str = r#"{"weight_map":{"a":"model-1.safetensors","b":"model-2.safetensors"}}"#;

/// A hub with a repository of these files, each with its own name as content.
fn hub_with(repo: &str, files: &[&str]) -> (HubServer, Bench) {
    let server = HubServer::start();
    for file in files {
        server.put(&format!("{repo}/{file}"), file.as_bytes().to_vec());
    }
    let bench = Bench::with_hub(&server.endpoint);
    (server, bench)
}

fn folder(bench: &Bench, name: &str) -> Vec<String> {
    let checkpoint = bench.fetch(name).unwrap();
    assert_eq!(checkpoint.name, name);
    let CheckpointFiles::Folder(folder) = checkpoint.files else {
        panic!("a folder is expected");
    };
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn the_needed_files_come_and_no_others() {
    let files = [
        "README.md",
        "config.json",
        "flax_model.msgpack",
        "model.safetensors",
        "pytorch_model.bin",
        "tokenizer.json",
    ];
    let (_server, bench) = hub_with("org/single", &files);
    let needed = ["config.json", "model.safetensors", "tokenizer.json"];
    assert_eq!(folder(&bench, "org/single"), needed);
}

#[test]
fn the_shards_of_an_index_come_with_it() {
    let index = "model.safetensors.index.json";
    let files = [
        "config.json",
        "tokenizer.json",
        "model-1.safetensors",
        "model-2.safetensors",
    ];
    let (server, bench) = hub_with("org/sharded", &files);
    server.put(&format!("org/sharded/{index}"), INDEX.as_bytes().to_vec());
    let all = [
        "config.json",
        "model-1.safetensors",
        "model-2.safetensors",
        index,
        "tokenizer.json",
    ];
    assert_eq!(folder(&bench, "org/sharded"), all);
}

#[test]
fn of_a_tokenizer_no_weights_come() {
    let files = [
        "README.md",
        "additional_chat_templates/tool_use.jinja",
        "chat_template.jinja",
        "config.json",
        "merges.txt",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    ];
    let (server, bench) = hub_with("org/single", &files);
    let names = |found: CheckpointFiles| {
        let CheckpointFiles::Folder(folder) = found else {
            panic!("a folder is expected");
        };
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    let needed = [
        "additional_chat_templates",
        "chat_template.jinja",
        "config.json",
        "tokenizer.json",
        "tokenizer_config.json",
    ];
    let fetched = bench.fetch_tokenizer("org/single").unwrap();
    assert_eq!(
        (fetched.name.as_str(), names(fetched.files)),
        ("org/single", needed.map(String::from).into())
    );
    // Then they are here; the weights come when the model is wanted.
    let asked = server.requests().len();
    bench.fetch_tokenizer("org/single").unwrap();
    assert_eq!(server.requests().len(), asked);
    assert!(folder(&bench, "org/single").contains(&"model.safetensors".to_owned()));
}

#[test]
fn a_tokenizer_without_what_is_said_of_it_is_completed_where_the_hub_can_be_asked() {
    let files = ["config.json", "tokenizer.json", "tokenizer_config.json"];
    let (server, bench) = hub_with("org/m", &files);
    let first = bench.fetch_tokenizer("org/m").unwrap().files;
    let config = first.path().join("tokenizer_config.json");
    fs::remove_file(&config).unwrap();
    bench.fetch_tokenizer("org/m").unwrap();
    assert!(config.is_file());
    fs::remove_file(&config).unwrap();
    drop(server);
    assert_eq!(bench.fetch_tokenizer("org/m").unwrap().files, first);
}

#[test]
fn of_a_model_in_one_file_the_file_comes_for_its_tokenizer() {
    let (_server, bench) = hub_with("org/g", &["README.md", "m.Q8_0.gguf"]);
    let found = bench.fetch_tokenizer("org/g").unwrap().files;
    assert!(matches!(found, CheckpointFiles::Gguf(path) if path.ends_with("m.Q8_0.gguf")));
}

#[test]
fn a_missing_shard_is_named() {
    let (server, bench) = hub_with("org/s", &["config.json", "model-1.safetensors"]);
    server.put(
        "org/s/model.safetensors.index.json",
        INDEX.as_bytes().to_vec(),
    );
    let message = bench.failure("org/s");
    assert!(
        message.contains("org/s has no file model-2.safetensors"),
        "{message}"
    );
}

#[test]
fn a_repository_that_is_in_the_cache_needs_no_network() {
    let files = ["config.json", "tokenizer.json", "model.safetensors"];
    let (server, mut bench) = hub_with("org/single", &files);
    let first = bench.fetch("org/single").unwrap();
    let asked = server.requests().len();
    bench.places.hub.offline = true;
    assert_eq!(bench.fetch("org/single").unwrap(), first);
    assert_eq!(
        bench.fetch(&format!("org/single@{COMMIT}")).unwrap().files,
        first.files
    );
    assert_eq!(server.requests().len(), asked);
}

#[test]
fn half_a_repository_in_the_cache_is_completed() {
    let files = ["config.json", "tokenizer.json", "model.safetensors"];
    let (server, bench) = hub_with("org/half", &files);
    server.break_with("org/half/model.safetensors", Fault::Status(503, vec![]));
    assert!(bench.failure("org/half").contains("HTTP 503"));
    server.repair();
    assert_eq!(
        folder(&bench, "org/half"),
        ["config.json", "model.safetensors", "tokenizer.json"]
    );
    let configs = server.requests().into_iter();
    let configs = configs.filter(|request| request.ends_with("config.json"));
    assert_eq!(configs.count(), 2, "HEAD and GET, once");
}

#[test]
fn a_repository_of_gguf_files_gives_the_preferred_or_the_named_one() {
    let files = ["m.F16.gguf", "m.Q8_0.gguf", "m.Q2_K.gguf", "README.md"];
    let (_server, bench) = hub_with("org/gguf", &files);
    let content = |name: &str| fs::read_to_string(bench.fetch(name).unwrap().files.path()).unwrap();
    assert_eq!(content("org/gguf"), "m.Q8_0.gguf");
    assert_eq!(content("org/gguf@refs/pr/1:m.Q2_K.gguf"), "m.Q2_K.gguf");
}

#[test]
fn what_is_not_there_is_named() {
    let (_server, bench) = hub_with("org/empty", &["README.md"]);
    for (name, expected) in [
        ("org/none", "has no repository org/none"),
        ("org/empty@v9", "org/empty has no revision `v9`"),
        ("org/empty", "org/empty has no model.safetensors"),
        (
            "org/empty:x.gguf",
            "org/empty has no file x.gguf at revision main",
        ),
    ] {
        let message = bench.failure(name);
        assert!(message.contains(expected), "{name}: {message}");
        assert_eq!(message.lines().count(), 1, "{message}");
    }
}

#[test]
fn a_gated_repository_is_explained() {
    let (server, bench) = hub_with("org/gated", &["config.json"]);
    let code = vec![("X-Error-Code", "GatedRepo")];
    server.break_with("org/gated", Fault::Status(403, code));
    let expected = format!(
        "cannot get org/gated from the hub: org/gated is gated: accept its licence at {}/org/gated, \
         then set HF_TOKEN to a token of that account",
        server.endpoint
    );
    assert_eq!(bench.failure("org/gated"), expected);
}

#[test]
fn an_answer_that_makes_no_sense_is_no_panic() {
    let (server, bench) = hub_with("org/odd", &["config.json"]);
    server.break_with("org/odd", Fault::Status(200, vec![]));
    let message = bench.failure("org/odd");
    assert!(
        message.contains("an answer that is not understood"),
        "{message}"
    );
}

#[test]
fn an_answer_without_an_end_is_refused() {
    let (server, bench) = hub_with("org/odd", &["config.json", "model.safetensors"]);
    server.break_with("org/odd", Fault::Endless);
    let message = bench.failure("org/odd");
    assert!(message.contains("it is longer than 32 MB"), "{message}");
}

#[test]
fn a_file_that_is_read_as_a_whole_may_not_be_too_long_for_that() {
    for name in ["config.json", "model.safetensors.index.json"] {
        let names = ["config.json", "model.safetensors.index.json"];
        let (server, bench) = hub_with("org/odd", &names);
        server.break_with(&format!("org/odd/{name}"), Fault::Said(u64::MAX));
        let message = bench.failure("org/odd");
        assert!(message.contains(name), "{message}");
        assert!(message.contains("is not what it should be"), "{message}");
        assert!(server.requests().iter().all(|asked| !asked.contains(name)));
    }
}

#[test]
fn files_cannot_be_placed_outside_the_cache() {
    let (_server, bench) = hub_with("org/evil", &["config.json", "../../../evil.gguf"]);
    let message = bench.failure("org/evil");
    assert!(
        message.contains("an answer that is not understood"),
        "{message}"
    );
}

#[test]
fn a_repository_of_an_adapter_is_told_as_one() {
    let (_server, bench) = hub_with("org/lora", &["adapter_config.json", "adapter_model.bin"]);
    let error = bench.fetch("org/lora").unwrap_err().to_string();
    assert!(
        error.contains("PEFT adapter") && error.contains("merge"),
        "{error}"
    );
}
