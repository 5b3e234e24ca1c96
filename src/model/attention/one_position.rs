//! The attention of a single new position on the CPU, which each generated token is: straight over
//! the kept keys and values, without a tensor for every step on the way.

use std::ops::Range;

use rayon::prelude::*;

use crate::model::matvec::{matvec_alone, weighted_sum};

/// Products of fewer numbers are done before another thread has woken up.
const LEAST: usize = 1 << 16;

/// The heads of one attention.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heads {
    /// Of queries.
    pub count: usize,
    /// Of keys and values.
    pub kv_count: usize,
    /// Numbers of a head.
    pub width: usize,
    /// Scores are multiplied by it.
    pub scale: f32,
    /// Scores stay within it.
    pub cap: Option<f32>,
}

/// Keys or values of all positions seen, position after position of each head.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kept<'a> {
    numbers: &'a [f32],
    stride: usize,
}

impl<'a> Kept<'a> {
    /// All `numbers` from the first head's first position on; from one head to the next it is
    /// `stride` of them.
    pub(super) fn new(numbers: &'a [f32], stride: usize) -> Self {
        Self { numbers, stride }
    }

    /// The `positions` of a head, each `width` wide; none where there are not so many.
    fn of(&self, head: usize, positions: &Range<usize>, width: usize) -> &'a [f32] {
        let start = head * self.stride;
        let place = start + positions.start * width..start + positions.end * width;
        self.numbers.get(place).unwrap_or_default()
    }
}

/// What all heads give for the `queries`, `[count * width]`, over the `seen` positions:
/// `[count * width]`. `sinks` are the scores that heads have for nothing, if they have any.
pub(super) fn attend(
    heads: Heads,
    queries: &[f32],
    keys: Kept<'_>,
    values: Kept<'_>,
    seen: Range<usize>,
    sinks: &[f32],
) -> Vec<f32> {
    let Heads { width, count, .. } = heads;
    let mut out = vec![0.0; queries.len()];
    let group = count / heads.kv_count.max(1);
    let work = |(head, (query, out)): (usize, (&[f32], &mut [f32]))| {
        let kv_head = head / group.max(1);
        let mut shares = vec![0.0; seen.len()];
        matvec_alone(keys.of(kv_head, &seen, width), query, &mut shares);
        shares
            .iter_mut()
            .for_each(|score| *score = heads.scored(*score));
        softmax(&mut shares, sinks.get(head).copied());
        weighted_sum(values.of(kv_head, &seen, width), &shares, out);
    };
    let width = width.max(1);
    if queries.len() * seen.len() < LEAST {
        let heads = queries.chunks_exact(width).zip(out.chunks_exact_mut(width));
        heads.enumerate().for_each(work);
    } else {
        let queries = queries.par_chunks_exact(width);
        let heads = queries.zip(out.par_chunks_exact_mut(width));
        heads.enumerate().for_each(work);
    }
    out
}

impl Heads {
    /// The score that a product of query and key makes.
    fn scored(&self, product: f32) -> f32 {
        let score = product * self.scale;
        match self.cap {
            Some(cap) => (score / cap).tanh() * cap,
            None => score,
        }
    }
}

/// Scores to shares of 1, of which the score for nothing takes its own.
fn softmax(scores: &mut [f32], sink: Option<f32>) {
    let of_nothing = sink.unwrap_or(f32::NEG_INFINITY);
    let largest = scores.iter().copied().fold(of_nothing, f32::max);
    let mut sum = sink.map_or(0.0, |sink| (sink - largest).exp());
    for score in scores.iter_mut() {
        *score = (*score - largest).exp();
        sum += *score;
    }
    scores.iter_mut().for_each(|share| *share /= sum);
}
