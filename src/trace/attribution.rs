//! Which part of the network raised a token: the exact split of its final logit.

use super::{Layer, TokenId};

/// What is split: a token's logit, or by how much it is above another token's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// The token.
    pub token: TokenId,
    /// Its logit is counted from this one's, where there is one.
    pub minus: Option<TokenId>,
}

/// The split of a final logit into what each part of the network adds to it (*direct logit
/// attribution*), with the final norm's statistics held at those of the final state. The parts
/// add up to [`LogitAttribution::logit`].
///
/// Source: Elhage et al., *A Mathematical Framework for Transformer Circuits* (2021), "direct
/// path"; the norm held fixed as in TransformerLens' `logit_attrs`.
#[derive(Clone, Debug, PartialEq)]
pub struct LogitAttribution {
    /// What is split.
    pub target: Target,
    /// The stream before block 0.
    pub embedding: f32,
    /// One a layer, layer 0 first.
    pub layers: Vec<LayerContribution>,
    /// What the biases of norms, projections and the unembedding add.
    pub bias: f32,
    /// What the soft cap of the logits takes away or adds; 0 for a model without one.
    pub cap: f32,
    /// The final logit, as the last row of the lens has it.
    pub logit: f32,
    /// The logit under the lens at each row that it says something of, `emb` first.
    pub rows: Vec<Option<f32>>,
}

/// What one block adds to a final logit.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LayerContribution {
    /// Its attention.
    pub attention: f32,
    /// Its feed-forward part.
    pub feed_forward: f32,
}

impl LogitAttribution {
    /// The sum of all parts; [`LogitAttribution::logit`] but for rounding.
    #[must_use]
    pub fn sum(&self) -> f32 {
        #[expect(clippy::cast_possible_truncation, reason = "a cell's figures are f32")]
        let sum = self
            .layers
            .iter()
            .flat_map(|share| [share.attention, share.feed_forward])
            .chain([self.embedding, self.bias, self.cap])
            .map(f64::from)
            .sum::<f64>() as f32;
        sum
    }
}

/// The split of one attention's share by heads. The heads and the bias add up to the share.
#[derive(Clone, Debug, PartialEq)]
pub struct HeadContributions {
    /// What is split.
    pub target: Target,
    /// Whose attention.
    pub layer: Layer,
    /// One a head, head 0 first.
    pub heads: Vec<f32>,
    /// What the bias of the output projection adds.
    pub bias: f32,
    /// The attention's share, as in [`LogitAttribution::layers`].
    pub attention: f32,
}
