//! A mixture of experts: each token goes through the few networks that a router weighs most.

use candle_core::{Result, Tensor};

use super::dtype::Dtype;
use super::linear::Linear;
use super::mlp::Mlp;
use super::router::Router;
use super::spec::Weighs;

/// The mixture of experts of one block.
#[derive(Debug)]
pub struct Experts {
    /// How many a token goes through.
    used: usize,
    router: Router,
    experts: Vec<Mlp>,
    /// What their weights multiply.
    weighs: Weighs,
    /// The projections before and behind them, where they do not read the stream itself.
    latent: Option<[Linear; 2]>,
    shared: Option<Shared>,
    dtype: Dtype,
}

/// The expert that every token goes through.
#[derive(Debug)]
pub struct Shared {
    /// The expert.
    pub mlp: Mlp,
    /// `[1, d]`; the sigmoid of its output weighs the expert's, where there is a gate.
    pub gate: Option<Linear>,
}

impl Experts {
    /// A mixture of `experts`, of which the router chooses `used`, whose sums are kept as `dtype`
    /// says.
    #[must_use]
    pub fn new(
        used: usize,
        router: Router,
        experts: Vec<Mlp>,
        shared: Option<Shared>,
        dtype: Dtype,
    ) -> Self {
        Self {
            used,
            router,
            experts,
            weighs: Weighs::Output,
            latent: None,
            shared,
            dtype,
        }
    }

    /// The same with a projection before the experts, and another one behind them.
    #[must_use]
    pub fn in_latent(self, latent: [Linear; 2]) -> Self {
        Self {
            latent: Some(latent),
            ..self
        }
    }

    /// The same with weights that multiply something.
    #[must_use]
    pub fn weighing(self, weighs: Weighs) -> Self {
        Self { weighs, ..self }
    }

    /// Bytes of weights that one token reads: those of the experts that it goes through.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let of_one = self.experts.first().map_or(0, Mlp::bytes);
        let shared = self.shared.as_ref();
        let shared = shared.map_or(0, |shared| {
            shared.mlp.bytes() + shared.gate.as_ref().map_or(0, Linear::bytes)
        });
        let latent: u64 = self.latent.iter().flatten().map(Linear::bytes).sum();
        self.router.bytes() + self.used as u64 * of_one + latent + shared
    }

    /// `[rows, d]` → `[rows, d]`.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        self.forward_routed(x, x)
    }

    /// The same where the router reads something else than the experts, `[rows, d]`.
    pub fn forward_routed(&self, x: &Tensor, routed: &Tensor) -> Result<Tensor> {
        let mut shares = vec![Vec::new(); self.experts.len()];
        for (row, chosen) in self.router.choose(routed)?.into_iter().enumerate() {
            for (expert, weight) in chosen {
                if let Some(share) = shares.get_mut(expert) {
                    share.push((row, weight));
                }
            }
        }
        let shared = self.of_shared(x)?;
        match &self.latent {
            None => self.add_chosen(shared, x, &shares),
            Some([into, back]) => {
                let x = into.forward(x)?;
                let sum = self.add_chosen(x.zeros_like()?, &x, &shares)?;
                self.dtype.round((back.forward(&sum)? + shared)?)
            }
        }
    }

    /// What the shared expert gives, if there is one.
    fn of_shared(&self, x: &Tensor) -> Result<Tensor> {
        match &self.shared {
            Some(Shared { mlp, gate: None }) => mlp.forward(x),
            Some(Shared {
                mlp,
                gate: Some(gate),
            }) => {
                let weight = candle_nn::ops::sigmoid(&gate.forward(x)?)?;
                let part = mlp.forward(x)?.broadcast_mul(&weight)?;
                self.dtype.round(part)
            }
            None => x.zeros_like(),
        }
    }

    /// `sum` and what the chosen experts of each row give of `x`: `shares` are the rows of each
    /// expert, with its weight.
    fn add_chosen(
        &self,
        mut sum: Tensor,
        x: &Tensor,
        shares: &[Vec<(usize, f32)>],
    ) -> Result<Tensor> {
        for (expert, share) in self.experts.iter().zip(shares) {
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
            // On Metal a view would give other rows.
            let x = x.contiguous()?.index_select(&rows, 0)?;
            let weighed = |x: &Tensor| self.dtype.round(x.broadcast_mul(&weights)?);
            let part = match self.weighs {
                Weighs::Output => weighed(&expert.forward(&x)?)?,
                Weighs::Input => expert.forward(&weighed(&x)?)?,
            };
            sum = self.dtype.round(sum.index_add(&rows, &part, 0)?)?;
        }
        Ok(sum)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::model::spec::{Activation, Bias, MlpKind, MlpSpec, RouterSpec, Sum};
    use crate::model::weight::Weight;
    use candle_core::Device;

    const EXPERT: MlpSpec = MlpSpec {
        kind: MlpKind::Plain,
        activation: Activation::Relu,
        width: 1,
        bias: Bias::Absent,
    };

    /// From one number to as many as there are weights.
    fn linear(weights: &[f32]) -> Linear {
        let weight = Tensor::from_slice(weights, (weights.len(), 1), &Device::Cpu).unwrap();
        Linear::new(Weight::from_tensor(weight), None, Dtype::Auto)
    }

    #[test]
    fn each_row_goes_through_its_own_experts() {
        let expert = |factor: f32| {
            let (up, down) = (linear(&[factor]), linear(&[1.0]));
            Mlp::new(EXPERT, up, down, Dtype::Auto)
        };
        let spec = RouterSpec {
            sum: Sum::ONE,
            ..RouterSpec::default()
        };
        let projection = linear(&[1.0, 0.0, -1.0]);
        let experts = Experts::new(
            1,
            Router::new(spec, 1, projection, Vec::new()),
            vec![expert(10.0), expert(0.0), expert(-100.0)],
            None,
            Dtype::Auto,
        );
        let x = Tensor::new(&[[2.0_f32], [-3.0]], &Device::Cpu).unwrap();
        let y: Vec<Vec<f32>> = experts.forward(&x).unwrap().to_vec2().unwrap();
        assert_eq!(y, [[20.0], [300.0]]);
    }
}
