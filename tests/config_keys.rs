//! What becomes of the keys of a `config.json`: each is obeyed as Hugging Face's transformers obeys
//! it, changes no number for a reason that is stated, or is refused by its name; and one that
//! nobody knows is told.
//!
//! `config_keys/variants.json` has what transformers computes with other values of the keys, and
//! `config_keys/transformers.json` every key of its configuration classes; `make_variants.py` beside
//! them makes both.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::reference::{self, Golden};
use lenscape::catalog::CheckpointFiles;
use lenscape::model::config::{Config, Dialect, IRRELEVANT, ModelType, ONLY};
use lenscape::model::{self, families};
use rayon::prelude::*;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

#[derive(Deserialize)]
struct Variant {
    name: String,
    fixture: String,
    set: Map<String, Value>,
    remove: Vec<String>,
    /// `None` where the file is to be refused.
    golden: Option<Golden>,
}

fn data<T: for<'d> Deserialize<'d>>(name: &str) -> T {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config_keys");
    serde_json::from_str(&std::fs::read_to_string(folder.join(name)).unwrap()).unwrap()
}

/// A copy of a fixture whose `config.json` is `config`.
fn folder_with(fixture: &str, config: &Value) -> TempDir {
    let copy = TempDir::new().unwrap();
    for entry in std::fs::read_dir(reference::fixture(fixture)).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, copy.path().join(path.file_name().unwrap())).unwrap();
    }
    std::fs::write(copy.path().join("config.json"), config.to_string()).unwrap();
    copy
}

fn config_of(fixture: &str) -> Value {
    let text = std::fs::read(reference::fixture(fixture).join("config.json")).unwrap();
    serde_json::from_slice(&text).unwrap()
}

/// The `config.json` of a fixture with other keys.
fn changed(fixture: &str, set: &Map<String, Value>, remove: &[String]) -> Value {
    let mut config = config_of(fixture);
    let object = config.as_object_mut().unwrap();
    object.retain(|key, _| !remove.contains(key));
    object.extend(set.clone());
    config
}

fn load(folder: &TempDir) -> Result<model::Model, model::ModelError> {
    model::load(
        &CheckpointFiles::Folder(folder.path().to_owned()),
        &candle_core::Device::Cpu,
        model::Dtype::Auto,
        &|_, _| {},
    )
}

#[test]
fn every_key_is_obeyed_as_transformers_obeys_it_or_refused_by_its_name() {
    let variants: Vec<Variant> = data("variants.json");
    let faults: Vec<String> = variants
        .par_iter()
        .filter_map(|variant| {
            let config = changed(&variant.fixture, &variant.set, &variant.remove);
            let folder = folder_with(&variant.fixture, &config);
            let checked = std::panic::catch_unwind(|| match &variant.golden {
                Some(golden) => golden.check(&CheckpointFiles::Folder(folder.path().to_owned())),
                None => {
                    let message = load(&folder).expect_err("it must be refused").to_string();
                    let names_a_key = variant.set.keys().any(|key| message.contains(key));
                    assert!(names_a_key && message.lines().count() == 1, "{message}");
                }
            });
            let why = checked.err()?;
            let why = why.downcast_ref::<String>().cloned();
            Some(format!("{}: {}", variant.name, why.unwrap_or_default()))
        })
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn model_types() -> impl Iterator<Item = &'static ModelType> {
    families::ALL.iter().flat_map(|family| family.model_types)
}

/// The keys that `kind` reads, each under all its names.
fn read_keys(kind: &ModelType) -> BTreeSet<&'static str> {
    let readable = kind.readable().unwrap();
    readable.into_iter().flat_map(|(names, _)| names).collect()
}

#[test]
fn every_key_of_transformers_is_in_the_table() {
    let classes: BTreeMap<String, Map<String, Value>> = data("transformers.json");
    for kind in model_types() {
        let class = &classes[kind.name];
        let aliases = class["aliases"].as_object().unwrap().keys();
        let keys = class.keys().filter(|key| *key != "aliases").chain(aliases);
        let read = read_keys(kind);
        for key in keys {
            let known = read.contains(key.as_str())
                || kind.only_values(key).is_some()
                || kind.why_irrelevant(key).is_some();
            assert!(known, "{}: what becomes of `{key}`?", kind.name);
        }
    }
}

#[test]
fn what_a_file_leaves_out_has_the_value_that_transformers_takes() {
    let classes: BTreeMap<String, Map<String, Value>> = data("transformers.json");
    for kind in model_types() {
        let class = &classes[kind.name];
        for (names, value) in kind.readable().unwrap() {
            let Some(expected) = names.iter().find_map(|name| class.get(*name)) else {
                continue;
            };
            // What depends on other keys is not in the class itself.
            if !expected.is_null() {
                let number = |value: &Value| value.as_f64();
                let same = value == *expected
                    || number(&value).is_some() && number(&value) == number(expected);
                assert!(same, "{} {names:?}: {value}, not {expected}", kind.name);
            }
        }
    }
}

