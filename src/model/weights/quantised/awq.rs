//! AWQ: integers of four bits in words of 32, `qweight` `[in, out / 8]` with eight columns a word in
//! an order of their own, and a scale and a zero point for a group of rows and each column.

use serde_json::{Value, json};

use super::Format;
use super::groups::{Groups, Matrix};
use super::numbers::{code, floats, words};
use super::packed::Packed;
use super::parts::Parts;
use super::settings::Settings;
use crate::model::ModelError;
use crate::model::weight::{Codes, Scaled};

pub(super) const FORMAT: Format = Format {
    methods: &["awq"],
    name: "AWQ",
    read,
};

/// In which four bits of a word each of eight columns stands.
const PLACES: [usize; 8] = [0, 4, 1, 5, 2, 6, 3, 7];

fn read(settings: &Settings<'_>, parts: &mut Parts<'_>) -> Result<(), ModelError> {
    settings.only("bits", &[json!(4)])?;
    settings.only("w_bit", &[json!(4)])?;
    settings.only("zero_point", &[json!(true)])?;
    for key in ["version", "format"] {
        let is_gemm = |value: &Value| {
            let text = value.as_str();
            text.is_some_and(|text| text.eq_ignore_ascii_case("gemm"))
        };
        if settings.value(key).is_some_and(|value| !is_gemm(value)) {
            return Err(settings.refuse(key, "is another layout than gemm, which is read"));
        }
    }
    let backends = ["auto", "autoawq", "gemm"].map(|backend| json!(backend));
    settings.only("backend", &backends)?;
    settings.changes_nothing(&[
        "modules_to_not_convert",
        "do_fuse",
        "fuse_max_seq_len",
        "modules_to_fuse",
        "exllama_config",
        "desc_act",
        "sym",
        "lm_head",
        "meta",
    ]);
    let size = match settings.value("q_group_size") {
        Some(_) => settings.count("q_group_size")?,
        None => settings.group_size(Some(128))?,
    };
    for stem in parts.stems(".qweight") {
        gather(parts, &stem, size)?;
    }
    Ok(())
}

fn gather(parts: &mut Parts<'_>, stem: &str, size: Option<usize>) -> Result<(), ModelError> {
    let weight = parts.need(&format!("{stem}.qweight"))?;
    let zeros = parts.need(&format!("{stem}.qzeros"))?;
    let scales = parts.need(&format!("{stem}.scales"))?;
    let name = format!("{stem}.weight");
    let [width, packed_height] = *weight.shape.as_slice() else {
        return Err(parts.about(&name, format!("has words of shape {:?}", weight.shape)));
    };
    let height = packed_height * PLACES.len();
    let group = size.unwrap_or(width).max(1);
    let count = width.div_ceil(group);
    if zeros.shape != [count, packed_height] || scales.shape != [count, height] {
        let reason = format!(
            "has words of shape {:?}, zero points of {:?} and scales of {:?}, which do not fit \
             groups of {group}",
            weight.shape, zeros.shape, scales.shape
        );
        return Err(parts.about(&name, reason));
    }
    let packed = Packed {
        shape: vec![height, width],
        storage: Scaled::new(Codes::Int4, width, group).storage(),
        kind: match size {
            Some(size) => format!("INT4 g{size}"),
            None => "INT4 per row".into(),
        },
        bytes: (weight.bytes + zeros.bytes + scales.bytes) as u64,
        read: Box::new(move |about| {
            let (weight, zeros) = (words(&weight, about)?, words(&zeros, about)?);
            let scales = floats(&scales, about)?;
            let groups = Groups::new(Codes::Int4, width, group, count, None).map_err(about)?;
            // Of a matrix of words, `packed_height` wide.
            let four_bits = |words: &[u32], down: usize, across: usize| {
                let first = (down * packed_height + across / 8) * 8;
                code(words, first + PLACES[across % 8], 4)
            };
            let matrix = Matrix {
                code: |row: usize, column: usize| four_bits(&weight, column, row),
                scale: |row: usize, group: usize| {
                    let scale = scales.get(group * height + row);
                    scale.copied().unwrap_or_default()
                },
                zero: |row: usize, group: usize| u16::from(four_bits(&zeros, group, row)),
            };
            Ok(groups.rows(height, &matrix))
        }),
    };
    parts.add(name, packed)
}
