//! A trunk of several streams: each block reads and changes one of them, which it predicts from all,
//! and corrects the others by how far that one went (alternating updates, Baykal et al. 2023,
//! <https://arxiv.org/abs/2301.13310>), as in Gemma 3n.
//!
//! Between the blocks the trunk is `[streams, rows, d]`. A row of it, `[rows, d]`, is what the
//! model's own head makes of the streams.

use candle_core::{D, Result, Tensor};

use super::block::{Block, BlockOutput};
use super::dtype::Dtype;
use super::intervention::BlockAblations;
use super::linear::Linear;
use super::norm::Norm;
use super::per_layer::LayerInput;

/// What makes several streams of one and one of several, and what each block does with them.
#[derive(Debug)]
pub struct Streams {
    /// Which one a block reads and changes.
    pub active: usize,
    /// From the embedding to each stream but the first: `[d, d]`.
    pub spread: Vec<Linear>,
    /// From each of those to what the head reads: `[d, d]`.
    pub reduce: Vec<Linear>,
    /// One a block.
    pub blocks: Vec<StreamBlock>,
    /// How sums are kept.
    pub dtype: Dtype,
}

/// What one block does with the streams.
#[derive(Debug)]
pub struct StreamBlock {
    /// Of the changed stream, for `router`.
    pub norm: Norm,
    /// `[streams, d]`: what the numbers are made of by which streams are mixed.
    pub router: Linear,
    /// From there to the numbers that predict: `[streams * streams, streams]`.
    pub predict: Linear,
    /// From there to the numbers that correct: `[streams, streams]`.
    pub correct: Linear,
    /// `[d]`: what the changed stream is multiplied by where it meets the token's vector.
    pub scale: Option<Tensor>,
    /// How that vector is taken in.
    pub input: LayerInput,
}

impl Streams {
    /// Bytes of weights that one token reads.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let ends = self.spread.iter().chain(&self.reduce);
        let of_block = |block: &StreamBlock| {
            let own = [&block.router, &block.predict, &block.correct];
            let input = [&block.input.gate, &block.input.projection];
            own.into_iter().chain(input).map(Linear::bytes).sum::<u64>()
        };
        ends.map(Linear::bytes).sum::<u64>() + self.blocks.iter().map(of_block).sum::<u64>()
    }

    /// The embedding, `[rows, d]` → the trunk before the first block, `[streams, rows, d]`.
    pub fn spread(&self, embedded: &Tensor) -> Result<Tensor> {
        let mut streams = vec![embedded.clone()];
        for projection in &self.spread {
            let stream = as_large(&projection.forward(embedded)?, embedded)?;
            streams.push(self.dtype.round(stream)?);
        }
        Tensor::stack(&streams, 0)
    }

    /// The trunk → the state that the head reads, `[rows, d]`.
    pub fn reduced(&self, trunk: &Tensor) -> Result<Tensor> {
        let first = trunk.get(0)?;
        let mut streams = vec![first.clone()];
        for (stream, projection) in (1..).zip(&self.reduce) {
            let stream = projection.forward(&trunk.get(stream)?.contiguous()?)?;
            streams.push(self.dtype.round(as_large(&stream, &first)?)?);
        }
        self.dtype.round(Tensor::stack(&streams, 0)?.mean(0)?)
    }

    /// The trunk through block `l`, which is `block`; `vectors`, `[rows, width]`, are those that the
    /// tokens have for it. A block that is left out as a whole leaves the trunk as it was.
    pub fn through(
        &self,
        l: usize,
        block: &mut Block,
        trunk: &Tensor,
        vectors: Option<&Tensor>,
        ablations: &BlockAblations,
    ) -> Result<BlockOutput> {
        let (Some(own), Some(vectors)) = (self.blocks.get(l), vectors) else {
            candle_core::bail!("block {l} has no streams");
        };
        let predicted = self.dtype.round(own.predicted(trunk, self.active)?)?;
        let active = predicted.get(self.active)?.contiguous()?;
        let mut output = block.forward(&active, ablations, &[])?;
        if ablations.attention && ablations.feed_forward {
            output.state = trunk.clone();
            return Ok(output);
        }
        let corrected = own.corrected(&predicted, &active, &output.state)?;
        output.state = self.dtype.round(corrected)?;
        if !ablations.feed_forward {
            output.state = self.taken_in(own, &output.state, vectors)?;
        }
        Ok(output)
    }

    /// The trunk with the token's vectors taken in by all streams but the first.
    fn taken_in(&self, own: &StreamBlock, trunk: &Tensor, vectors: &Tensor) -> Result<Tensor> {
        let active = trunk.get(self.active)?.contiguous()?;
        let active = match &own.scale {
            Some(scale) => self.dtype.round(active.broadcast_mul(scale)?)?,
            None => active,
        };
        let added = own.input.added(&active, vectors, self.dtype)?;
        let others = trunk.narrow(0, 1, self.reduce.len())?;
        let others = self.dtype.round(others.broadcast_add(&added)?)?;
        Tensor::cat(&[trunk.narrow(0, 0, 1)?, others], 0)
    }
}

impl StreamBlock {
    /// What the numbers are made of by which the streams are mixed, `[rows, streams]`.
    #[expect(clippy::cast_precision_loss, reason = "widths are below 2^52")]
    fn modalities(&self, stream: &Tensor) -> Result<Tensor> {
        let width = stream.dim(D::Minus1)? as f64;
        let input = (self.norm.forward(stream)? / width)?;
        self.router.forward(&input)?.tanh()
    }

    /// Each stream with what all of them add to it.
    fn predicted(&self, trunk: &Tensor, active: usize) -> Result<Tensor> {
        let (streams, rows, _) = trunk.dims3()?;
        let numbers = self.modalities(&trunk.get(active)?.contiguous()?)?;
        let numbers = self.predict.forward(&numbers)?;
        let numbers = numbers.reshape((rows, streams, streams))?;
        let by_row = trunk.transpose(0, 1)?.contiguous()?;
        numbers.matmul(&by_row)?.transpose(0, 1)? + trunk
    }

    /// Each predicted stream, moved by some of how far the block took the `active` one.
    fn corrected(&self, predicted: &Tensor, active: &Tensor, taken_to: &Tensor) -> Result<Tensor> {
        let numbers = (self.correct.forward(&self.modalities(taken_to)?)? + 1.0)?;
        let moved = (taken_to - active)?;
        let numbers = numbers.t()?.unsqueeze(D::Minus1)?;
        numbers.broadcast_mul(&moved.unsqueeze(0)?)? + predicted
    }
}

/// `x` made as large as `like`, row by row.
fn as_large(x: &Tensor, like: &Tensor) -> Result<Tensor> {
    let wanted = like.sqr()?.mean_keepdim(D::Minus1)?.sqrt()?;
    let own = x.sqr()?.mean_keepdim(D::Minus1)?.maximum(1e-5)?.sqrt()?;
    x.broadcast_mul(&wanted)?.broadcast_div(&own)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use candle_core::Device;

    #[test]
    fn a_row_is_made_as_large_as_another_whatever_its_direction() {
        let x = Tensor::new(&[[3.0_f32, 4.0], [0.0, 0.5]], &Device::Cpu).unwrap();
        let like = Tensor::new(&[[10.0_f32, 0.0], [0.0, -2.0]], &Device::Cpu).unwrap();
        let made: Vec<Vec<f32>> = as_large(&x, &like).unwrap().to_vec2().unwrap();
        assert_eq!(made, [[6.0, 8.0], [0.0, 2.0]]);
    }
}
