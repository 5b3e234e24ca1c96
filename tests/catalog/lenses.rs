//! Fitted lenses that are published on the hub.

use std::fs;
use std::path::PathBuf;

use lenscape::catalog::{FetchError, ModelRef, fetch_lens};
use lenscape::trace::LensKind;

use super::bench::{Bench, tiny_catalog};
use super::hub_server::{Fault, HubServer};

const TUNED: &str = "AlignmentResearch/tuned-lens/lens/org/model";
const JACOBIAN: &str = "neuronpedia/jacobian-lens";

fn fetch(bench: &Bench, lens: LensKind, model: &str) -> Result<PathBuf, FetchError> {
    let catalog = tiny_catalog();
    let model = ModelRef::parse(model, &catalog)?;
    fetch_lens(
        lens,
        &model,
        &catalog,
        &bench.places,
        &|_| {},
        &bench.cancel,
    )
}

/// A hub with a lens of each kind, each file with its own name as content.
fn hub() -> (HubServer, Bench) {
    let server = HubServer::start();
    let file = "qwen3-8b/jlens/Salesforce-wikitext/Qwen3-8B_jacobian_lens.pt";
    for path in [
        format!("{TUNED}/config.json"),
        format!("{TUNED}/params.pt"),
        format!("{JACOBIAN}/{file}"),
        format!("{JACOBIAN}/qwen3-8b/config.yaml"),
    ] {
        server.put(&path, path.clone().into_bytes());
    }
    let bench = Bench::with_hub(&server.endpoint);
    (server, bench)
}

#[test]
fn a_tuned_lens_comes_out_of_its_space_by_the_models_id() {
    let (_server, bench) = hub();
    let folder = fetch(&bench, LensKind::Tuned, "org/model").unwrap();
    for file in ["config.json", "params.pt"] {
        let content = fs::read_to_string(folder.join(file)).unwrap();
        assert_eq!(content, format!("{TUNED}/{file}"));
    }
    let cached = bench
        .places
        .hub
        .cache
        .join("spaces--AlignmentResearch--tuned-lens");
    assert!(folder.starts_with(cached));
}

#[test]
fn a_jacobian_lens_is_found_by_the_name_that_its_repository_has_for_the_model() {
    let (_server, bench) = hub();
    let file = fetch(&bench, LensKind::Jacobian, "Qwen/Qwen3-8B").unwrap();
    assert!(file.ends_with("Qwen3-8B_jacobian_lens.pt"));
    assert!(fs::read_to_string(&file).unwrap().starts_with(JACOBIAN));
}

#[test]
fn what_was_fetched_is_taken_from_the_cache() {
    let (server, bench) = hub();
    let first = fetch(&bench, LensKind::Tuned, "org/model").unwrap();
    let asked = server.requests().len();
    assert_eq!(fetch(&bench, LensKind::Tuned, "org/model").unwrap(), first);
    assert_eq!(server.requests().len(), asked);
}

#[test]
fn what_comes_damaged_is_not_kept() {
    let (server, bench) = hub();
    server.break_with(&format!("{TUNED}/params.pt"), Fault::Short);
    server.put(&format!("{TUNED}/params.pt"), vec![7; 5000]);
    fetch(&bench, LensKind::Tuned, "org/model").unwrap_err();
    server.repair();
    fetch(&bench, LensKind::Tuned, "org/model").unwrap();
}

#[test]
fn a_lens_that_nobody_published_is_said_to_be_missing() {
    let (_server, bench) = hub();
    for (lens, model) in [
        (LensKind::Tuned, "org/another"),
        (LensKind::Jacobian, "org/model"),
    ] {
        let error = fetch(&bench, lens, model).unwrap_err().to_string();
        assert!(
            error.contains(&format!("no {lens} lens of {model}")),
            "{error}"
        );
        assert!(error.contains("--lens-file"), "{error}");
    }
    let offline = Bench::offline();
    let error = fetch(&offline, LensKind::Tuned, "org/model").unwrap_err();
    assert_eq!(error.to_string().lines().count(), 1, "{error}");
}
