//! The one block loop for every architecture, with a cache of the positions seen and a tap after
//! every block.

use std::ops::{ControlFlow, Range};

use candle_core::{Device, Tensor};

use super::ModelError;
use super::block::{Block, BlockOutput, BlockParts};
use super::dtype::Dtype;
use super::intervention::Interventions;
use super::linear::Linear;
use super::mixing::BlockPast;
use super::norm::Norm;
use super::per_layer::{AfterParts, PerLayerEmbedding};
use super::weight::Weight;
use crate::trace::{Layer, Row, TokenId};

/// From tokens to the stream before the first block.
#[derive(Debug)]
pub struct Embedding {
    /// `[vocabulary, width]`.
    pub(super) tokens: Weight,
    /// The vectors are multiplied by it.
    pub(super) scale: Option<f64>,
    pub(super) norm: Option<Norm>,
    /// From `width` to `d`, where they differ.
    pub(super) projection: Option<Linear>,
    /// `[positions, d]`: learned positions, row 0 for the first one.
    pub(super) positions: Option<Weight>,
    /// The vectors that a token has for each block, if it has any.
    pub(super) per_layer: Option<PerLayerEmbedding>,
    /// How the vectors are kept.
    pub(super) dtype: Dtype,
}

impl Embedding {
    /// `[tokens]` → `[tokens, d]`, the first one at position `start`.
    fn forward(&self, ids: &Tensor, start: usize) -> candle_core::Result<Tensor> {
        let mut state = self.tokens.select(ids)?;
        if let Some(scale) = self.scale {
            state = self.dtype.round((state * scale)?)?;
        }
        if let Some(norm) = &self.norm {
            state = norm.forward(&state)?;
        }
        if let Some(projection) = &self.projection {
            state = projection.forward(&state)?;
        }
        match &self.positions {
            Some(positions) => {
                let positions = positions.narrow(start, ids.dim(0)?)?;
                self.dtype.round((state + positions)?)
            }
            None => Ok(state),
        }
    }
}

/// Gets the residual stream, `[positions, d]`, at every row; breaks to give the pass up.
pub type Tap<'a> = dyn FnMut(Row, &Tensor) -> Result<ControlFlow<()>, ModelError> + 'a;

/// All that a pass goes on from beside the weights: the positions seen and what is changed in the
/// network. The default has seen nothing and changes nothing.
#[derive(Debug, Default)]
pub struct Seen {
    /// One a block; none at all while no decoder has used it.
    pasts: Vec<BlockPast>,
    positions: usize,
    interventions: Interventions,
}

/// A decoder without its head.
#[derive(Debug)]
pub struct Decoder {
    pub(super) embedding: Embedding,
    pub(super) d_model: usize,
    pub(super) blocks: Vec<Block>,
    pub(super) context_length: usize,
    pub(super) seen: usize,
    pub(super) interventions: Interventions,
}

impl Decoder {
    /// Number of blocks.
    #[must_use]
    pub fn n_layers(&self) -> usize {
        self.blocks.len()
    }

    /// Width of the residual stream.
    #[must_use]
    pub fn d_model(&self) -> usize {
        self.d_model
    }

    /// The most positions that it can attend to.
    #[must_use]
    pub fn context_length(&self) -> usize {
        self.context_length
    }

    /// How many positions have been seen.
    #[must_use]
    pub fn seen(&self) -> usize {
        self.seen
    }

