//! One feed-forward network.

use candle_core::{D, Result, Tensor};

use super::dtype::Dtype;
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
    dtype: Dtype,
}

impl Mlp {
    /// A feed-forward network; `up` has the rows of gate and up, in this order, where there is a
    /// gate. What is between them is kept as `dtype` says.
    #[must_use]
    pub fn new(spec: MlpSpec, up: Linear, down: Linear, dtype: Dtype) -> Self {
        Self {
            spec,
            up,
            down,
            dtype,
        }
    }

    /// `[rows, d]` → `[rows, d]`.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let width = self.spec.width;
        let up = self.up.forward(x)?;
        let inner = match self.spec.kind {
            MlpKind::Plain => self.activate(&up)?,
            MlpKind::Gated => {
                let gate = up.narrow(D::Minus1, 0, width)?.contiguous()?;
                let product = self.activate(&gate)? * up.narrow(D::Minus1, width, width)?;
                self.dtype.round(product?)?
            }
        };
        self.down.forward(&inner)
    }

    /// Bytes of weights that one token reads.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.up.bytes() + self.down.bytes()
    }

    fn activate(&self, x: &Tensor) -> Result<Tensor> {
        let y = match self.spec.activation {
            Activation::Silu => x.silu(),
            Activation::Gelu => x.gelu_erf(),
            Activation::GeluTanh => x.gelu(),
            Activation::Relu => x.relu(),
        };
        self.dtype.round(y?)
    }
}
