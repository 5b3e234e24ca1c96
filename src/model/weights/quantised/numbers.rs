//! The numbers of small tensors: scales, zero points, indices.

use candle_core::DType;
use safetensors::Dtype;

use super::packed::About;
use crate::model::ModelError;
use crate::model::error::plain;
use crate::model::weight::e4m3;
use crate::model::weights::stored::StoredTensor;

/// Floating-point numbers of any type.
pub(super) fn floats(stored: &StoredTensor, about: About<'_>) -> Result<Vec<f32>, ModelError> {
    match stored.dtype {
        Dtype::F8_E4M3 => Ok(stored.bytes()?.into_iter().map(e4m3).collect()),
        Dtype::F8_E8M0 => powers(&stored.bytes()?, about),
        _ => {
            let numbers = stored.read(about)?.flatten_all();
            let numbers = numbers.and_then(|numbers| numbers.to_dtype(DType::F32)?.to_vec1());
            numbers.map_err(|error| about(plain(&error)))
        }
    }
}

/// The powers of two that bytes stand for, from 2⁻¹²⁷ on.
fn powers(bytes: &[u8], about: About<'_>) -> Result<Vec<f32>, ModelError> {
    let power = |byte: &u8| match *byte {
        0 => Ok(f32::from_bits(0x0040_0000)),
        255 => Err(about("has a scale that is no number".into())),
        byte => Ok(f32::from_bits(u32::from(byte) << 23)),
    };
    bytes.iter().map(power).collect()
}

/// One floating-point number.
pub(super) fn float(stored: &StoredTensor, about: About<'_>) -> Result<f32, ModelError> {
    let numbers = floats(stored, about)?;
    let [number] = numbers.as_slice() else {
        return Err(about(format!("has {} scales of the whole", numbers.len())));
    };
    Ok(*number)
}

/// Words of 32 bits.
pub(super) fn words(stored: &StoredTensor, about: About<'_>) -> Result<Vec<u32>, ModelError> {
    match stored.dtype {
        Dtype::I32 | Dtype::U32 => {
            let bytes = stored.bytes()?;
            let words = bytes.as_chunks::<4>().0.iter();
            Ok(words.map(|word| u32::from_le_bytes(*word)).collect())
        }
        other => Err(about(format!(
            "has packed numbers of type {other:?}, not I32"
        ))),
    }
}

/// Whole numbers that are not negative.
pub(super) fn counts(stored: &StoredTensor, about: About<'_>) -> Result<Vec<usize>, ModelError> {
    let bytes = stored.bytes()?;
    let all: Vec<Option<usize>> = match stored.dtype {
        Dtype::I64 | Dtype::U64 => {
            let numbers = bytes.as_chunks::<8>().0.iter();
            let numbers = numbers.map(|bytes| i64::from_le_bytes(*bytes));
            numbers.map(|number| usize::try_from(number).ok()).collect()
        }
        Dtype::I32 | Dtype::U32 => {
            let numbers = bytes.as_chunks::<4>().0.iter();
            let numbers = numbers.map(|bytes| i32::from_le_bytes(*bytes));
            numbers.map(|number| usize::try_from(number).ok()).collect()
        }
        _ => vec![None],
    };
    let all: Option<Vec<usize>> = all.into_iter().collect();
    all.ok_or_else(|| about("has indices or sizes that are no whole numbers".into()))
}

/// In which word the code number `at` of four or eight bits stands, and how far from its lowest
/// bit.
#[inline(always)]
pub(super) fn place(at: usize, bits: usize) -> (usize, usize) {
    match bits {
        8 => (at / 4, 8 * (at % 4)),
        _ => (at / 8, 4 * (at % 8)),
    }
}

/// The code of four or eight bits so far from the lowest bit of a word.
#[inline(always)]
pub(super) fn code_of(word: Option<&u32>, shift: usize, bits: usize) -> u8 {
    let [low, ..] = (word.copied().unwrap_or_default() >> shift).to_le_bytes();
    if bits == 8 { low } else { low & 15 }
}

/// The code of four or eight bits number `at` of those in `words`, the lowest bits of a word first.
#[inline(always)]
pub(super) fn code(words: &[u32], at: usize, bits: usize) -> u8 {
    let (word, shift) = place(at, bits);
    code_of(words.get(word), shift, bits)
}
