//! Logits → the figures of cells, worked out on the card that the logits are on: what comes to the
//! CPU are a few numbers a row. It is the twin of [`super::reading`]: ranks are counts and the best
//! tokens a selection here too, and sums of many numbers move on in float64.
//!
//! Nothing sorts: a row is cut into blocks of columns, of each of which the largest logit comes to
//! the CPU, and of the best ones all. No other block can have one of the best tokens.

use std::ops::Range;

use candle_core::{D, DType, Result, Tensor};

use super::distribution::Distribution;
use super::logits::Logits;
use super::reading::{checked, no_rows, single};
use crate::model::ModelError;
use crate::model::device::numbers;
use crate::trace::{BySum, Cell, Column, Score, TokenId};
use crate::vocabulary::Vocabulary;

/// About how many columns are summed in float32.
const SUMMED: usize = 2048;

/// About how many columns one largest logit stands for.
const COMPARED: usize = 128;

/// [`super::column`] of logits on a card, `z`, `[rows, vocabulary]`.
pub(super) fn column(
    logits: &Logits,
    z: &Tensor,
    token: TokenId,
    top_k: usize,
    vocabulary: &Vocabulary,
) -> std::result::Result<Column, ModelError> {
    let (rows, width) = z.dims2()?;
    check_token(token, width)?;
    let mut parcel = Parcel::default();
    let sums = Sums::of(z, &mut parcel)?;
    let standing = Standing::of(z, token, &mut parcel)?;
    let divergence = parcel.put(divergence(z, &sums)?)?;
    let blocks = Blocks::of(z, COMPARED)?;
    let largest = parcel.put(blocks.each(|block| block.max(D::Minus1))?)?;
    let arrived = parcel.sent()?;
    let found = (0..rows).map(|row| logits.says(row).then(|| sums.distribution(&arrived, row)));
    let distributions = checked(found.collect(), logits.dtype())?;
    let Some(Some(last)) = distributions.last() else {
        return Err(no_rows());
    };
    let may = |id| !vocabulary.is_unused(id);
    let best = blocks.best(&arrived, &largest, top_k, may)?;
    let mut cells: Vec<Option<Cell>> = distributions
        .iter()
        .zip(best)
        .enumerate()
        .map(|(row, (distribution, top))| {
            distribution.as_ref().map(|distribution| Cell {
                score: standing.score(&arrived, row, distribution),
                entropy: single(distribution.entropy),
                kl: single(last.kl_of_sums(
                    sums.exps(&arrived, rows - 1),
                    total(arrived.row(row, &divergence)),
                    distribution,
                )),
                log_sum_exp: single(distribution.log_sum_exp),
                top,
            })
        })
        .collect();
    let layers = cells.split_off(1.min(cells.len()));
    Ok(Column {
        token,
        lens: logits.lens(),
        embedding: cells.pop().ok_or_else(no_rows)?,
        layers: layers.into_iter().collect(),
        inside: BySum::default(),
    })
}

/// [`super::scores`] of logits on a card, `z`, `[rows, vocabulary]`.
pub(super) fn scores(
    logits: &Logits,
    z: &Tensor,
    tokens: &[TokenId],
) -> std::result::Result<Vec<Vec<Option<Score>>>, ModelError> {
    let (rows, width) = z.dims2()?;
    let mut parcel = Parcel::default();
    let sums = Sums::of(z, &mut parcel)?;
    let standings = tokens.iter().map(|token| {
        check_token(*token, width)?;
        Ok(Standing::of(z, *token, &mut parcel)?)
    });
    let standings = standings.collect::<std::result::Result<Vec<_>, ModelError>>()?;
    let arrived = parcel.sent()?;
    let found = (0..rows).map(|row| logits.says(row).then(|| sums.distribution(&arrived, row)));
    let distributions = checked(found.collect(), logits.dtype())?;
    let of = |standing: &Standing| {
        let rows = distributions.iter().enumerate();
        rows.map(|(row, distribution)| {
            let distribution = distribution.as_ref();
            distribution.map(|distribution| standing.score(&arrived, row, distribution))
        })
        .collect()
    };
    Ok(standings.iter().map(of).collect())
}

/// The logits of one token at every row of `z`, `[rows, vocabulary]`.
pub(super) fn logits_of(z: &Tensor, token: TokenId) -> std::result::Result<Vec<f32>, ModelError> {
    check_token(token, z.dim(1)?)?;
    Ok(numbers(&own(z, token)?)?)
}

fn check_token(token: TokenId, rows: usize) -> std::result::Result<(), ModelError> {
    match (token.0 as usize) < rows {
        true => Ok(()),
        false => Err(ModelError::UnknownToken { id: token.0, rows }),
    }
}

/// The logits of one token, `[rows, 1]`.
fn own(z: &Tensor, token: TokenId) -> Result<Tensor> {
    z.narrow(1, token.0 as usize, 1)?.contiguous()
}

