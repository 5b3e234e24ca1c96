//! The logit lens with the final norm at every layer, as nostalgebraist's *interpreting GPT: the
//! logit lens* (2020) has it.

use candle_core::{Result, Tensor};

use super::{FinalNorm, Kind, Lens, Seen, Source};
use crate::trace::LensKind;

/// Every state as it is, through the final norm.
#[derive(Clone, Copy, Debug)]
pub struct Normed;

pub(super) const KIND: Kind = Kind {
    lens: LensKind::Normed,
    source: Source::Model(&Normed),
};

impl Lens for Normed {
    fn kind(&self) -> LensKind {
        LensKind::Normed
    }

    fn inside_blocks(&self) -> Option<FinalNorm> {
        Some(FinalNorm::Applied)
    }

    fn seen(&self, _: &Tensor) -> Result<Seen> {
        Ok(Seen {
            rows: None,
            norm: FinalNorm::Applied,
            unsaid: Vec::new(),
        })
    }
}
