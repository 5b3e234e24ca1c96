//! One run as the screen knows it: the prompt, the columns so far, and what goes on.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Inquiry;
use super::{PromptColumns, Speed};
use crate::engine::RunRequest;
use crate::run::{ChatFrame, ChatPrompt, Continuation, Intervention, RunId, Sampling, StopReason};
use crate::trace::{
    Ablation, Column, LensKind, LogitAttribution, Place, Position, Rows, Step, TokenId,
};
use crate::vocabulary::Vocabulary;

/// What goes on in a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The engine has been asked.
    Asked,
    /// The prompt is being processed.
    Prompt {
        /// Tokens so far.
        done: usize,
        /// Tokens in all.
        total: usize,
    },
    /// Tokens come.
    Generating,
    /// It ended, and why.
    Finished(StopReason),
    /// It failed, and why; its columns stand.
    Failed(String),
}

/// What a run was made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A prompt.
    Prompt,
    /// A prompt and a text to follow it.
    Given,
    /// Another run, up to a step of it.
    Branch {
        /// Which run.
        of: RunId,
        /// The first step that is another one.
        at: Step,
    },
    /// The same as another run, with other interventions.
    Changed {
        /// Which run.
        of: RunId,
    },
}

/// One run as the screen knows it.
#[derive(Clone, Debug)]
pub struct Run {
    /// Its name.
    pub id: RunId,
    /// What it was made from.
    pub origin: Origin,
    /// The prompt as it was typed.
    pub prompt: String,
    /// The conversation whose next turn it is.
    pub chat: Option<ChatFrame>,
    /// What the chat template made of it, once that is known.
    pub framed: Option<String>,
    /// The prompt's tokens; empty until the engine has begun.
    pub prompt_tokens: Vec<TokenId>,
    /// How many tokens were asked for; 0 only processes the prompt and what is given behind it.
    pub max_tokens: usize,
    /// How its tokens are drawn.
    pub sampling: Sampling,
    /// What follows the prompt in any case.
    pub continuation: Continuation,
    /// How many of the first tokens behind the prompt were given, not chosen.
    pub given: usize,
    /// What is changed in the network.
    pub interventions: Vec<Intervention>,
    /// The lens of the columns.
    pub lens: LensKind,
    /// The rows of the columns.
    pub rows: Rows,
    /// The question about them under another lens.
    pub(super) relens: Inquiry<()>,
    /// How well each layer predicted the prompt's own tokens, once that was asked.
    pub prompt_columns: PromptColumns,
    /// One a step.
    pub columns: Vec<Arc<Column>>,
    /// The splits of the chosen tokens' final logits, where they were asked for.
    pub attributions: BTreeMap<Position, Arc<LogitAttribution>>,
    /// The generated text, in whole characters.
    pub text: String,
    /// What goes on.
    pub phase: Phase,
    /// How fast tokens come.
    pub speed: Speed,
}

impl Run {
    /// A run that was just asked for.
    #[must_use]
    pub fn asked(asked: &RunRequest, origin: Origin) -> Self {
        Self {
            id: asked.id,
            origin,
            prompt: asked.prompt.clone(),
            chat: asked.chat.clone(),
            framed: None,
            prompt_tokens: Vec::new(),
            max_tokens: asked.max_tokens,
            sampling: asked.sampling.clone(),
            continuation: asked.continuation.clone(),
            given: 0,
            interventions: asked.interventions.clone(),
            lens: asked.lens,
            rows: asked.rows,
            relens: Inquiry::default(),
            prompt_columns: PromptColumns::default(),
            columns: Vec::new(),
            attributions: BTreeMap::new(),
            text: String::new(),
            phase: Phase::Asked,
            speed: Speed::default(),
        }
    }

    /// The same once more.
    #[must_use]
    pub fn again(&self) -> RunRequest {
        RunRequest {
            id: self.id,
            prompt: self.prompt.clone(),
            chat: self.chat.clone(),
            continuation: self.continuation.clone(),
            max_tokens: self.max_tokens,
            sampling: self.sampling.clone(),
            lens: self.lens,
            rows: self.rows,
            interventions: self.interventions.clone(),
        }
    }

    /// The text of the prompt as the model gets it, as far as that is known.
    #[must_use]
    pub fn sent(&self) -> &str {
        self.framed.as_deref().unwrap_or(&self.prompt)
    }

    /// What the run is called by: the prompt as it was typed; where nothing was, what was sent.
    #[must_use]
    pub fn title(&self) -> &str {
        match self.prompt.is_empty() {
            true => self.sent(),
            false => &self.prompt,
        }
    }

