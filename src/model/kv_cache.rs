//! The keys and values of the positions that a block has seen.
//!
//! candle's own cache can neither be cut back nor copied safely, and allocates the whole context
//! at once.

use candle_core::{Result, Tensor};

/// Positions that a fresh cache has room for.
const FIRST_ROOM: usize = 128;

/// Keys and values of one block.
///
/// Rows behind `len` are room. [`KvCache::write`] fills room without counting it, and
/// [`KvCache::keep`] counts: a forward pass that is given up half-way leaves the cache as it was.
#[derive(Debug, Default)]
pub struct KvCache {
    /// Keys and values, each `[n_kv_heads, room, head_dim]`.
    room: Option<(Tensor, Tensor)>,
    len: usize,
}

impl KvCache {
    /// How many positions are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether no position is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Writes keys and values, each `[n_kv_heads, rows, head_dim]`, behind the kept ones, and
    /// returns all up to there.
    pub fn write(&mut self, keys: &Tensor, values: &Tensor) -> Result<(Tensor, Tensor)> {
        let end = self.len + keys.dim(1)?;
        let (k, v) = self.with_room(end, keys)?;
        k.slice_set(&keys.contiguous()?, 1, self.len)?;
        v.slice_set(&values.contiguous()?, 1, self.len)?;
        Ok((k.narrow(1, 0, end)?, v.narrow(1, 0, end)?))
    }

    /// Counts the first `len` positions as kept; those behind are forgotten.
    pub fn keep(&mut self, len: usize) {
        self.len = len;
    }

    /// The two tensors with room for `end` positions; grown by doubling.
    fn with_room(&mut self, end: usize, like: &Tensor) -> Result<(Tensor, Tensor)> {
        let (heads, _, width) = like.dims3()?;
        let (k, v) = match self.room.take() {
            Some((k, v)) if k.dim(1)? >= end => (k, v),
            old => {
                let room = end.next_power_of_two().max(FIRST_ROOM);
                let grown = |old: Option<&Tensor>| -> Result<Tensor> {
                    let new = Tensor::zeros((heads, room, width), like.dtype(), like.device())?;
                    if let Some(old) = old {
                        new.slice_set(old, 1, 0)?;
                    }
                    Ok(new)
                };
                (
                    grown(old.as_ref().map(|(k, _)| k))?,
                    grown(old.as_ref().map(|(_, v)| v))?,
                )
            }
        };
        self.room = Some((k.clone(), v.clone()));
        Ok((k, v))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use candle_core::Device;

    fn rows(first: f32, rows: usize) -> Tensor {
        let values: Vec<f32> = (0..rows).map(|i| first + i as f32).collect();
        Tensor::from_vec(values, (1, rows, 1), &Device::Cpu).unwrap()
    }

    fn flat(tensor: &Tensor) -> Vec<f32> {
        tensor.flatten_all().unwrap().to_vec1().unwrap()
    }

    #[test]
    fn rows_are_appended_and_survive_growth() {
        let mut cache = KvCache::default();
        let first = rows(0.0, FIRST_ROOM);
        cache.write(&first, &first).unwrap();
        cache.keep(FIRST_ROOM);
        let next = rows(500.0, 3);
        let (k, v) = cache.write(&next, &next).unwrap();
        let expected: Vec<f32> = (0..FIRST_ROOM)
            .map(|i| i as f32)
            .chain([500.0, 501.0, 502.0])
            .collect();
        assert_eq!(flat(&k), expected);
        assert_eq!(flat(&v), expected);
    }

    #[test]
    fn what_was_written_but_not_kept_is_overwritten() {
        let mut cache = KvCache::default();
        cache.write(&rows(1.0, 2), &rows(1.0, 2)).unwrap();
        let (k, _) = cache.write(&rows(7.0, 1), &rows(7.0, 1)).unwrap();
        assert_eq!(flat(&k), [7.0]);
    }

    #[test]
    fn cutting_back_forgets_the_last_positions() {
        let mut cache = KvCache::default();
        cache.write(&rows(1.0, 4), &rows(1.0, 4)).unwrap();
        cache.keep(4);
        cache.keep(2);
        let (k, _) = cache.write(&rows(9.0, 1), &rows(9.0, 1)).unwrap();
        assert_eq!(flat(&k), [1.0, 2.0, 9.0]);
    }
}
