//! The types that weights can be held in. Each is one function that dequantises a block, and one
//! line in [`Storage::with`].

use candle_core::quantized::GgmlDType;

use super::four_bit_floats::{Float, Normal, Over, Times};
use super::{
    eight_bit_floats, floats, four_bit_floats, grids, integers, large_blocks, nonlinear,
    small_blocks, ternary,
};

/// A type that weights are held in. All but the first three are quantised. Down to
/// [`Storage::Nvfp4`] they are as a GGUF file has them, the rest is made of a checkpoint's several
/// tensors.
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
    /// One of sixteen numbers, 32 weights a block.
    Iq4Nl,
    /// The same, 256 weights a block.
    Iq4Xs,
    /// Combinations of three bits, 256 weights a block.
    Iq3S,
    /// Alike, in fewer combinations.
    Iq3Xxs,
    /// Combinations of two bits, 256 weights a block.
    Iq2S,
    /// Alike, in fewer combinations.
    Iq2Xs,
    /// Alike, in still fewer.
    Iq2Xxs,
    /// Combinations of -1, 0 and 1, 256 weights a block.
    Iq1S,
    /// Alike, with more scales.
    Iq1M,
    /// -1, 0 or 1, 256 weights a block.
    Tq1_0,
    /// Alike, in two bits.
    Tq2_0,
    /// Four-bit floats with a power of two for 32 weights.
    Mxfp4,
    /// Four-bit floats with an eight-bit float for 16 weights, 64 weights a block.
    Nvfp4,
    /// The same times a float32 of the whole matrix, 128 weights a block.
    Nvfp4Times,
    /// The same over a float32 of the whole matrix, 128 weights a block.
    Nvfp4Over,
    /// Four-bit integers with a float32 scale and a zero point.
    Int4(Span),
    /// Eight-bit integers with a float32 scale and a zero point.
    Int8(Span),
    /// Eight-bit floats with a float32 scale.
    E4m3(Span),
    /// bitsandbytes' `nf4` with a float32 scale.
    Nf4(Span),
    /// bitsandbytes' `fp4` with a float32 scale.
    Fp4(Span),
}

/// How many weights share a scale, in the types that hold what a checkpoint has in several tensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// 32.
    Of32,
    /// 64.
    Of64,
    /// 128.
    Of128,
}

impl Span {
    /// All of them, the longest first.
    pub const ALL: [Self; 3] = [Self::Of128, Self::Of64, Self::Of32];

    /// The number.
    #[must_use]
    pub fn weights(self) -> usize {
        match self {
            Self::Of32 => 32,
            Self::Of64 => 64,
            Self::Of128 => 128,
        }
    }
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
    /// Every type, with each span of those that have several.
    pub const ALL: [Self; 43] = [
        Self::F32,
        Self::F16,
        Self::Bf16,
        Self::Q4_0,
        Self::Q4_1,
        Self::Q5_0,
        Self::Q5_1,
        Self::Q8_0,
        Self::Q2K,
        Self::Q3K,
        Self::Q4K,
        Self::Q5K,
        Self::Q6K,
        Self::Iq4Nl,
        Self::Iq4Xs,
        Self::Iq3S,
        Self::Iq3Xxs,
        Self::Iq2S,
        Self::Iq2Xs,
        Self::Iq2Xxs,
        Self::Iq1S,
        Self::Iq1M,
        Self::Tq1_0,
        Self::Tq2_0,
        Self::Mxfp4,
        Self::Nvfp4,
        Self::Nvfp4Times,
        Self::Nvfp4Over,
        Self::Int4(Span::Of32),
        Self::Int4(Span::Of64),
        Self::Int4(Span::Of128),
        Self::Int8(Span::Of32),
        Self::Int8(Span::Of64),
        Self::Int8(Span::Of128),
        Self::E4m3(Span::Of32),
        Self::E4m3(Span::Of64),
        Self::E4m3(Span::Of128),
        Self::Nf4(Span::Of32),
        Self::Nf4(Span::Of64),
        Self::Nf4(Span::Of128),
        Self::Fp4(Span::Of32),
        Self::Fp4(Span::Of64),
        Self::Fp4(Span::Of128),
    ];

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

