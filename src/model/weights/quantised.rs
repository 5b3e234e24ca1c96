//! Weights as they are published in fewer bits than they were trained in. A matrix is then several
//! tensors, codes and scales and more, laid out as its format has it; here they are found, checked,
//! and seen as the one matrix that they stand for. Its rows are repacked into blocks of about the
//! same size while they are read.
//!
//! A format is one file that reads its settings and gathers its tensors, and a line in [`FORMATS`].

mod awq;
mod bitsandbytes;
mod compressed_tensors;
mod fp8;
mod gptq;
mod groups;
mod modelopt;
mod mxfp4;
mod numbers;
mod nvfp4;
mod packed;
mod parts;
mod settings;

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::stored::StoredTensor;
use super::unreadable;
use crate::model::config::Quantisation;
use crate::model::{ModelError, json};
use crate::regular_file;
pub(super) use packed::Packed;
use parts::Parts;
use settings::Settings;

/// A published format.
struct Format {
    /// What `quant_method` calls it.
    methods: &'static [&'static str],
    /// What it is called here; empty where its types say it all.
    name: &'static str,
    /// Obeys the settings or refuses them, and gathers the tensors.
    read: fn(&Settings<'_>, &mut Parts<'_>) -> Result<(), ModelError>,
}

const FORMATS: [Format; 8] = [
    fp8::FORMAT,
    fp8::BY_ROW,
    mxfp4::FORMAT,
    modelopt::FORMAT,
    compressed_tensors::FORMAT,
    gptq::FORMAT,
    awq::FORMAT,
    bitsandbytes::FORMAT,
];

/// Files beside `config.json` in which tools keep the settings, and the method that they are of
/// where they do not say.
const BESIDE: [(&str, &str); 3] = [
    ("hf_quant_config.json", "modelopt"),
    ("quantize_config.json", "gptq"),
    ("quant_config.json", "awq"),
];

/// The quantised matrices of a folder.
#[derive(Debug, Default)]
pub(super) struct Quantised {
    /// What the whole is called.
    pub name: Option<String>,
    /// By the names that they would have if they were not quantised.
    pub packed: BTreeMap<String, Packed>,
    /// What a user should know, one line each.
    pub notes: Vec<String>,
}

/// What is said of the quantisation beside a `config.json` that does not say it.
pub(super) fn beside(folder: &Path) -> Result<Option<Quantisation>, ModelError> {
    let there = BESIDE.iter().find(|(name, _)| folder.join(name).exists());
    let Some((name, method)) = there else {
        return Ok(None);
    };
    let path = folder.join(name);
    let text = regular_file::read(&path, regular_file::DESCRIPTION).map_err(unreadable(&path))?;
    let mut value = json::parse(&text)
        .map_err(|error| super::damaged(&path, format!("is not valid JSON: {error}")))?;
    if let Value::Object(values) = &mut value {
        values
            .entry(settings::OF_FILE)
            .or_insert_with(|| (*method).into());
    }
    Ok(Some(Quantisation {
        place: path.display().to_string(),
        key: settings::OF_FILE.to_owned(),
        value,
    }))
}

/// Takes the quantised matrices out of `tensors`, which are of the folder at `place`.
///
/// # Errors
/// When the format is not read, a setting is not obeyed, or the tensors do not fit together; the
/// message names it.
pub(super) fn take(
    quantisation: &Quantisation,
    tensors: &mut BTreeMap<String, StoredTensor>,
    place: &str,
) -> Result<Quantised, ModelError> {
    let method = method(quantisation);
    let format = FORMATS
        .iter()
        .find(|format| method.is_some_and(|method| format.methods.contains(&method)));
    let (Some(format), Value::Object(values)) = (format, &quantisation.value) else {
        return Err(ModelError::Quantised {
            place: quantisation.place.clone(),
            key: quantisation.key.clone(),
            method: described(&quantisation.value),
        });
    };
    let settings = Settings::new(quantisation, values);
    let mut parts = Parts::new(place, tensors);
    (format.read)(&settings, &mut parts)?;
    let mut found = parts.finish();
    if !format.name.is_empty() {
        found.name = found.name.map(|name| format!("{} {name}", format.name));
    }
    found.notes.extend(settings.unknown());
    Ok(found)
}

/// What the settings call the format. Older ones of bitsandbytes and compressed-tensors do not say
/// it.
fn method(quantisation: &Quantisation) -> Option<&str> {
    let said = |key: &str| quantisation.value.get(key);
    let is_set = |key: &str| said(key).and_then(Value::as_bool) == Some(true);
    match said("quant_method").and_then(Value::as_str) {
        Some(method) => Some(method),
        None if is_set("load_in_4bit") || is_set("load_in_8bit") => Some("bitsandbytes"),
        None if quantisation.key == "compression_config" => Some("compressed-tensors"),
        None => None,
    }
}

/// How weights are quantised in a way that is not read.
fn described(value: &Value) -> String {
    let method = ["quant_method", "quant_type", "format"]
        .into_iter()
        .find_map(|key| value.get(key)?.as_str());
    let bits = value.get("bits").and_then(Value::as_u64);
    match (method, bits) {
        (Some(method), Some(bits)) => format!("{method}, {bits} bits"),
        (Some(method), None) => method.to_owned(),
        (None, Some(bits)) => format!("{bits} bits"),
        (None, None) => "it does not say how".to_owned(),
    }
}
