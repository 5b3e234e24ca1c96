//! The part of a block that carries something from position to position: its attention, or the
//! [mixer](super::mixer) in its place.

use candle_core::{Result, Tensor};

use super::attention::Attention;
use super::kv_cache::KvCache;
use super::linear::Linear;
use super::mixer::{Heads, Mixer, Past};

/// What carries something from position to position in one block.
#[derive(Debug)]
pub enum Mixing {
    /// An attention.
    Attention(Box<Attention>),
    /// A mixer in its place, its heads, and what it knows of the positions seen.
    Mixer(Box<dyn Mixer>, Heads, Past),
}

/// What one block knows of the positions seen.
#[derive(Debug, Default)]
pub struct BlockPast {
    cache: KvCache,
    past: Past,
}

impl Mixing {
    /// Bytes of weights that one token reads.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        match self {
            Self::Attention(attention) => attention.bytes(),
            Self::Mixer(mixer, ..) => mixer.bytes(),
        }
    }

    /// The last position not behind `len` that it can go back to.
    #[must_use]
    pub fn reach(&self, len: usize) -> usize {
        match self {
            Self::Attention(_) => len,
            Self::Mixer(.., past) => past.reach(len),
        }
    }

    /// Counts the first `len` positions as seen: those of a pass that is over, or fewer, up to
    /// which it [reaches](Self::reach).
    pub fn keep(&mut self, len: usize) {
        match self {
            Self::Attention(attention) => attention.keep(len),
            Self::Mixer(.., past) => past.keep(len),
        }
    }

    /// Exchanges what is known of the positions seen.
    pub fn exchange(&mut self, other: &mut BlockPast) {
        match self {
            Self::Attention(attention) => {
                std::mem::swap(attention.cache_mut(), &mut other.cache);
            }
            Self::Mixer(.., past) => std::mem::swap(past, &mut other.past),
        }
    }

    /// Remembers the positions seen as they are now, until [`Mixing::take_up`].
    pub fn set_aside(&mut self) {
        match self {
            Self::Attention(attention) => attention.cache_mut().set_aside(),
            Self::Mixer(.., past) => past.set_aside(),
        }
    }

    /// Makes the positions seen, bit for bit, what they were when they were set aside.
    pub fn take_up(&mut self) -> Result<()> {
        match self {
            Self::Attention(attention) => attention.cache_mut().take_up(),
            Self::Mixer(.., past) => past.take_up(),
        }
    }

    /// `[rows, d]` → what the heads give, `[rows, heads * width]`, for the positions that follow
    /// the seen ones.
    pub fn heads(&mut self, x: &Tensor) -> Result<Tensor> {
        match self {
            Self::Attention(attention) => attention.heads(x),
            Self::Mixer(mixer, _, past) => mixer.heads(x, past),
        }
    }

    /// What the heads give, without some of them.
    pub fn silenced(&self, heads: &Tensor, silent: &[usize]) -> Result<Tensor> {
        self.which().silenced(heads, silent)
    }

    /// What the heads give → what is added to the stream, `[rows, d]`.
    pub fn output(&self, heads: &Tensor) -> Result<Tensor> {
        self.projection().forward(heads)
    }

    /// What each head of one position adds to the output: its share of `heads`,
    /// `[1, heads * width]` → `[heads, d]`, the bias of the output left out.
    pub fn output_by_head(&self, heads: &Tensor) -> Result<Tensor> {
        self.which().through(self.projection(), heads)
    }

    /// The bias of the output, `[d]`.
    #[must_use]
    pub fn output_bias(&self) -> Option<&Tensor> {
        self.projection().bias()
    }

    fn projection(&self) -> &Linear {
        match self {
            Self::Attention(attention) => attention.projection(),
            Self::Mixer(mixer, ..) => mixer.output(),
        }
    }

    fn which(&self) -> Heads {
        match self {
            Self::Attention(attention) => attention.which(),
            Self::Mixer(_, heads, _) => *heads,
        }
    }
}
