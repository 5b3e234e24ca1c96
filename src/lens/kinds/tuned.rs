//! The tuned lens: a state goes through an affine map that was fitted to its layer, so that what
//! follows predicts the next token. `h + W h + b`, of the stream that *enters* a block, then the
//! final norm; row `emb` enters block 0, so there is a map for every row but the last one.
//!
//! Source: Belrose and others, *Eliciting Latent Predictions from Transformers with the Tuned
//! Lens* (2023), and `tuned_lens/nn/lenses.py` of its authors: `W` is `[out, in]`, and the files
//! hold what is added to the state, so that zeros are the plain lens.

mod file;

use candle_core::{Result, Tensor};

use super::{FinalNorm, Kind, Lens, Seen, Source};
use crate::model::device::{Processor, moved};
use crate::model::weight::Weight;
use crate::trace::LensKind;

/// What is added to a state.
#[derive(Debug)]
struct Translator {
    /// `[d_model, d_model]`, held as the file has it.
    weight: Weight,
    /// `[1, d_model]`; none is zeros.
    bias: Option<Tensor>,
}

/// One translator a row, but for the last one.
#[derive(Debug)]
pub struct Tuned(Vec<Translator>);

pub(super) const KIND: Kind = Kind {
    lens: LensKind::Tuned,
    source: Source::Files {
        is_at: file::is_at,
        read: file::read,
    },
};

impl Lens for Tuned {
    fn kind(&self) -> LensKind {
        LensKind::Tuned
    }

    fn inside_blocks(&self) -> Option<FinalNorm> {
        None
    }

    fn move_to(&mut self, processor: &Processor) -> Result<()> {
        for translator in &mut self.0 {
            translator.weight = translator.weight.moved_to(processor)?;
            if let Some(bias) = &mut translator.bias {
                *bias = moved(bias, processor.device())?;
            }
        }
        Ok(())
    }

    fn seen(&self, states: &Tensor) -> Result<Seen> {
        let rows = self.0.iter().enumerate().map(|(at, translator)| {
            let state = states.narrow(0, at, 1)?;
            let added = translator.weight.matmul(&state)?;
            match &translator.bias {
                Some(bias) => state + (added + bias)?,
                None => state + added,
            }
        });
        Ok(Seen {
            rows: Some(Tensor::cat(&rows.collect::<Result<Vec<_>>>()?, 0)?),
            norm: FinalNorm::Applied,
            unsaid: Vec::new(),
        })
    }
}
