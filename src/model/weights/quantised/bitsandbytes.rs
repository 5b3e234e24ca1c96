//! bitsandbytes. In four bits: codes two a byte, the upper bits first, of the flattened matrix, a
//! scale for each 64 of those (or another number), which may be quantised itself; a JSON text in a
//! tensor tells the shape. In eight bits: signed bytes and a scale a row (`SCB`), over 127.

use safetensors::Dtype;
use serde::Deserialize;

use super::Format;
use super::numbers::floats;
use super::packed::{About, Packed};
use super::parts::Parts;
use super::settings::Settings;
use crate::model::weight::{Codes, Rows, Scaled, Storage};
use crate::model::weights::stored::StoredTensor;
use crate::model::{ModelError, json};

pub(super) const FORMAT: Format = Format {
    methods: &["bitsandbytes"],
    name: "bitsandbytes",
    read,
};

/// The text that tells how a matrix is quantised is no longer.
const LONGEST_STATE: usize = 1 << 16;

const STATES: [(&str, Codes); 2] = [
    (".weight.quant_state.bitsandbytes__nf4", Codes::Nf4),
    (".weight.quant_state.bitsandbytes__fp4", Codes::Fp4),
];

fn read(settings: &Settings<'_>, parts: &mut Parts<'_>) -> Result<(), ModelError> {
    settings.nothing("llm_int8_has_fp16_weight")?;
    settings.changes_nothing(&[
        "load_in_4bit",
        "load_in_8bit",
        "_load_in_4bit",
        "_load_in_8bit",
        // Seen from the tensors.
        "bnb_4bit_quant_type",
        "bnb_4bit_use_double_quant",
        "bnb_4bit_quant_storage",
        // In what a product is computed, which is float32 here, or what of it is left out.
        "bnb_4bit_compute_dtype",
        "llm_int8_threshold",
        "llm_int8_skip_modules",
        "llm_int8_enable_fp32_cpu_offload",
    ]);
    for (end, codes) in STATES {
        for stem in parts.stems(end) {
            let state = parts.need(&format!("{stem}{end}"))?;
            four_bits(parts, &stem, codes, &state)?;
        }
    }
    for stem in parts.stems(".SCB") {
        eight_bits(parts, &stem)?;
    }
    Ok(())
}

/// What the JSON text tells.
#[derive(Deserialize)]
struct State {
    shape: Vec<usize>,
    blocksize: usize,
    #[serde(default)]
    nested_blocksize: usize,
    #[serde(default)]
    nested_offset: f32,
}

/// The tensors of a matrix of four bits.
struct FourBits {
    codes: Codes,
    weight: StoredTensor,
    absmax: StoredTensor,
    map: Option<StoredTensor>,
    nested: Option<(StoredTensor, StoredTensor)>,
    state: State,
}

fn four_bits(
    parts: &mut Parts<'_>,
    stem: &str,
    codes: Codes,
    state: &StoredTensor,
) -> Result<(), ModelError> {
    let name = format!("{stem}.weight");
    let weight = parts.need(&name)?;
    let absmax = parts.need(&format!("{name}.absmax"))?;
    let map = parts.take(&format!("{name}.quant_map"));
    let nested = match absmax.dtype {
        Dtype::U8 => Some((
            parts.need(&format!("{name}.nested_absmax"))?,
            parts.need(&format!("{name}.nested_quant_map"))?,
        )),
        _ => None,
    };
    if state.bytes > LONGEST_STATE {
        return Err(parts.about(&name, "has a `quant_state` of an absurd length".into()));
    }
    let state: State = json::parse_as(&state.bytes()?).map_err(|error| {
        let reason = format!("has a `quant_state` that is not understood: {error}");
        parts.about(&name, reason)
    })?;
    let count = |stored: &StoredTensor| stored.shape.iter().product::<usize>();
    let fits = match *state.shape.as_slice() {
        [height, width] => {
            let weights = height.checked_mul(width).filter(|weights| *weights > 0);
            weights.is_some_and(|weights| {
                let blocks = weights.div_ceil(state.blocksize.max(1));
                weight.bytes == weights.div_ceil(2) && count(&absmax) == blocks
            })
        }
        _ => false,
    };
    let is_nested_well = nested.as_ref().is_none_or(|(outer, map)| {
        let blocks = absmax.bytes.div_ceil(state.nested_blocksize.max(1));
        count(outer) == blocks && count(map) == 256
    });
    if !fits || !is_nested_well || state.blocksize == 0 {
        let reason = format!(
            "has {} bytes of codes and {} scales, which do not fit the shape {:?} and blocks of {} \
             that its `quant_state` tells",
            weight.bytes,
            count(&absmax),
            state.shape,
            state.blocksize
        );
        return Err(parts.about(&name, reason));
    }
    let width = state.shape.last().copied().unwrap_or(0);
    let extras = [map.as_ref(), nested.as_ref().map(|(outer, _)| outer)];
    let extras = extras.into_iter().flatten().map(|stored| stored.bytes);
    let bytes = weight.bytes + absmax.bytes + extras.sum::<usize>();
    let scaled = Scaled::new(codes, width, run(width, state.blocksize));
    let shape = state.shape.clone();
    let all = FourBits {
        codes,
        weight,
        absmax,
        map,
        nested,
        state,
    };
    let packed = Packed {
        shape,
        storage: scaled.storage(),
        kind: match codes {
            Codes::Nf4 => "NF4".into(),
            _ => "FP4".into(),
        },
        bytes: bytes as u64,
        read: Box::new(move |about| all.rows(about)),
    };
    parts.add(name, packed)
}

