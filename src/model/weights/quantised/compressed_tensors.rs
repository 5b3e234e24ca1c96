//! compressed-tensors, as vLLM's tools write it: integers packed in words (`pack-quantized`) or a
//! byte each (`int-quantized`), FP8 (`float-quantized`), NVFP4 and MXFP4. Which tensors are
//! quantised, and in how many bits and groups, is seen from the tensors, of which only what the
//! configuration lists is taken.

use std::collections::BTreeSet;

use safetensors::Dtype;
use serde_json::{Map, Value};

use super::groups::{Groups, Matrix};
use super::modelopt::{CACHE_NOTE, OF_CACHE};
use super::numbers::{code, code_of, counts, floats, place, words};
use super::nvfp4::{self, Names};
use super::packed::Packed;
use super::parts::Parts;
use super::settings::Settings;
use super::{Format, fp8, mxfp4};
use crate::model::ModelError;
use crate::model::weight::{Codes, Scaled, Storage};

pub(super) const FORMAT: Format = Format {
    methods: &["compressed-tensors", "compressed_tensors"],
    name: "compressed-tensors",
    read,
};

const NVFP4: Names = Names {
    codes: ".weight_packed",
    outer: ".weight_global_scale",
    storage: Storage::Nvfp4Over,
    of_activations: &[".input_global_scale", ".input_scale", ".output_scale"],
};

/// The layouts that are read.
const LAYOUTS: [&str; 8] = [
    "pack-quantized",
    "int-quantized",
    "float-quantized",
    "naive-quantized",
    "nvfp4-pack-quantized",
    "mxfp4-pack-quantized",
    "mixed-precision",
    "dense",
];

/// What stands behind the name of a quantised matrix and says how activations are rounded.
const OF_ACTIVATIONS: [&str; 5] = [
    ".input_scale",
    ".input_zero_point",
    ".input_global_scale",
    ".output_scale",
    ".output_zero_point",
];

/// What a group of matrices has in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Scheme {
    is_float: bool,
    bits: usize,
    shared: Shared,
}

/// What shares a scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Shared {
    /// All of a matrix.
    Tensor,
    /// A row.
    Row,
    /// So many columns of a row.
    Group(usize),
    /// So many rows and columns.
    Block([usize; 2]),
}

fn read(settings: &Settings<'_>, parts: &mut Parts<'_>) -> Result<(), ModelError> {
    settings.changes_nothing(&[
        "ignore",
        "global_compression_ratio",
        "quantization_status",
        "kv_cache_scheme",
        "version",
        "run_compressed",
        "dequantize",
        "use_optimized_inference",
    ]);
    layout(settings, "format", settings.value("format"))?;
    sparsity(settings)?;
    transforms(settings)?;
    let schemes = schemes(settings)?;
    parts.leave_out_all(&OF_CACHE, CACHE_NOTE);
    nvfp4::gather(parts, &NVFP4)?;
    for stem in parts.stems(".weight_packed") {
        packed(parts, &stem, &schemes)?;
    }
    let blocks: Vec<[usize; 2]> = schemes.iter().filter_map(Scheme::block).collect();
    for name in parts.of_type(Dtype::I8) {
        if let Some(stem) = name.strip_suffix(".weight") {
            bytes(parts, stem, &blocks)?;
        }
    }
    fp8::gather(parts, &blocks)
}

/// Refuses a layout that is not read.
fn layout(settings: &Settings<'_>, key: &str, value: Option<&Value>) -> Result<(), ModelError> {
    match value {
        None | Some(Value::Null) => Ok(()),
        Some(value) if value.as_str().is_some_and(|text| LAYOUTS.contains(&text)) => Ok(()),
        Some(value) => {
            let reason = format!("is {value}; only {} are read", LAYOUTS[..6].join(", "));
            Err(settings.refuse(key, &reason))
        }
    }
}

/// Refuses weights that are left out and marked where.
fn sparsity(settings: &Settings<'_>) -> Result<(), ModelError> {
    let sparsity = settings.value("sparsity_config");
    let format = sparsity.and_then(|value| value.get("format"));
    match format.and_then(Value::as_str) {
        None | Some("dense") => Ok(()),
        Some(format) => {
            let reason = format!("is {format}; only dense is read");
            Err(settings.refuse("sparsity_config.format", &reason))
        }
    }
}

/// Refuses rotations of weights and activations.
fn transforms(settings: &Settings<'_>) -> Result<(), ModelError> {
    let Some(transforms) = settings.value("transform_config") else {
        return Ok(());
    };
    let is_none = |value: &Value| match value {
        Value::Object(values) => values.is_empty(),
        other => other.is_null(),
    };
    if is_none(transforms) || transforms.get("config_groups").is_some_and(is_none) {
        return Ok(());
    }
    let reason = "asks for a transform of activations, which is not done here";
    Err(settings.refuse("transform_config", reason))
}