#[test]
fn no_key_has_two_fates() {
    for kind in model_types() {
        let read = read_keys(kind);
        let only = kind.only.iter().chain(ONLY).map(|(key, _)| *key);
        let irrelevant = kind.irrelevant.iter().map(|(key, _)| *key);
        let of_all = IRRELEVANT.iter().flat_map(|(_, keys)| keys.iter().copied());
        let mut seen = BTreeSet::new();
        for key in only.chain(irrelevant).chain(of_all) {
            // Read by some types only: names of the rotation's base and part, the padding token's
            // place among the positions, how near experts must be,
            // and hyperparameters of some of the layers.
            let of_some = [
                "rope_theta",
                "partial_rotary_factor",
                "pad_token_id",
                "router_jitter_noise",
                "per_layer_config",
            ];
            let may_be_read = of_some.contains(&key);
            assert!(may_be_read || !read.contains(key), "{}: {key}", kind.name);
            assert!(seen.insert(key), "{}: {key} twice", kind.name);
        }
    }
}

/// What makes a family look at every key that it reads: one value after the other of the keys on
/// which others depend.
fn looked_at(kind: &ModelType) -> BTreeSet<&'static str> {
    let rope = |of_type: Value| json!({"rope_scaling": of_type});
    let turns = [
        json!({}),
        json!({"hidden_size": 512, "n_embd": 512, "use_sliding_window": true, "sliding_window": 4}),
        rope(json!({"type": "linear", "factor": 2.0})),
        rope(json!({"type": "yarn", "factor": 2.0})),
        json!({"head_dim": 64}),
        json!({"alibi": true}),
        json!({"position_embedding_type": "rope"}),
    ];
    let mut asked = BTreeSet::new();
    for turn in turns {
        let mut config = json!({"model_type": kind.name});
        let object = config.as_object_mut().unwrap();
        object.extend(turn.as_object().unwrap().clone());
        let config = Config::from_json(config.to_string(), "config.json").unwrap();
        let _ = families::read(&config);
        asked.extend(config.asked());
    }
    asked
}

#[test]
fn every_key_that_the_table_calls_read_is_read() {
    for kind in model_types() {
        let asked = looked_at(kind);
        for (names, _) in kind.readable().unwrap() {
            let is_read = names.iter().any(|name| asked.contains(name));
            assert!(is_read, "{}: nothing asks for {names:?}", kind.name);
        }
    }
}

/// What a folder with one key more says of it on load.
fn notes_with(fixture: &str, key: &str, value: Value) -> Vec<String> {
    let set = Map::from_iter([(key.to_owned(), value)]);
    load(&folder_with(fixture, &changed(fixture, &set, &[])))
        .unwrap()
        .notes
}

#[test]
fn a_key_that_nobody_knows_is_told_on_load() {
    let notes = notes_with("llama", "attention_temperature", json!(0.5));
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(notes[0].contains("`attention_temperature`"), "{notes:?}");
    let notes = notes_with("gemma2", "attention_temperature", Value::Null);
    assert!(notes.is_empty(), "{notes:?}");
}

#[test]
fn a_key_of_another_architecture_is_told_and_not_obeyed() {
    let notes = notes_with("llama", "sliding_window", json!(4));
    assert!(notes[0].contains("`sliding_window`"), "{notes:?}");
    let notes = notes_with("llama", "partial_rotary_factor", json!(0.5));
    assert!(notes[0].contains("`partial_rotary_factor`"), "{notes:?}");
}

#[test]
fn a_key_inside_a_rotation_that_nobody_knows_is_told() {
    let rope = json!({"rope_type": "default", "rope_theta": 1e4, "spiral": 3});
    let notes = notes_with("llama", "rope_parameters", rope);
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert!(notes[0].contains("`rope_parameters.spiral`"), "{notes:?}");
}

#[test]
fn what_the_published_files_of_the_fixtures_hold_is_all_known() {
    for family in families::ALL {
        for name in family.names(Dialect::HuggingFace) {
            let folder = reference::fixture(name);
            if folder.join("config.json").exists() {
                let mut notes = load(&copy_of(&folder)).unwrap().notes;
                // What is told of tokenizers is another matter.
                notes.retain(|note| note.contains("config.json"));
                assert!(notes.is_empty(), "{name}: {notes:?}");
            }
        }
    }
}

fn copy_of(folder: &Path) -> TempDir {
    let name = folder.file_name().unwrap().to_str().unwrap();
    folder_with(name, &config_of(name))
}

#[test]
fn whole_numbers_may_be_written_as_floats_and_what_json_lacks_may_stand_where_nobody_looks() {
    let config = config_of("llama").to_string();
    let config = config
        .replace("\"hidden_size\":32", "\"hidden_size\":32.0")
        .replace("\"num_hidden_layers\":4", "\"num_hidden_layers\":4.0")
        .replace(
            "\"initializer_range\":0.02",
            "\"initializer_range\":Infinity",
        )
        .replace("\"attention_dropout\":0.0", "\"attention_dropout\":NaN");
    assert!(config.contains("32.0") && config.contains("4.0") && config.contains("NaN"));
    let folder = folder_with("llama", &json!({}));
    std::fs::write(folder.path().join("config.json"), config).unwrap();
    let golden = Golden::read(&reference::fixture("llama").join("golden.json"));
    golden.check(&CheckpointFiles::Folder(folder.path().to_owned()));
}
