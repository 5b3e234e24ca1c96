//! What the engine says.

use std::sync::Arc;
use std::time::Instant;

use super::{Answer, ModelEntry, Question};
pub use crate::catalog::{FetchProgress, Whereabouts};
use crate::run::{ModelInfo, RunId, StateRows, StopReason};
use crate::trace::{Column, Step, TokenId};

/// Whether an answer has come to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// Another piece follows.
    ToCome,
    /// This was all, or the last piece.
    Nothing,
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
        /// What was wrong, in one line.
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
    /// What the model's chat template made of the prompt. Follows [`Event::Started`] where it was
    /// asked to.
    Framed {
        /// Which run.
        run: RunId,
        /// The text that the prompt's tokens are of, special tokens and all.
        text: String,
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
        /// What ended it.
        reason: StopReason,
        /// What was still waiting for the rest of a character.
        text: String,
    },
    /// The answer to a question, or a piece of it.
    Answered {
        /// The question.
        to: Arc<Question>,
        /// The answer.
        answer: Answer,
        /// Whether more of it is to come.
        rest: Rest,
    },
    /// There is no answer to a question.
    Unanswered {
        /// The question.
        to: Arc<Question>,
        /// What was wrong, in one line.
        why: String,
    },
    /// Answer to [`super::Command::States`].
    States {
        /// Which run.
        run: RunId,
        /// Those so far.
        states: Arc<StateRows>,
    },
    /// A run failed, or something that is no question, in one line; what was computed before
    /// stands.
    Failed {
        /// Which run, where it was one.
        run: Option<RunId>,
        /// What went wrong and what to do.
        message: String,
    },
}
