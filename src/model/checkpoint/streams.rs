//! The tensors of a trunk of several streams, and of what is added beside its attentions.

use super::Checkpoint;
use crate::model::ModelError;
use crate::model::laurel::Laurel;
use crate::model::linear::Linear;
use crate::model::spec::{Bias, NormSpec, Spec, StreamsSpec};
use crate::model::streams::{StreamBlock, Streams};

impl Checkpoint<'_> {
    /// The streams of the trunk, where it has several.
    pub fn streams(&self, spec: &Spec) -> Result<Option<Streams>, ModelError> {
        let Some(of_trunk) = spec.streams else {
            return Ok(None);
        };
        let d_model = spec.d_model;
        let ends = |name: &str| -> Result<Vec<Linear>, ModelError> {
            let others = of_trunk.count.saturating_sub(1);
            let all = self.of_each_expert(name, 0, others, [d_model, d_model], Bias::Absent)?;
            let all = all.into_iter().map(|part| self.stacked(vec![part]));
            all.collect()
        };
        let blocks = (0..spec.blocks.len()).map(|l| self.stream_block(l, &of_trunk, d_model));
        Ok(Some(Streams {
            active: of_trunk.active,
            spread: ends(self.layout.streams.spread)?,
            reduce: ends(self.layout.streams.reduce)?,
            blocks: blocks.collect::<Result<_, _>>()?,
            dtype: self.dtype,
        }))
    }

    fn stream_block(
        &self,
        l: usize,
        spec: &StreamsSpec,
        d_model: usize,
    ) -> Result<StreamBlock, ModelError> {
        let layout = self.layout.streams;
        let name = |name: &str| self.in_block(name, l);
        let linear = |part: &str, rows: usize, columns: usize| {
            let part = self.projection(&name(part), rows, columns, Bias::Absent)?;
            self.stacked(vec![part])
        };
        let count = spec.count;
        let scale = self.tensor(&name(layout.scale), &[d_model])?;
        let scale = scale.to_device(self.device())?;
        Ok(StreamBlock {
            norm: self.norm(&name(layout.norm), spec.norm, &[d_model])?,
            router: linear(layout.router, count, d_model)?,
            predict: linear(layout.predict, count * count, count)?,
            correct: linear(layout.correct, count, count)?,
            scale: spec.is_scaled.then_some(scale),
            input: self.layer_input(l, spec.per_layer, spec.norm, d_model)?,
        })
    }

    /// What is added beside the attention of block `l`; its rank is as it is stored.
    pub fn laurel(
        &self,
        l: usize,
        norm: Option<NormSpec>,
        d_model: usize,
    ) -> Result<Option<Laurel>, ModelError> {
        let Some(norm) = norm else {
            return Ok(None);
        };
        let layout = self.layout.laurel;
        let [left, right, of_output] = layout.map(|name| self.in_block(name, l));
        let rank = match self.weights.shape(&format!("{left}.weight")) {
            Some([rank, _]) => *rank,
            _ => 1,
        };
        let left = self.projection(&left, rank, d_model, Bias::Absent)?;
        let right = self.projection(&right, d_model, rank, Bias::Absent)?;
        Ok(Some(Laurel {
            left: self.stacked(vec![left])?,
            right: self.stacked(vec![right])?,
            norm: self.norm(&of_output, norm, &[d_model])?,
            dtype: self.dtype,
        }))
    }
}
