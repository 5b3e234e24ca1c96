//! From states to logits: one function for the model's own output and for the lens alike, so
//! that the last row of the lens *is* the model's output.

use candle_core::{Result, Tensor};

use super::decomposition::Decomposition;
use super::device::Processor;
use super::dtype::Dtype;
use super::linear::Linear;
use super::norm::Norm;

/// The final norm, the unembedding, and what the model does to its logits.
#[derive(Debug)]
pub struct Unembed {
    pub(super) norm: Option<Norm>,
    /// From the stream's width to the unembedding's, where they differ.
    pub(super) projection: Option<Linear>,
    pub(super) unembedding: Linear,
    pub(super) scale: Option<f64>,
    pub(super) cap: Option<f64>,
    /// Where it is.
    pub(super) processor: Processor,
    /// How the logits are kept.
    pub(super) dtype: Dtype,
}

impl Unembed {
    /// Logits of residual streams: `[rows, d]` → `[rows, vocabulary]`, in one product. Rows that
    /// skip the final norm get the rest of the model's own head as all others do.
    pub fn logits(&self, states: &Tensor, normed: NormedRows) -> Result<Tensor> {
        let mut inputs = match &self.norm {
            Some(norm) => normed.through(norm, states)?,
            None => states.clone(),
        };
        if let Some(projection) = &self.projection {
            inputs = projection.forward(&inputs)?;
        }
        let mut logits = self.unembedding.forward(&inputs)?;
        if let Some(scale) = self.scale {
            logits = self.dtype.round((logits * scale)?)?;
        }
        match self.cap {
            Some(cap) => self.dtype.round(capped(&logits, cap)?),
            None => Ok(logits),
        }
    }

    /// Bytes of weights that the logits of any number of states read.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let projection = self.projection.as_ref().map_or(0, Linear::bytes);
        projection + self.unembedding.bytes()
    }

    /// Where it is.
    #[must_use]
    pub fn processor(&self) -> &Processor {
        &self.processor
    }

    /// In which type it computes.
    #[must_use]
    pub fn dtype(&self) -> Dtype {
        self.dtype
    }
}

/// A final logit by the parts of the stream, before the soft cap.
#[derive(Debug)]
pub struct LogitContributions {
    /// What each part adds, `[parts + 1, vocabulary]`; the last row is of all biases.
    pub parts: Tensor,
    /// The soft cap that the sum then goes through.
    pub cap: Option<f64>,
}

impl Unembed {
    /// What each part of the final stream adds to the logits, the final norm's statistics held
    /// at those of the stream itself, `state`, `[1, d]`.
    pub fn logit_contributions(
        &self,
        mut decomposition: Decomposition,
        state: &Tensor,
    ) -> Result<LogitContributions> {
        if let Some(norm) = &self.norm {
            decomposition.through(norm, state)?;
        }
        let rows = decomposition.rows()?;
        let last = rows.dim(0)? - 1;
        let (parts, bias) = (rows.narrow(0, 0, last)?, rows.narrow(0, last, 1)?);
        let (parts, bias) = match &self.projection {
            Some(projection) => (projection.without_bias(&parts)?, projection.forward(&bias)?),
            None => (parts, bias),
        };
        let parts = self.unembedding.without_bias(&parts.contiguous()?)?;
        let bias = self.unembedding.forward(&bias.contiguous()?)?;
        let logits = Tensor::cat(&[parts, bias], 0)?;
        Ok(LogitContributions {
            parts: match self.scale {
                Some(scale) => (logits * scale)?,
                None => logits,
            },
            cap: self.cap,
        })
    }
}

/// Which rows go through the final norm before the unembedding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NormedRows {
    /// Every row, as the model's own output does.
    All,
    /// The last one only: the lens `raw`, whose last row is the model's own output.
    Last,
    /// None, since they have been through it.
    None,
}

impl NormedRows {
    /// `states`, `[rows, d]`, the chosen rows through `norm`.
    fn through(self, norm: &Norm, states: &Tensor) -> Result<Tensor> {
        match self {
            Self::All => norm.forward(states),
            Self::None => Ok(states.clone()),
            Self::Last => {
                let below = states.dim(0)?.saturating_sub(1);
                let last = norm.forward(&states.narrow(0, below, 1)?)?;
                Tensor::cat(&[states.narrow(0, 0, below)?, last], 0)
            }
        }
    }
}

/// `cap * tanh(x / cap)`: never beyond the cap, and in the same order.
pub(super) fn capped(x: &Tensor, cap: f64) -> Result<Tensor> {
    (x / cap)?.tanh()? * cap
}
