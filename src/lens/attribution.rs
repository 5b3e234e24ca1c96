//! A final logit → what each part of the network adds to it.

use super::on_card;
use super::{Lens, Logits, States};
use crate::model::block::BlockParts;
use crate::model::decomposition::Grain;
use crate::model::{Model, ModelError};
use crate::trace::{HeadContributions, Layer, LayerContribution, LogitAttribution, Target};

/// The split of `target`'s final logit, and its logit at every row under `lens`. `states` and
/// `parts` (one a block, one position each) are of the same pass.
pub fn attribution(
    model: &Model,
    states: &States,
    parts: &[BlockParts],
    target: Target,
    lens: &dyn Lens,
) -> Result<LogitAttribution, ModelError> {
    let (contributions, cap) = contributions(model, states, parts, target, Grain::Parts)?;
    let logits = Logits::of(&model.unembed, states, lens)?;
    let mut rows = logits.of_token(target.token)?;
    if let Some(minus) = target.minus {
        let others = logits.of_token(minus)?;
        rows.iter_mut()
            .zip(others)
            .for_each(|(logit, other)| *logit -= other);
    }
    let rows = rows.into_iter().enumerate();
    let rows: Vec<Option<f32>> = rows
        .map(|(at, logit)| logits.says(at).then_some(logit))
        .collect();
    let (Some((embedding, blocks)), Some(Some(logit))) =
        (contributions.parts.split_first(), rows.last())
    else {
        return Err(ModelError::EmptyPrompt);
    };
    let layers = blocks
        .as_chunks::<2>()
        .0
        .iter()
        .map(|[attention, feed_forward]| LayerContribution {
            attention: *attention,
            feed_forward: *feed_forward,
        })
        .collect();
    Ok(LogitAttribution {
        target,
        embedding: *embedding,
        layers,
        bias: contributions.bias,
        cap,
        logit: *logit,
        rows,
    })
}

/// The split of one attention's share by heads.
pub fn head_contributions(
    model: &Model,
    states: &States,
    parts: &[BlockParts],
    target: Target,
    layer: Layer,
) -> Result<HeadContributions, ModelError> {
    let n_heads = model
        .spec
        .blocks
        .get(layer.0)
        .map(|block| block.heads().count)
        .ok_or(ModelError::NoSuchLayer {
            layer,
            n_layers: model.decoder.n_layers(),
        })?;
    let (contributions, _) = contributions(model, states, parts, target, Grain::Heads(layer))?;
    let first = 1 + 2 * layer.0;
    // The heads, then the bias of their projection: what the attention is the sum of.
    let of_attention = contributions.parts.get(first..=first + n_heads);
    match of_attention.and_then(<[f32]>::split_last) {
        Some((bias, heads)) => Ok(HeadContributions {
            target,
            layer,
            heads: heads.to_vec(),
            bias: *bias,
            attention: sum(heads.iter().chain([bias])),
        }),
        None => Err(ModelError::EmptyPrompt),
    }
}

/// In float64, so that many small shares lose nothing.
fn sum<'s>(contributions: impl Iterator<Item = &'s f32>) -> f32 {
    #[expect(clippy::cast_possible_truncation, reason = "a cell's figures are f32")]
    let sum = contributions.copied().map(f64::from).sum::<f64>() as f32;
    sum
}

/// What each part and the biases add to the target's logit before the soft cap.
struct Contributions {
    parts: Vec<f32>,
    bias: f32,
}

/// The shares, and what the soft cap adds to their sum.
fn contributions(
    model: &Model,
    states: &States,
    parts: &[BlockParts],
    target: Target,
    grain: Grain,
) -> Result<(Contributions, f32), ModelError> {
    if model.spec.streams.is_some() {
        let what = "its logits are not a sum of what its parts add";
        return Err(ModelError::NotOfStreams { what });
    }
    let rows = states.rows();
    let decomposition = model.decoder.decompose(rows, parts, grain)?;
    let last = rows.narrow(0, rows.dim(0)?.saturating_sub(1), 1)?;
    let logits = model.unembed.logit_contributions(decomposition, &last)?;
    let cap = logits.cap;
    let of = |token| on_card::logits_of(&logits.parts, token);
    let mut contributions = of(target.token)?;
    let mut capped = cap.map_or(0.0, |cap| taken_by_cap(&contributions, cap));
    if let Some(minus) = target.minus {
        let other = of(minus)?;
        capped -= cap.map_or(0.0, |cap| taken_by_cap(&other, cap));
        for (contribution, other) in contributions.iter_mut().zip(&other) {
            *contribution -= other;
        }
    }
    let bias = contributions.pop().unwrap_or(0.0);
    Ok((
        Contributions {
            parts: contributions,
            bias,
        },
        capped,
    ))
}

/// `cap · tanh(z / cap) - z` for the sum `z` of the shares.
fn taken_by_cap(contributions: &[f32], cap: f64) -> f32 {
    let z: f64 = contributions.iter().copied().map(f64::from).sum();
    #[expect(clippy::cast_possible_truncation, reason = "a cell's figures are f32")]
    let taken = (cap * (z / cap).tanh() - z) as f32;
    taken
}
