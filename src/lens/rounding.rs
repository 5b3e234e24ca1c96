//! How far rounding may move what the lens says: the bar for "the same figures".
//!
//! Two correct programs that compute in float32 give other logits, for they add in another order.
//! A share of equal ranks is no bar for that: where the vocabulary has a quarter of a million
//! tokens many lie closer to each other than rounding can tell, and the same share in a small
//! vocabulary lets a wrong model pass. So each logit is held to how far rounding moves it, and
//! each rank to where it can lie if no logit moves further.
//!
//! **The bound.** A float32 result is off by `u = 2⁻²⁴` of itself. A sum of `w` products is off by
//! as much of the sum of their sizes for each addition in the worst case; the errors are of either
//! sign, so that as good as always it is no more than a few times `√w u` (Higham, Mary 2019: *A new
//! approach to probabilistic rounding error analysis*, theorem 2.4). What a product of a matrix
//! gives is then off by the part `√w u` of itself, as a whole, by its norm. On the longest way to
//! the logits behind `l` blocks stand the embedding, four matrices a block (queries with keys and
//! values, output, up, down; the router of a mixture is a fifth) and the unembedding: `n = 4 l + 2`
//! products one behind the other; a mixer in the place of an attention counts as one more. To the
//! first order their errors add up, and being of either sign they come to `√n` of one; three times
//! that, and never more than all of one sign, `n`, is the bound: no logit is off by more than
//! `min(n, 3 √n) √w u` of the largest one of its row, `w` the widest sum of the model. (What an
//! attention adds up over the positions has weights above 0 that come to 1, and so no larger errors
//! than its values.) Where numbers are rounded to fewer bits besides, so is each weight and each
//! result: then a product is off by `2 v + √w u`, `v` half the distance of two neighbouring numbers.
//!
//! **States.** What a delta net or Mamba reads from its state after `t` positions is
//! `Σⱼ (Σᵢ qᵢ kⱼᵢ) dⱼ vⱼ`, with decays `d` of at most 1: a sum of `t w` products of either sign, which
//! may be done one position at a time or, as transformers does, in chunks; so there `w` is `t w`. The
//! norm behind it divides by what is left of that sum, and there is no bound on what it makes of an
//! error: 64 positions are reckoned where there are fewer, which is argued from the checkpoints that the
//! tests hold, not derived.
//! (The decays themselves add less than one product: `e⁻ˣ` is off by `x e⁻ˣ` of what `x` is off by,
//! which is never more than 1/e.)
//!
//! **Terms of one size.** The theorem wants errors that have nothing to do with each other. Where all
//! terms of a sum have one size they do: the same number added again is off by the same again, until
//! the sum is twice as large. The rows of an embedding of ternary weights are such, and with them
//! the squares in the first norm and the products behind it. Of those two there only holds what always
//! holds: they are off by `w u` (Higham 2002, *Accuracy and Stability of Numerical Algorithms*, section
//! 4.2), which comes to the bound of each row.
//!
//! Two programs are off by as much each. The bound has room for both: it takes the widest sum for
//! every one and the largest logit for every one. Of the 70 checkpoints that the tests hold to
//! their references none without a state comes to half of it, models of everyday size to about a
//! fifth.
//!
//! **The ranks.** A token's rank counts the tokens above it. Those whose logits are above its own
//! by more than twice the bound stay above, and those as far below stay below; between the two
//! counts lies the rank.

use std::ops::RangeInclusive;

use crate::model::Model;
use crate::model::mixer::Kind;
use crate::model::spec::{ExpertsSpec, FeedForwardSpec, Spec};
use crate::trace::TokenId;

/// Half the distance of two neighbouring float32 numbers, as a part of them.
const UNIT: f64 = 1.0 / (1_u32 << 24) as f64;

/// How far rounding may move the logits of a model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rounding {
    /// What a product is off by, as a part of itself.
    product: f64,
    /// Products one behind the other in a block.
    of_block: usize,
    /// What the sums behind the embedding are off by besides, where their terms have one size.
    of_embedding: f64,
}

impl Rounding {
    /// That of a model, as it computes, in a text of `positions` tokens.
    #[must_use]
    pub fn of(model: &Model, positions: usize) -> Self {
        let spec = &model.spec;
        let summed = summed_positions(spec).min(positions.max(LEAST_OF_STATES));
        let is_mixture = |block: &crate::model::spec::BlockSpec| {
            matches!(
                block.feed_forward,
                FeedForwardSpec::Experts(_) | FeedForwardSpec::Both(_)
            )
        };
        Self {
            product: (widest_sum(spec) as f64 * summed as f64).sqrt() * UNIT
                + f64::from(model.dtype.step()),
            of_block: 4
                + usize::from(spec.blocks.iter().any(is_mixture))
                + usize::from(
                    spec.blocks
                        .iter()
                        .any(|block| block.mixing.mixer().is_some()),
                ),
            of_embedding: match model.decoder.has_ternary_embedding() {
                true => 2.0 * spec.d_model as f64 * UNIT,
                false => 0.0,
            },
        }
    }

