//! Logits → the figures of cells and trajectories.

use rayon::prelude::*;

use super::distribution::Distribution;
use super::logits::Logits;
use super::on_card;
use super::selection::{higher_and_equal, top};
use crate::model::{Dtype, ModelError};
use crate::trace::{BySum, Candidate, Cell, Column, Layer, Row, Score, TokenId, Trajectory};
use crate::vocabulary::Vocabulary;

/// What every row says of `token`, with the row's `top_k` best tokens. Rows of a padded
/// vocabulary count where the model itself counts them, but are not listed.
pub fn column(
    logits: &Logits,
    token: TokenId,
    top_k: usize,
    vocabulary: &Vocabulary,
) -> Result<Column, ModelError> {
    if let Some(rows) = logits.on_card() {
        return on_card::column(logits, rows, token, top_k, vocabulary);
    }
    let (mut cells, inside) = logits.with_rows(|rows| {
        let distributions = distributions(rows, logits)?;
        let (Some(last_row), Some(Some(last))) = (rows.last(), distributions.last()) else {
            return Err(no_rows());
        };
        let cell = |row: &[f32], distribution: &Distribution| {
            Ok::<_, ModelError>(Cell {
                score: score(row, distribution, token)?,
                entropy: single(distribution.entropy),
                kl: single(last.kl(last_row, distribution, row)),
                log_sum_exp: single(distribution.log_sum_exp),
                top: top(row, top_k, |id| !vocabulary.is_unused(id)),
            })
        };
        let cells = rows
            .par_iter()
            .zip(&distributions)
            .map(|(row, distribution)| {
                let distribution = distribution.as_ref();
                distribution.map(|of| cell(row, of)).transpose()
            })
            .collect::<Result<Vec<_>, _>>()?;
        let inside = inside(logits, &cell)?;
        Ok::<_, ModelError>((cells, inside))
    })??;
    let layers = cells.split_off(1.min(cells.len()));
    let embedding = cells.pop().ok_or_else(no_rows)?;
    Ok(Column {
        token,
        lens: logits.lens(),
        embedding,
        layers: layers.into_iter().collect(),
        inside,
    })
}

/// What `each` makes of the rows inside the blocks.
fn inside<T: Send>(
    logits: &Logits,
    each: &(impl Fn(&[f32], &Distribution) -> Result<T, ModelError> + Sync),
) -> Result<BySum<T>, ModelError> {
    logits.with_inside(|rows| {
        let found: Vec<_> = rows
            .par_iter()
            .map(|(row, values)| {
                let distribution = Distribution::of(values);
                let of = distribution.ok_or_else(|| not_finite(*row, logits.dtype()))?;
                Ok((*row, each(values, &of)?))
            })
            .collect();
        found.into_iter().collect::<Result<BySum<T>, ModelError>>()
    })?
}

/// Where each candidate stands at every row. A candidate without a token is left out.
pub fn trajectories(
    logits: &Logits,
    candidates: &[Candidate],
) -> Result<Vec<Trajectory>, ModelError> {
    let followed: Vec<(&Candidate, TokenId)> = candidates
        .iter()
        .filter_map(|candidate| Some((candidate, candidate.followed()?)))
        .collect();
    let tokens: Vec<TokenId> = followed.iter().map(|(_, token)| *token).collect();
    let inside = inside(logits, &|row, distribution| {
        let scores = tokens.iter().map(|token| score(row, distribution, *token));
        scores.collect::<Result<Vec<_>, _>>()
    })?;
    followed
        .into_iter()
        .zip(between_blocks(logits, &tokens)?)
        .enumerate()
        .map(|(at, ((candidate, _), mut scores))| {
            let own = |(row, scores): (Row, &Vec<Score>)| Some((row, *scores.get(at)?));
            let layers = scores.split_off(1.min(scores.len()));
            Ok(Trajectory {
                candidate: candidate.clone(),
                embedding: scores.pop().ok_or_else(no_rows)?,
                layers: layers.into_iter().collect(),
                inside: inside.iter().filter_map(own).collect(),
            })
        })
        .collect()
}

/// Where each token stands at every row that the lens says something of: `emb`, the layers, and then
/// the rows inside the blocks that there are.
pub fn scores(logits: &Logits, tokens: &[TokenId]) -> Result<Vec<Vec<Option<Score>>>, ModelError> {
    if let Some(rows) = logits.on_card() {
        return on_card::scores(logits, rows, tokens);
    }
    let mut scores = between_blocks(logits, tokens)?;
    let inside = inside(logits, &|row, distribution| {
        let scores = tokens.iter().map(|token| score(row, distribution, *token));
        scores.collect::<Result<Vec<_>, _>>()
    })?;
    for (_, of_row) in inside.iter() {
        for (scores, score) in scores.iter_mut().zip(of_row) {
            scores.push(Some(*score));
        }
    }
    Ok(scores)
}

/// Where each token stands at `emb` and at every layer.
fn between_blocks(
    logits: &Logits,
    tokens: &[TokenId],
) -> Result<Vec<Vec<Option<Score>>>, ModelError> {
    logits.with_rows(|rows| {
        let distributions = distributions(rows, logits)?;
        tokens
            .iter()
            .map(|token| {
                rows.iter()
                    .zip(&distributions)
                    .map(|(row, distribution)| {
                        let distribution = distribution.as_ref();
                        distribution.map(|of| score(row, of, *token)).transpose()
                    })
                    .collect()
            })
            .collect()
    })?
}

/// The distribution of each row that the lens says something of; an error that names the row where
/// a logit is not a finite number.
fn distributions(
    rows: &[&[f32]],
    logits: &Logits,
) -> Result<Vec<Option<Distribution>>, ModelError> {
    let found: Vec<_> = rows
        .par_iter()
        .enumerate()
        .map(|(i, row)| logits.says(i).then(|| Distribution::of(row)))
        .collect();
    checked(found, logits.dtype())
}

/// The distributions that were found; an error that names the first row that has none.
pub(super) fn checked(
    found: Vec<Option<Option<Distribution>>>,
    dtype: Dtype,
) -> Result<Vec<Option<Distribution>>, ModelError> {
    // Looked through in order, since a parallel search would end at whichever row fails first.
    found
        .into_iter()
        .enumerate()
        .map(|(i, distribution)| match distribution {
            None => Ok(None),
            Some(Some(distribution)) => Ok(Some(distribution)),
            Some(None) => {
                let row = match i {
                    0 => Row::Embedding,
                    _ => Row::Layer(Layer(i - 1)),
                };
                Err(not_finite(row, dtype))
            }
        })
        .collect()
}

fn not_finite(row: Row, dtype: Dtype) -> ModelError {
    ModelError::NotFinite {
        place: row.to_string(),
        dtype,
    }
}

/// Where `token` stands in a row. Its logit is read from the very numbers it is counted among:
/// one worked out in another way could be smaller than itself.
fn score(row: &[f32], distribution: &Distribution, token: TokenId) -> Result<Score, ModelError> {
    let Some(logit) = row.get(token.0 as usize).copied() else {
        return Err(ModelError::UnknownToken {
            id: token.0,
            rows: row.len(),
        });
    };
    let (higher, equal) = higher_and_equal(row, logit);
    Ok(Score {
        rank: 1 + higher,
        ties: equal.saturating_sub(1),
        logit,
        prob: distribution.prob(logit),
    })
}

pub(super) fn no_rows() -> ModelError {
    ModelError::NotFinite {
        place: "a position without states".into(),
        dtype: Dtype::Auto,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a cell's figures are f32")]
pub(super) fn single(x: f64) -> f32 {
    x as f32
}