/// What the groups say, each once.
fn schemes(settings: &Settings<'_>) -> Result<Vec<Scheme>, ModelError> {
    let Some(Value::Object(groups)) = settings.value("config_groups") else {
        let reason = "must be an object that tells how weights are quantised";
        return Err(settings.refuse("config_groups", reason));
    };
    let mut schemes = BTreeSet::new();
    for (name, group) in groups {
        let key = format!("config_groups.{name}");
        layout(settings, &format!("{key}.format"), group.get("format"))?;
        let key = format!("{key}.weights");
        match group.get("weights") {
            None | Some(Value::Null) => {}
            Some(Value::Object(weights)) => {
                schemes.insert(scheme(settings, &key, weights)?);
            }
            Some(_) => return Err(settings.refuse(&key, "must be an object")),
        }
    }
    Ok(schemes.into_iter().collect())
}

fn scheme(
    settings: &Settings<'_>,
    key: &str,
    weights: &Map<String, Value>,
) -> Result<Scheme, ModelError> {
    let refuse = |part: &str, reason: &str| Err(settings.refuse(&format!("{key}.{part}"), reason));
    let number = |value: &Value| {
        let number = usize::try_from(value.as_u64()?).ok();
        number.filter(|number| *number > 0)
    };
    let there = |part: &str| weights.get(part).filter(|value| !value.is_null());
    let text = |part: &str| there(part).and_then(Value::as_str);
    let bits = match there("num_bits").map(number) {
        None => 8,
        Some(Some(bits)) if bits == 4 || bits == 8 => bits,
        _ => return refuse("num_bits", "is neither 4 nor 8, which are read"),
    };
    let is_float = match text("type") {
        None | Some("int") => false,
        Some("float") => true,
        Some(_) => return refuse("type", "is neither int nor float"),
    };
    let size = match there("group_size") {
        None => None,
        Some(value) if value.as_i64() == Some(-1) => None,
        Some(value) => match number(value) {
            Some(size) => Some(size),
            None => return refuse("group_size", "must be a whole number above 0"),
        },
    };
    let shared = match (text("strategy"), size) {
        (Some("tensor"), _) | (None, None) => Shared::Tensor,
        (Some("channel"), _) => Shared::Row,
        (Some("group" | "tensor_group") | None, Some(size)) => Shared::Group(size),
        (Some("group" | "tensor_group"), None) => return refuse("group_size", "is missing"),
        (Some("block"), _) => match there("block_structure").and_then(block) {
            Some(block) => Shared::Block(block),
            None => return refuse("block_structure", "must be two whole numbers above 0"),
        },
        (Some(_), _) => return refuse("strategy", "is none that is read for weights"),
    };
    Ok(Scheme {
        is_float,
        bits,
        shared,
    })
}

/// `[128, 128]` or `"128x128"`.
fn block(value: &Value) -> Option<[usize; 2]> {
    let Some(text) = value.as_str() else {
        return fp8::pair(value);
    };
    let (down, across) = text.split_once('x')?;
    let block: [usize; 2] = [down.parse().ok()?, across.parse().ok()?];
    (!block.contains(&0)).then_some(block)
}

impl Scheme {
    /// Rows and columns that share a scale, where those are not all of either.
    fn block(&self) -> Option<[usize; 2]> {
        match self.shared {
            Shared::Tensor | Shared::Row => None,
            Shared::Group(size) => Some([1, size]),
            Shared::Block(block) => Some(block),
        }
    }
}

