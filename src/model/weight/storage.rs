//! The types that weights can be held in. Each is one function that dequantises a block, and one
//! line in [`Storage::with`].

use candle_core::quantized::GgmlDType;

use super::{floats, large_blocks, small_blocks};

/// A type that weights are held in. All but the first three are quantised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// float32.
    F32,
    /// float16.
    F16,
    /// bfloat16.
    Bf16,
    /// Four bits, 32 weights a block.
    Q4_0,
    /// Four bits with a minimum, 32 weights a block.
    Q4_1,
    /// Five bits, 32 weights a block.
    Q5_0,
    /// Five bits with a minimum, 32 weights a block.
    Q5_1,
    /// Eight bits, 32 weights a block.
    Q8_0,
    /// Two bits, 256 weights a block.
    Q2K,
    /// Three bits, 256 weights a block.
    Q3K,
    /// Four bits, 256 weights a block.
    Q4K,
    /// Five bits, 256 weights a block.
    Q5K,
    /// Six bits, 256 weights a block.
    Q6K,
}

/// Something that is done with weights whatever type they are held in.
pub(super) trait BlockVisitor {
    type Output;

    /// Does it, for a type that holds `WEIGHTS` weights in a block of `BYTES`. `dequantise` makes
    /// float32 of a block.
    fn with<const BYTES: usize, const WEIGHTS: usize>(
        self,
        dequantise: impl Fn(&[u8; BYTES], &mut [f32; WEIGHTS]) + Copy,
    ) -> Self::Output;
}

impl Storage {
    /// The type that a GGUF file calls `dtype`; `None` for those that only results are stored in.
    #[must_use]
    pub fn of(dtype: GgmlDType) -> Option<Self> {
        Some(match dtype {
            GgmlDType::F32 => Self::F32,
            GgmlDType::F16 => Self::F16,
            GgmlDType::BF16 => Self::Bf16,
            GgmlDType::Q4_0 => Self::Q4_0,
            GgmlDType::Q4_1 => Self::Q4_1,
            GgmlDType::Q5_0 => Self::Q5_0,
            GgmlDType::Q5_1 => Self::Q5_1,
            GgmlDType::Q8_0 => Self::Q8_0,
            GgmlDType::Q2K => Self::Q2K,
            GgmlDType::Q3K => Self::Q3K,
            GgmlDType::Q4K => Self::Q4K,
            GgmlDType::Q5K => Self::Q5K,
            GgmlDType::Q6K => Self::Q6K,
            GgmlDType::Q8_1 | GgmlDType::Q8K => return None,
        })
    }

    /// Does `work` for this type.
    pub(super) fn with<W: BlockVisitor>(self, work: W) -> W::Output {
        match self {
            Self::F32 => work.with(floats::f32),
            Self::F16 => work.with(floats::f16),
            Self::Bf16 => work.with(floats::bf16),
            Self::Q4_0 => work.with(small_blocks::q4_0),
            Self::Q4_1 => work.with(small_blocks::q4_1),
            Self::Q5_0 => work.with(small_blocks::q5_0),
            Self::Q5_1 => work.with(small_blocks::q5_1),
            Self::Q8_0 => work.with(small_blocks::q8_0),
            Self::Q2K => work.with(large_blocks::q2_k),
            Self::Q3K => work.with(large_blocks::q3_k),
            Self::Q4K => work.with(large_blocks::q4_k),
            Self::Q5K => work.with(large_blocks::q5_k),
            Self::Q6K => work.with(large_blocks::q6_k),
        }
    }

    /// Bytes that a row of `width` weights takes; `None` where it is no whole number of blocks.
    #[must_use]
    pub fn row_bytes(self, width: usize) -> Option<usize> {
        struct RowBytes(usize);
        impl BlockVisitor for RowBytes {
            type Output = Option<usize>;

            fn with<const BYTES: usize, const WEIGHTS: usize>(
                self,
                _: impl Fn(&[u8; BYTES], &mut [f32; WEIGHTS]) + Copy,
            ) -> Option<usize> {
                let is_whole = self.0.is_multiple_of(WEIGHTS);
                (self.0 / WEIGHTS).checked_mul(BYTES).filter(|_| is_whole)
            }
        }
        self.with(RowBytes(width))
    }
}
