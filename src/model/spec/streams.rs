//! A trunk of several streams, as data.

use super::NormSpec;

/// Streams side by side between the blocks, of which each block changes one and corrects the others
/// after it (Baykal et al. 2023, <https://arxiv.org/abs/2301.13310>), as in Gemma 3n.
///
/// A row of the trunk is the one state that the model's own head makes of them: the mean of the
/// first and of the others, each projected and made as large as the first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StreamsSpec {
    /// How many there are.
    pub count: usize,
    /// Which one a block reads and changes.
    pub active: usize,
    /// Of what the numbers are made by which a block mixes the streams.
    pub norm: NormSpec,
    /// Width of the vector that a token has for each block.
    pub per_layer: usize,
    /// Whether that vector meets the changed stream times learned numbers.
    pub is_scaled: bool,
}
