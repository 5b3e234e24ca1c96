//! FP8: codes of `E4M3` and scales of the whole matrix, of its rows or of rectangles of it. As
//! DeepSeek, Qwen and Ministral are published (`weight_scale_inv`, which in spite of its name is
//! what a code is multiplied with), and as other tools write it (`weight_scale`).

use safetensors::Dtype;
use serde_json::{Value, json};

use super::Format;
use super::numbers::floats;
use super::packed::Packed;
use super::parts::Parts;
use super::settings::Settings;
use crate::model::ModelError;
use crate::model::weight::{Codes, Line, Scaled};

pub(super) const FORMAT: Format = Format {
    methods: &["fp8"],
    name: "",
    read,
};

/// Meta's FBGEMM.
pub(super) const BY_ROW: Format = Format {
    methods: &["fbgemm_fp8"],
    name: "",
    read: read_by_row,
};

/// Where transformers does not find the key.
const USUAL_BLOCK: [usize; 2] = [128, 128];

/// What stands behind the name of a matrix, for its scales.
const SCALES: [&str; 2] = ["_scale_inv", "_scale"];

/// What stands in place of `weight` in names of what activations are rounded with.
const OF_ACTIVATIONS: [&str; 4] = [
    "activation_scale",
    "input_scale",
    "input_scale_ub",
    "output_scale",
];

fn read(settings: &Settings<'_>, parts: &mut Parts<'_>) -> Result<(), ModelError> {
    settings.only("fmt", &[json!("e4m3")])?;
    settings.only("expert_dtype", &[json!("fp8")])?;
    settings.changes_nothing(&[
        "activation_scheme",
        "modules_to_not_convert",
        "modules_to_convert",
        "ignored_layers",
        "dequantize",
        // What type the scales are of is seen from them.
        "scale_fmt",
    ]);
    let block = match settings.raw("weight_block_size") {
        None => Some(USUAL_BLOCK),
        Some(Value::Null) => None,
        Some(value) => Some(pair(value).ok_or_else(|| {
            settings.refuse("weight_block_size", "must be two whole numbers above 0")
        })?),
    };
    gather(parts, &Vec::from_iter(block))
}

fn read_by_row(settings: &Settings<'_>, parts: &mut Parts<'_>) -> Result<(), ModelError> {
    settings.changes_nothing(&["activation_scale_ub", "modules_to_not_convert"]);
    gather(parts, &[])
}

/// Two whole numbers above 0.
pub(super) fn pair(value: &Value) -> Option<[usize; 2]> {
    let number = |value: &Value| {
        let number = usize::try_from(value.as_u64()?).ok();
        number.filter(|number| *number > 0)
    };
    match value.as_array()?.as_slice() {
        [a, b] => Some([number(a)?, number(b)?]),
        _ => None,
    }
}

