//! The tensors of a block's feed-forward part.

use candle_core::Tensor;

use super::Checkpoint;
use crate::model::ModelError;
use crate::model::feed_forward::{Both, FeedForward};
use crate::model::layout::MlpLayout;
use crate::model::mlp::Mlp;
use crate::model::norm::Norm;
use crate::model::spec::{Activation, FeedForwardSpec, MlpSpec, NormSpec, Xielu};
use crate::model::token_shift::ShiftedInput;

impl Checkpoint<'_> {
    /// The norm before the feed-forward part of block `l`, or of the sum behind it.
    pub fn mlp_norm(&self, l: usize, spec: NormSpec, d_model: usize) -> Result<Norm, ModelError> {
        let name = self.in_block(self.layout.mlp_norm, l);
        self.norm(&name, spec, &[d_model])
    }

    /// The norm of the feed-forward part's output of block `l`.
    pub fn mlp_output_norm(
        &self,
        l: usize,
        spec: NormSpec,
        d_model: usize,
    ) -> Result<Norm, ModelError> {
        let name = self.in_block(self.layout.mlp_output_norm, l);
        self.norm(&name, spec, &[d_model])
    }

    /// What mixes into what the feed-forward part of block `l` reads what it read one position
    /// before.
    pub fn token_shift(&self, l: usize, d_model: usize) -> Result<ShiftedInput, ModelError> {
        let name = self.in_block(self.layout.token_shift, l);
        let share = Tensor::from_vec(self.flat(&name, d_model)?, d_model, self.device())?;
        Ok(ShiftedInput::new(share, self.dtype))
    }

    /// The feed-forward part of block `l`.
    pub fn feed_forward(
        &self,
        l: usize,
        spec: &FeedForwardSpec,
        d_model: usize,
    ) -> Result<FeedForward, ModelError> {
        Ok(match spec {
            FeedForwardSpec::Dense(mlp) => {
                FeedForward::Dense(self.mlp(self.layout.mlp, l, *mlp, d_model)?)
            }
            FeedForwardSpec::Experts(experts) => {
                FeedForward::Experts(Box::new(self.experts(l, experts, d_model)?))
            }
            FeedForwardSpec::Both(both) => {
                let norm = |name: &str| self.norm(&self.in_block(name, l), both.norm, &[d_model]);
                let [of_mlp, before, of_experts] = self.layout.beside;
                FeedForward::Both(Box::new(Both {
                    mlp: self.mlp(self.layout.mlp, l, both.mlp, d_model)?,
                    of_mlp: norm(of_mlp)?,
                    before_experts: norm(before)?,
                    experts: self.experts(l, &both.experts, d_model)?,
                    of_experts: norm(of_experts)?,
                    dtype: self.dtype,
                }))
            }
            FeedForwardSpec::Nothing => FeedForward::Nothing,
        })
    }

    /// One network of block `l`, stored as `layout`.
    pub(super) fn mlp(
        &self,
        layout: MlpLayout,
        l: usize,
        spec: MlpSpec,
        d_model: usize,
    ) -> Result<Mlp, ModelError> {
        let into = |name: &str, rows: usize| {
            self.projection(&self.in_block(name, l), rows, d_model, spec.bias)
        };
        let spec = self.with_numbers(l, spec)?;
        let (ups, down) = match layout {
            MlpLayout::Plain { up, down } => (vec![into(up, spec.width)?], down),
            MlpLayout::Gated { gate, up, down } => {
                (vec![into(gate, spec.width)?, into(up, spec.width)?], down)
            }
            MlpLayout::Fused { gate_up, down } => (vec![into(gate_up, 2 * spec.width)?], down),
        };
        let down = self.projection(&self.in_block(down, l), d_model, spec.width, spec.bias)?;
        Ok(Mlp::new(
            spec,
            self.stacked(ups)?,
            self.stacked(vec![down])?,
            self.dtype,
        ))
    }

    /// The same network with the numbers of its activation, where those stand beside the weights
    /// of block `l`.
    fn with_numbers(&self, l: usize, spec: MlpSpec) -> Result<MlpSpec, ModelError> {
        if spec.activation != Activation::Xielu(None) {
            return Ok(spec);
        }
        let read = |which: &str| -> Result<f64, ModelError> {
            let name = self.in_block(self.layout.xielu, l).replace("{x}", which);
            let shape: &[usize] = match self.weights.shape(&name) {
                Some([]) => &[],
                _ => &[1],
            };
            let number: Vec<f32> = self.tensor(&name, shape)?.flatten_all()?.to_vec1()?;
            Ok(number.first().copied().unwrap_or_default().into())
        };
        let numbers = Xielu {
            alpha_p: read("alpha_p")?,
            alpha_n: read("alpha_n")?,
            beta: read("beta")?,
            eps: read("eps")?,
        };
        Ok(MlpSpec {
            activation: Activation::Xielu(Some(numbers)),
            ..spec
        })
    }
}
