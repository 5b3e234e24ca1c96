//! The tensors before the first block and behind the last one.

use super::Checkpoint;
use crate::model::ModelError;
use crate::model::decoder::Embedding;
use crate::model::head::Head;
use crate::model::layout::WITHIN;
use crate::model::linear::Linear;
use crate::model::spec::{Bias, Positions, Spec, Unembedding};
use crate::model::weight::Weight;

impl Checkpoint<'_> {
    /// The embedding with all that is done before the first block.
    pub fn embedding(&self, spec: &Spec) -> Result<Embedding, ModelError> {
        let width = spec.embedding.width;
        let name = format!("{}{}.weight", self.prefix, self.layout.embedding);
        let rows = match self.weights.shape(&name) {
            Some([rows, found]) if *found == width => *rows,
            found => return Err(self.wrong_shape(&name, &format!("[any, {width}]"), found)),
        };
        let norm = spec.embedding.norm.map(|norm| {
            let name = format!("{}{}", self.prefix, self.layout.embedding_norm);
            self.norm(&name, norm, &[width])
        });
        Ok(Embedding {
            tokens: self.weight(vec![self.rows(&name, &[rows, width])?])?,
            scale: spec.embedding.scale,
            norm: norm.transpose()?,
            projection: self.projection_between(self.layout.project_in, width, spec.d_model)?,
            positions: self.positions(spec)?,
            dtype: self.dtype,
        })
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

    /// The final norm and the unembedding, which may be the embedding's `tokens`.
    pub fn head(&self, spec: &Spec, tokens: &Weight) -> Result<Head, ModelError> {
        let (rows, width) = (tokens.height(), spec.embedding.width);
        let name = self.unembedding_name();
        let separate = match spec.head.unembedding {
            Unembedding::Tied => false,
            Unembedding::Separate => true,
            Unembedding::AsStored => self.weights.shape(&format!("{name}.weight")).is_some(),
        };
        let weight = if separate {
            let rows = self.rows(&format!("{name}.weight"), &[rows, width])?;
            self.weight(vec![rows])?
        } else {
            tokens.clone()
        };
        let bias_name = format!("{name}.bias");
        let bias = self
            .has_bias(spec.head.bias, &bias_name)
            .then(|| self.tensor(&bias_name, &[rows]))
            .transpose()?
            .map(|bias| bias.to_device(self.device))
            .transpose()?;
        let norm = spec.head.norm.map(|norm| {
            let name = format!("{}{}", self.prefix, self.layout.final_norm);
            self.norm(&name, norm, &[spec.d_model])
        });
        Ok(Head {
            norm: norm.transpose()?,
            projection: self.projection_between(self.layout.project_out, spec.d_model, width)?,
            unembedding: Linear::new(weight, bias, self.dtype),
            scale: spec.head.scale,
            cap: spec.head.cap,
            dtype: self.dtype,
        })
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

    /// The name of an unembedding of its own. It stands beside the decoder, or in a larger
    /// model's part with the decoder.
    pub(super) fn unembedding_name(&self) -> String {
        let bare = self.layout.unembedding.to_owned();
        if self.weights.shape(&format!("{bare}.weight")).is_some() {
            return bare;
        }
        let within = WITHIN
            .iter()
            .filter(|within| self.prefix.starts_with(**within))
            .max_by_key(|within| within.len());
        let outer = self.prefix.strip_suffix("model.").or(within.copied());
        format!("{}{bare}", outer.unwrap_or_default())
    }
}
