//! `lenscape models`, without the program around it.

use assert_cmd::Command;
use lenscape::catalog::Catalog;
use lenscape::commands::models;
use predicates::str::contains;

use super::bench::{Bench, tiny_catalog};
use super::hub_server::HubServer;

fn table(bench: &Bench) -> Vec<String> {
    table_of(&tiny_catalog(), bench)
}

fn table_of(catalog: &Catalog, bench: &Bench) -> Vec<String> {
    let mut out = Vec::new();
    models::list(catalog, &bench.places, &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn the_table_marks_the_default_and_what_is_not_on_disk() {
    let lines = table(&Bench::offline());
    assert_eq!(
        lines[0],
        "  NAME  FAMILY  PARAMETERS    SIZE  LENSES  ON DISK"
    );
    assert_eq!(lines[1], "* tiny  llama        1.5 k  300 kB          no");
}

#[test]
fn a_model_that_was_never_opened_here_is_marked_and_nothing_of_it_is_asserted() {
    let catalog = Catalog::built_in().unwrap();
    let unchecked: Vec<_> = catalog.entries().iter().filter(|e| e.unchecked).collect();
    assert!(unchecked.len() > 20);
    for entry in unchecked {
        assert_eq!(
            (entry.parameters, entry.size_bytes()),
            (None, None),
            "{}",
            entry.name
        );
        assert_eq!(entry.licence, "see the model's page");
    }
    let lines = table_of(&catalog, &Bench::offline());
    let qwen = lines
        .iter()
        .find(|line| line.contains("qwen3.5-0.8b "))
        .unwrap();
    assert!(
        qwen.starts_with("? ") && qwen.contains("jacobian"),
        "{qwen}"
    );
    assert!(
        lines
            .iter()
            .any(|line| line.contains("? by its family it can be read"))
    );
}

#[test]
fn the_table_says_where_a_pulled_model_is() {
    let server = HubServer::start();
    let bench = Bench::with_hub(&server.endpoint);
    let mut out = Vec::new();
    models::pull("tiny", &tiny_catalog(), &bench.places, &mut out).unwrap();
    let out = String::from_utf8(out).unwrap();
    let path = out.trim_end().strip_prefix("tiny: ").unwrap();
    assert!(std::path::Path::new(path).is_file());
    assert!(table(&bench)[1].ends_with(path));
}

#[test]
fn an_unknown_model_is_not_pulled() {
    let bench = Bench::offline();
    let error = models::pull("tinny", &tiny_catalog(), &bench.places, &mut Vec::new());
    let message = error.unwrap_err().to_string();
    assert!(message.ends_with("did you mean tiny?"), "{message}");
}

/// The program itself, with a hub of one small repository.
fn lenscape(server: &HubServer, folder: &std::path::Path) -> Command {
    for name in ["config.json", "tokenizer.json", "model.safetensors"] {
        server.put(&format!("org/single/{name}"), name.into());
    }
    let mut command = Command::cargo_bin("lenscape").unwrap();
    command
        .env_clear()
        .env("LENSCAPE_HOME", folder.join("home"))
        .env("HF_ENDPOINT", &server.endpoint)
        .env("HF_TOKEN", "hf_test")
        .args(["models", "pull", "org/single"]);
    command
}

#[test]
fn the_environment_says_where_the_hub_and_its_cache_are() {
    let server = HubServer::start();
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path().join("hf");
    let cache = folder.path().join("cache");
    lenscape(&server, folder.path())
        .env("HF_HOME", &home)
        .assert()
        .success()
        .stdout(contains(home.join("hub").to_str().unwrap()))
        .stderr(contains("hub: fetching 3 files"));
    lenscape(&server, folder.path())
        .env("HF_HOME", &home)
        .env("HF_HUB_CACHE", &cache)
        .assert()
        .success()
        .stdout(contains(cache.to_str().unwrap()));
}

#[test]
fn offline_the_cache_is_used_and_nothing_is_asked() {
    let server = HubServer::start();
    let folder = tempfile::tempdir().unwrap();
    let offline = || {
        let mut command = lenscape(&server, folder.path());
        command
            .env("HF_HOME", folder.path())
            .env("HF_HUB_OFFLINE", "1");
        command
    };
    offline()
        .assert()
        .failure()
        .stderr(contains("HF_HUB_OFFLINE forbids the network"));
    assert!(server.requests().is_empty());
    lenscape(&server, folder.path())
        .env("HF_HOME", folder.path())
        .assert()
        .success();
    let asked = server.requests().len();
    offline().assert().success();
    assert_eq!(server.requests().len(), asked);
}