/// Numbers of every row that come to the CPU together, in one transfer.
#[derive(Default)]
struct Parcel {
    /// Each `[rows, any]`.
    parts: Vec<Tensor>,
    width: usize,
}

impl Parcel {
    /// Adds numbers, `[rows, any]`, and says where they will be in each row.
    fn put(&mut self, part: Tensor) -> Result<Range<usize>> {
        let start = self.width;
        self.width += part.dim(1)?;
        self.parts.push(part);
        Ok(start..self.width)
    }

    fn sent(self) -> Result<Arrived> {
        Ok(Arrived {
            values: numbers(&Tensor::cat(&self.parts, 1)?)?,
            width: self.width,
        })
    }
}

/// A parcel on the CPU.
struct Arrived {
    values: Vec<f32>,
    width: usize,
}

impl Arrived {
    fn row(&self, row: usize, place: &Range<usize>) -> &[f32] {
        let start = row * self.width;
        let place = start + place.start..start + place.end;
        self.values.get(place).unwrap_or_default()
    }

    fn number(&self, row: usize, place: &Range<usize>) -> f32 {
        self.row(row, place).first().copied().unwrap_or(f32::NAN)
    }
}

/// In float64.
fn total(sums: &[f32]) -> f64 {
    sums.iter().copied().map(f64::from).sum()
}

/// What the softmax of each row is known by.
struct Sums {
    /// The largest logit, `[rows, 1]`.
    largest: Tensor,
    /// `e^(z - largest)`, `[rows, vocabulary]`.
    exponentials: Tensor,
    max: Range<usize>,
    /// 0 where all logits are finite.
    check: Range<usize>,
    exps: Range<usize>,
    weighted: Range<usize>,
}

impl Sums {
    fn of(z: &Tensor, parcel: &mut Parcel) -> Result<Self> {
        let largest = z.max_keepdim(1)?;
        let below = z.broadcast_sub(&largest)?;
        let exponentials = below.exp()?;
        Ok(Self {
            max: parcel.put(largest.clone())?,
            // x · 0 is 0 for a finite number and NaN for any other, and NaN stays in a sum.
            check: parcel.put((z * 0.0)?.sum_keepdim(1)?)?,
            exps: parcel.put(partial_sums(&exponentials)?)?,
            weighted: parcel.put(partial_sums(&(&exponentials * below)?)?)?,
            largest,
            exponentials,
        })
    }

    /// Σ e^(z - max) of a row.
    fn exps(&self, arrived: &Arrived, row: usize) -> f64 {
        total(arrived.row(row, &self.exps))
    }

    /// The distribution of a row; `None` where a logit is not a finite number.
    fn distribution(&self, arrived: &Arrived, row: usize) -> Option<Distribution> {
        let weighted = total(arrived.row(row, &self.weighted));
        let max = arrived.number(row, &self.max);
        (arrived.number(row, &self.check) == 0.0)
            .then(|| Distribution::of_sums(max, self.exps(arrived, row), weighted))
    }
}

/// Where a token stands in each row. Its logit is read from the very numbers it is counted among.
struct Standing {
    logit: Range<usize>,
    higher: Range<usize>,
    equal: Range<usize>,
}

impl Standing {
    fn of(z: &Tensor, token: TokenId, parcel: &mut Parcel) -> Result<Self> {
        let own = own(z, token)?;
        // Sums of bytes would wrap; in float32 counts up to 2^24 are exact.
        let count = |is: Tensor| is.to_dtype(DType::F32)?.sum_keepdim(1);
        Ok(Self {
            higher: parcel.put(count(z.broadcast_gt(&own)?)?)?,
            equal: parcel.put(count(z.broadcast_eq(&own)?)?)?,
            logit: parcel.put(own)?,
        })
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "they are counts below 2^24"
    )]
    fn score(&self, arrived: &Arrived, row: usize, distribution: &Distribution) -> Score {
        let count = |place| arrived.number(row, place) as u32;
        let logit = arrived.number(row, &self.logit);
        Score {
            rank: 1 + count(&self.higher),
            ties: count(&self.equal).saturating_sub(1),
            logit,
            prob: distribution.prob(logit),
        }
    }
}

/// Sums of `e (z - z')`, each row's largest logit taken off, `e` being the last row's
/// exponentials: what [`Distribution::kl_of_sums`] needs of each row.
fn divergence(z: &Tensor, sums: &Sums) -> Result<Tensor> {
    let last = z.dim(0)?.saturating_sub(1);
    let row = |x: &Tensor| x.narrow(0, last, 1);
    let shift = sums.largest.affine(-1.0, 0.0)?;
    let shift = shift.broadcast_add(&row(&sums.largest)?)?;
    // z' - z, which is what broadcasting allows, and so the other way round.
    let apart = z.broadcast_sub(&row(z)?)?.affine(-1.0, 0.0)?;
    let apart = apart.broadcast_sub(&shift)?;
    partial_sums(&apart.broadcast_mul(&row(&sums.exponentials)?)?)
}

