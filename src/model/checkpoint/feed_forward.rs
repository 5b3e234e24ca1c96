//! The tensors of a block's feed-forward part.

use super::{Checkpoint, Projection};
use crate::model::ModelError;
use crate::model::experts::{Experts, Shared};
use crate::model::feed_forward::FeedForward;
use crate::model::layout::{ExpertsLayout, MlpLayout};
use crate::model::mlp::Mlp;
use crate::model::norm::Norm;
use crate::model::spec::{Bias, ExpertsSpec, FeedForwardSpec, MlpSpec, NormSpec};

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
                FeedForward::Experts(self.experts(l, experts, d_model)?)
            }
            FeedForwardSpec::Nothing => FeedForward::Nothing,
        })
    }

    fn mlp(
        &self,
        layout: MlpLayout,
        l: usize,
        spec: MlpSpec,
        d_model: usize,
    ) -> Result<Mlp, ModelError> {
        let into = |name: &str, rows: usize| {
            self.projection(&self.in_block(name, l), rows, d_model, spec.bias)
        };
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

    fn experts(&self, l: usize, spec: &ExpertsSpec, d_model: usize) -> Result<Experts, ModelError> {
        let layout = self.experts_layout(l);
        let router = self.in_block(layout.router, l);
        let router = self.projection(&router, spec.count, d_model, Bias::Absent)?;
        let width = spec.expert.width;
        let gates = self.of_each_expert(layout.gate, l, spec.count, [width, d_model])?;
        let ups = self.of_each_expert(layout.up, l, spec.count, [width, d_model])?;
        let downs = self.of_each_expert(layout.down, l, spec.count, [d_model, width])?;
        let experts = gates
            .into_iter()
            .zip(ups)
            .zip(downs)
            .map(|((gate, up), down)| {
                let into = self.stacked(vec![gate, up])?;
                let down = self.stacked(vec![down])?;
                Ok(Mlp::new(spec.expert, into, down, self.dtype))
            })
            .collect::<Result<Vec<_>, ModelError>>()?;
        let shared = match spec.shared {
            None => None,
            Some(shared) => {
                let mlp = MlpSpec {
                    width: shared.width,
                    ..spec.expert
                };
                Some(Shared {
                    mlp: self.mlp(layout.shared, l, mlp, d_model)?,
                    gate: self.stacked(vec![self.shared_gate(l, d_model)?])?,
                })
            }
        };
        Ok(Experts::new(
            *spec,
            self.stacked(vec![router])?,
            experts,
            shared,
            self.dtype,
        ))
    }

    /// The way in which this checkpoint stores a mixture.
    fn experts_layout(&self, l: usize) -> ExpertsLayout {
        let is_there = |layout: &ExpertsLayout| {
            self.has_weight(&self.in_block(layout.gate, l).replace("{e}", "0"))
        };
        let usual = self.layout.experts;
        let older = usual.older.filter(|older| is_there(older));
        *older.filter(|_| !is_there(&usual)).unwrap_or(&usual)
    }

    /// One matrix of `[out, in]` of each expert.
    fn of_each_expert(
        &self,
        name: &str,
        l: usize,
        count: usize,
        [rows, columns]: [usize; 2],
    ) -> Result<Vec<Projection>, ModelError> {
        let name = self.in_block(name, l);
        if name.contains("{e}") {
            return (0..count)
                .map(|e| {
                    let name = name.replace("{e}", &e.to_string());
                    self.projection(&name, rows, columns, Bias::Absent)
                })
                .collect();
        }
        let all = self.rows(&format!("{name}.weight"), &[count, rows, columns])?;
        let of_expert = |e| Projection {
            weight: all.part(e * rows, rows),
            bias: None,
        };
        Ok((0..count).map(of_expert).collect())
    }

    /// `[1, d_model]`; GGUF files hold it without the first dimension.
    fn shared_gate(&self, l: usize, d_model: usize) -> Result<Projection, ModelError> {
        let name = self.in_block(self.layout.experts.shared_gate, l);
        let weight_name = format!("{name}.weight");
        let weight = match self.weights.shape(&weight_name) {
            Some([_]) => self.rows(&weight_name, &[d_model])?,
            _ => self.rows(&weight_name, &[1, d_model])?,
        };
        Ok(Projection { weight, bias: None })
    }
}
