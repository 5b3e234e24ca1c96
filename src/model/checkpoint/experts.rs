//! The tensors of a block's mixture of experts.

use super::{Checkpoint, Projection};
use crate::model::ModelError;
use crate::model::experts::{Experts, Shared};
use crate::model::layout::{ExpertsLayout, FusedExperts, GateUpRows, Orientation};
use crate::model::linear::Linear;
use crate::model::mlp::Mlp;
use crate::model::norm::Norm;
use crate::model::router::Router;
use crate::model::spec::{Bias, ExpertsSpec, MlpKind, MlpSpec, NormSpec, OwnNorm, SharedGate};

impl Checkpoint<'_> {
    /// The mixture of experts of block `l`.
    pub(super) fn experts(
        &self,
        l: usize,
        spec: &ExpertsSpec,
        d_model: usize,
    ) -> Result<Experts, ModelError> {
        let layout = self.experts_layout(l);
        let width = spec.latent.unwrap_or(d_model);
        let is_separate = self.has_weight(&self.in_block(layout.gate, l));
        let networks = match &layout.fused {
            Some(fused) if !is_separate => self.fused_experts(fused, l, spec, width)?,
            _ => self.separate_experts(&layout, l, spec, width)?,
        };
        let experts = networks
            .into_iter()
            .map(|(into, down)| {
                let down = self.stacked(vec![down])?;
                Ok(Mlp::new(spec.expert, self.stacked(into)?, down, self.dtype))
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
                    gate: match shared.gate {
                        SharedGate::None => None,
                        SharedGate::Sigmoid => {
                            Some(self.stacked(vec![self.shared_gate(l, d_model)?])?)
                        }
                    },
                })
            }
        };
        let router = self.router(&layout, l, spec, d_model)?;
        let read = Experts::new(spec.used, router, experts, shared, self.dtype);
        let read = read.weighing(spec.weighs);
        Ok(match spec.latent {
            None => read,
            Some(width) => read.in_latent(self.latent(&layout, l, width, d_model)?),
        })
    }

    /// The projections before and behind the experts of block `l`.
    fn latent(
        &self,
        layout: &ExpertsLayout,
        l: usize,
        width: usize,
        d_model: usize,
    ) -> Result<[Linear; 2], ModelError> {
        let read = |name: &str, rows: usize, columns: usize| {
            let name = self.in_block(name, l);
            self.stacked(vec![self.projection(&name, rows, columns, Bias::Absent)?])
        };
        let [into, back] = layout.latent;
        Ok([read(into, width, d_model)?, read(back, d_model, width)?])
    }

    /// What chooses the experts of block `l`.
    fn router(
        &self,
        layout: &ExpertsLayout,
        l: usize,
        spec: &ExpertsSpec,
        d_model: usize,
    ) -> Result<Router, ModelError> {
        let name = self.in_block(layout.router, l);
        let projection = self.projection(&name, spec.count, d_model, spec.router.bias)?;
        let name = self.in_block(layout.correction, l);
        let correction = match self.has_bias(spec.router.correction, &name) {
            false => Vec::new(),
            // Some files give it a first dimension of one.
            true => match self.weights.shape(&name) {
                Some([1, _]) => self.unrounded(&name, &[1, spec.count])?,
                _ => self.unrounded(&name, &[spec.count])?,
            }
            .flatten_all()?
            .to_vec1()?,
        };
        let projection = self.stacked(vec![projection])?;
        let router = Router::new(spec.router, spec.used, projection, correction);
        Ok(router.normed(match spec.router.own_norm {
            None => None,
            Some(norm) => Some(self.routers_norm(layout, l, norm, [spec.count, d_model])?),
        }))
    }

    /// The norm of a router's own, and the factors of the experts.
    fn routers_norm(
        &self,
        layout: &ExpertsLayout,
        l: usize,
        spec: OwnNorm,
        [count, d_model]: [usize; 2],
    ) -> Result<(Norm, Vec<f32>), ModelError> {
        let weights = self.tensor(&self.in_block(layout.router_norm, l), &[d_model])?;
        let weights = (weights * spec.scale)?.to_device(self.device())?;
        let norm = Norm::new(NormSpec::rms(spec.eps), &weights, None, self.dtype)?;
        let factors = self.flat(&self.in_block(layout.factors, l), count)?;
        Ok((norm, factors))
    }

    /// Gate, up and down of each expert that has tensors of its own, or of all in one tensor each.
    fn separate_experts(
        &self,
        layout: &ExpertsLayout,
        l: usize,
        spec: &ExpertsSpec,
        d_model: usize,
    ) -> Result<Vec<(Vec<Projection>, Projection)>, ModelError> {
        let width = spec.expert.width;
        let read = |name: &str, shape: [usize; 2]| {
            self.of_each_expert(name, l, spec.count, shape, spec.expert.bias)
        };
        let ups = read(layout.up, [width, d_model])?;
        let downs = read(layout.down, [d_model, width])?;
        if spec.expert.kind == MlpKind::Plain {
            let into = ups.into_iter().map(|up| vec![up]);
            return Ok(into.zip(downs).collect());
        }
        let gates = read(layout.gate, [width, d_model])?;
        let into = gates.into_iter().zip(ups).map(|(gate, up)| vec![gate, up]);
        Ok(into.zip(downs).collect())
    }

    /// The same where gates and ups stand in one tensor.
    fn fused_experts(
        &self,
        layout: &FusedExperts,
        l: usize,
        spec: &ExpertsSpec,
        d_model: usize,
    ) -> Result<Vec<(Vec<Projection>, Projection)>, ModelError> {
        let width = spec.expert.width;
        let read = |weight: &str, bias: &str, shape: [usize; 2]| {
            let names = [self.in_block(weight, l), self.in_block(bias, l)];
            self.in_one_tensor(&names, layout.orientation, spec, shape)
        };
        let into = read(layout.gate_up, layout.gate_up_bias, [2 * width, d_model])?;
        let downs = read(layout.down, layout.down_bias, [d_model, width])?;
        let into = into.into_iter().map(|part| match layout.rows {
            GateUpRows::HalfSplit => Ok(vec![part]),
            GateUpRows::Interleaved => {
                let sorted = part.in_order(|rows| {
                    let pairs = rows.reshape((width, 2))?;
                    Ok(pairs.t()?.reshape(2 * width)?)
                });
                sorted.map(|part| vec![part])
            }
        });
        let into = into.collect::<Result<Vec<_>, ModelError>>()?;
        Ok(into.into_iter().zip(downs).collect())
    }

    /// One matrix of `[rows, columns]` of each expert, with its bias, out of a tensor of all. The
    /// `names` are those of weights and bias.
    fn in_one_tensor(
        &self,
        names: &[String; 2],
        orientation: Orientation,
        spec: &ExpertsSpec,
        [rows, columns]: [usize; 2],
    ) -> Result<Vec<Projection>, ModelError> {
        let [weight, bias] = names;
        // Quantised matrices are along their rows, `[experts, out, in]`, whatever the others are.
        let orientation = match self.weights.is_packed(weight) {
            true => Orientation::OutIn,
            false => orientation,
        };
        let stored = match orientation {
            Orientation::OutIn => [rows, columns],
            Orientation::InOut => [columns, rows],
        };
        let all = self.rows(weight, &[spec.count, stored[0], stored[1]])?;
        let biases = self
            .has_bias(spec.expert.bias, bias)
            .then(|| self.tensor(bias, &[spec.count, rows]))
            .transpose()?;
        let of_expert = |e: usize| {
            let part = all.part(e * stored[0], stored[0]);
            let bias = biases.as_ref().map(|biases| biases.get(e)).transpose()?;
            Ok(Projection {
                weight: match orientation {
                    Orientation::OutIn => part,
                    Orientation::InOut => self.transposed(&part, rows)?,
                },
                bias,
            })
        };
        (0..spec.count).map(of_expert).collect()
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
    pub(super) fn of_each_expert(
        &self,
        name: &str,
        l: usize,
        count: usize,
        [rows, columns]: [usize; 2],
        bias: Bias,
    ) -> Result<Vec<Projection>, ModelError> {
        let name = self.in_block(name, l);
        if name.contains("{e}") {
            return (0..count)
                .map(|e| {
                    let name = name.replace("{e}", &e.to_string());
                    self.projection(&name, rows, columns, bias)
                })
                .collect();
        }
        let all = self.rows(&format!("{name}.weight"), &[count, rows, columns])?;
        let bias_name = format!("{name}.bias");
        let biases = self
            .has_bias(bias, &bias_name)
            .then(|| self.tensor(&bias_name, &[count, rows]))
            .transpose()?;
        let of_expert = |e| {
            let bias = biases.as_ref().map(|biases| biases.get(e)).transpose()?;
            let weight = all.part(e * rows, rows);
            Ok(Projection { weight, bias })
        };
        (0..count).map(of_expert).collect()
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
