//! What can stand in an attention's place: a part of a block that carries something from position
//! to position. Each is one file of this folder and one line of the registry below; it says what it
//! is ([`Kind`]), how its tensors are read, and what it does with a pass ([`Mixer`]).
//!
//! A mixer has [heads](Heads) as an attention has: what it gives before its output projection is
//! theirs, one behind the other, so that the same splits and interventions hold for it. One that is
//! not divided into heads is a single one. What it knows of the positions seen is its [`Past`].

mod attending;
mod convolution;
mod past;

pub mod delta_net;
pub mod latent_attention;
pub mod layered_attention;
pub mod mamba;
pub mod mamba2;
pub mod short_convolution;

use std::fmt::Debug;
use std::ops::Range;

use candle_core::{Device, Result, Tensor};

use super::ModelError;
use super::checkpoint::Checkpoint;
use super::dtype::Dtype;
use super::linear::Linear;

pub use past::{MARKS, Past};

macro_rules! mixers {
    ($($(#[$about:meta])* $name:ident in $file:ident,)*) => {
        /// A mixer, as data.
        #[derive(Clone, Debug, PartialEq)]
        pub enum MixerSpec {
            $($(#[$about])* $name($file::Spec),)*
        }

        /// Where a mixer's tensors stand in a checkpoint.
        #[derive(Clone, Copy, Debug)]
        pub enum MixerLayout {
            /// No block has a mixer.
            None,
            $($(#[$about])* $name($file::Layout),)*
        }

        impl MixerSpec {
            fn kind(&self) -> &dyn Kind {
                match self {
                    $(Self::$name(spec) => spec,)*
                }
            }

            /// Reads the mixer of block `l` out of a checkpoint.
            ///
            /// # Errors
            /// When a tensor is missing or has a shape that does not fit.
            pub fn read(
                &self,
                checkpoint: &Checkpoint<'_>,
                l: usize,
                d_model: usize,
            ) -> std::result::Result<Box<dyn Mixer>, ModelError> {
                match (self, checkpoint.layout().mixer) {
                    $((Self::$name(spec), MixerLayout::$name(layout)) => {
                        Ok(Box::new($file::read(spec, &layout, checkpoint, l, d_model)?))
                    })*
                    _ => Err(checkpoint.about(
                        &format!("block {l}"),
                        format!("has a {}, of which no file tells", self.words()),
                    )),
                }
            }
        }
    };
}

mixers! {
    /// A gated delta net.
    DeltaNet in delta_net,
    /// A gated short convolution.
    ShortConvolution in short_convolution,
    /// A multi-head latent attention.
    LatentAttention in latent_attention,
    /// An attention whose keys and values may be another block's.
    LayeredAttention in layered_attention,
    /// A selective state space.
    Mamba in mamba,
    /// A state space with heads.
    Mamba2 in mamba2,
}

/// What there is to know of a mixer without its weights. Nothing here may overflow, whatever a
/// configuration says.
pub trait Kind: Debug {
    /// Its heads.
    fn heads(&self) -> Heads;

    /// What it is, in words.
    fn words(&self) -> String;

    /// The widths of its projections, of which none is wider than the checkpoint's weights allow.
    fn widths(&self) -> Vec<u64>;

    /// Numbers that it keeps of all positions together.
    fn state(&self) -> u64;

    /// Numbers that it keeps of each position.
    fn of_position(&self) -> u64 {
        0
    }

    /// Over how many positions, at most, what it gives is a sum whose terms have either sign.
    fn sums_over(&self) -> usize {
        1
    }
}

/// [`Kind::sums_over`] of a state that all positions have added to.
const ALL_POSITIONS: usize = usize::MAX;

impl Kind for MixerSpec {
    fn heads(&self) -> Heads {
        self.kind().heads()
    }

    fn words(&self) -> String {
        self.kind().words()
    }

    fn widths(&self) -> Vec<u64> {
        self.kind().widths()
    }

    fn state(&self) -> u64 {
        self.kind().state()
    }

    fn of_position(&self) -> u64 {
        self.kind().of_position()
    }

    fn sums_over(&self) -> usize {
        self.kind().sums_over()
    }
}

/// A mixer with its weights.
pub trait Mixer: Debug + Send + Sync {
    /// What its heads give for the positions that follow those of `past`: `[rows, d]` →
    /// `[rows, heads * width]`.
    fn heads(&self, x: &Tensor, past: &mut Past) -> Result<Tensor>;

    /// From what the heads give to what is added to the stream.
    fn output(&self) -> &Linear;

    /// Bytes of weights that one token reads.
    fn bytes(&self) -> u64;
}

/// Heads of an attention or a mixer: what they give, one behind the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heads {
    /// How many there are.
    pub count: usize,
    /// How many numbers each gives.
    pub width: usize,
    /// In which order they stand.
    pub order: HeadOrder,
}

/// In which order heads stand one behind the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadOrder {
    /// As they are counted.
    Counted,
    /// Of heads that are counted group by group, first the first one of each of so many groups,
    /// then the second of each: as llama.cpp's converter writes the value heads of delta nets.
    Tiled {
        /// How many groups there are.
        groups: usize,
    },
    /// As they are counted; those from number `first` on are so wide.
    Then {
        /// How many are as wide as the first one.
        first: usize,
        /// How wide the others are.
        width: usize,
    },
}

impl HeadOrder {
    /// At which place head `head` of `count` stands.
    #[must_use]
    pub fn place(self, head: usize, count: usize) -> usize {
        match self {
            Self::Counted | Self::Then { .. } => head,
            Self::Tiled { groups } => {
                let in_group = (count / groups.max(1)).max(1);
                head % in_group * groups + head / in_group
            }
        }
    }
}

impl Heads {
    /// Where the numbers of head `head` stand.
    #[must_use]
    pub fn range(&self, head: usize) -> Range<usize> {
        if let HeadOrder::Then { first, width } = self.order
            && head >= first
        {
            let start = first * self.width + (head - first) * width;
            return start..start + width;
        }
        let start = self.order.place(head, self.count) * self.width;
        start..start + self.width
    }

    /// None at all.
    pub const NONE: Self = Self {
        count: 0,
        width: 0,
        order: HeadOrder::Counted,
    };

    /// These with others behind them; of both those that are counted stand so.
    #[must_use]
    pub fn and(&self, others: Self) -> Self {
        Self {
            count: self.count.saturating_add(others.count),
            width: self.width,
            order: HeadOrder::Then {
                first: self.count,
                width: others.width,
            },
        }
    }

    /// Width of all together.
    #[must_use]
    pub fn together(&self) -> usize {
        match self.order {
            HeadOrder::Then { first, width } => {
                let behind = self.count.saturating_sub(first).saturating_mul(width);
                first.saturating_mul(self.width).saturating_add(behind)
            }
            HeadOrder::Counted | HeadOrder::Tiled { .. } => self.count.saturating_mul(self.width),
        }
    }

    /// What the heads give, `[rows, count * width]`, without some of them.
    pub fn silenced(&self, heads: &Tensor, silent: &[usize]) -> Result<Tensor> {
        let mut silent = silent.iter().filter(|head| **head < self.count).peekable();
        if silent.peek().is_none() {
            return Ok(heads.clone());
        }
        let mut mask = vec![1.0_f32; self.together()];
        for head in silent {
            mask.get_mut(self.range(*head))
                .unwrap_or_default()
                .fill(0.0);
        }
        heads.broadcast_mul(&Tensor::from_vec(mask, self.together(), heads.device())?)
    }

    /// What each head of one position adds to what `output` makes of them all, bias left out: its
    /// share of `heads`, `[1, together]` → `[count, d]`.
    pub fn through(
        &self,
        output: impl Fn(&Tensor) -> Result<Tensor>,
        heads: &Tensor,
    ) -> Result<Tensor> {
        let mut mask = vec![0.0_f32; self.count * self.together()];
        for (head, row) in mask.chunks_exact_mut(self.together().max(1)).enumerate() {
            row.get_mut(self.range(head)).unwrap_or_default().fill(1.0);
        }
        let mask = Tensor::from_vec(mask, (self.count, self.together()), heads.device())?;
        output(&heads.broadcast_mul(&mask)?)
    }
}

/// The numbers of a tensor, row after row, on the CPU.
fn numbers(x: &Tensor) -> Result<Vec<f32>> {
    x.to_device(&Device::Cpu)?.flatten_all()?.to_vec1()
}

/// Numbers as `dtype` keeps them.
fn rounded(numbers: Vec<f32>, dtype: Dtype) -> Result<Vec<f32>> {
    if dtype.rounds_to().is_none() {
        return Ok(numbers);
    }
    let count = numbers.len();
    dtype
        .round(Tensor::from_vec(numbers, count, &Device::Cpu)?)?
        .to_vec1()
}

/// `1 / (1 + e^-x)`.
fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// `x * sigmoid(x)`.
fn silu(x: f32) -> f32 {
    x * sigmoid(x)
}

/// `ln(1 + e^x)`, which is `x` itself where that is large, as in torch.
fn softplus(x: f32) -> f32 {
    if x > 20.0 { x } else { x.exp().ln_1p() }
}

/// What numbers are multiplied by so that the mean of their squares becomes one: an RMSNorm without
/// weights.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "there are fewer than 2^23 numbers, and models compute in f32"
)]
fn rms_scale(numbers: &[f32], eps: f64) -> f32 {
    let squares: f32 = numbers.iter().map(|number| number * number).sum();
    let mean = squares / numbers.len().max(1) as f32;
    (mean + eps as f32).sqrt().recip()
}

/// The product of sizes that a configuration tells; no more than what 64 bits hold.
fn product(sizes: &[usize]) -> u64 {
    sizes
        .iter()
        .fold(1, |product, size| product.saturating_mul(*size as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiled_heads_stand_first_of_each_group_by_first() {
        let heads = Heads {
            count: 6,
            width: 2,
            order: HeadOrder::Tiled { groups: 3 },
        };
        // Two heads a group: 0 1, 2 3, 4 5 stand as 0 2 4 1 3 5.
        let starts: Vec<usize> = (0..6).map(|head| heads.range(head).start).collect();
        assert_eq!(starts, [0, 6, 2, 8, 4, 10]);
    }

    #[test]
    fn heads_of_two_widths_stand_one_kind_behind_the_other() {
        let counted = |count, width| Heads {
            count,
            width,
            order: HeadOrder::Counted,
        };
        let both = counted(2, 5).and(counted(3, 4));
        let ranges: Vec<Range<usize>> = (0..5).map(|head| both.range(head)).collect();
        assert_eq!(ranges, [0..5, 5..10, 10..14, 14..18, 18..22]);
        assert_eq!(both.together(), 22);
    }
}
