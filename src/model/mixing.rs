//! The part of a block that carries something from position to position: its attention, or the
//! [mixer](super::mixer) in its place, or both.

mod both;

use candle_core::{Result, Tensor};

use super::attention::Attention;
use super::kv_cache::KvCache;
use super::mixer::{Heads, Mixer, Past};

pub use both::Both;

/// What carries something from position to position in one block.
#[derive(Debug)]
pub enum Mixing {
    /// An attention.
    Attention(Box<Attention>),
    /// A mixer in its place, its heads, and what it knows of the positions seen.
    Mixer(Box<dyn Mixer>, Heads, Past),
    /// An attention with a mixer beside it.
    Both(Box<Both>),
    /// Nothing does: the block has its feed-forward part only.
    Nothing,
}

/// What one of them knows of the positions seen.
#[derive(Debug, Default)]
pub struct MixingPast {
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
            Self::Both(both) => both.bytes(),
            Self::Nothing => 0,
        }
    }

    /// The last position not behind `len` that it can go back to.
    #[must_use]
    pub fn reach(&self, len: usize) -> usize {
        match self {
            Self::Attention(_) | Self::Nothing => len,
            Self::Mixer(.., past) => past.reach(len),
            Self::Both(both) => both.past.reach(len),
        }
    }

    /// Counts the first `len` positions as seen: those of a pass that is over, or fewer, up to
    /// which it [reaches](Self::reach).
    pub fn keep(&mut self, len: usize) {
        match self {
            Self::Attention(attention) => attention.keep(len),
            Self::Mixer(.., past) => past.keep(len),
            Self::Both(both) => {
                both.attention.keep(len);
                both.past.keep(len);
            }
            Self::Nothing => {}
        }
    }

    /// Exchanges what is known of the positions seen.
    pub fn exchange(&mut self, other: &mut MixingPast) {
        match self {
            Self::Attention(attention) => {
                std::mem::swap(attention.cache_mut(), &mut other.cache);
            }
            Self::Mixer(.., past) => std::mem::swap(past, &mut other.past),
            Self::Both(both) => {
                std::mem::swap(both.attention.cache_mut(), &mut other.cache);
                std::mem::swap(&mut both.past, &mut other.past);
            }
            Self::Nothing => {}
        }
    }

    /// Remembers the positions seen as they are now, until [`Mixing::take_up`].
    pub fn set_aside(&mut self) {
        match self {
            Self::Attention(attention) => attention.cache_mut().set_aside(),
            Self::Mixer(.., past) => past.set_aside(),
            Self::Both(both) => {
                both.attention.cache_mut().set_aside();
                both.past.set_aside();
            }
            Self::Nothing => {}
        }
    }

    /// Makes the positions seen, bit for bit, what they were when they were set aside.
    pub fn take_up(&mut self) -> Result<()> {
        match self {
            Self::Attention(attention) => attention.cache_mut().take_up(),
            Self::Mixer(.., past) => past.take_up(),
            Self::Both(both) => {
                both.attention.cache_mut().take_up()?;
                both.past.take_up()
            }
            Self::Nothing => Ok(()),
        }
    }

    /// `[rows, d]` → what the heads give, `[rows, heads * width]`, for the positions that follow
    /// the seen ones. Where there are none, zeros in the place of what would be added.
    pub fn heads(&mut self, x: &Tensor) -> Result<Tensor> {
        match self {
            Self::Attention(attention) => attention.heads(x),
            Self::Mixer(mixer, _, past) => mixer.heads(x, past),
            Self::Both(both) => both.heads(x),
            Self::Nothing => x.zeros_like(),
        }
    }

    /// What the heads give, without some of them.
    pub fn silenced(&self, heads: &Tensor, silent: &[usize]) -> Result<Tensor> {
        self.which().silenced(heads, silent)
    }

    /// What the heads give → what is added to the stream, `[rows, d]`.
    pub fn output(&self, heads: &Tensor) -> Result<Tensor> {
        match self {
            Self::Attention(attention) => attention.projection().forward(heads),
            Self::Mixer(mixer, ..) => mixer.output().forward(heads),
            Self::Both(both) => both.output(heads),
            Self::Nothing => Ok(heads.clone()),
        }
    }

    /// What each head of one position adds to the output: its share of `heads`,
    /// `[1, heads * width]` → `[heads, d]`, the bias of the output left out. None where there are
    /// no heads.
    pub fn output_by_head(&self, heads: &Tensor) -> Result<Option<Tensor>> {
        let which = self.which();
        let shares = match self {
            Self::Attention(attention) => {
                which.through(|heads| attention.projection().without_bias(heads), heads)
            }
            Self::Mixer(mixer, ..) => {
                which.through(|heads| mixer.output().without_bias(heads), heads)
            }
            Self::Both(both) => which.through(|heads| both.output_without_bias(heads), heads),
            Self::Nothing => return Ok(None),
        };
        shares.map(Some)
    }

    /// The bias of the output, `[d]`.
    pub fn output_bias(&self) -> Result<Option<Tensor>> {
        Ok(match self {
            Self::Attention(attention) => attention.projection().bias().cloned(),
            Self::Mixer(mixer, ..) => mixer.output().bias().cloned(),
            Self::Both(both) => both.output_bias()?,
            Self::Nothing => None,
        })
    }

    fn which(&self) -> Heads {
        match self {
            Self::Attention(attention) => attention.which(),
            Self::Mixer(_, heads, _) => *heads,
            Self::Both(both) => both.heads,
            Self::Nothing => Heads::NONE,
        }
    }
}
