//! What is recorded of one run, as plain data: tokens, and what each layer says of them.
//!
//! Nothing here knows of tensors or of the screen. The lens makes [`Cell`]s, the engine puts
//! them into [`Column`]s, and the screen and the exports read them.

mod attribution;
mod by_layer;
mod by_sum;
mod intervention;
mod lead;
mod lens_kind;
mod log_prob;
mod place;
mod row;
mod summary;

pub use attribution::{HeadContributions, LayerContribution, LogitAttribution, Target};
pub use by_layer::ByLayer;
pub use by_sum::BySum;
pub use intervention::{AblatedPart, Ablation};
pub use lead::{Lead, leads, logit_difference};
pub use lens_kind::LensKind;
pub use log_prob::LogProb;
pub use place::{Extent, Place};
pub use row::{NoRow, PartialSum, Row, Rows};
pub use summary::{LayerSummary, Summary};

use std::fmt;

use serde::{Deserialize, Serialize};

/// The longest prompt, in bytes. Hardly a model's context holds so much; a longer one would keep
/// the screen waiting until the tokenizer has found that out.
pub const LONGEST_PROMPT: usize = 1 << 20;

/// A token's number in the model's vocabulary.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct TokenId(pub u32);

/// A decoder block, counted from 0 at the bottom of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Layer(pub usize);

/// A generated token's place in its run, counted from 0.
///
/// The state that predicts step `s` is the one of the position before it.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Step(pub usize);

/// A token's place in the whole sequence, prompt and generated tokens alike, counted from 0.
///
/// What is said *of* a position is the prediction of its token, read from the states of the
/// position before it; so nothing is said of position 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Position(pub usize);

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "L{}", self.0)
    }
}

/// Where one token stands among the whole vocabulary at one row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// 1 + the number of vocabulary entries with a strictly higher logit; 1 is best.
    pub rank: u32,
    /// How many *other* entries have exactly the same logit.
    pub ties: u32,
    /// The token's logit under the lens.
    pub logit: f32,
    /// Softmax over the whole vocabulary, 0 to 1.
    pub prob: f32,
}

/// What one row says of one step: a cell of the grid.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// Where the step's token stands.
    pub score: Score,
    /// Entropy of the row's distribution, in nats.
    pub entropy: f32,
    /// KL(final layer ‖ this row), in nats.
    pub kl: f32,
    /// ln Σ exp(logit): a listed token's probability is `exp(logit - log_sum_exp)`.
    pub log_sum_exp: f32,
    /// The row's best tokens, best first, with their logits.
    pub top: Vec<(TokenId, f32)>,
}

impl Cell {
    /// The natural logarithm of the token's probability; finite even where the probability is too
    /// small for float32.
    #[must_use]
    pub fn log_prob(&self) -> f32 {
        self.score.logit - self.log_sum_exp
    }

    /// Probability, 0 to 1, of a token of this row that has the given logit.
    #[must_use]
    pub fn prob_of_logit(&self, logit: f32) -> f32 {
        (logit - self.log_sum_exp).exp()
    }

    /// The row's `most` best tokens, best first, or as many as are listed, with their
    /// probabilities.
    pub fn best(&self, most: usize) -> impl Iterator<Item = (TokenId, f32)> {
        let best = self.top.iter().take(most);
        best.map(|(token, logit)| (*token, self.prob_of_logit(*logit)))
    }
}

/// One step of the grid: the token that was chosen, and what every row says of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// The token that was chosen at this step (with sampling, not always the best-ranked one).
    pub token: TokenId,
    /// Under which lens its cells are.
    pub lens: LensKind,
    /// The row `emb`, where the lens says something of it.
    pub embedding: Option<Cell>,
    /// One cell a layer.
    pub layers: ByLayer<Cell>,
    /// One cell a sum inside a block, where those rows were asked for and the lens says something
    /// of them.
    pub inside: BySum<Cell>,
}

impl Column {
    /// The cell of a row, if the model has that row and the lens says something of it.
    #[must_use]
    pub fn cell(&self, row: Row) -> Option<&Cell> {
        match row {
            Row::Embedding => self.embedding.as_ref(),
            Row::Layer(Layer(l)) => self.layers.get(l),
            Row::Inside(..) => self.inside.get(row),
        }
    }