/// A matrix whose codes are packed.
fn packed(parts: &mut Parts<'_>, stem: &str, schemes: &[Scheme]) -> Result<(), ModelError> {
    let weight = parts.need(&format!("{stem}.weight_packed"))?;
    let scales = parts.need(&format!("{stem}.weight_scale"))?;
    parts.leave_out(stem, &OF_ACTIVATIONS);
    let name = format!("{stem}.weight");
    if weight.dtype == Dtype::U8 {
        let shape = scales.shape.clone();
        return mxfp4::add(parts, name, &shape, weight, scales);
    }
    let shape = parts.need(&format!("{stem}.weight_shape"))?;
    let zeros = parts.take(&format!("{stem}.weight_zero_point"));
    let index = parts.take(&format!("{stem}.weight_g_idx"));
    let shape = counts(&shape, &|reason| parts.about(&name, reason))?;
    let unfit = || {
        let reason = format!(
            "has words of shape {:?} and scales of {:?}, which do not fit its shape {shape:?} in \
             one way of those that the configuration lists",
            weight.shape, scales.shape
        );
        parts.about(&name, reason)
    };
    let ([height, width], [rows, of_row], [same, count]) = (
        shape.as_slice(),
        weight.shape.as_slice(),
        scales.shape.as_slice(),
    ) else {
        return Err(unfit());
    };
    let (height, width, of_row, count) = (*height, *width, *of_row, *count);
    let size_of = |scheme: &Scheme| match scheme.shared {
        Shared::Group(size) => Some(size),
        Shared::Row => Some(width.max(1)),
        Shared::Tensor | Shared::Block(_) => None,
    };
    let fits = |scheme: &&Scheme| {
        let words = width.div_ceil(32 / scheme.bits);
        let scales = size_of(scheme).map(|size| width.div_ceil(size));
        !scheme.is_float && words == of_row && scales == Some(count)
    };
    let mut fitting = schemes.iter().filter(fits);
    let (Some(scheme), None) = (fitting.next(), fitting.next()) else {
        return Err(unfit());
    };
    let (bits, each) = (scheme.bits, 32 / scheme.bits);
    let size = size_of(scheme).unwrap_or(width).max(1);
    let zeros_fit = zeros
        .as_ref()
        .is_none_or(|zeros| zeros.shape == [height.div_ceil(each), count]);
    if *rows != height || *same != height || !zeros_fit {
        return Err(unfit());
    }
    let codes = if bits == 4 { Codes::Int4 } else { Codes::Int8 };
    let half = 1_u16 << (bits - 1);
    let extras = [&zeros, &index].into_iter().flatten();
    let extras = extras.map(|stored| stored.bytes).sum::<usize>();
    let packed = Packed {
        shape: vec![height, width],
        storage: Scaled::new(codes, width, size).storage(),
        kind: match scheme.shared {
            Shared::Group(size) => format!("INT{bits} g{size}"),
            _ => format!("INT{bits} per row"),
        },
        bytes: (weight.bytes + scales.bytes + extras) as u64,
        read: Box::new(move |about| {
            let weight = words(&weight, about)?;
            let scales = floats(&scales, about)?;
            let zeros = zeros.as_ref().map(|zeros| words(zeros, about));
            let zeros = zeros.transpose()?;
            let index = index.as_ref().map(|index| counts(index, about));
            let index = index.transpose()?;
            let groups = Groups::new(codes, width, size, count, index.as_deref()).map_err(about)?;
            let matrix = Matrix {
                code: |row: usize, column: usize| code(&weight, row * of_row * each + column, bits),
                scale: |row: usize, group: usize| {
                    let scale = scales.get(row * count + group);
                    scale.copied().unwrap_or_default()
                },
                // Packed along the rows.
                zero: |row: usize, group: usize| match &zeros {
                    None => half,
                    Some(zeros) => {
                        let (word, shift) = place(row, bits);
                        u16::from(code_of(zeros.get(word * count + group), shift, bits))
                    }
                },
            };
            Ok(groups.rows(height, &matrix))
        }),
    };
    parts.add(name, packed)
}

/// A matrix of signed bytes.
fn bytes(parts: &mut Parts<'_>, stem: &str, blocks: &[[usize; 2]]) -> Result<(), ModelError> {
    let name = format!("{stem}.weight");
    let scales = parts.need(&format!("{stem}.weight_scale"))?;
    let weight = parts.need(&name)?;
    let zeros = parts.take(&format!("{stem}.weight_zero_point"));
    parts.leave_out(stem, &OF_ACTIVATIONS);
    let unfit = || {
        let reason = format!(
            "has bytes of shape {:?} and scales of {:?}, which do not fit as the configuration says",
            weight.shape, scales.shape
        );
        parts.about(&name, reason)
    };
    let [height, width] = *weight.shape.as_slice() else {
        return Err(unfit());
    };
    let Some([down, across]) = fp8::steps(&scales.shape, [height, width], blocks) else {
        return Err(unfit());
    };
    let zeros_fit = zeros
        .as_ref()
        .is_none_or(|zeros| zeros.shape == scales.shape && zeros.dtype == Dtype::I8);
    if !zeros_fit {
        return Err(unfit());
    }
    let scaled = Scaled::new(Codes::Int8, width, across);
    let extras = zeros.as_ref().map_or(0, |zeros| zeros.bytes);
    let packed = Packed {
        shape: vec![height, width],
        storage: scaled.storage(),
        kind: if across < width {
            format!("INT8 g{across}")
        } else if down < height {
            "INT8 per row".into()
        } else {
            "INT8 per tensor".into()
        },
        bytes: (weight.bytes + scales.bytes + extras) as u64,
        read: Box::new(move |about| {
            let (codes, scales) = (weight.bytes()?, floats(&scales, about)?);
            let zeros = zeros.as_ref().map(|zeros| zeros.bytes());
            let zeros = zeros.transpose()?;
            // From -128 on.
            let above = |signed: u8| signed ^ 0x80;
            Ok(scaled.rows(height, |row, line| {
                let codes = codes.get(row * width..).unwrap_or_default();
                let both = line.codes.iter_mut().zip(codes);
                both.for_each(|(to, code)| *to = above(*code));
                let first = row / down * scaled.runs();
                let of_runs = scales.get(first..).unwrap_or_default();
                let both = line.scales.iter_mut().zip(of_runs);
                both.for_each(|(to, scale)| *to = *scale);
                line.zeros.fill(128);
                let of_runs = zeros.as_deref().and_then(|zeros| zeros.get(first..));
                let both = line.zeros.iter_mut().zip(of_runs.unwrap_or_default());
                both.for_each(|(to, zero)| *to = above(*zero).into());
            }))
        }),
    };
    parts.add(name, packed)
}
