//! What is known of a loaded model.

use std::sync::Arc;

use crate::vocabulary::Vocabulary;

/// What is known of a loaded model.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelInfo {
    /// As people call it, for example `SmolLM2-135M-Instruct`.
    pub name: String,
    /// The decoder family, for example `llama`.
    pub family: String,
    /// Number of decoder blocks.
    pub n_layers: usize,
    /// Width of the residual stream.
    pub d_model: usize,
    /// Rows of the unembedding.
    pub vocab_size: usize,
    /// The most positions the model can attend to.
    pub context_length: usize,
    /// How the weights are stored, for example `Q4_1` or `f32`.
    pub weights: String,
    /// How they are computed with, as [`crate::model::Dtype`] says: `exact` is float32 arithmetic
    /// on dequantised values, `f32` the same with weights held in float32; `bf16` and `f16` round
    /// the result of every operation.
    pub arithmetic: String,
    /// Where it runs, for example `cpu`.
    pub device: String,
    /// Number of parameters.
    pub parameters: u64,
    /// What a reader of its figures should know of the checkpoint, one line each.
    pub notes: Vec<String>,
    /// What each id stands for.
    pub vocabulary: Arc<Vocabulary>,
}