    /// What candle calls a quantised type that it has kernels for.
    #[must_use]
    pub fn of_candle(self) -> Option<GgmlDType> {
        Some(match self {
            Self::Q4_0 => GgmlDType::Q4_0,
            Self::Q4_1 => GgmlDType::Q4_1,
            Self::Q5_0 => GgmlDType::Q5_0,
            Self::Q5_1 => GgmlDType::Q5_1,
            Self::Q8_0 => GgmlDType::Q8_0,
            Self::Q2K => GgmlDType::Q2K,
            Self::Q3K => GgmlDType::Q3K,
            Self::Q4K => GgmlDType::Q4K,
            Self::Q5K => GgmlDType::Q5K,
            Self::Q6K => GgmlDType::Q6K,
            _ => return None,
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
            Self::Iq4Nl => work.with(nonlinear::iq4_nl),
            Self::Iq4Xs => work.with(nonlinear::iq4_xs),
            Self::Iq3S => work.with(grids::iq3_s),
            Self::Iq3Xxs => work.with(grids::iq3_xxs),
            Self::Iq2S => work.with(grids::iq2_s),
            Self::Iq2Xs => work.with(grids::iq2_xs),
            Self::Iq2Xxs => work.with(grids::iq2_xxs),
            Self::Iq1S => work.with(grids::iq1_s),
            Self::Iq1M => work.with(grids::iq1_m),
            Self::Tq1_0 => work.with(ternary::tq1_0),
            Self::Tq2_0 => work.with(ternary::tq2_0),
            Self::Mxfp4 => work.with(four_bit_floats::mxfp4),
            Self::Nvfp4 => work.with(four_bit_floats::nvfp4),
            Self::Nvfp4Times => work.with(four_bit_floats::scaled_nvfp4::<Times>),
            Self::Nvfp4Over => work.with(four_bit_floats::scaled_nvfp4::<Over>),
            Self::Int4(Span::Of32) => work.with(integers::int4::<21, 32>),
            Self::Int4(Span::Of64) => work.with(integers::int4::<37, 64>),
            Self::Int4(Span::Of128) => work.with(integers::int4::<69, 128>),
            Self::Int8(Span::Of32) => work.with(integers::int8::<38, 32>),
            Self::Int8(Span::Of64) => work.with(integers::int8::<70, 64>),
            Self::Int8(Span::Of128) => work.with(integers::int8::<134, 128>),
            Self::E4m3(Span::Of32) => work.with(eight_bit_floats::e4m3::<36, 32>),
            Self::E4m3(Span::Of64) => work.with(eight_bit_floats::e4m3::<68, 64>),
            Self::E4m3(Span::Of128) => work.with(eight_bit_floats::e4m3::<132, 128>),
            Self::Nf4(Span::Of32) => work.with(four_bit_floats::of_table::<Normal, 20, 32>),
            Self::Nf4(Span::Of64) => work.with(four_bit_floats::of_table::<Normal, 36, 64>),
            Self::Nf4(Span::Of128) => work.with(four_bit_floats::of_table::<Normal, 68, 128>),
            Self::Fp4(Span::Of32) => work.with(four_bit_floats::of_table::<Float, 20, 32>),
            Self::Fp4(Span::Of64) => work.with(four_bit_floats::of_table::<Float, 36, 64>),
            Self::Fp4(Span::Of128) => work.with(four_bit_floats::of_table::<Float, 68, 128>),
        }
    }

    /// Whether the last block of a row may have more weights than are left: the types that are
    /// made while a checkpoint is read, which fill it with zeros.
    fn is_filled_up(self) -> bool {
        matches!(
            self,
            Self::Nvfp4Times
                | Self::Nvfp4Over
                | Self::Int4(_)
                | Self::Int8(_)
                | Self::E4m3(_)
                | Self::Nf4(_)
                | Self::Fp4(_)
        )
    }

    /// Weights that a row of `width` has with those that fill up its last block.
    #[must_use]
    pub fn filled_up(self, width: usize) -> usize {
        let (weights, _) = self.block();
        width.div_ceil(weights).saturating_mul(weights)
    }

    /// Weights and bytes of a block.
    #[must_use]
    pub fn block(self) -> (usize, usize) {
        struct Block;
        impl BlockVisitor for Block {
            type Output = (usize, usize);

            fn with<const BYTES: usize, const WEIGHTS: usize>(
                self,
                _: impl Fn(&[u8; BYTES], &mut [f32; WEIGHTS]) + Copy,
            ) -> (usize, usize) {
                (WEIGHTS, BYTES)
            }
        }
        self.with(Block)
    }

    /// Bytes that a row of `width` weights takes; `None` where it is no whole number of blocks.
    #[must_use]
    pub fn row_bytes(self, width: usize) -> Option<usize> {
        let (weights, bytes) = self.block();
        let is_whole = self.is_filled_up() || width.is_multiple_of(weights);
        let blocks = width.div_ceil(weights);
        blocks.checked_mul(bytes).filter(|_| is_whole)
    }
}
