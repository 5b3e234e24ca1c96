//! The logit lens without the final norm, as Ecco and the figures of Alammar's *Finding the Words
//! to Say* (2021) compute it.

use candle_core::{Result, Tensor};

use super::{FinalNorm, Kind, Lens, Seen, Source};
use crate::trace::LensKind;

/// Every state as it is; only the last row goes through the final norm.
#[derive(Clone, Copy, Debug)]
pub struct Raw;

pub(super) const KIND: Kind = Kind {
    lens: LensKind::Raw,
    source: Source::Model(&Raw),
};

impl Lens for Raw {
    fn kind(&self) -> LensKind {
        LensKind::Raw
    }

    fn inside_blocks(&self) -> Option<FinalNorm> {
        Some(FinalNorm::LeftOut)
    }

    fn seen(&self, _: &Tensor) -> Result<Seen> {
        Ok(Seen {
            rows: None,
            norm: FinalNorm::LeftOut,
            unsaid: Vec::new(),
        })
    }
}
