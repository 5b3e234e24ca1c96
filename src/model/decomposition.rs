//! The residual stream of one position as a sum of parts, and what each part becomes of a logit.

use candle_core::{Device, Result, Tensor};

use super::block::BlockParts;
use super::decoder::Decoder;
use super::device::moved;
use super::norm::Norm;
use crate::trace::Layer;

/// The residual stream of one position as a sum of parts.
#[derive(Clone, Debug)]
pub struct Decomposition {
    /// Each `[any, d]`.
    parts: Vec<Tensor>,
    /// What biases added, `[1, d]`.
    bias: Tensor,
}

impl Decomposition {
    /// A stream that is the sum of `parts`, `[any, d]`, and `bias`, `[1, d]`.
    #[must_use]
    pub fn of(parts: &Tensor, bias: Tensor) -> Self {
        Self {
            parts: vec![parts.clone()],
            bias,
        }
    }

    /// Adds parts, `[any, d]`.
    pub fn push(&mut self, parts: &Tensor) {
        self.parts.push(parts.clone());
    }

    /// Takes it onto another device.
    fn move_to(&mut self, device: &Device) -> Result<()> {
        for part in self.parts.iter_mut().chain([&mut self.bias]) {
            *part = moved(part, device)?;
        }
        Ok(())
    }

    /// Multiplies everything by `factor`.
    pub fn scale(&mut self, factor: f64) -> Result<()> {
        for part in self.parts.iter_mut().chain([&mut self.bias]) {
            *part = (&*part * factor)?;
        }
        Ok(())
    }

    /// The parts, then the bias: `[parts + 1, d]`.
    pub fn rows(&self) -> Result<Tensor> {
        let rows: Vec<&Tensor> = self.parts.iter().chain([&self.bias]).collect();
        Tensor::cat(&rows, 0)
    }

    /// Puts the parts through `norm`, its statistics held at those of the whole stream `at`,
    /// `[1, d]`.
    pub fn through(&mut self, norm: &Norm, at: &Tensor) -> Result<()> {
        let rows = norm.held(at, &self.rows()?)?;
        let parts = rows.dim(0)? - 1;
        self.parts = vec![rows.narrow(0, 0, parts)?];
        self.bias = rows.narrow(0, parts, 1)?;
        if let Some(bias) = norm.bias() {
            self.bias = self.bias.broadcast_add(bias)?;
        }
        Ok(())
    }
}

/// How fine a stream is split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grain {
    /// The embedding, then attention and feed-forward part of every block.
    Parts,
    /// The same, with the attention of one block by its heads and the bias of its output.
    Heads(Layer),
}

impl Decoder {
    /// The final stream of one position, split by where it came from: `emb`, then for each
    /// block its attention and its feed-forward part.
    ///
    /// `states`, `[n_layers + 1, d]`, and `parts`, one a block with one position each, are of
    /// the same pass.
    pub fn decompose(
        &self,
        states: &Tensor,
        parts: &[BlockParts],
        grain: Grain,
    ) -> Result<Decomposition> {
        let embedding = states.narrow(0, 0, 1)?;
        let mut decomposition = Decomposition::of(&embedding, embedding.zeros_like()?);
        for (l, (block, parts)) in self.blocks.iter().zip(parts).enumerate() {
            let attention = match grain {
                Grain::Heads(layer) if layer.0 == l => block.added_by_head(&parts.heads)?,
                Grain::Parts | Grain::Heads(_) => parts.attention.clone(),
            };
            let before = moved(&states.narrow(0, l, 1)?, &block.device)?;
            decomposition.move_to(&block.device)?;
            block.carry(&mut decomposition, &before, &attention, &parts.feed_forward)?;
            if let Some(factor) = parts.scale {
                decomposition.scale(factor)?;
            }
        }
        decomposition.move_to(self.last_device())?;
        Ok(decomposition)
    }
}
