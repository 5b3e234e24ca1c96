//! What the engine says.

use std::sync::Arc;

use super::RunId;
pub use crate::catalog::{FetchProgress, Fit, ModelEntry, Whereabouts};
use crate::trace::{Column, LensKind, Step, TokenId, Trajectory};
use crate::vocabulary::Vocabulary;

/// What is known of a loaded model.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelInfo {
    /// As people call it, for example `SmolLM2-135M-Instruct`.
    pub name: String,
    /// The architecture, as the checkpoint calls it, for example `qwen3`.
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
    /// What each id stands for.
    pub vocabulary: Arc<Vocabulary>,
}

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// The model chose an end-of-text token.
    EndOfText,
    /// As many tokens as were asked for.
    MaxTokens,
    /// The model can attend to no more positions.
    ContextFull,
    /// The user stopped it.
    Stopped,
}

/// Candidates followed at one position, as asked for by [`super::Compare`].
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// Which run.
    pub run: RunId,
    /// The position that predicts this step.
    pub step: Step,
    /// Under which lens.
    pub lens: LensKind,
    /// One a candidate, in the order asked for; a candidate that becomes no token at all is an
    /// error message instead.
    pub trajectories: Vec<Result<Trajectory, String>>,
}

/// What the engine says.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A file of the model is being fetched.
    Fetching(FetchProgress),
    /// A source was tried without success; the next one follows.
    SourceFailed {
        /// The source, for example `hub`.
        source: String,
        /// Why, in one line.
        why: String,
    },
    /// The weights are being read: `done` of `total` tensors.
    Loading {
        /// Tensors so far.
        done: usize,
        /// Tensors in all.
        total: usize,
    },
    /// The model can be used.
    Ready(Arc<ModelInfo>),
    /// The model could not be loaded; the old one, if any, is still there.
    LoadFailed(String),
    /// Answer to [`super::Command::List`].
    Models(Vec<ModelEntry>),
    /// A run has begun; these are the prompt's tokens.
    Started {
        /// Which run.
        run: RunId,
        /// The prompt's tokens, the tokenizer's own special tokens included.
        prompt: Vec<TokenId>,
    },
    /// `done` of `total` prompt tokens have been processed.
    Prompt {
        /// Which run.
        run: RunId,
        /// Tokens so far.
        done: usize,
        /// Tokens in all.
        total: usize,
    },
    /// A token was generated.
    Step {
        /// Which run.
        run: RunId,
        /// Its place in the run.
        step: Step,
        /// What every row says of it.
        column: Arc<Column>,
        /// The whole characters that it completed; empty while a character waits for its rest.
        text: String,
    },
    /// The run ended.
    Finished {
        /// Which run.
        run: RunId,
        /// Why.
        reason: StopReason,
        /// What was still waiting for the rest of a character.
        text: String,
    },
    /// Answer to [`super::Command::Compare`].
    Compared(Arc<Comparison>),
    /// Answer to [`super::Command::Recast`].
    Recast {
        /// Which run.
        run: RunId,
        /// The lens from now on.
        lens: LensKind,
        /// All columns so far.
        columns: Vec<Arc<Column>>,
    },
    /// A run or a question failed, in one line; what was computed before stands.
    Failed {
        /// Which run, where it was one.
        run: Option<RunId>,
        /// What went wrong and what to do.
        message: String,
    },
}
