//! What carries something from position to position in one block, as data.

use super::AttentionSpec;
use crate::model::mixer::{Heads, Kind, MixerSpec};

/// What carries something from position to position in one block.
#[derive(Clone, Debug, PartialEq)]
pub enum MixingSpec {
    /// Its attention.
    Attention,
    /// A mixer in the attention's place.
    Mixer(MixerSpec),
    /// Its attention, and a mixer beside it.
    Both(BesideSpec),
    /// Nothing: the block has its feed-forward part only.
    Nothing,
}

/// A mixer beside an attention: both read the same, and what they give is added, as in Falcon-H1.
#[derive(Clone, Debug, PartialEq)]
pub struct BesideSpec {
    /// The mixer.
    pub mixer: MixerSpec,
    /// What the attention reads is multiplied by it.
    pub attention_input: f64,
    /// What the attention gives is multiplied by it.
    pub attention_output: f64,
    /// What the mixer gives is multiplied by it.
    pub mixer_output: f64,
}

impl MixingSpec {
    /// The mixer, if there is one.
    #[must_use]
    pub fn mixer(&self) -> Option<&MixerSpec> {
        match self {
            Self::Mixer(mixer) | Self::Both(BesideSpec { mixer, .. }) => Some(mixer),
            Self::Attention | Self::Nothing => None,
        }
    }

    /// Whether the block's attention is there.
    #[must_use]
    pub fn has_attention(&self) -> bool {
        matches!(self, Self::Attention | Self::Both(_))
    }

    /// The heads, of which `attention` has some, where it is there.
    #[must_use]
    pub fn heads(&self, attention: &AttentionSpec) -> Heads {
        match self {
            Self::Attention => attention.heads(),
            Self::Mixer(mixer) => mixer.heads(),
            Self::Both(both) => attention.heads().and(both.mixer.heads()),
            Self::Nothing => Heads::NONE,
        }
    }
}
