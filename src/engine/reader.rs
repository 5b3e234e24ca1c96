//! The model, the sequence that its decoder has seen, and the states of every position of it.

use std::ops::ControlFlow;

use super::Intervention;
use crate::lens::{StateTap, States};
use crate::model::block::BlockParts;
use crate::model::intervention::Interventions;
use crate::model::{Model, ModelError};
use crate::trace::TokenId;

/// Tokens that are read between two looks at what else is asked for.
const CHUNK: usize = 64;

/// The model, the sequence that its decoder has seen, and the states of every position of it.
/// What two sequences have in common at their beginning is read once.
#[derive(Debug)]
pub struct Reader {
    model: Model,
    /// What is changed in the network now.
    interventions: Vec<Intervention>,
    seen: Vec<TokenId>,
    /// One a seen token.
    states: Vec<States>,
}

impl Reader {
    /// A reader that has seen nothing.
    #[must_use]
    pub fn new(model: Model) -> Self {
        Self {
            model,
            interventions: Vec::new(),
            seen: Vec::new(),
            states: Vec::new(),
        }
    }

    /// The model.
    #[must_use]
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The model, with nothing seen kept.
    #[must_use]
    pub fn into_model(self) -> Model {
        self.model
    }

    /// What is changed in the network now.
    #[must_use]
    pub fn interventions(&self) -> &[Intervention] {
        &self.interventions
    }

    /// Changes the network; `resolved` are the same interventions with their states.
    pub fn intervene(&mut self, interventions: &[Intervention], resolved: Interventions) {
        interventions.clone_into(&mut self.interventions);
        self.seen.clear();
        self.states.clear();
        self.model.decoder.intervene(resolved);
    }

    /// The states of the positions of `tokens` that have been read, from the first one on.
    #[must_use]
    pub fn read_of(&self, tokens: &[TokenId]) -> &[States] {
        &self.states[..self.common(tokens)]
    }

    /// Goes on reading `tokens`, some of them at a time. `wanted` is asked between blocks; when
    /// it says no, what was read in this call counts as not read.
    pub fn read(
        &mut self,
        tokens: &[TokenId],
        wanted: &dyn Fn() -> bool,
    ) -> Result<ControlFlow<()>, ModelError> {
        let common = self.common(tokens);
        if common == tokens.len() {
            return Ok(ControlFlow::Continue(()));
        }
        self.rewind(common);
        let chunk = &tokens[common..tokens.len().min(common + CHUNK)];
        self.forward(chunk, wanted, &mut |_| {})
    }

    /// Reads `tokens`, the last of them alone, and gives what the parts of each block added at
    /// that position, with its states.
    pub fn read_in_parts(
        &mut self,
        tokens: &[TokenId],
    ) -> Result<(States, Vec<BlockParts>), ModelError> {
        let Some((last, before)) = tokens.split_last() else {
            return Err(ModelError::EmptyPrompt);
        };
        while self.read_of(before).len() < before.len() {
            let _: ControlFlow<()> = self.read(before, &|| true)?;
        }
        self.rewind(before.len());
        let mut parts = Vec::new();
        let _: ControlFlow<()> = self.forward(&[*last], &|| true, &mut |of| parts.push(of))?;
        match self.states.last() {
            Some(states) => Ok((states.clone(), parts)),
            None => Err(ModelError::EmptyPrompt),
        }
    }

    /// How many of the first tokens are the seen ones.
    fn common(&self, tokens: &[TokenId]) -> usize {
        let pairs = self.seen.iter().zip(tokens);
        pairs.take_while(|(a, b)| a == b).count()
    }

    fn forward(
        &mut self,
        tokens: &[TokenId],
        wanted: &dyn Fn() -> bool,
        parts: &mut dyn FnMut(BlockParts),
    ) -> Result<ControlFlow<()>, ModelError> {
        let mut tap = StateTap::default();
        let mut take = |row, state: &_| {
            tap.take(row, state)?;
            Ok(if wanted() {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            })
        };
        let decoder = &mut self.model.decoder;
        let flow = decoder.forward_in_parts(tokens, &mut take, parts)?;
        if flow.is_continue() {
            self.states.extend(tap.positions()?);
            self.seen.extend_from_slice(tokens);
        }
        Ok(flow)
    }

    fn rewind(&mut self, len: usize) {
        self.seen.truncate(len);
        self.states.truncate(len);
        self.model.decoder.rewind(len);
    }
}
