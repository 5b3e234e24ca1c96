//! Whether two tensors of a checkpoint are one and the same: by their values, not by their names.
//! The unembedding is often the embedding once more.

use super::Weights;
use crate::model::ModelError;

/// As many weights are looked at at a time, so that no matrix is in memory as a whole.
const PANEL: usize = 1 << 20;

impl Weights {
    /// Whether the tensors `a` and `b` have the same shape and the same values; in whatever types
    /// they are stored, each number counts as the float32 that it is read as. The first difference
    /// ends the comparison.
    ///
    /// # Errors
    /// As [`Weights::read`].
    pub fn are_equal(&self, a: &str, b: &str) -> Result<bool, ModelError> {
        let shape = self.shape(a);
        let Some((width, height)) = shape.filter(|_| shape == self.shape(b)).and_then(|shape| {
            let (width, rows) = shape.split_last()?;
            Some((*width, rows.iter().product::<usize>()))
        }) else {
            return Ok(false);
        };
        if self.are_one_place(a, b) {
            return Ok(true);
        }
        let step = (PANEL / width.max(1)).max(1);
        for start in (0..height).step_by(step) {
            let rows = start..height.min(start + step);
            let panels = (
                self.read_some_rows(a, rows.clone())?,
                self.read_some_rows(b, rows)?,
            );
            let (Some(a_rows), Some(b_rows)) = panels else {
                return Ok(self.read_rows(a)?.is_same(&self.read_rows(b)?));
            };
            if !a_rows.is_same(&b_rows) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn are_one_place(&self, a: &str, b: &str) -> bool {
        match self {
            Self::Gguf(_) => a == b,
            Self::Folder(files) => files.is_one_place(a, b),
        }
    }
}
