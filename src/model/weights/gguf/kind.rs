//! The types that tensors of a GGUF file are stored in, those that are not read included: a
//! message and a description can name them.

use std::fmt;

use candle_core::quantized::GgmlDType;

use crate::model::weight::Storage;

/// The type of a tensor, as its number in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct GgmlType(pub u32);

/// How many weights stand in a block of how many bytes.
#[derive(Clone, Copy)]
struct Block {
    weights: u64,
    bytes: u64,
}

/// Number, name, weights a block, bytes a block: `ggml.h` and the sizes of gguf-py. The sizes of
/// types that were given up are zero: they are not known here.
const KINDS: [(u32, &str, u64, u64); 42] = [
    (0, "F32", 1, 4),
    (1, "F16", 1, 2),
    (2, "Q4_0", 32, 18),
    (3, "Q4_1", 32, 20),
    (4, "Q4_2", 0, 0),
    (5, "Q4_3", 0, 0),
    (6, "Q5_0", 32, 22),
    (7, "Q5_1", 32, 24),
    (8, "Q8_0", 32, 34),
    (9, "Q8_1", 32, 40),
    (10, "Q2_K", 256, 84),
    (11, "Q3_K", 256, 110),
    (12, "Q4_K", 256, 144),
    (13, "Q5_K", 256, 176),
    (14, "Q6_K", 256, 210),
    (15, "Q8_K", 256, 292),
    (16, "IQ2_XXS", 256, 66),
    (17, "IQ2_XS", 256, 74),
    (18, "IQ3_XXS", 256, 98),
    (19, "IQ1_S", 256, 50),
    (20, "IQ4_NL", 32, 18),
    (21, "IQ3_S", 256, 110),
    (22, "IQ2_S", 256, 82),
    (23, "IQ4_XS", 256, 136),
    (24, "I8", 1, 1),
    (25, "I16", 1, 2),
    (26, "I32", 1, 4),
    (27, "I64", 1, 8),
    (28, "F64", 1, 8),
    (29, "IQ1_M", 256, 56),
    (30, "BF16", 1, 2),
    (31, "Q4_0_4_4", 32, 18),
    (32, "Q4_0_4_8", 32, 18),
    (33, "Q4_0_8_8", 32, 18),
    (34, "TQ1_0", 256, 54),
    (35, "TQ2_0", 256, 66),
    (36, "IQ4_NL_4_4", 32, 18),
    (37, "IQ4_NL_4_8", 32, 18),
    (38, "IQ4_NL_8_8", 32, 18),
    (39, "MXFP4", 32, 17),
    (40, "NVFP4", 64, 36),
    (41, "Q1_0", 128, 18),
];

impl GgmlType {
    /// What llama.cpp calls it; `None` for a number that has no name here.
    pub(super) fn name(self) -> Option<&'static str> {
        let (_, name, ..) = KINDS.iter().find(|(number, ..)| *number == self.0)?;
        Some(name)
    }

    fn block(self) -> Option<Block> {
        let (_, _, weights, bytes) = *KINDS.iter().find(|(number, ..)| *number == self.0)?;
        (weights > 0).then_some(Block { weights, bytes })
    }

    /// What candle calls it; `None` for the types that it does not know, and for those that only
    /// results are stored in.
    pub(super) fn candle(self) -> Option<GgmlDType> {
        Some(match self.0 {
            0 => GgmlDType::F32,
            1 => GgmlDType::F16,
            2 => GgmlDType::Q4_0,
            3 => GgmlDType::Q4_1,
            6 => GgmlDType::Q5_0,
            7 => GgmlDType::Q5_1,
            8 => GgmlDType::Q8_0,
            10 => GgmlDType::Q2K,
            11 => GgmlDType::Q3K,
            12 => GgmlDType::Q4K,
            13 => GgmlDType::Q5K,
            14 => GgmlDType::Q6K,
            30 => GgmlDType::BF16,
            _ => return None,
        })
    }

    /// The type that its rows can be held in; `None` for the types that are not read.
    pub(super) fn storage(self) -> Option<Storage> {
        Some(match self.0 {
            16 => Storage::Iq2Xxs,
            17 => Storage::Iq2Xs,
            18 => Storage::Iq3Xxs,
            19 => Storage::Iq1S,
            20 => Storage::Iq4Nl,
            21 => Storage::Iq3S,
            22 => Storage::Iq2S,
            23 => Storage::Iq4Xs,
            29 => Storage::Iq1M,
            34 => Storage::Tq1_0,
            35 => Storage::Tq2_0,
            39 => Storage::Mxfp4,
            40 => Storage::Nvfp4,
            _ => Storage::of(self.candle()?)?,
        })
    }

    /// Bytes that a tensor of this shape takes in the file; `None` where that makes no sense or
    /// is not known.
    pub(super) fn bytes(self, shape: &[usize]) -> Option<u64> {
        let block = self.block()?;
        let mut dims = shape.iter().map(|dim| *dim as u64);
        let elements = dims.try_fold(1_u64, u64::checked_mul)?;
        let is_whole = elements > 0 && elements.is_multiple_of(block.weights);
        let bytes = (elements / block.weights).checked_mul(block.bytes)?;
        // Somebody will want to hold it.
        usize::try_from(bytes).ok()?;
        is_whole.then_some(bytes)
    }
}

impl fmt::Display for GgmlType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "a type of number {}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_read_has_the_size_that_the_reader_takes_it_for() {
        let all = KINDS.iter().map(|(number, ..)| GgmlType(*number));
        let mut count = 0;
        for kind in all {
            let Some(storage) = kind.storage() else {
                continue;
            };
            let (weights, bytes) = storage.block();
            assert_eq!(
                kind.bytes(&[2, weights]).unwrap(),
                2 * bytes as u64,
                "{kind}"
            );
            if let Some(dtype) = kind.candle() {
                assert_eq!((weights, bytes), (dtype.block_size(), dtype.type_size()));
            }
            count += 1;
        }
        assert_eq!(count, 26);
    }

    #[test]
    fn a_type_that_is_not_read_has_its_name_and_an_unknown_one_its_number() {
        assert_eq!(GgmlType(9).to_string(), "Q8_1");
        assert_eq!(GgmlType(41).to_string(), "Q1_0");
        assert_eq!(GgmlType(9).storage(), None);
        assert_eq!(GgmlType(977).to_string(), "a type of number 977");
        assert_eq!(GgmlType(977).bytes(&[32]), None);
    }

    #[test]
    fn a_shape_that_is_no_whole_number_of_blocks_has_no_size() {
        assert_eq!(GgmlType(2).bytes(&[3, 32]), Some(54));
        assert_eq!(GgmlType(2).bytes(&[3, 31]), None);
        assert_eq!(GgmlType(0).bytes(&[0, 4]), None);
        assert_eq!(GgmlType(0).bytes(&[usize::MAX, usize::MAX]), None);
    }
}
