//! A run as the engine keeps it: what was asked, how far it is, and the states that questions are
//! answered from.

use std::sync::Arc;

use super::sampler::Sampler;
use super::wording::Worded;
use super::{Progress, RunRequest};
use crate::lens::States;
use crate::model::ModelError;
use crate::run::StopReason;
use crate::trace::{LensKind, Position, Rows, TokenId};
use crate::vocabulary::{Piece, TextStream, Vocabulary};

/// A run: what was asked, how far it is, and the states that questions are answered from.
#[derive(Debug)]
pub struct RunState {
    /// What was asked.
    pub run: RunRequest,
    /// The lens of the columns still to come.
    pub lens: LensKind,
    /// The text of the prompt as the model gets it.
    pub sent: String,
    /// Their rows.
    pub rows: Rows,
    /// The prompt's tokens.
    pub prompt: Vec<TokenId>,
    /// The tokens of the given continuation.
    pub given: Vec<TokenId>,
    /// The tokens behind the prompt so far.
    pub generated: Vec<TokenId>,
    /// The states of each position that has been read, from `first` on.
    pub states: Vec<States>,
    /// The first position that there are states of: 0, unless they were saved without those of the
    /// prompt.
    pub first: usize,
    /// The text of each token behind the prompt, as it came out.
    text: Vec<String>,
    stream: TextStream,
    /// Draws the run's tokens.
    pub sampler: Sampler,
    /// Why it ended, once it has.
    pub ended: Option<StopReason>,
}

impl RunState {
    /// A run of which nothing has been read.
    #[must_use]
    pub fn new(
        run: RunRequest,
        worded: Worded,
        given: Vec<TokenId>,
        vocabulary: Arc<Vocabulary>,
    ) -> Self {
        Self {
            lens: run.lens,
            sent: worded.text,
            rows: run.rows,
            prompt: worded.tokens,
            given,
            generated: Vec::new(),
            states: Vec::new(),
            first: 0,
            text: Vec::new(),
            stream: TextStream::new(vocabulary),
            sampler: Sampler::new(&run.sampling),
            ended: None,
            run,
        }
    }

    /// The prompt's tokens and those behind it.
    #[must_use]
    pub fn tokens(&self) -> Vec<TokenId> {
        [self.prompt.as_slice(), &self.generated].concat()
    }

    /// The token that comes next in any case, where the continuation is given.
    #[must_use]
    pub fn next_given(&self) -> Option<TokenId> {
        self.given.get(self.generated.len()).copied()
    }

    /// How many positions have been read.
    #[must_use]
    pub fn read(&self) -> usize {
        self.first + self.states.len()
    }

    /// Takes the states of the first positions in: those that are new, and those that have rows
    /// inside the blocks where the ones that there are lack them.
    pub fn take_states(&mut self, read: &[States]) {
        for (kept, read) in self.states.iter_mut().zip(read) {
            if kept.inside().is_none() {
                kept.clone_from(read);
            }
        }
        let new = read.iter().skip(self.states.len());
        self.states.extend(new.cloned());
    }

    /// Whether there are states of the rows inside the blocks.
    #[must_use]
    pub fn has_states_inside(&self) -> bool {
        self.states.iter().all(|states| states.inside().is_some())
    }

    /// The states that predict a position.
    pub fn states_before(&self, at: Position) -> Result<&States, ModelError> {
        at.0.checked_sub(1)
            .and_then(|before| self.states.get(before.checked_sub(self.first)?))
            .ok_or(ModelError::NoSuchPosition { position: at.0 })
    }

    /// The text before a position. Within the prompt it is put together from its tokens.
    #[must_use]
    pub fn context(&self, at: Position, vocabulary: &Arc<Vocabulary>) -> String {
        match at.0.checked_sub(self.prompt.len()) {
            Some(step) => {
                let generated = self.text.iter().take(step).map(String::as_str);
                std::iter::once(self.sent.as_str())
                    .chain(generated)
                    .collect()
            }
            None => {
                let mut stream = TextStream::new(Arc::clone(vocabulary));
                let tokens = self.prompt.iter().take(at.0);
                let text = tokens.map(|token| match vocabulary.piece(*token) {
                    // The tokenizer reads them out of the text again.
                    Piece::Special(name) if self.run.chat.is_some() => name.clone(),
                    _ => stream.push(*token),
                });
                text.collect()
            }
        }
    }

    /// Takes the next token in, and gives the whole characters that it completed.
    pub fn push(&mut self, token: TokenId) -> String {
        let text = self.stream.push(token);
        self.generated.push(token);
        self.text.push(text.clone());
        text
    }

    /// Ends the run.
    pub fn end(&mut self, reason: StopReason) -> Progress {
        self.ended = Some(reason);
        Progress::Finished {
            reason,
            text: self.stream.flush(),
        }
    }
}
