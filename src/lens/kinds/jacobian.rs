//! The Jacobian lens: a state goes through the mean Jacobian of the last block's output by it,
//! `J h` of the stream that *leaves* a block, then the final norm. What comes out is what the
//! state disposes the model to say, at some later position or at the next one; so it does not
//! rank the next token as the other lenses do.
//!
//! Source: the `anthropics/jacobian-lens` code (2026), `jlens/lens.py`: `residual @ J.T`, in
//! float32. There is no matrix for row `emb`, and a file may leave out layers.

mod file;

use candle_core::{Device, Result, Tensor};
use half::f16;

use super::{FinalNorm, Kind, Lens, Seen, Source};
use crate::model::Dequantisation;
use crate::model::device::Processor;
use crate::model::weight::{Rows, Storage, Weight};
use crate::trace::LensKind;

/// How a layer's state is taken to the last one.
#[derive(Debug)]
enum Transport {
    /// By this matrix, `[d_model, d_model]`, held as the file has it.
    By(Weight),
    /// As it is: it is the state that the others are taken to.
    AsItIs,
    /// The file says nothing of the layer.
    Unknown,
}

/// One transport a layer, but for the last one.
#[derive(Debug)]
pub struct Jacobian(Vec<Transport>);

pub(super) const KIND: Kind = Kind {
    lens: LensKind::Jacobian,
    source: Source::Files {
        is_at: file::is_at,
        read: file::read,
    },
};

impl Jacobian {
    /// One that changes nothing, of matrices as they are published: `[d_model, d_model]` in
    /// float16 for each of `n_layers` layers but the last one. What a lens costs is measured with
    /// it.
    ///
    /// # Errors
    /// When `d_model` is 0.
    pub fn of_identities(n_layers: usize, d_model: usize) -> Result<Self> {
        let one = f16::ONE.to_le_bytes();
        let mut bytes = vec![0; 2 * d_model * d_model];
        for entry in bytes.chunks_exact_mut(2).step_by(d_model + 1) {
            entry.copy_from_slice(&one);
        }
        let transports = (1..n_layers).map(|_| {
            let rows = Rows::new(Storage::F16, d_model, bytes.clone());
            let Some(rows) = rows else {
                candle_core::bail!("a lens for states without numbers");
            };
            let matrix = Weight::from_rows(vec![rows], Dequantisation::AtUse, &Device::Cpu)?;
            Ok(Transport::By(matrix))
        });
        Ok(Self(transports.collect::<Result<_>>()?))
    }

    /// Bytes that its matrices are held in, all of which each token reads.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let of = |transport: &Transport| match transport {
            Transport::By(matrix) => matrix.bytes(),
            Transport::AsItIs | Transport::Unknown => 0,
        };
        self.0.iter().map(of).sum()
    }
}

impl Lens for Jacobian {
    fn kind(&self) -> LensKind {
        LensKind::Jacobian
    }

    fn inside_blocks(&self) -> Option<FinalNorm> {
        None
    }

    fn move_to(&mut self, processor: &Processor) -> Result<()> {
        for transport in &mut self.0 {
            if let Transport::By(matrix) = transport {
                *matrix = matrix.moved_to(processor)?;
            }
        }
        Ok(())
    }

    fn seen(&self, states: &Tensor) -> Result<Seen> {
        let mut rows = vec![states.narrow(0, 0, 1)?];
        let mut unsaid = vec![0];
        for (row, transport) in (1..).zip(&self.0) {
            let state = states.narrow(0, row, 1)?;
            rows.push(match transport {
                Transport::By(matrix) => matrix.matmul(&state)?,
                Transport::AsItIs => state,
                Transport::Unknown => {
                    unsaid.push(row);
                    state
                }
            });
        }
        Ok(Seen {
            rows: Some(Tensor::cat(&rows, 0)?),
            norm: FinalNorm::Applied,
            unsaid,
        })
    }
}