    /// How far a logit behind `blocks` blocks may be moved whose row has none larger than
    /// `largest`.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "logits are f32")]
    pub fn bound(&self, blocks: usize, largest: f32) -> f32 {
        let embedding = (self.of_embedding * f64::from(largest)) as f32;
        self.behind(self.of_block * blocks + 2, largest) + embedding
    }

    /// How far a logit may be moved by the unembedding alone.
    #[must_use]
    pub fn of_unembedding(&self, largest: f32) -> f32 {
        self.behind(1, largest)
    }

    #[expect(clippy::cast_possible_truncation, reason = "logits are f32")]
    fn behind(&self, products: usize, largest: f32) -> f32 {
        let n = products as f64;
        (n.min(3.0 * n.sqrt()) * self.product * f64::from(largest)) as f32
    }
}

/// The most products that one number of the model is the sum of.
fn widest_sum(spec: &Spec) -> usize {
    let of_blocks = spec.blocks.iter().flat_map(|block| {
        let attention = block.heads().together();
        let inner = match &block.feed_forward {
            FeedForwardSpec::Dense(mlp) => mlp.width,
            FeedForwardSpec::Experts(experts) => of_experts(experts),
            FeedForwardSpec::Both(both) => both.mlp.width.max(of_experts(&both.experts)),
            FeedForwardSpec::Nothing => 0,
        };
        [attention, inner]
    });
    of_blocks.fold(spec.d_model, usize::max)
}

/// As many positions are reckoned for the sum in a state, also where a text has fewer: the norm
/// behind a state divides each head by what is left of its sum, and so makes its errors larger where
/// little is left. No factor bounds that; with this one room is left for it.
const LEAST_OF_STATES: usize = 64;

/// The widest network of a mixture.
fn of_experts(experts: &ExpertsSpec) -> usize {
    let shared = experts.shared.map_or(0, |shared| shared.width);
    experts.expert.width.max(shared)
}

/// Over how many positions, at most, a part of the model adds up numbers of either sign.
fn summed_positions(spec: &Spec) -> usize {
    let mixers = spec.blocks.iter().filter_map(|block| block.mixing.mixer());
    mixers.map(Kind::sums_over).fold(1, usize::max)
}

/// The size of the largest value.
#[must_use]
pub fn largest(values: &[f32]) -> f32 {
    values.iter().fold(0.0, |most, value| most.max(value.abs()))
}

/// Where the rank of `token` may lie if no logit moves by more than `bound`; `None` where there is
/// no such token.
#[must_use]
pub fn possible_ranks(logits: &[f32], token: TokenId, bound: f32) -> Option<RangeInclusive<u32>> {
    let own = *logits.get(token.0 as usize)?;
    let above = |least: f32| {
        let count = logits.iter().filter(|logit| **logit > least).count();
        u32::try_from(count).unwrap_or(u32::MAX)
    };
    let best = 1 + above(own + 2.0 * bound);
    // The token itself is among those above what is below it.
    Some(best..=above(own - 2.0 * bound).max(best))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rank_lies_between_those_far_above_and_those_not_far_below() {
        let logits = [5.0, 4.0, 3.9, 3.0];
        assert_eq!(possible_ranks(&logits, TokenId(1), 0.0), Some(2..=2));
        assert_eq!(possible_ranks(&logits, TokenId(1), 0.1), Some(2..=3));
        assert_eq!(possible_ranks(&logits, TokenId(1), 0.6), Some(1..=4));
        assert_eq!(possible_ranks(&logits, TokenId(4), 0.0), None);
    }

    #[test]
    fn the_deeper_the_more() {
        let rounding = Rounding {
            product: 1e-6,
            of_block: 4,
            of_embedding: 0.0,
        };
        assert!((rounding.bound(0, 10.0) - 2e-5).abs() < 1e-9);
        assert!((rounding.bound(1, 10.0) - 6e-5).abs() < 1e-9);
        let deep = 3.0 * 122_f32.sqrt() * 1e-5;
        assert!((rounding.bound(30, 10.0) - deep).abs() < 1e-7);
    }

    #[test]
    fn terms_of_one_size_are_off_by_more_than_the_theorem_says() {
        // As in the norm of a row of ternary weights, one accumulator for all.
        let most = (1..100).map(|n| {
            let term = n as f32 * 0.0137;
            let sum = (0..256).fold(0.0_f32, |sum, _| sum + term);
            (f64::from(sum) / (256.0 * f64::from(term)) - 1.0).abs()
        });
        let most = most.fold(0.0, f64::max);
        assert!(most > 16.0 * UNIT, "beyond the root of the width: {most:e}");
        assert!(most < 256.0 * UNIT, "within the width: {most:e}");
    }
}
