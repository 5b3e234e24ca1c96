//! GPTQ: integers of four or eight bits in words of 32, `qweight` `[in / n, out]` with `n` rows a
//! word, a scale and a zero point for a group of rows and each column; `g_idx` names the group of
//! each row. The first version of the format stores zero points less one.

use serde_json::json;

use super::Format;
use super::groups::{Groups, Matrix};
use super::numbers::{code, code_of, counts, floats, place, words};
use super::packed::Packed;
use super::parts::Parts;
use super::settings::Settings;
use crate::model::ModelError;
use crate::model::weight::{Codes, Scaled};

pub(super) const FORMAT: Format = Format {
    methods: &["gptq"],
    name: "GPTQ",
    read,
};

/// How the words are to be read.
struct Words {
    bits: usize,
    codes: Codes,
    /// Rows that share a scale; `None` for all.
    group_size: Option<usize>,
    /// What is missing from the zero points as they are stored.
    off: u16,
    /// Whether the rows are in another order than their groups.
    is_reordered: bool,
}

fn read(settings: &Settings<'_>, parts: &mut Parts<'_>) -> Result<(), ModelError> {
    settings.only("pack_dtype", &[json!("int32")])?;
    settings.nothing("dynamic")?;
    settings.nothing("is_marlin_format")?;
    settings.changes_nothing(&[
        "act_group_aware",
        "backend",
        "batch_size",
        "block_name_to_quantize",
        "cache_block_outputs",
        "damp_auto_increment",
        "damp_percent",
        "dataset",
        "disable_exllama",
        "exllama_config",
        "hyb_act",
        "lm_head",
        "max_input_length",
        "meta",
        "model_file_base_name",
        "model_name_or_path",
        "model_seqlen",
        "module_name_preceding_first_block",
        "modules_in_block_to_quantize",
        "mse",
        "pad_token_id",
        "quantizer",
        // Seen from the zero points.
        "sym",
        "static_groups",
        "tokenizer",
        "true_sequential",
        "use_cuda_fp16",
        "use_exllama",
    ]);
    let (bits, codes) = match settings.count("bits")? {
        Some(4) => (4, Codes::Int4),
        Some(8) => (8, Codes::Int8),
        _ => return Err(settings.refuse("bits", "is neither 4 nor 8, which are read")),
    };
    let mut off = 1;
    for key in ["checkpoint_format", "format"] {
        match settings.text(key)? {
            None | Some("gptq") => {}
            Some("gptq_v2") => off = 0,
            Some(other) => {
                let reason = format!("is {other}; only gptq and gptq_v2 are read");
                return Err(settings.refuse(key, &reason));
            }
        }
    }
    let words = Words {
        bits,
        codes,
        group_size: settings.group_size(Some(128))?,
        off,
        is_reordered: settings.flag("desc_act")?,
    };
    for stem in parts.stems(".qweight") {
        gather(parts, &stem, &words)?;
    }
    Ok(())
}

fn gather(parts: &mut Parts<'_>, stem: &str, of: &Words) -> Result<(), ModelError> {
    let weight = parts.need(&format!("{stem}.qweight"))?;
    let zeros = parts.need(&format!("{stem}.qzeros"))?;
    let scales = parts.need(&format!("{stem}.scales"))?;
    let index = parts.take(&format!("{stem}.g_idx"));
    let name = format!("{stem}.weight");
    let (bits, off, codes) = (of.bits, of.off, of.codes);
    let each = 32 / bits;
    let [packed_width, height] = *weight.shape.as_slice() else {
        return Err(parts.about(&name, format!("has words of shape {:?}", weight.shape)));
    };
    let width = packed_width * each;
    let size = of.group_size.unwrap_or(width).max(1);
    let count = width.div_ceil(size);
    let words_of_zeros = height.div_ceil(each);
    if zeros.shape != [count, words_of_zeros] || scales.shape != [count, height] {
        let reason = format!(
            "has {bits}-bit words of shape {:?}, zero points of {:?} and scales of {:?}, which do \
             not fit groups of {size}",
            weight.shape, zeros.shape, scales.shape
        );
        return Err(parts.about(&name, reason));
    }
    if index.is_none() && of.is_reordered {
        let reason = "has no `g_idx` beside it, though the configuration says `desc_act`";
        return Err(parts.about(&name, reason.into()));
    }
    let index_bytes = index.as_ref().map_or(0, |index| index.bytes);
    let packed = Packed {
        shape: vec![height, width],
        storage: Scaled::new(codes, width, size).storage(),
        kind: match of.group_size {
            Some(size) => format!("INT{bits} g{size}"),
            None => format!("INT{bits} per row"),
        },
        bytes: (weight.bytes + zeros.bytes + scales.bytes + index_bytes) as u64,
        read: Box::new(move |about| {
            let (weight, zeros) = (words(&weight, about)?, words(&zeros, about)?);
            let scales = floats(&scales, about)?;
            let index = index.as_ref().map(|index| counts(index, about));
            let index = index.transpose()?;
            let groups = Groups::new(codes, width, size, count, index.as_deref()).map_err(about)?;
            let matrix = Matrix {
                code: |row: usize, column: usize| {
                    let (word, shift) = place(column, bits);
                    code_of(weight.get(word * height + row), shift, bits)
                },
                scale: |row: usize, group: usize| {
                    let scale = scales.get(group * height + row);
                    scale.copied().unwrap_or_default()
                },
                zero: |row: usize, group: usize| {
                    let at = group * words_of_zeros * each + row;
                    u16::from(code(&zeros, at, bits)) + off
                },
            };
            Ok(groups.rows(height, &matrix))
        }),
    };
    parts.add(name, packed)
}
