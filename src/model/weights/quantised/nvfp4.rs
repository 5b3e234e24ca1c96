//! NVFP4: two codes of `E2M1` a byte, the lower bits the earlier column, an `E4M3` scale for 16
//! columns, and a float32 of the whole matrix, which the scales are multiplied with or divided by.

use safetensors::Dtype;

use super::mxfp4::apart;
use super::numbers::float;
use super::packed::Packed;
use super::parts::Parts;
use crate::model::ModelError;
use crate::model::weight::{Rows, Storage};

/// Columns that share a scale.
pub(super) const GROUP: usize = 16;

/// Scales in a block.
const IN_BLOCK: usize = 8;

/// How the tensors of a matrix are called, behind its name.
pub(super) struct Names {
    /// The codes.
    pub codes: &'static str,
    /// The number of the whole matrix.
    pub outer: &'static str,
    /// [`Storage::Nvfp4Times`] or [`Storage::Nvfp4Over`].
    pub storage: Storage,
    /// What activations are rounded with.
    pub of_activations: &'static [&'static str],
}

/// Gathers every matrix that has such a number of the whole.
pub(super) fn gather(parts: &mut Parts<'_>, names: &Names) -> Result<(), ModelError> {
    for stem in parts.stems(names.outer) {
        let codes = parts.need(&format!("{stem}{}", names.codes))?;
        let scales = parts.need(&format!("{stem}.weight_scale"))?;
        let outer = parts.need(&format!("{stem}{}", names.outer))?;
        parts.leave_out(&stem, names.of_activations);
        let name = format!("{stem}.weight");
        let is_of_type = codes.dtype == Dtype::U8 && scales.dtype == Dtype::F8_E4M3;
        let (count, groups) = match (codes.shape.as_slice(), scales.shape.as_slice()) {
            ([rows, bytes], [same, groups])
                if is_of_type && rows == same && bytes * 2 == groups * GROUP =>
            {
                (*rows, *groups)
            }
            _ => {
                let reason = format!(
                    "is NVFP4 of shape {:?} and type {:?} with scales of shape {:?} and type {:?}, \
                     which do not fit",
                    codes.shape, codes.dtype, scales.shape, scales.dtype
                );
                return Err(parts.about(&name, reason));
            }
        };
        let (width, storage) = (groups * GROUP, names.storage);
        let packed = Packed {
            shape: vec![count, width],
            storage,
            kind: "NVFP4".into(),
            bytes: (codes.bytes + scales.bytes + outer.bytes) as u64,
            read: Box::new(move |about| {
                let outer = float(&outer, about)?;
                let (codes, scales) = (codes.bytes()?, scales.bytes()?);
                Ok(rows(storage, width, outer, &codes, &scales))
            }),
        };
        parts.add(name, packed)?;
    }
    Ok(())
}

fn rows(storage: Storage, width: usize, outer: f32, codes: &[u8], scales: &[u8]) -> Option<Rows> {
    let groups = width / GROUP;
    let mut bytes = Vec::with_capacity(codes.len() + 2 * scales.len());
    let rows = codes.chunks_exact((width / 2).max(1));
    for (codes, scales) in rows.zip(scales.chunks_exact(groups.max(1))) {
        let blocks = codes.chunks(IN_BLOCK * GROUP / 2);
        for (codes, scales) in blocks.zip(scales.chunks(IN_BLOCK)) {
            let mut block = [0_u8; 4 + IN_BLOCK + IN_BLOCK * GROUP / 2];
            let (head, places) = block.split_at_mut(4 + IN_BLOCK);
            let filled = outer
                .to_le_bytes()
                .into_iter()
                .chain(scales.iter().copied());
            head.iter_mut()
                .zip(filled)
                .for_each(|(to, byte)| *to = byte);
            let places = places.as_chunks_mut::<8>().0.iter_mut();
            for (to, codes) in places.zip(codes.as_chunks::<8>().0) {
                *to = apart::<8>(codes);
            }
            bytes.extend(block);
        }
    }
    Rows::new(storage, width, bytes)
}