/// Weights of a row, from its beginning on, that never belong to two blocks of the flattened
/// matrix: their greatest common divisor.
fn run(width: usize, block: usize) -> usize {
    let (mut a, mut b) = (width, block);
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a
}

impl FourBits {
    fn rows(&self, about: About<'_>) -> Result<Option<Rows>, ModelError> {
        let [height, width] = *self.state.shape.as_slice() else {
            return Ok(None);
        };
        let bytes = self.weight.bytes()?;
        let scales = self.scales(about)?;
        let run = run(width, self.state.blocksize);
        let code = |at: usize| {
            let byte = bytes.get(at / 2).copied().unwrap_or_default();
            if at.is_multiple_of(2) {
                byte >> 4
            } else {
                byte & 15
            }
        };
        let scale = |at: usize| {
            let block = at / self.state.blocksize.max(1);
            scales.get(block).copied().unwrap_or_default()
        };
        let map = self.map.as_ref().map(|map| floats(map, about));
        let map = map.transpose()?;
        let is_usual = |map: &[f32]| self.codes.table().is_some_and(|usual| map == usual);
        if let Some(map) = map.filter(|map| !is_usual(map)) {
            // A table of its own: there is no type for it.
            let number = |at: usize| {
                let number = map.get(usize::from(code(at)));
                number.copied().unwrap_or_default()
            };
            let all = (0..height * width).flat_map(|at| (number(at) * scale(at)).to_le_bytes());
            return Ok(Rows::new(Storage::F32, width, all.collect()));
        }
        let scaled = Scaled::new(self.codes, width, run);
        Ok(scaled.rows(height, |row, line| {
            for (column, to) in line.codes.iter_mut().enumerate() {
                *to = code(row * width + column);
            }
            for (at, to) in line.scales.iter_mut().enumerate() {
                *to = scale(row * width + at * run);
            }
        }))
    }

    /// Of each block of the flattened matrix.
    fn scales(&self, about: About<'_>) -> Result<Vec<f32>, ModelError> {
        let Some((outer, map)) = &self.nested else {
            return floats(&self.absmax, about);
        };
        let (outer, map) = (floats(outer, about)?, floats(map, about)?);
        let scale = |(at, code): (usize, u8)| {
            let block = at / self.state.nested_blocksize.max(1);
            let outer = outer.get(block).copied().unwrap_or_default();
            let number = map.get(usize::from(code)).copied().unwrap_or_default();
            number * outer + self.state.nested_offset
        };
        let codes = self.absmax.bytes()?;
        Ok(codes.into_iter().enumerate().map(scale).collect())
    }
}

fn eight_bits(parts: &mut Parts<'_>, stem: &str) -> Result<(), ModelError> {
    let name = format!("{stem}.weight");
    let weight = parts.need(&name)?;
    let scales = parts.need(&format!("{stem}.SCB"))?;
    if let Some(format) = parts.take(&format!("{stem}.weight_format"))
        && format.bytes()? != [0]
    {
        let reason = "is stored in tiles for a GPU (`weight_format`), not row by row";
        return Err(parts.about(&name, reason.into()));
    }
    let (height, width) = match *weight.shape.as_slice() {
        [height, width] if weight.dtype == Dtype::I8 && scales.shape == [height] => (height, width),
        _ => {
            let reason = format!(
                "has shape {:?} and type {:?}, and scales of shape {:?}, which do not fit",
                weight.shape, weight.dtype, scales.shape
            );
            return Err(parts.about(&name, reason));
        }
    };
    let scaled = Scaled::new(Codes::Int8, width, width);
    let packed = Packed {
        shape: vec![height, width],
        storage: scaled.storage(),
        kind: "INT8 per row".into(),
        bytes: (weight.bytes + scales.bytes) as u64,
        read: Box::new(move |about| {
            let (codes, scales) = (weight.bytes()?, floats(&scales, about)?);
            Ok(scaled.rows(height, |row, line| {
                let codes = codes.get(row * width..).unwrap_or_default();
                for (to, code) in line.codes.iter_mut().zip(codes) {
                    // From -128 on.
                    *to = code ^ 0x80;
                }
                let scale = scales.get(row).copied().unwrap_or_default();
                line.scales.fill(scale / 127.0);
                line.zeros.fill(128);
            }))
        }),
    };
    parts.add(name, packed)
}
