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
/// Between [`KvCache::set_aside`] and [`KvCache::take_up`] the same is true of anything at all:
/// rows that are written over are saved first, so that this costs what is written and no more.
#[derive(Debug, Default)]
pub struct KvCache {
    /// Keys and values, each `[n_kv_heads, room, head_dim]`.
    room: Option<(Tensor, Tensor)>,
    len: usize,
    aside: Option<Aside>,
}

/// What it takes to make a cache again what it was.
#[derive(Debug)]
struct Aside {
    len: usize,
    /// Rows that were written over, in the order of the writing.
    saved: Vec<SavedRows>,
}

/// Keys and values, each `[n_kv_heads, rows, head_dim]`, from the position `start` on.
#[derive(Debug)]
struct SavedRows {
    start: usize,
    keys: Tensor,
    values: Tensor,
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

    /// Writes keys and values, each `[n_kv_heads, rows, head_dim]` with a width of their own, behind
    /// the kept ones, and returns all up to there.
    pub fn write(&mut self, keys: &Tensor, values: &Tensor) -> Result<(Tensor, Tensor)> {
        let end = self.len + keys.dim(1)?;
        self.save(end)?;
        let (k, v) = self.with_room(end, [keys, values])?;
        k.slice_set(&keys.contiguous()?, 1, self.len)?;
        v.slice_set(&values.contiguous()?, 1, self.len)?;
        Ok((k.narrow(1, 0, end)?, v.narrow(1, 0, end)?))
    }

    /// Counts the first `len` positions as kept; those behind are forgotten.
    pub fn keep(&mut self, len: usize) {
        self.len = len;
    }

    /// Remembers the kept positions as they are now, until [`KvCache::take_up`].
    pub fn set_aside(&mut self) {
        let len = self.len;
        self.aside.get_or_insert(Aside {
            len,
            saved: Vec::new(),
        });
    }

    /// Makes the kept positions, bit for bit, what they were when they were set aside.
    pub fn take_up(&mut self) -> Result<()> {
        let Some(Aside { len, saved }) = self.aside.take() else {
            return Ok(());
        };
        if let Some((k, v)) = &self.room {
            // Of rows that were written over twice, those saved first are the old ones.
            for rows in saved.iter().rev() {
                k.slice_set(&rows.keys, 1, rows.start)?;
                v.slice_set(&rows.values, 1, rows.start)?;
            }
        }
        self.len = len;
        Ok(())
    }

    /// Saves what is set aside of the rows up to `end` that are about to be written over.
    fn save(&mut self, end: usize) -> Result<()> {
        let (Some(aside), Some((k, v))) = (&mut self.aside, &self.room) else {
            return Ok(());
        };
        let start = self.len;
        let rows = end.min(aside.len).saturating_sub(start);
        if rows > 0 {
            aside.saved.push(SavedRows {
                start,
                keys: k.narrow(1, start, rows)?.force_contiguous()?,
                values: v.narrow(1, start, rows)?.force_contiguous()?,
            });
        }
        Ok(())
    }

    /// The two tensors with room for `end` positions; grown by doubling.
    fn with_room(&mut self, end: usize, like: [&Tensor; 2]) -> Result<(Tensor, Tensor)> {
        let (k, v) = match self.room.take() {
            Some((k, v)) if k.dim(1)? >= end => (k, v),
            old => {
                let room = end.next_power_of_two().max(FIRST_ROOM);
                let grown = |old: Option<&Tensor>, like: &Tensor| -> Result<Tensor> {
                    let (heads, _, width) = like.dims3()?;
                    let new = Tensor::zeros((heads, room, width), like.dtype(), like.device())?;
                    if let Some(old) = old {
                        new.slice_set(old, 1, 0)?;
                    }
                    Ok(new)
                };
                (
                    grown(old.as_ref().map(|(k, _)| k), like[0])?,
                    grown(old.as_ref().map(|(_, v)| v), like[1])?,
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
    fn what_is_set_aside_comes_back_whatever_was_written_meanwhile() {
        let mut cache = KvCache::default();
        let first = rows(0.0, FIRST_ROOM);
        cache.write(&first, &first).unwrap();
        cache.keep(FIRST_ROOM);
        cache.set_aside();
        // Written over, written over again from further below, grown, and given up half-way.
        cache.keep(FIRST_ROOM - 2);
        cache.write(&rows(7.0, 5), &rows(7.0, 5)).unwrap();
        cache.keep(FIRST_ROOM + 3);
        cache.keep(3);
        let many = rows(900.0, 3 * FIRST_ROOM);
        cache.write(&many, &many).unwrap();
        cache.take_up().unwrap();
        assert_eq!(cache.len(), FIRST_ROOM);
        let next = rows(500.0, 1);
        let (k, v) = cache.write(&next, &next).unwrap();
        let expected: Vec<f32> = (0..FIRST_ROOM).map(|i| i as f32).chain([500.0]).collect();
        assert_eq!(flat(&k), expected);
        assert_eq!(flat(&v), expected);
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