    /// Bytes of the matrices that one token reads, the head's left out. Norms, biases and the one
    /// row of the embedding are too small to count.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let projection = self.embedding.projection.as_ref().map_or(0, Linear::bytes);
        let blocks = self.blocks.iter();
        let after = |block: &Block| block.after.as_ref().map_or(0, AfterParts::bytes);
        let of_block =
            |block: &Block| block.attention.bytes() + block.feed_forward.bytes() + after(block);
        let per_layer = self.embedding.per_layer.as_ref();
        let per_layer = per_layer.map_or(0, |per_layer| per_layer.projection.bytes());
        projection + per_layer + blocks.map(of_block).sum::<u64>()
    }

    /// Where it runs.
    #[must_use]
    pub fn device(&self) -> &Device {
        self.embedding.tokens.device()
    }

    /// Forgets all positions but the first `len`, and more where a block cannot go back to just
    /// there: how many are left then.
    pub fn rewind(&mut self, len: usize) -> usize {
        let len = self.seen.min(len);
        let reached = self.blocks.iter().map(|block| block.attention.reach(len));
        self.seen = reached.fold(len, usize::min);
        for block in &mut self.blocks {
            block.attention.keep(self.seen);
        }
        self.seen
    }

    /// Changes every pass from now on, and forgets all positions: they were seen otherwise.
    pub fn intervene(&mut self, interventions: Interventions) {
        self.interventions = interventions;
        self.rewind(0);
    }

    /// Exchanges what was seen for something else, which then is what passes go on from.
    pub fn exchange(&mut self, other: &mut Seen) {
        other
            .pasts
            .resize_with(self.blocks.len(), BlockPast::default);
        for (block, past) in self.blocks.iter_mut().zip(&mut other.pasts) {
            block.attention.exchange(past);
        }
        std::mem::swap(&mut self.seen, &mut other.positions);
        std::mem::swap(&mut self.interventions, &mut other.interventions);
    }

    /// Remembers the positions seen as they are now, until [`Decoder::take_up`]. What is changed
    /// in the network must stay the same meanwhile.
    pub fn set_aside(&mut self) {
        for block in &mut self.blocks {
            block.attention.set_aside();
        }
    }

    /// Makes the first `seen` positions, bit for bit, what they were when they were set aside;
    /// `seen` is how many there were then.
    pub fn take_up(&mut self, seen: usize) -> Result<(), ModelError> {
        self.seen = seen;
        for block in &mut self.blocks {
            block.attention.take_up()?;
        }
        Ok(())
    }

    /// Runs `tokens` as the positions that follow the seen ones. `tap` gets the residual stream
    /// `[tokens, d]` before block 0 and after every block; when it breaks, the pass is given up
    /// and the positions count as not seen.
    pub fn forward(
        &mut self,
        tokens: &[TokenId],
        tap: &mut Tap<'_>,
    ) -> Result<ControlFlow<()>, ModelError> {
        self.forward_in_parts(tokens, tap, &mut |_| {})
    }

    /// [`Decoder::forward`], with what the parts of each block added, block 0 first.
    pub fn forward_in_parts(
        &mut self,
        tokens: &[TokenId],
        tap: &mut Tap<'_>,
        parts: &mut dyn FnMut(BlockParts),
    ) -> Result<ControlFlow<()>, ModelError> {
        let end = self.seen + tokens.len();
        if end > self.context_length {
            return Err(ModelError::PromptTooLong {
                prompt: end,
                context: self.context_length,
            });
        }
        let ids: Vec<u32> = tokens.iter().map(|token| token.0).collect();
        let ids = Tensor::new(ids, self.device())?;
        let start = self.seen;
        let state = self.embedding.forward(&ids, start)?;
        let of_blocks = match &self.embedding.per_layer {
            Some(per_layer) => per_layer.vectors(&ids, &state)?,
            None => Vec::new(),
        };
        let mut state = self.interventions.patched(Row::Embedding, start, state)?;
        if tap(Row::Embedding, &state)?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
        // A pass of one token is over before anybody gives it up. All its work is done from within
        // rayon's threads, so that the many small products need not wait for them to wake up.
        let at_once = if tokens.len() == 1 {
            self.blocks.len()
        } else {
            1
        };
        for first in (0..self.blocks.len()).step_by(at_once.max(1)) {
            let which = first..self.blocks.len().min(first + at_once);
            let outputs = rayon::scope(|_| self.through(which, &state, start, &of_blocks))?;
            for (l, output) in (first..).zip(outputs) {
                state = output.state;
                parts(output.parts);
                if tap(Row::Layer(Layer(l)), &state)?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
        }
        self.seen = end;
        for block in &mut self.blocks {
            block.attention.keep(end);
        }
        Ok(ControlFlow::Continue(()))
    }

    /// The stream before the first of these blocks, `[positions, d]`, whose first position is
    /// `start`, through each of them; `of_blocks` are the vectors that the tokens have for each
    /// block of the decoder, if they have any.
    fn through(
        &mut self,
        blocks: Range<usize>,
        state: &Tensor,
        start: usize,
        of_blocks: &[Tensor],
    ) -> candle_core::Result<Vec<BlockOutput>> {
        let mut state = state.clone();
        let mut outputs = Vec::with_capacity(blocks.len());
        let which = self.blocks.iter_mut().enumerate();
        for (l, block) in which.skip(blocks.start).take(blocks.len()) {
            let skips = self.interventions.of_block(Layer(l));
            let mut output = block.forward(&state, &skips)?;
            if let Some(after) = &block.after {
                output = after.finish(output, of_blocks.get(l), &skips)?;
            }
            let row = Row::Layer(Layer(l));
            output.state = self.interventions.patched(row, start, output.state)?;
            state = output.state.clone();
            outputs.push(output);
        }
        Ok(outputs)
    }
}