/// Sums over blocks of columns: `[rows, vocabulary]` → `[rows, blocks]`.
fn partial_sums(x: &Tensor) -> Result<Tensor> {
    Blocks::of(x, SUMMED)?.each(|block| block.sum(D::Minus1))
}

/// Rows cut into blocks of columns of one size, with what is left over at their end.
struct Blocks {
    /// `[rows, blocks, size]`.
    whole: Tensor,
    /// `[rows, any]`, where there is something left.
    rest: Option<Tensor>,
    size: usize,
}

impl Blocks {
    /// Blocks of about `near` columns: of a size that leaves nothing over, where there is one.
    fn of(x: &Tensor, near: usize) -> Result<Self> {
        let (rows, width) = x.dims2()?;
        let sizes = near / 4..=near * 4;
        let divisors = sizes.filter(|size| *size > 0 && width.is_multiple_of(*size));
        let size = divisors.min_by_key(|size| size.abs_diff(near));
        let size = size.unwrap_or(near).min(width.max(1));
        let blocks = width / size;
        let whole = x.narrow(1, 0, blocks * size)?.contiguous()?;
        let rest = width - blocks * size;
        let rest = (rest > 0).then(|| x.narrow(1, width - rest, rest)?.contiguous());
        Ok(Self {
            whole: whole.reshape((rows, blocks, size))?,
            rest: rest.transpose()?,
            size,
        })
    }

    /// What `f` makes of the last dimension, `[rows, blocks, any]` → `[rows, blocks]`, of the
    /// blocks and of the rest as one more.
    fn each(&self, f: impl Fn(&Tensor) -> Result<Tensor>) -> Result<Tensor> {
        let whole = f(&self.whole)?;
        match &self.rest {
            None => Ok(whole),
            Some(rest) => Tensor::cat(&[whole, f(&rest.unsqueeze(1)?)?], 1),
        }
    }

    /// The `k` highest logits of each row whose token `may` be listed, best first; of equal ones
    /// the token with the lower id stands first. The largest logit of each block has arrived at
    /// `largest`.
    fn best(
        &self,
        arrived: &Arrived,
        largest: &Range<usize>,
        k: usize,
        may: impl Fn(TokenId) -> bool,
    ) -> Result<Vec<Vec<(TokenId, f32)>>> {
        let (rows, blocks, size) = self.whole.dims3()?;
        // Where one of its tokens is not listed, the largest logit says too much of a block.
        let is_listed = |block: &usize| self.tokens(*block).all(&may);
        let (listed, partly): (Vec<usize>, Vec<usize>) = (0..blocks).partition(is_listed);
        let any = |block: &usize| self.tokens(*block).any(&may);
        let partly: Vec<usize> = partly.into_iter().filter(any).collect();
        let wanted: Vec<Vec<usize>> = (0..rows)
            .map(|row| {
                let largest = arrived.row(row, largest);
                let of = |block: usize| largest.get(block).copied().unwrap_or(f32::NEG_INFINITY);
                let mut best = listed.clone();
                best.sort_by(|a, b| of(*b).total_cmp(&of(*a)).then(a.cmp(b)));
                best.truncate(k);
                [best, partly.clone()].concat()
            })
            .collect();
        let places = wanted.iter().enumerate();
        let places = places.flat_map(|(row, of)| of.iter().map(move |at| row * blocks + at));
        let places: Vec<u32> = places.filter_map(|at| u32::try_from(at).ok()).collect();
        let found = match places.is_empty() {
            true => Vec::new(),
            false => {
                let places = Tensor::new(places, self.whole.device())?;
                let all = self.whole.reshape((rows * blocks, size))?;
                numbers(&all.index_select(&places, 0)?)?
            }
        };
        let rest = self.rest.as_ref().map(numbers).transpose()?;
        let rest = rest.unwrap_or_default();
        let rest_width = rest.len() / rows.max(1);
        let mut found = found.chunks_exact(size);
        Ok(wanted
            .iter()
            .enumerate()
            .map(|(row, of)| {
                let mut all: Vec<(TokenId, f32)> = Vec::new();
                for (block, numbers) in of.iter().zip(&mut found) {
                    all.extend(self.tokens(*block).zip(numbers.iter().copied()));
                }
                let behind = (blocks * size..).filter_map(|id| u32::try_from(id).ok());
                let left = rest.iter().skip(row * rest_width).take(rest_width);
                all.extend(behind.map(TokenId).zip(left.copied()));
                all.retain(|(id, _)| may(*id));
                // As numbers compare: 0 and -0 are equal.
                all.sort_by(|(a, x), (b, y)| {
                    let by_logit = y.partial_cmp(x).unwrap_or(std::cmp::Ordering::Equal);
                    by_logit.then(a.cmp(b))
                });
                all.truncate(k);
                all
            })
            .collect())
    }

    /// The tokens of a block.
    fn tokens(&self, block: usize) -> impl Iterator<Item = TokenId> + use<> {
        let ids = block * self.size..(block + 1) * self.size;
        ids.filter_map(|id| u32::try_from(id).ok()).map(TokenId)
    }
}
