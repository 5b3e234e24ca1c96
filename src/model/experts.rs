//! A mixture of experts: each token goes through the few networks that a router weighs most.

use candle_core::{Result, Tensor};

use super::dtype::Dtype;
use super::linear::Linear;
use super::mlp::Mlp;
use super::spec::ExpertsSpec;

/// The mixture of experts of one block.
#[derive(Debug)]
pub struct Experts {
    spec: ExpertsSpec,
    /// `[count, d]`.
    router: Linear,
    experts: Vec<Mlp>,
    shared: Option<Shared>,
    dtype: Dtype,
}

/// The expert that every token goes through.
#[derive(Debug)]
pub struct Shared {
    /// The expert.
    pub mlp: Mlp,
    /// `[1, d]`; the sigmoid of its output weighs the expert's.
    pub gate: Linear,
}

impl Experts {
    /// A mixture of `experts`, as many as the spec and the router's rows say, whose sums are kept
    /// as `dtype` says.
    #[must_use]
    pub fn new(
        spec: ExpertsSpec,
        router: Linear,
        experts: Vec<Mlp>,
        shared: Option<Shared>,
        dtype: Dtype,
    ) -> Self {
        Self {
            spec,
            router,
            experts,
            shared,
            dtype,
        }
    }

    /// Bytes of weights that one token reads: those of the experts that it goes through.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let of_one = self.experts.first().map_or(0, Mlp::bytes);
        let shared = self.shared.as_ref();
        let shared = shared.map_or(0, |shared| shared.mlp.bytes() + shared.gate.bytes());
        self.router.bytes() + self.spec.used as u64 * of_one + shared
    }

    /// `[rows, d]` → `[rows, d]`.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let scores = candle_nn::ops::softmax_last_dim(&self.router.forward(x)?)?.to_vec2()?;
        let mut shares = vec![Vec::new(); self.experts.len()];
        for (row, scores) in scores.iter().enumerate() {
            for (expert, weight) in chosen(scores, &self.spec) {
                if let Some(share) = shares.get_mut(expert) {
                    share.push((row, weight));
                }
            }
        }
        let mut sum = match &self.shared {
            Some(shared) => {
                let weight = candle_nn::ops::sigmoid(&shared.gate.forward(x)?)?;
                let part = shared.mlp.forward(x)?.broadcast_mul(&weight)?;
                self.dtype.round(part)?
            }
            None => x.zeros_like()?,
        };
        for (expert, share) in self.experts.iter().zip(&shares) {
            if share.is_empty() {
                continue;
            }
            let rows: Vec<u32> = share
                .iter()
                .filter_map(|(row, _)| u32::try_from(*row).ok())
                .collect();
            let weights: Vec<f32> = share.iter().map(|(_, weight)| *weight).collect();
            let rows = Tensor::new(rows, x.device())?;
            let weights = Tensor::new(weights, x.device())?.unsqueeze(1)?;
            let weights = self.dtype.round(weights)?;
            let part = expert.forward(&x.index_select(&rows, 0)?)?;
            let part = self.dtype.round(part.broadcast_mul(&weights)?)?;
            sum = self.dtype.round(sum.index_add(&rows, &part, 0)?)?;
        }
        Ok(sum)
    }
}

/// The experts that a token uses, with their weights, best first.
fn chosen(scores: &[f32], spec: &ExpertsSpec) -> Vec<(usize, f32)> {
    let mut ranked: Vec<(usize, f32)> = scores.iter().copied().enumerate().collect();
    ranked.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    ranked.truncate(spec.used);
    if spec.renormalised {
        let sum: f32 = ranked.iter().map(|(_, score)| score).sum();
        for (_, score) in &mut ranked {
            *score /= sum;
        }
    }
    ranked
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::model::spec::{Activation, Bias, MlpKind, MlpSpec};
    use crate::model::weight::Weight;
    use candle_core::Device;

    fn spec(renormalised: bool) -> ExpertsSpec {
        ExpertsSpec {
            expert: MlpSpec {
                kind: MlpKind::Plain,
                activation: Activation::Relu,
                width: 1,
                bias: Bias::Absent,
            },
            count: 3,
            used: 2,
            renormalised,
            shared: None,
        }
    }

    /// From one number to as many as there are weights.
    fn linear(weights: &[f32]) -> Linear {
        let weight = Tensor::from_slice(weights, (weights.len(), 1), &Device::Cpu).unwrap();
        Linear::new(Weight::from_tensor(weight), None, Dtype::Auto)
    }

    #[test]
    fn the_best_experts_weigh_as_the_router_says() {
        let chosen = chosen(&[0.25, 0.125, 0.625], &spec(false));
        assert_eq!(chosen, [(2, 0.625), (0, 0.25)]);
    }

    #[test]
    fn their_weights_can_be_scaled_to_a_sum_of_one() {
        let chosen = chosen(&[0.25, 0.0, 0.75], &spec(true));
        assert_eq!(chosen, [(2, 0.75), (0, 0.25)]);
    }

    #[test]
    fn each_row_goes_through_its_own_experts() {
        let expert = |factor: f32| {
            let (up, down) = (linear(&[factor]), linear(&[1.0]));
            Mlp::new(spec(true).expert, up, down, Dtype::Auto)
        };
        let experts = Experts::new(
            ExpertsSpec {
                used: 1,
                ..spec(true)
            },
            linear(&[1.0, 0.0, -1.0]),
            vec![expert(10.0), expert(0.0), expert(-100.0)],
            None,
            Dtype::Auto,
        );
        let x = Tensor::new(&[[2.0_f32], [-3.0]], &Device::Cpu).unwrap();
        let y: Vec<Vec<f32>> = experts.forward(&x).unwrap().to_vec2().unwrap();
        assert_eq!(y, [[20.0], [300.0]]);
    }
}