    /// What the chat template made the text from, where it did.
    #[must_use]
    pub fn chat_prompt(&self) -> Option<ChatPrompt> {
        let frame = self.chat.clone().filter(|_| self.framed.is_some())?;
        Some(ChatPrompt {
            prompt: self.prompt.clone(),
            frame,
        })
    }

    /// Whether a step's token was given, not chosen.
    #[must_use]
    pub fn is_given(&self, step: Step) -> bool {
        step.0 < self.given
    }

    /// The tokens behind the prompt before a step.
    #[must_use]
    pub fn tokens_before(&self, step: Step) -> Vec<TokenId> {
        let before = self.columns.iter().take(step.0);
        before.map(|column| column.token).collect()
    }

    /// Whether anything is changed in the network.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        !self.interventions.is_empty()
    }

    /// The parts of the network that are skipped.
    pub fn ablations(&self) -> impl Iterator<Item = Ablation> {
        self.interventions
            .iter()
            .filter_map(|intervention| match intervention {
                Intervention::Ablation(ablation) => Some(*ablation),
                Intervention::Patch(_) => None,
            })
    }

    /// Whether a state of another run has a place in it.
    #[must_use]
    pub fn patches_from(&self, other: RunId) -> bool {
        self.interventions.iter().any(|intervention| {
            matches!(intervention, Intervention::Patch(patch) if patch.from_run == other)
        })
    }

    /// Whether the engine still works on it.
    #[must_use]
    pub fn is_active(&self) -> bool {
        matches!(
            self.phase,
            Phase::Asked | Phase::Prompt { .. } | Phase::Generating
        )
    }

    /// Why it ended, if it has.
    #[must_use]
    pub fn finish(&self) -> Option<StopReason> {
        match self.phase {
            Phase::Finished(reason) => Some(reason),
            _ => None,
        }
    }

    /// Whether candidates can be compared: the position after the prompt has been computed.
    #[must_use]
    pub fn can_compare(&self) -> bool {
        match self.phase {
            Phase::Asked | Phase::Prompt { .. } | Phase::Failed(_) => !self.columns.is_empty(),
            Phase::Generating | Phase::Finished(_) => !self.prompt_tokens.is_empty(),
        }
    }

    /// The newest step, or the position after the prompt.
    #[must_use]
    pub fn newest(&self) -> Step {
        Step(self.columns.len().saturating_sub(1))
    }

    /// A step's place in the whole sequence.
    #[must_use]
    pub fn position(&self, step: Step) -> Position {
        Position(self.prompt_tokens.len() + step.0)
    }

    /// The step that the state at a place in the whole sequence predicts; those of the prompt but
    /// its last predict none.
    #[must_use]
    pub fn step_predicted_at(&self, position: Position) -> Option<Step> {
        let step = (position.0 + 1).checked_sub(self.prompt_tokens.len())?;
        (!self.prompt_tokens.is_empty()).then_some(Step(step))
    }

    /// The prompt and the tokens generated before a step, or the prompt up to one of its tokens.
    #[must_use]
    pub fn text_before(&self, place: impl Into<Place>, vocabulary: &Vocabulary) -> String {
        match place.into() {
            Place::Prompt(Position(position)) => {
                let before = self.prompt_tokens.iter().take(position);
                vocabulary.text_behind("", before.copied())
            }
            Place::Step(Step(step)) => {
                let generated = self.columns.iter().take(step);
                vocabulary.text_behind(self.sent(), generated.map(|column| column.token))
            }
        }
    }

    /// A step's column.
    #[must_use]
    pub fn column(&self, step: Step) -> Option<&Column> {
        self.columns.get(step.0).map(Arc::as_ref)
    }

    /// A column's place in the whole sequence.
    #[must_use]
    pub fn position_of(&self, place: Place) -> Position {
        match place {
            Place::Prompt(position) => position,
            Place::Step(step) => self.position(step),
        }
    }

    /// The inverse of [`Run::position_of`].
    #[must_use]
    pub fn place_of(&self, at: Position) -> Place {
        match at.0.checked_sub(self.prompt_tokens.len()) {
            Some(step) => Place::Step(Step(step)),
            None => Place::Prompt(at),
        }
    }

    /// The column at a place, if it is there yet.
    #[must_use]
    pub fn column_at(&self, place: Place) -> Option<&Column> {
        match place {
            Place::Prompt(position) => self.prompt_columns.column(position),
            Place::Step(step) => self.column(step),
        }
    }
}
