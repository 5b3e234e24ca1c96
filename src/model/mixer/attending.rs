//! What attentions of every kind have in common: scores become shares of the positions that a row
//! sees.

use candle_core::{Result, Tensor};

use crate::model::attention::mask;
use crate::model::dtype::Dtype;

/// Scores, `[heads, rows, seen]`, of the last `rows` positions of those seen → what part of its
/// attention each row has for each position, of which it sees a `window` up to itself, or all.
pub(super) fn shares(scores: &Tensor, window: Option<usize>, dtype: Dtype) -> Result<Tensor> {
    let (_, rows, seen) = scores.dims3()?;
    let start = seen.saturating_sub(rows);
    let window = window.unwrap_or(usize::MAX);
    let first_seen = |position: usize| (position + 1).saturating_sub(window);
    let scores = match mask(rows, start, first_seen, scores.device())? {
        Some(mask) => scores.broadcast_add(&mask)?,
        None => scores.clone(),
    };
    dtype.round(candle_nn::ops::softmax_last_dim(&scores.contiguous()?)?)
}
