//! What NVIDIA's modelopt writes: NVFP4, and FP8 with one scale a matrix. Its settings stand in
//! `config.json` or in `hf_quant_config.json` beside it.

use serde_json::{Value, json};

use super::nvfp4::{self, Names};
use super::parts::Parts;
use super::settings::Settings;
use super::{Format, fp8};
use crate::model::ModelError;
use crate::model::weight::Storage;

pub(super) const FORMAT: Format = Format {
    methods: &["modelopt", "modelopt_fp4"],
    name: "modelopt",
    read,
};

const NVFP4: Names = Names {
    codes: ".weight",
    outer: ".weight_scale_2",
    storage: Storage::Nvfp4Times,
    of_activations: &[".input_scale", ".output_scale"],
};

/// Scales that keys and values are rounded with in a cache.
pub(super) const OF_CACHE: [&str; 4] = [
    ".k_scale",
    ".v_scale",
    ".k_proj.output_scale",
    ".v_proj.output_scale",
];

/// What is told of them.
pub(super) const CACHE_NOTE: &str =
    "keys and values are kept in float32; the scales for rounding them are left out";

/// Settings that change no number, wherever they stand.
const CHANGES_NOTHING: [&str; 7] = [
    "producer",
    "config_groups",
    "ignore",
    "exclude_modules",
    "kv_cache_scheme",
    "kv_cache_quant_algo",
    "quantization",
];

fn read(settings: &Settings<'_>, parts: &mut Parts<'_>) -> Result<(), ModelError> {
    let inner = settings.within("quantization");
    settings.changes_nothing(&CHANGES_NOTHING);
    settings.changes_nothing(&["quant_algo", "group_size"]);
    let algorithm = inner.text("quant_algo")?;
    match algorithm {
        Some("NVFP4") => {
            inner.only("group_size", &[json!(nvfp4::GROUP)])?;
            groups_of_sixteen(settings)?;
            parts.leave_out_all(&OF_CACHE, CACHE_NOTE);
            nvfp4::gather(parts, &NVFP4)
        }
        Some("FP8") => {
            parts.leave_out_all(&OF_CACHE, CACHE_NOTE);
            fp8::gather(parts, &[])
        }
        _ => {
            let found = algorithm.unwrap_or("missing");
            let reason = format!("is {found}; only NVFP4 and FP8 are read");
            Err(inner.refuse("quant_algo", &reason))
        }
    }
}

/// Refuses groups of another size than there is.
fn groups_of_sixteen(settings: &Settings<'_>) -> Result<(), ModelError> {
    let Some(Value::Object(groups)) = settings.value("config_groups") else {
        return Ok(());
    };
    for (name, group) in groups {
        let size = group
            .get("weights")
            .and_then(|weights| weights.get("group_size"));
        let size = size.filter(|size| !size.is_null());
        if size.is_some_and(|size| *size != json!(nvfp4::GROUP)) {
            let key = format!("config_groups.{name}.weights.group_size");
            return Err(settings.refuse(&key, "is not 16, which NVFP4 has"));
        }
    }
    Ok(())
}
