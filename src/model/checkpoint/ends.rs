//! The tensors before the first block and behind the last one.

use super::{Checkpoint, embedding_name, no_embedding, unembedding_name};
use crate::model::ModelError;
use crate::model::decoder::Embedding;
use crate::model::linear::Linear;
use crate::model::sinusoids::Sinusoids;
use crate::model::spec::{Bias, Positions, Spec, Unembedding};
use crate::model::unembed::Unembed;
use crate::model::weight::Weight;

impl Checkpoint<'_> {
    /// The embedding with all that is done before the first block.
    pub fn embedding(&self, spec: &Spec) -> Result<Embedding, ModelError> {
        let width = spec.embedding.width;
        let norm = spec.embedding.norm.map(|norm| {
            let name = format!("{}{}", self.prefix, self.layout.embedding_norm);
            self.norm(&name, norm, &[width])
        });
        Ok(Embedding {
            tokens: self.tokens(spec)?,
            scale: spec.embedding.scale,
            norm: norm.transpose()?,
            projection: self.projection_between(self.layout.project_in, width, spec.d_model)?,
            positions: self.positions(spec)?,
            per_layer: self.per_layer(spec)?,
            sinusoids: match spec.positions {
                Positions::Sinusoidal { offset, without } => {
                    Some(Sinusoids::new(spec.d_model, offset, without))
                }
                Positions::Learned { .. } | Positions::InAttention => None,
            },
            dtype: self.dtype,
        })
    }

    /// How many tokens the embedding has, whose width has to be that of the description.
    fn n_tokens(&self, spec: &Spec) -> Result<usize, ModelError> {
        let width = spec.embedding.width;
        let name = self.embedding_name(spec)?;
        self.check_type(&name)?;
        match self.weights.shape(&name) {
            Some([rows, found]) if *found == width => Ok(*rows),
            found => Err(self.wrong_shape(&name, &format!("[any, {width}]"), found)),
        }
    }

    /// The vectors of all tokens.
    fn tokens(&self, spec: &Spec) -> Result<Weight, ModelError> {
        let shape = [self.n_tokens(spec)?, spec.embedding.width];
        self.weight(vec![self.rows(&self.embedding_name(spec)?, &shape)?])
    }

    /// The learned positions, `[positions, d_model]`, row 0 for the first one.
    fn positions(&self, spec: &Spec) -> Result<Option<Weight>, ModelError> {
        let Positions::Learned { offset } = spec.positions else {
            return Ok(None);
        };
        let name = format!("{}{}.weight", self.prefix, self.layout.positions);
        let table = self.rows(&name, &[spec.context_length + offset, spec.d_model])?;
        let table = table.part(offset, spec.context_length);
        self.weight(vec![table]).map(Some)
    }

    /// The final norm and the unembedding, which may be the embedding's `tokens`; those are read
    /// here where they are needed and were not.
    pub fn unembed(&self, spec: &Spec, tokens: Option<&Weight>) -> Result<Unembed, ModelError> {
        let rows = match tokens {
            Some(tokens) => tokens.height(),
            None => self.n_tokens(spec)?,
        };
        let width = spec.embedding.width;
        let name = self.unembedding_name();
        let weight_name = format!("{name}.weight");
        let weight = if self.has_own_unembedding(spec, &weight_name, &[rows, width])? {
            let rows = self.rows(&weight_name, &[rows, width])?;
            self.weight(vec![rows])?
        } else {
            match tokens {
                Some(tokens) => tokens.clone(),
                None => self.tokens(spec)?,
            }
        };
        let bias_name = format!("{name}.bias");
        let bias = self
            .has_bias(spec.unembed.bias, &bias_name)
            .then(|| self.tensor(&bias_name, &[rows]))
            .transpose()?
            .map(|bias| bias.to_device(self.device()))
            .transpose()?;
        let norm = spec.unembed.norm.map(|norm| {
            let name = format!("{}{}", self.prefix, self.layout.final_norm);
            self.norm(&name, norm, &[spec.d_model])
        });
        Ok(Unembed {
            norm: norm.transpose()?,
            projection: self.projection_between(self.layout.project_out, spec.d_model, width)?,
            unembedding: Linear::new(weight, bias, self.dtype),
            scale: spec.unembed.scale,
            cap: spec.unembed.cap,
            processor: self.processor().clone(),
            dtype: self.dtype,
        })
    }

    /// The name of the embedding, which is the unembedding's where the two are one and only that
    /// is stored.
    fn embedding_name(&self, spec: &Spec) -> Result<String, ModelError> {
        let name = embedding_name(&self.prefix, &self.layout);
        if self.weights.shape(&name).is_some() {
            return Ok(name);
        }
        match spec.unembed.unembedding {
            Unembedding::Tied => Ok(self.unembedding_name() + ".weight"),
            Unembedding::Separate | Unembedding::AsStored => Err(no_embedding(self.weights, name)),
        }
    }

    /// Whether the unembedding is a matrix of its own, `name`, of this shape. Where the
    /// configuration says that it is the embedding but the files hold one that differs, that one
    /// counts, as in transformers 5. Where it is the embedding once more, it is not held twice.
    fn has_own_unembedding(
        &self,
        spec: &Spec,
        name: &str,
        shape: &[usize],
    ) -> Result<bool, ModelError> {
        let embedding = self.embedding_name(spec)?;
        let is_stored = self.weights.shape(name).is_some();
        match spec.unembed.unembedding {
            Unembedding::Separate => return Ok(true),
            _ if !is_stored || name == embedding => return Ok(false),
            Unembedding::Tied | Unembedding::AsStored => self.check(name, shape)?,
        }
        let is_own = !self.weights.are_equal(&embedding, name)?;
        if is_own && spec.unembed.unembedding == Unembedding::Tied {
            self.note(format!(
                "{}: the configuration says that the unembedding is the embedding, but the files \
                 hold another matrix, `{name}`; that one is used, as transformers does",
                self.weights.place()
            ));
        }
        Ok(is_own)
    }

    /// The projection from one width to the other, where they differ.
    fn projection_between(
        &self,
        name: &str,
        from: usize,
        to: usize,
    ) -> Result<Option<Linear>, ModelError> {
        if from == to {
            return Ok(None);
        }
        let name = format!("{}{name}", self.prefix);
        let part = self.projection(&name, to, from, Bias::Absent)?;
        self.stacked(vec![part]).map(Some)
    }

    /// The name of an unembedding of its own.
    pub(super) fn unembedding_name(&self) -> String {
        unembedding_name(self.weights, &self.layout, &self.prefix)
    }
}