    /// The cells of all rows that the lens says something of: `emb`, the layers, and then what is
    /// inside the blocks.
    pub fn cells(&self) -> impl Iterator<Item = &Cell> {
        let inside = self.inside.iter().map(|(_, cell)| cell);
        self.embedding
            .iter()
            .chain(self.layers.values())
            .chain(inside)
    }

    /// How the token's logit has changed since the row below; `None` where nothing is below, and
    /// where the lens reads the two rows on different scales.
    #[must_use]
    pub fn logit_change(&self, row: Row) -> Option<f32> {
        let below = self.cell(row.below()?)?;
        let here = self.cell(row)?;
        self.lens
            .changes_at(row, self.layers.len())
            .then_some(here.score.logit - below.score.logit)
    }

    /// The *settling layer*: the first layer from which the token's rank is 1 up to the end.
    /// `None` when the last layer itself ranks another token first. Of a layer that the lens says
    /// nothing of, that is not known.
    #[must_use]
    pub fn settling_layer(&self) -> Option<Layer> {
        let unsettled = self
            .layers
            .iter()
            .rposition(|cell| cell.is_none_or(|cell| cell.score.rank != 1))
            .map_or(0, |l| l + 1);
        (unsettled < self.layers.len()).then_some(Layer(unsettled))
    }
}

/// A text that the user follows, and the token that stands for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// As typed, leading space included.
    pub text: String,
    /// The tokens that `text` becomes when it follows the context; the first one is followed.
    pub tokens: Vec<TokenId>,
    /// The context's own last tokens would be other ones with `text` behind it, so that the
    /// model would see `text` differently if it had been typed in one go.
    pub context_changed: bool,
}

impl Candidate {
    /// The token whose ranks are shown.
    #[must_use]
    pub fn followed(&self) -> Option<TokenId> {
        self.tokens.first().copied()
    }
}

/// Where one candidate stands at every row of one position.
#[derive(Clone, Debug, PartialEq)]
pub struct Trajectory {
    /// Who is followed.
    pub candidate: Candidate,
    /// At the row `emb`, where the lens says something of it.
    pub embedding: Option<Score>,
    /// One score a layer.
    pub layers: ByLayer<Score>,
    /// One score a sum inside a block, where those rows were asked for and the lens says something
    /// of them.
    pub inside: BySum<Score>,
}

impl Trajectory {
    /// The score of a row, if the model has that row and the lens says something of it.
    #[must_use]
    pub fn score(&self, row: Row) -> Option<Score> {
        match row {
            Row::Embedding => self.embedding,
            Row::Layer(Layer(l)) => self.layers.get(l).copied(),
            Row::Inside(..) => self.inside.get(row).copied(),
        }
    }

    /// Its scores in the order of the stream, each with its place on an axis of layers: the stream
    /// after block *l* is at *l*, and the sums inside that block stand at equal distances between
    /// there and *l* − 1. The row `emb`, which has no place there, is left out.
    #[must_use]
    pub fn along_layers(&self) -> Vec<(f64, Score)> {
        let mut points = Vec::new();
        for (l, after) in self.layers.iter().enumerate() {
            let of_block = self.inside.iter();
            let of_block = of_block.filter(|(row, _)| row.block() == Some(Layer(l)));
            let inside: Vec<Score> = of_block.map(|(_, score)| *score).collect();
            let apart = 1.0 / (inside.len() + 1) as f64;
            for (place, score) in inside.into_iter().enumerate() {
                points.push((l as f64 - 1.0 + (place + 1) as f64 * apart, score));
            }
            points.extend(after.map(|score| (l as f64, *score)));
        }
        points
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn sums_inside_a_block_stand_between_its_layer_and_the_one_before() {
        let mut trajectory = testing::trajectory(" is", &[1], &[9, 5, 4]);
        let inside = [
            (Row::Inside(Layer(0), PartialSum::AfterAttention), 7),
            (Row::Inside(Layer(1), PartialSum::WithAttention), 3),
            (Row::Inside(Layer(1), PartialSum::WithFeedForward), 2),
        ];
        let inside = inside.map(|(row, rank)| (row, testing::score(rank)));
        trajectory.inside = inside.into_iter().collect();
        let points = trajectory.along_layers();
        let points: Vec<(f64, u32)> = points.iter().map(|(x, it)| (*x, it.rank)).collect();
        let third = 1.0 / 3.0;
        assert_eq!(
            points,
            [(-0.5, 7), (0.0, 5), (third, 3), (2.0 * third, 2), (1.0, 4)]
        );
    }
}
