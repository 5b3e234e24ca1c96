//! How weights are held that are stored in fewer bits than float32.

use super::dtype::Dtype;

/// How weights are held that are stored in fewer bits than float32. The numbers are the same, and
/// so is the arithmetic; the order of its sums is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holding {
    /// As float32, widened once: the fastest.
    Widened,
    /// In the type that they are stored in, or rounded to, and widened at every use: the smallest.
    AsStored,
}

impl Holding {
    /// How a model is held that is computed with as `dtype` says and takes `widened` bytes with
    /// float32 weights, while `available` bytes are free; `None` where that number is not known.
    ///
    /// Half of the memory is left to whatever else runs here and to longer texts.
    #[must_use]
    pub fn choose(dtype: Dtype, widened: u64, available: Option<u64>) -> Self {
        match (dtype, available) {
            (Dtype::F32, _) => Self::Widened,
            (Dtype::Bf16 | Dtype::F16, _) => Self::AsStored,
            (Dtype::Auto, Some(available)) if widened > available / 2 => Self::AsStored,
            (Dtype::Auto, _) => Self::Widened,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_widened_where_that_takes_no_more_than_half_of_the_memory() {
        let chosen = |available| Holding::choose(Dtype::Auto, 1000, available);
        assert_eq!(chosen(Some(2000)), Holding::Widened);
        assert_eq!(chosen(Some(1999)), Holding::AsStored);
        assert_eq!(chosen(None), Holding::Widened);
    }

    #[test]
    fn a_type_that_is_asked_for_is_held_in_whatever_memory_there_is() {
        for available in [None, Some(0), Some(u64::MAX)] {
            let chosen = |dtype| Holding::choose(dtype, 1000, available);
            assert_eq!(chosen(Dtype::F32), Holding::Widened);
            assert_eq!(chosen(Dtype::Bf16), Holding::AsStored);
            assert_eq!(chosen(Dtype::F16), Holding::AsStored);
        }
    }
}
