#![allow(clippy::unwrap_used)]
use super::*;

const THETA: Key = key(&["rotary_emb_base", "rope_theta"], "rope.freq_base");
const WIDTH: Key = key(&["hidden_size"], "embedding_length");

fn config(text: &str) -> Result<Config, ModelError> {
    Config::from_json(text, "here/config.json")
}

#[test]
fn a_value_is_found_under_each_of_its_names() {
    let old = config(r#"{"model_type": "llama", "rotary_emb_base": 5.0}"#).unwrap();
    let new = config(r#"{"model_type": "llama", "rope_theta": 5.0}"#).unwrap();
    assert_eq!(old.f64(THETA).unwrap(), 5.0);
    assert_eq!(new.f64(THETA).unwrap(), 5.0);
}

#[test]
fn a_message_names_the_key_as_the_file_spells_it() {
    let config = config(r#"{"model_type": "llama", "rope_theta": "x"}"#).unwrap();
    let message = config.f64(THETA).unwrap_err().to_string();
    assert!(
        message.contains("`rope_theta` must be a number"),
        "{message}"
    );
}

#[test]
fn a_whole_number_may_be_written_as_a_float() {
    let width = |width: &str| {
        let text = format!(r#"{{"model_type": "llama", "hidden_size": {width}}}"#);
        config(&text).unwrap().usize(WIDTH).ok()
    };
    assert_eq!(width("64.0"), Some(64));
    for no_width in ["64.5", "-1.0", "1e300", "Infinity", "NaN"] {
        assert_eq!(width(no_width), None, "{no_width}");
    }
}

#[test]
fn numbers_that_no_json_has_disturb_nobody_who_does_not_need_them() {
    let text = r#"{"model_type": "llama", "hidden_size": 8, "time_step_limit": [0, Infinity]}"#;
    assert_eq!(config(text).unwrap().usize(WIDTH).unwrap(), 8);
}

#[test]
fn a_value_is_found_in_gguf_metadata_behind_the_architecture() {
    let metadata = HashMap::from([
        (
            "general.architecture".to_owned(),
            gguf_file::Value::String("llama".into()),
        ),
        (
            "llama.embedding_length".to_owned(),
            gguf_file::Value::U64(576),
        ),
    ]);
    let config = Config::from_gguf(&metadata, "model.gguf").unwrap();
    assert_eq!(config.usize(WIDTH).unwrap(), 576);
}

fn gguf(values: &[(&str, gguf_file::Value)]) -> Config {
    let values = values
        .iter()
        .map(|(key, value)| (format!("llama.{key}"), value.clone()));
    let name = gguf_file::Value::String("llama".into());
    let metadata = values.chain([("general.architecture".to_owned(), name)]);
    Config::from_gguf(&metadata.collect(), "m.gguf").unwrap()
}

fn list(numbers: &[u32]) -> gguf_file::Value {
    gguf_file::Value::Array(numbers.iter().map(|n| gguf_file::Value::U32(*n)).collect())
}

#[test]
fn a_list_of_one_value_a_layer_is_that_value_if_they_are_all_the_same() {
    const WIDTH: Key = key(&[], "feed_forward_length");
    let width = |numbers: &[u32]| {
        let layers = ("block_count", gguf_file::Value::U32(3));
        let config = gguf(&[layers, ("feed_forward_length", list(numbers))]);
        config.usize(WIDTH).map_err(|error| error.to_string())
    };
    assert_eq!(width(&[96, 96, 96]).unwrap(), 96);
    for (numbers, reason) in [
        (&[96, 96, 64][..], "differs from layer to layer"),
        (&[96, 96], "lists 2 values, but the model has 3 layers"),
        (&[], "empty list"),
        (&[0, 0, 0], "at least 1"),
    ] {
        let error = width(numbers).unwrap_err();
        assert!(
            error.contains("`llama.feed_forward_length`") && error.contains(reason),
            "{error}"
        );
    }
}

#[test]
fn a_layer_has_its_own_entry_of_a_list_that_differs() {
    const HEADS: Key = key(&[], "attention.head_count");
    let layers = ("block_count", gguf_file::Value::U32(2));
    let config = gguf(&[layers.clone(), ("attention.head_count", list(&[4, 2]))]);
    let heads = |l| config.of_layer(l).unwrap().usize(HEADS).unwrap();
    assert_eq!([heads(0), heads(1)], [4, 2]);
    let alike = gguf(&[layers, ("attention.head_count", list(&[4, 4]))]);
    assert!(alike.of_layer(0).is_none());
}

#[test]
fn null_counts_as_absent() {
    let config = config(r#"{"model_type": "llama", "hidden_size": null}"#).unwrap();
    assert_eq!(config.optional_usize(WIDTH).unwrap(), None);
}

#[test]
fn a_message_names_the_file_the_key_and_what_was_found() {
    let config = config(r#"{"model_type": "llama", "hidden_size": "wide"}"#).unwrap();
    assert_eq!(
        config.usize(WIDTH).unwrap_err().to_string(),
        "here/config.json: `hidden_size` must be a whole number of at most 2^30, not \"wide\""
    );
}

#[test]
fn defaults_fill_in_what_is_not_there() {
    let found = config(r#"{"model_type": "x", "hidden_size": 3}"#).unwrap();
    let completed = found
        .completed(r#"{"hidden_size": 9, "rope_theta": 5.0}"#)
        .unwrap();
    assert_eq!(completed.usize(WIDTH).unwrap(), 3);
    assert_eq!(completed.f64(THETA).unwrap(), 5.0);
}

#[test]
fn a_config_without_model_type_is_refused() {
    assert_eq!(
        config("{}").unwrap_err().to_string(),
        "here/config.json: `model_type` is missing; it names the architecture"
    );
}
