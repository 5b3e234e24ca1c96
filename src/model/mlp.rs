//! One feed-forward network.

use candle_core::{D, Result, Tensor};

use super::linear::Linear;
use super::spec::{Activation, MlpKind, MlpSpec};

/// A feed-forward network.
#[derive(Debug)]
pub struct Mlp {
    spec: MlpSpec,
    /// `[width, d]`, or gate and up one below the other: `[2 * width, d]`.
    up: Linear,
    /// `[d, width]`.
    down: Linear,
}

impl Mlp {
    /// A feed-forward network; `up` has the rows of gate and up, in this order, where there is a
    /// gate.
    #[must_use]
    pub fn new(spec: MlpSpec, up: Linear, down: Linear) -> Self {
        Self { spec, up, down }
    }

    /// `[rows, d]` → `[rows, d]`.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let width = self.spec.width;
        let up = self.up.forward(x)?;
        let inner = match self.spec.kind {
            MlpKind::Plain => self.activate(&up)?,
            MlpKind::Gated => {
                let gate = up.narrow(D::Minus1, 0, width)?.contiguous()?;
                (self.activate(&gate)? * up.narrow(D::Minus1, width, width)?)?
            }
        };
        self.down.forward(&inner)
    }

    fn activate(&self, x: &Tensor) -> Result<Tensor> {
        match self.spec.activation {
            Activation::Silu => x.silu(),
            Activation::Gelu => x.gelu_erf(),
            Activation::GeluTanh => x.gelu(),
            Activation::Relu => x.relu(),
        }
    }
}
