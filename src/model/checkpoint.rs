//! Reads the parts of a decoder out of a checkpoint, as its [`Layout`] says, and checks every
//! tensor on the way: a missing one, one of the wrong shape and one that nothing asked for are
//! errors that name it.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use candle_core::{Device, Tensor};

use super::ModelError;
use super::layout::{Layout, MlpLayout, Orientation, QkvLayout, RopeRows};
use super::linear::Linear;
use super::norm::Norm;
use super::spec::{AttentionSpec, Bias, MlpSpec, NormKind, NormSpec};
use super::weights::Weights;

/// A checkpoint that is being read.
pub struct Checkpoint<'a> {
    weights: &'a Weights,
    layout: Layout,
    prefix: &'static str,
    device: &'a Device,
    taken: Mutex<HashSet<String>>,
    progress: &'a (dyn Fn(usize, usize) + Sync),
}

/// A matrix as `[out, in]` on the CPU, with its bias.
struct Projection {
    weight: Tensor,
    bias: Option<Tensor>,
}

impl<'a> Checkpoint<'a> {
    /// Starts reading `weights` laid out as `layout`, onto `device`. `progress` gets the number
    /// of tensors read, and of all, after each; it may be called from several threads.
    pub fn new(
        weights: &'a Weights,
        layout: Layout,
        device: &'a Device,
        progress: &'a (dyn Fn(usize, usize) + Sync),
    ) -> Result<Self, ModelError> {
        let name = |prefix: &&&str| format!("{prefix}{}.weight", layout.embedding);
        let prefix = layout
            .prefixes
            .iter()
            .find(|prefix| weights.shape(&name(prefix)).is_some())
            .ok_or_else(|| ModelError::Tensor {
                place: weights.place(),
                name: layout.prefixes.iter().take(1).map(|p| name(&p)).collect(),
                reason: "is missing; it is the embedding".into(),
            })?;
        Ok(Self {
            weights,
            layout,
            prefix,
            device,
            taken: Mutex::default(),
            progress,
        })
    }

    /// The embedding, `[vocabulary, d_model]`.
    pub fn embedding(&self, d_model: usize) -> Result<Tensor, ModelError> {
        let name = format!("{}{}.weight", self.prefix, self.layout.embedding);
        let rows = match self.weights.shape(&name) {
            Some([rows, width]) if *width == d_model => *rows,
            found => return Err(self.wrong_shape(&name, &format!("[any, {d_model}]"), found)),
        };
        Ok(self
            .tensor(&name, &[rows, d_model])?
            .to_device(self.device)?)
    }

    /// The learned positions `offset` and up, `[positions, d_model]`, where the layout has them.
    pub fn positions(
        &self,
        positions: usize,
        offset: usize,
        d_model: usize,
    ) -> Result<Option<Tensor>, ModelError> {
        let Some(name) = self.layout.positions else {
            return Ok(None);
        };
        let name = format!("{}{name}.weight", self.prefix);
        let table = self.tensor(&name, &[positions + offset, d_model])?;
        let rows = table.narrow(0, offset, positions)?.contiguous()?;
        Ok(Some(rows.to_device(self.device)?))
    }

    /// The final norm.
    pub fn final_norm(&self, spec: NormSpec, d_model: usize) -> Result<Norm, ModelError> {
        self.norm(
            &format!("{}{}", self.prefix, self.layout.final_norm),
            spec,
            d_model,
        )
    }

    /// The norm before the attention of block `l`.
    pub fn attention_norm(
        &self,
        l: usize,
        spec: NormSpec,
        d_model: usize,
    ) -> Result<Norm, ModelError> {
        self.norm(&self.in_block(self.layout.attention_norm, l), spec, d_model)
    }

    /// The norm before the feed-forward part of block `l`.
    pub fn mlp_norm(&self, l: usize, spec: NormSpec, d_model: usize) -> Result<Norm, ModelError> {
        self.norm(&self.in_block(self.layout.mlp_norm, l), spec, d_model)
    }