/// Gathers every matrix of FP8 codes. Its scales may be those of rectangles of one of these sizes,
/// rows and columns.
pub(super) fn gather(parts: &mut Parts<'_>, blocks: &[[usize; 2]]) -> Result<(), ModelError> {
    for name in parts.of_type(Dtype::F8_E4M3) {
        let mut names = SCALES.iter().map(|end| format!("{name}{end}"));
        let Some(scales) = names.find(|name| parts.get(name).is_some()) else {
            let reason = format!("is F8_E4M3, but has no scale beside it (`{name}_scale_inv`)");
            return Err(parts.about(&name, reason));
        };
        let scales = parts.need(&scales)?;
        let weight = parts.need(&name)?;
        let stem = name.strip_suffix("weight").unwrap_or(&name);
        let separator = if stem.len() < name.len() { "" } else { "_" };
        parts.leave_out(&format!("{stem}{separator}"), &OF_ACTIVATIONS);

        let (count, rows, width) = match *weight.shape.as_slice() {
            [rows, width] => (1, rows, width),
            [count, rows, width] => (count, rows, width),
            _ => {
                let reason = format!("is FP8 of shape {:?}, which is no matrix", weight.shape);
                return Err(parts.about(&name, reason));
            }
        };
        let (of_one, each_has_own) = match scales.shape.as_slice() {
            [first, rest @ ..] if weight.shape.len() == 3 && *first == count => (rest, true),
            all => (all, false),
        };
        let scales_of_one: usize = of_one.iter().product();
        let Some(step) = steps(of_one, [rows, width], blocks) else {
            let reason = format!(
                "is FP8 of shape {:?} with scales of shape {:?}, which are neither of the whole, of \
                 its rows nor of blocks of the size that the configuration says",
                weight.shape, scales.shape
            );
            return Err(parts.about(&name, reason));
        };
        let scaled = Scaled::new(Codes::E4m3, width, step[1]);
        let packed = Packed {
            kind: kind(step, [rows, width]),
            storage: scaled.storage(),
            bytes: (weight.bytes + scales.bytes) as u64,
            shape: weight.shape.clone(),
            read: Box::new(move |about| {
                let codes = weight.bytes()?;
                let numbers = floats(&scales, about)?;
                Ok(scaled.rows(count * rows, |row, line| {
                    let (expert, row_of_one) = (row / rows.max(1), row % rows.max(1));
                    let expert = if each_has_own { expert } else { 0 };
                    let first = expert * scales_of_one + row_of_one / step[0] * scaled.runs();
                    let numbers = numbers.get(first..).unwrap_or_default();
                    fill(line, &codes, row * width, numbers);
                }))
            }),
        };
        parts.add(name, packed)?;
    }
    Ok(())
}

fn fill(line: Line<'_>, codes: &[u8], start: usize, scales: &[f32]) {
    let codes = codes.get(start..).unwrap_or_default();
    let both = line.codes.iter_mut().zip(codes);
    both.for_each(|(to, code)| *to = *code);
    let both = line.scales.iter_mut().zip(scales);
    both.for_each(|(to, scale)| *to = *scale);
}

/// How many rows and columns share a scale, by the shape of the scales.
pub(super) fn steps(
    scales: &[usize],
    [rows, width]: [usize; 2],
    blocks: &[[usize; 2]],
) -> Option<[usize; 2]> {
    let grid = match *scales {
        [] => [1, 1],
        [count] => [count, 1],
        [down, across] => [down, across],
        _ => return None,
    };
    if grid == [1, 1] {
        return Some([rows.max(1), width.max(1)]);
    }
    if grid == [rows, 1] {
        return Some([1, width.max(1)]);
    }
    let fits = |block: &&[usize; 2]| {
        let [down, across] = **block;
        grid == [rows.div_ceil(down), width.div_ceil(across)]
    };
    let mut fitting = blocks.iter().filter(fits);
    let first = fitting.next()?;
    fitting.all(|other| other == first).then_some(*first)
}

fn kind(step: [usize; 2], shape: [usize; 2]) -> String {
    match step {
        _ if step[0] >= shape[0] && step[1] >= shape[1] => "FP8 per tensor".into(),
        [1, across] if across >= shape[1] => "FP8 per row".into(),
        [1, across] => format!("FP8 g{across}"),
        [down, across] => format!("FP8 {down}×{across}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_of_the_scales_tells_what_shares_one() {
        let block = [[128, 128]];
        assert_eq!(steps(&[], [5, 7], &block), Some([5, 7]));
        assert_eq!(steps(&[1], [5, 7], &[]), Some([5, 7]));
        assert_eq!(steps(&[5, 1], [5, 7], &block), Some([1, 7]));
        assert_eq!(steps(&[5], [5, 7], &[]), Some([1, 7]));
        assert_eq!(steps(&[2, 3], [136, 300], &block), Some([128, 128]));
        assert_eq!(steps(&[2, 3], [136, 300], &[]), None);
        assert_eq!(steps(&[3, 3], [136, 300], &block), None);
        // Two sizes that both fit say two things.
        assert_eq!(steps(&[2, 3], [136, 300], &[[128, 128], [100, 128]]), None);
    }
}
