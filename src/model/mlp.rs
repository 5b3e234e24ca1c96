//! One feed-forward network.

use candle_core::{D, Result, Tensor};
use candle_nn::ops::sigmoid;

use super::dtype::Dtype;
use super::linear::Linear;
use super::spec::{Activation, MlpKind, MlpSpec, Xielu};

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
            MlpKind::Gated | MlpKind::Scaled { .. } | MlpKind::Sparse { .. } => {
                let gate = up.narrow(D::Minus1, 0, width)?.contiguous()?;
                let gate = match self.spec.kind {
                    MlpKind::Scaled { gate: scale, .. } => self.dtype.round((gate * scale)?)?,
                    MlpKind::Sparse { deviations } => {
                        self.dtype.round(above(&gate, deviations)?)?
                    }
                    _ => gate,
                };
                let product = self.activate(&gate)? * up.narrow(D::Minus1, width, width)?;
                self.dtype.round(product?)?
            }
            MlpKind::Clamped { steepness, limit } => {
                let gate = up.narrow(D::Minus1, 0, width)?.minimum(limit)?;
                let up = up.narrow(D::Minus1, width, width)?.clamp(-limit, limit)?;
                let gate = (&gate * sigmoid(&(&gate * steepness)?)?)?;
                let product = self.dtype.round(gate)? * (up + 1.0)?;
                self.dtype.round(product?)?
            }
        };
        let output = self.down.forward(&inner)?;
        match self.spec.kind {
            MlpKind::Scaled { down, .. } => self.dtype.round((output * down)?),
            _ => Ok(output),
        }
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
            Activation::ReluSquared => x.relu()?.sqr(),
            Activation::Xielu(Some(numbers)) => xielu(x, numbers),
            Activation::Xielu(None) => candle_core::bail!("an xIELU without its numbers"),
        };
        self.dtype.round(y?)
    }
}

/// What of each number is more than so many standard deviations above the mean of its row.
fn above(x: &Tensor, deviations: f64) -> Result<Tensor> {
    let mean = x.mean_keepdim(D::Minus1)?;
    let centred = x.broadcast_sub(&mean)?;
    let deviation = centred.sqr()?.mean_keepdim(D::Minus1)?.sqrt()?;
    let least = (mean + (deviation * deviations)?)?;
    x.broadcast_sub(&least)?.relu()
}

/// The xIELU with these numbers.
fn xielu(x: &Tensor, numbers: Xielu) -> Result<Tensor> {
    let Xielu {
        alpha_p,
        alpha_n,
        beta,
        eps,
    } = numbers;
    let linear = (x * beta)?;
    let above = ((x.sqr()? * softplus(alpha_p))? + &linear)?;
    // e^y - 1, without losing the digits of a small y.
    let half = (x.minimum(eps)? * 0.5)?.tanh()?;
    let exponential = ((&half * 2.0)? / half.affine(-1.0, 1.0)?)?;
    let below = ((exponential - x)? * (beta + softplus(alpha_n)))? + &linear;
    x.gt(0.0)?.where_cond(&above, &below?)
}

/// `ln(1 + e^x)`.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::model::spec::Bias;
    use crate::model::weight::Weight;
    use candle_core::Device;

    /// What comes out between the projections of a network that turns the number `x` into the rows
    /// `up` times `x`.
    fn inner(kind: MlpKind, activation: Activation, up: &[f32], x: f32) -> f32 {
        let linear = |weights: &[f32]| {
            let weight = Tensor::from_slice(weights, (weights.len(), 1), &Device::Cpu).unwrap();
            Linear::new(Weight::from_tensor(weight), None, Dtype::Auto)
        };
        let spec = MlpSpec {
            kind,
            activation,
            width: 1,
            bias: Bias::Absent,
        };
        let mlp = Mlp::new(spec, linear(up), linear(&[1.0]), Dtype::Auto);
        let x = Tensor::new(&[[x]], &Device::Cpu).unwrap();
        let y: Vec<Vec<f32>> = mlp.forward(&x).unwrap().to_vec2().unwrap();
        y[0][0]
    }

    fn close(found: f32, expected: f32) {
        let allowed = 1e-6 * expected.abs().max(1.0);
        assert!(
            (found - expected).abs() < allowed,
            "{found}, not {expected}"
        );
    }

    #[test]
    fn squared_relu_is_zero_below_zero() {
        let relu = |x| inner(MlpKind::Plain, Activation::ReluSquared, &[1.0], x);
        close(relu(3.0), 9.0);
        close(relu(-3.0), 0.0);
    }

    #[test]
    fn xielu_is_a_parabola_above_zero_and_falls_below_it_as_its_numbers_say() {
        let numbers = Xielu {
            alpha_p: 0.0,
            alpha_n: 1.0,
            beta: 0.5,
            eps: -1e-6,
        };
        let xielu = |x| inner(MlpKind::Plain, Activation::Xielu(Some(numbers)), &[1.0], x);
        close(xielu(2.0), 2.0_f32.ln() * 4.0 + 1.0);
        let n = 0.5 + (1.0 + 1.0_f32.exp()).ln();
        close(xielu(-0.5), ((-0.5_f32).exp_m1() + 0.5) * n - 0.25);
        close(xielu(-90.0), 89.0 * n - 45.0);
    }

    #[test]
    fn gate_and_up_are_clamped_and_one_is_added_to_the_latter() {
        let kind = MlpKind::Clamped {
            steepness: 2.0,
            limit: 7.0,
        };
        let glu = |gate: f32| gate / (1.0 + (-2.0 * gate).exp());
        let both = |gate: f32, up: f32| inner(kind, Activation::Silu, &[gate, up], 1.0);
        close(both(3.0, -2.0), -glu(3.0));
        close(both(9.0, 9.0), glu(7.0) * 8.0);
        close(both(-9.0, -9.0), glu(-9.0) * -6.0);
    }

    #[test]
    fn gates_may_be_scaled_and_the_output_too() {
        let kind = MlpKind::Scaled {
            gate: 0.5,
            down: 3.0,
        };
        let both = |gate: f32, up: f32| inner(kind, Activation::Relu, &[gate, up], 1.0);
        close(both(4.0, 5.0), 30.0);
        close(both(-4.0, 5.0), 0.0);
    }

    #[test]
    fn of_sparse_gates_only_what_is_far_above_the_mean_of_all_is_left() {
        let gates = Tensor::new(&[[1.0_f32, 1.0, 1.0, 5.0]], &Device::Cpu).unwrap();
        let left: Vec<Vec<f32>> = above(&gates, 1.0).unwrap().to_vec2().unwrap();
        // Mean 2, deviation the root of 3.
        close(left[0][3], 3.0 - 3.0_f32.sqrt());
        assert_eq!(left[0][..3], [0.0; 3]);
    }
}