    /// Queries, keys and values of block `l` as one projection, rows in this order.
    pub fn qkv(
        &self,
        l: usize,
        spec: &AttentionSpec,
        d_model: usize,
    ) -> Result<Linear, ModelError> {
        let q_rows = spec.n_heads * spec.head_dim;
        let kv_rows = spec.n_kv_heads * spec.head_dim;
        let read = |name: &str, rows: usize| {
            self.projection(&self.in_block(name, l), rows, d_model, spec.qkv_bias)
        };
        let parts = match self.layout.qkv {
            QkvLayout::Concatenated(name) => vec![read(name, q_rows + 2 * kv_rows)?],
            QkvLayout::Separate { q, k, v } => {
                let turned = spec.rope.as_ref().map_or(0, |rope| rope.dim);
                vec![
                    self.in_halves(read(q, q_rows)?, spec.n_heads, turned)?,
                    self.in_halves(read(k, kv_rows)?, spec.n_kv_heads, turned)?,
                    read(v, kv_rows)?,
                ]
            }
        };
        self.stacked(parts)
    }

    /// The attention's output projection of block `l`.
    pub fn attention_output(
        &self,
        l: usize,
        spec: &AttentionSpec,
        d_model: usize,
    ) -> Result<Linear, ModelError> {
        let name = self.in_block(self.layout.output, l);
        let width = spec.n_heads * spec.head_dim;
        self.stacked(vec![self.projection(
            &name,
            d_model,
            width,
            spec.output_bias,
        )?])
    }

    /// The projections into and out of the feed-forward part of block `l`; gate and up are one,
    /// rows in this order.
    pub fn mlp(
        &self,
        l: usize,
        spec: &MlpSpec,
        d_model: usize,
    ) -> Result<(Linear, Linear), ModelError> {
        let into =
            |name: &str| self.projection(&self.in_block(name, l), spec.width, d_model, spec.bias);
        let (ups, down) = match self.layout.mlp {
            MlpLayout::Plain { up, down } => (vec![into(up)?], down),
            MlpLayout::Gated { gate, up, down } => (vec![into(gate)?, into(up)?], down),
        };
        let down = self.projection(&self.in_block(down, l), d_model, spec.width, spec.bias)?;
        Ok((self.stacked(ups)?, self.stacked(vec![down])?))
    }

    /// An unembedding that is not the embedding, `[vocabulary, d_model]`, where there is one.
    pub fn unembedding(&self, vocabulary: usize, d_model: usize) -> Result<Tensor, ModelError> {
        let name = format!("{}.weight", self.layout.unembedding);
        Ok(self
            .tensor(&name, &[vocabulary, d_model])?
            .to_device(self.device)?)
    }

    /// Whether the checkpoint holds an unembedding that is not the embedding.
    #[must_use]
    pub fn has_unembedding(&self) -> bool {
        self.weights
            .shape(&format!("{}.weight", self.layout.unembedding))
            .is_some()
    }

    /// Divisors of the rotary frequencies, `[dim / 2]`, where the checkpoint holds them.
    pub fn rope_divisors(&self, dim: usize) -> Result<Option<Vec<f32>>, ModelError> {
        let Some(name) = self.layout.rope_divisors else {
            return Ok(None);
        };
        let name = format!("{name}.weight");
        if self.weights.shape(&name).is_none() {
            return Ok(None);
        }
        Ok(Some(self.tensor(&name, &[dim / 2])?.to_vec1()?))
    }

    /// Complains about a tensor that nothing asked for: the model would not be what the
    /// checkpoint describes.
    pub fn finish(self) -> Result<(), ModelError> {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let tied = format!("{}.weight", self.layout.unembedding);
        let left_over = self
            .weights
            .names()
            .into_iter()
            .filter(|name| !taken.contains(*name) && **name != tied)
            .filter(|name| !self.layout.ignored.iter().any(|end| name.ends_with(end)))
            .min();
        match left_over {
            None => Ok(()),
            Some(name) => Err(self.about(
                name,
                "is not part of this architecture as lenscape knows it; \
                 the numbers would be wrong without it"
                    .into(),
            )),
        }
    }

    fn in_block(&self, name: &str, l: usize) -> String {
        format!("{}{}", self.prefix, name.replace("{l}", &l.to_string()))
    }

