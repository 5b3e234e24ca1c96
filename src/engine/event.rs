//! What the engine says.

use std::sync::Arc;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::{ModelEntry, RunId, Wanted};
pub use crate::catalog::{FetchProgress, Whereabouts};
use crate::trace::{
    Attribution, Column, HeadShares, LensKind, LogProb, Position, Score, Step, TokenId, Trajectory,
};
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

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
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

/// Candidates followed at one position.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// Which run.
    pub run: RunId,
    /// The position that is predicted.
    pub at: Position,
    /// Under which lens.
    pub lens: LensKind,
    /// One a candidate, in the order asked for; a candidate that becomes no token at all is an
    /// error message instead.
    pub trajectories: Vec<Result<Trajectory, String>>,
}

/// How probable whole candidates are.
#[derive(Clone, Debug, PartialEq)]
pub struct Joint {
    /// Which run.
    pub run: RunId,
    /// The position that the candidates begin at.
    pub at: Position,
    /// Whose probability, as asked for.
    pub wanted: Vec<Wanted>,
    /// One a candidate, in the order asked for: the probability of all its tokens, one after the
    /// other, as the model's own output has it; or why there is none.
    pub log_probs: Vec<Result<LogProb, String>>,
}

/// The best tokens of every layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Predictions {
    /// Which run.
    pub run: RunId,
    /// The position that is predicted.
    pub at: Position,
    /// Under which lens.
    pub lens: LensKind,
    /// How many of the best tokens were asked for.
    pub top_k: usize,
    /// With that many tokens a row. Its token is the one at that position; where that is not
    /// chosen yet, the model's best one.
    pub column: Column,
}

/// Where tokens stand at every row of some steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Followed {
    /// Which run.
    pub run: RunId,
    /// Under which lens.
    pub lens: LensKind,
    /// Who is followed.
    pub tokens: Vec<TokenId>,
    /// The first step of this piece.
    pub first: Step,
    /// One a step: for each token, its score at each row, `emb` first.
    pub steps: Vec<Vec<Vec<Score>>>,
}

/// The residual stream of the positions of a run, each the one that predicts a step.
#[derive(Clone, Debug, PartialEq)]
pub struct StateRows {
    /// How many positions.
    pub steps: usize,
    /// Rows of each: `emb`, then one a layer.
    pub rows: usize,
    /// Width of the residual stream.
    pub d_model: usize,
    /// `[steps, rows, d_model]`, the last one fastest.
    pub values: Vec<f32>,
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
    /// So many tokens behind the prompt are given, not chosen. Follows [`Event::Started`] where
    /// there are some.
    Given {
        /// Which run.
        run: RunId,
        /// How many.
        tokens: usize,
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
        /// When it was made; it may be heard of much later, in a heap with others.
        made: Instant,
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
    /// Answer to [`super::Ask::Candidates`].
    Compared(Arc<Comparison>),
    /// Answer to [`super::Ask::Joint`].
    Joint(Arc<Joint>),
    /// A piece of the answer to [`super::Ask::PromptColumns`].
    PromptColumns {
        /// Which run.
        run: RunId,
        /// Under which lens.
        lens: LensKind,
        /// The position that the first of the columns predicts; 1 for the first piece.
        first: Position,
        /// How well each layer predicted the prompt's token there.
        columns: Vec<Arc<Column>>,
        /// Columns in all: the prompt's tokens but the first.
        total: usize,
    },
    /// Answer to [`super::Ask::Predictions`].
    Predicted(Arc<Predictions>),
    /// Answer to [`super::Ask::Attribution`].
    Attributed {
        /// Which run.
        run: RunId,
        /// The position that is predicted.
        at: Position,
        /// Under which lens the rows are.
        lens: LensKind,
        /// The split.
        attribution: Arc<Attribution>,
    },
    /// Answer to [`super::Ask::Heads`].
    HeadsAttributed {
        /// Which run.
        run: RunId,
        /// The position that is predicted.
        at: Position,
        /// The split.
        shares: Arc<HeadShares>,
    },
    /// A piece of the answer to [`super::Ask::Follow`].
    Followed(Arc<Followed>),
    /// Answer to [`super::Ask::Recast`].
    Recast {
        /// Which run.
        run: RunId,
        /// The lens from now on.
        lens: LensKind,
        /// All columns so far.
        columns: Vec<Arc<Column>>,
    },
    /// Answer to [`super::Command::States`].
    States {
        /// Which run.
        run: RunId,
        /// Those so far.
        states: Arc<StateRows>,
    },
    /// A run or a question failed, in one line; what was computed before stands.
    Failed {
        /// Which run, where it was one.
        run: Option<RunId>,
        /// What went wrong and what to do.
        message: String,
    },
}
