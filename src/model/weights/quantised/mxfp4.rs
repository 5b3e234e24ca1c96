//! MXFP4 as gpt-oss is published: of each matrix of experts, `_blocks` with two codes a byte, the
//! lower bits the earlier column, and `_scales` with a power of two for 32 columns. Experts are
//! stacked, `[experts, out, in]`, where those of other types are `[experts, in, out]`.

use safetensors::Dtype;

use super::Format;
use super::packed::{About, Packed};
use super::parts::Parts;
use super::settings::Settings;
use crate::model::ModelError;
use crate::model::weight::{Rows, Storage};
use crate::model::weights::stored::StoredTensor;

pub(super) const FORMAT: Format = Format {
    methods: &["mxfp4"],
    name: "",
    read,
};

/// Columns that share a scale.
const GROUP: usize = 32;

fn read(settings: &Settings<'_>, parts: &mut Parts<'_>) -> Result<(), ModelError> {
    settings.changes_nothing(&["modules_to_not_convert", "dequantize"]);
    for stem in parts.stems("_blocks") {
        let blocks = parts.need(&format!("{stem}_blocks"))?;
        let scales = parts.need(&format!("{stem}_scales"))?;
        // One dimension of the blocks is within the columns.
        let shape = match blocks.shape.split_last() {
            Some((16, outer)) => outer.to_vec(),
            _ => Vec::new(),
        };
        add(parts, stem, &shape, blocks, scales)?;
    }
    Ok(())
}

/// Adds a matrix of which `shape` says how many scales it has.
pub(super) fn add(
    parts: &mut Parts<'_>,
    name: String,
    shape: &[usize],
    blocks: StoredTensor,
    scales: StoredTensor,
) -> Result<(), ModelError> {
    let is_of_bytes =
        blocks.dtype == Dtype::U8 && matches!(scales.dtype, Dtype::U8 | Dtype::F8_E8M0);
    let fits = scales.shape == shape && blocks.bytes == scales.bytes * (GROUP / 2);
    let Some((groups, outer)) = shape.split_last().filter(|_| is_of_bytes && fits) else {
        let reason = format!(
            "is MXFP4 of shape {:?} and type {:?} with scales of shape {:?} and type {:?}, which do \
             not fit",
            blocks.shape, blocks.dtype, scales.shape, scales.dtype
        );
        return Err(parts.about(&name, reason));
    };
    let width = groups * GROUP;
    let packed = Packed {
        shape: outer.iter().copied().chain([width]).collect(),
        storage: Storage::Mxfp4,
        kind: "MXFP4".into(),
        bytes: (blocks.bytes + scales.bytes) as u64,
        read: Box::new(move |about| rows(&blocks.bytes()?, &scales.bytes()?, width, about)),
    };
    parts.add(name, packed)
}

fn rows(
    codes: &[u8],
    scales: &[u8],
    width: usize,
    about: About<'_>,
) -> Result<Option<Rows>, ModelError> {
    if scales.contains(&255) {
        return Err(about("has a scale that is no number".into()));
    }
    let mut bytes = Vec::with_capacity(codes.len() + scales.len());
    for (codes, scale) in codes.as_chunks::<16>().0.iter().zip(scales) {
        bytes.push(*scale);
        bytes.extend(apart::<16>(codes));
    }
    Ok(Rows::new(Storage::Mxfp4, width, bytes))
}

/// Codes of four bits that stand side by side, the lower bits first, as the blocks have them: the
/// first half of them in the lower bits of all bytes, the rest in the upper ones.
pub(super) fn apart<const N: usize>(codes: &[u8; N]) -> [u8; N] {
    let code = |at: usize| codes[at / 2] >> (4 * (at % 2)) & 15;
    std::array::from_fn(|i| code(i) | code(N + i) << 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_come_to_the_same_half() {
        assert_eq!(apart(&[0x10, 0x32, 0x54, 0x76]), [0x40, 0x51, 0x62, 0x73]);
    }
}