    fn norm(&self, name: &str, spec: NormSpec, d_model: usize) -> Result<Norm, ModelError> {
        let weight = self.tensor(&format!("{name}.weight"), &[d_model])?;
        let bias = match spec.kind {
            NormKind::Rms => None,
            NormKind::Layer => Some(
                self.tensor(&format!("{name}.bias"), &[d_model])?
                    .to_device(self.device)?,
            ),
        };
        Ok(Norm::new(spec, &weight.to_device(self.device)?, bias)?)
    }

    fn projection(
        &self,
        name: &str,
        rows: usize,
        columns: usize,
        bias: Bias,
    ) -> Result<Projection, ModelError> {
        let weight_name = format!("{name}.weight");
        let weight = match self.layout.orientation {
            Orientation::OutIn => self.tensor(&weight_name, &[rows, columns])?,
            Orientation::InOut => self.tensor(&weight_name, &[columns, rows])?.t()?,
        };
        let bias_name = format!("{name}.bias");
        let has_bias = match bias {
            Bias::Present => true,
            Bias::Absent => false,
            Bias::AsStored => self.weights.shape(&bias_name).is_some(),
        };
        let bias = has_bias
            .then(|| self.tensor(&bias_name, &[rows]))
            .transpose()?;
        Ok(Projection { weight, bias })
    }

    /// Projections one below the other, as one.
    fn stacked(&self, parts: Vec<Projection>) -> Result<Linear, ModelError> {
        let weights: Vec<&Tensor> = parts.iter().map(|part| &part.weight).collect();
        let weight = Tensor::cat(&weights, 0)?.contiguous()?;
        let biases: Option<Vec<&Tensor>> = parts.iter().map(|part| part.bias.as_ref()).collect();
        let bias = match biases {
            Some(biases) => Some(Tensor::cat(&biases, 0)?.to_device(self.device)?),
            None if parts.iter().any(|part| part.bias.is_some()) => {
                return Err(self.about(
                    &format!("{}*.bias", self.prefix),
                    "stands beside some of a block's projections only".into(),
                ));
            }
            None => None,
        };
        Ok(Linear::new(weight.to_device(self.device)?, bias))
    }

    /// Rows of queries or keys with the pairs of the rotation `dim / 2` apart, whatever way the
    /// checkpoint stores them.
    fn in_halves(
        &self,
        part: Projection,
        n_heads: usize,
        turned: usize,
    ) -> Result<Projection, ModelError> {
        if self.layout.rope_rows == RopeRows::Halves || turned == 0 {
            return Ok(part);
        }
        let apart = |tensor: &Tensor| -> Result<Tensor, ModelError> {
            let (rows, rest) = (tensor.dim(0)?, tensor.elem_count() / tensor.dim(0)?);
            let heads = tensor.reshape((n_heads, rows / n_heads, rest))?;
            let pairs = heads
                .narrow(1, 0, turned)?
                .reshape((n_heads, turned / 2, 2, rest))?
                .transpose(1, 2)?
                .reshape((n_heads, turned, rest))?;
            let passed = heads.narrow(1, turned, rows / n_heads - turned)?;
            Ok(Tensor::cat(&[pairs, passed], 1)?.reshape(tensor.shape())?)
        };
        Ok(Projection {
            weight: apart(&part.weight)?,
            bias: part.bias.as_ref().map(apart).transpose()?,
        })
    }

    fn tensor(&self, name: &str, expected: &[usize]) -> Result<Tensor, ModelError> {
        match self.weights.shape(name) {
            Some(found) if found == expected => {}
            found => return Err(self.wrong_shape(name, &format!("{expected:?}"), found)),
        }
        let tensor = self.weights.read(name)?;
        let taken = {
            let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
            taken.insert(name.to_owned());
            taken.len()
        };
        (self.progress)(taken, self.weights.names().len());
        Ok(tensor)
    }

    fn wrong_shape(&self, name: &str, expected: &str, found: Option<&[usize]>) -> ModelError {
        let reason = match found {
            Some(found) => format!("has shape {found:?}, expected {expected}"),
            None => format!("is missing (expected with shape {expected})"),
        };
        self.about(name, reason)
    }

    fn about(&self, name: &str, reason: String) -> ModelError {
        ModelError::Tensor {
            place: self.weights.place(),
            name: name.to_owned(),
            reason,
        }
    }
}
