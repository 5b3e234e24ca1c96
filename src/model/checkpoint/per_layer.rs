//! The tensors of what comes behind the two parts of a block, and of the vectors that tokens have
//! for each block.

use super::Checkpoint;
use crate::model::ModelError;
use crate::model::per_layer::{AfterParts, LayerInput, PerLayerEmbedding};
use crate::model::spec::{AfterSpec, Bias, NormSpec, Presence, Spec};

impl Checkpoint<'_> {
    /// The vectors that tokens have for each block, where they have any.
    pub(super) fn per_layer(&self, spec: &Spec) -> Result<Option<PerLayerEmbedding>, ModelError> {
        let Some(of_block) = spec.embedding.per_layer else {
            return Ok(None);
        };
        let layout = self.layout.after;
        let of_all = of_block.width.saturating_mul(spec.blocks.len());
        let name = |name: &str| format!("{}{name}", self.prefix);
        let vectors = name(layout.vectors) + ".weight";
        self.check_type(&vectors)?;
        let rows = match self.weights.shape(&vectors) {
            Some([rows, found]) if *found == of_all => *rows,
            found => return Err(self.wrong_shape(&vectors, &format!("[any, {of_all}]"), found)),
        };
        let projection = name(layout.projection);
        let projection = self.projection(&projection, of_all, spec.d_model, Bias::Absent)?;
        let norm = name(layout.projection_norm);
        Ok(Some(PerLayerEmbedding {
            tokens: self.weight(vec![self.rows(&vectors, &[rows, of_all])?])?,
            projection: self.stacked(vec![projection])?,
            norm: self.norm(&norm, of_block.norm, &[of_block.width])?,
            beyond: of_block.beyond,
            width: of_block.width,
            dtype: self.dtype,
        }))
    }

    /// How block `l` takes in a vector of this `width`.
    pub(super) fn layer_input(
        &self,
        l: usize,
        width: usize,
        norm: NormSpec,
        d_model: usize,
    ) -> Result<LayerInput, ModelError> {
        let layout = self.layout.after;
        let name = |name: &str| self.in_block(name, l);
        let gate = self.projection(&name(layout.gate), width, d_model, Bias::Absent)?;
        let back = self.projection(&name(layout.output), d_model, width, Bias::Absent)?;
        Ok(LayerInput {
            gate: self.stacked(vec![gate])?,
            projection: self.stacked(vec![back])?,
            norm: self.norm(&name(layout.norm), norm, &[d_model])?,
        })
    }

    /// What comes behind the two parts of block `l`, if anything.
    pub fn after_parts(
        &self,
        l: usize,
        spec: Option<AfterSpec>,
        d_model: usize,
    ) -> Result<Option<AfterParts>, ModelError> {
        let Some(spec) = spec else {
            return Ok(None);
        };
        let layout = self.layout.after;
        let name = |name: &str| self.in_block(name, l);
        let input = match spec.per_layer {
            None => None,
            Some(width) => Some(self.layer_input(l, width, spec.norm, d_model)?),
        };
        let scale = name(layout.scale);
        let is_there = self.weights.shape(&scale).is_some();
        let scale = match is_there || spec.scale == Presence::Required {
            true => {
                let scale: Vec<f32> = self.tensor(&scale, &[1])?.to_vec1()?;
                scale.first().copied().map(f64::from)
            }
            false => None,
        };
        Ok(Some(AfterParts {
            input,
            scale,
            dtype: self.dtype,
        }))
    }
}
