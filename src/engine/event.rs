//! What the engine says.

use std::sync::Arc;
use std::time::Instant;

use super::ModelEntry;
pub use crate::catalog::{FetchProgress, Whereabouts};
use crate::run::{
    Comparison, Followed, Joint, ModelInfo, Predictions, RunId, StateRows, StopReason,
};
use crate::trace::{Attribution, Column, HeadShares, LensKind, Position, Step, TokenId};

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
