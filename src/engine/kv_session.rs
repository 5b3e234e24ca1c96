//! The model, and the sequences that its decoder has seen, with the states of every position.
//!
//! What a run goes on from is the run's alone. Its positions are computed in passes that its own
//! tokens settle ([`pass_of_run`]): products of another shape round differently, so that a prompt
//! which happened to be read in other pieces, because another run had a beginning in common with
//! it, would have other states. And questions use the decoder [aside](KvSession::aside).

use std::ops::{ControlFlow, Range};

use crate::lens::{StateTap, States};
use crate::model::block::BlockParts;
use crate::model::decoder::DecoderState;
use crate::model::intervention::Interventions;
use crate::model::{Model, ModelError};
use crate::run::Intervention;
use crate::trace::{Rows, TokenId};

/// Tokens that are read between two looks at what else is asked for.
const CHUNK: usize = 64;

/// A sequence that was seen, in the network as it was then.
#[derive(Clone, Debug, Default)]
struct Sequence {
    /// What is changed in the network.
    interventions: Vec<Intervention>,
    tokens: Vec<TokenId>,
    /// One a token.
    states: Vec<States>,
    /// The positions of each pass that is there as a whole, first one first.
    passes: Vec<Range<usize>>,
}

/// The pass in which a run whose prompt has that many tokens goes on from position `start`: the
/// prompt in chunks, what follows it token by token.
fn pass_of_run(start: usize, prompt: usize) -> Range<usize> {
    if start < prompt {
        start..prompt.min(start + CHUNK)
    } else {
        start..start + 1
    }
}

impl Sequence {
    /// How many of the first tokens are those of `tokens`.
    fn common(&self, tokens: &[TokenId]) -> usize {
        let pairs = self.tokens.iter().zip(tokens);
        pairs.take_while(|(a, b)| a == b).count()
    }

    /// How many of the first tokens are those of a run and were read in the very passes in which
    /// the run reads them.
    fn of_run(&self, tokens: &[TokenId], prompt: usize) -> usize {
        let common = self.common(tokens);
        let mut read = 0;
        for pass in &self.passes {
            if *pass != pass_of_run(read, prompt) || pass.end > common {
                break;
            }
            read = pass.end;
        }
        read
    }

    fn truncate(&mut self, len: usize) {
        self.tokens.truncate(len);
        self.states.truncate(len);
        // One that is cut is no pass that a run would make.
        self.passes.retain(|pass| pass.end <= len);
    }
}

/// The model, and the sequences that its decoder has seen. What two sequences have in common at
/// their beginning is read once, where they would read it alike.
#[derive(Debug)]
pub struct KvSession {
    model: Model,
    /// What the decoder goes on from now.
    sequence: Sequence,
    /// What questions about another sequence were answered from last, out of the decoder.
    other: (Sequence, DecoderState),
}

impl KvSession {
    /// A reader that has seen nothing.
    #[must_use]
    pub fn new(model: Model) -> Self {
        Self {
            model,
            sequence: Sequence::default(),
            other: Default::default(),
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

    /// Takes the states of these rows from now on. Where positions were seen without some of them,
    /// they are read again.
    pub fn take(&mut self, rows: Rows) {
        self.model.decoder.take(rows);
        let lacks = |sequence: &Sequence| {
            let mut states = sequence.states.iter();
            rows == Rows::Sublayers && states.any(|states| states.inside().is_none())
        };
        if lacks(&self.sequence) && !self.model.decoder.rows_inside().is_empty() {
            self.rewind(0);
        }
    }

    /// What is changed in the network now.
    #[must_use]
    pub fn interventions(&self) -> &[Intervention] {
        &self.sequence.interventions
    }

    /// Changes the network; `resolved` are the same interventions with their states.
    pub fn intervene(&mut self, interventions: &[Intervention], resolved: Interventions) {
        self.sequence = Sequence {
            interventions: interventions.to_vec(),
            ..Sequence::default()
        };
        self.model.decoder.intervene(resolved);
    }

    /// The states of the first positions of a run that have been read as it reads them; `tokens`
    /// are all it has, the first `prompt` of them its prompt.
    #[must_use]
    pub fn read_of_run(&self, tokens: &[TokenId], prompt: usize) -> &[States] {
        &self.sequence.states[..self.sequence.of_run(tokens, prompt)]
    }

    /// Goes on reading a run, one pass. `wanted` is asked between blocks; when it says no, what
    /// was read in this call counts as not read.
    pub fn read_run(
        &mut self,
        tokens: &[TokenId],
        prompt: usize,
        wanted: &dyn Fn() -> bool,
    ) -> Result<ControlFlow<()>, ModelError> {
        let start = self.sequence.of_run(tokens, prompt);
        if start >= tokens.len() {
            return Ok(ControlFlow::Continue(()));
        }
        // Where a block cannot go back to just there, it is the end of an earlier pass of the run.
        let start = self.rewind(start);
        let end = pass_of_run(start, prompt).end.min(tokens.len());
        self.forward(&tokens[start..end], wanted, &mut |_| {})
    }

    /// Lets `ask` use the decoder for a question about `tokens`, in the network that the
    /// interventions make. What a run goes on from is the same afterwards, bit for bit.
    ///
    /// Where the question is about what the decoder has seen, it is answered from there, and of
    /// the cache only the positions that it writes over are saved; any other sequence has a cache
    /// of its own, for as long as no new run begins.
    pub fn aside<T>(
        &mut self,
        tokens: &[TokenId],
        interventions: &[Intervention],
        resolved: Interventions,
        ask: impl FnOnce(&mut Self) -> Result<T, ModelError>,
    ) -> Result<T, ModelError> {
        let common = |sequence: &Sequence| {
            let is_same = sequence.interventions == interventions;
            if is_same { sequence.common(tokens) } else { 0 }
        };
        if common(&self.sequence) > common(&self.other.0) {
            return self.aside_of_sequence(ask);
        }
        self.exchange();
        if self.interventions() != interventions {
            self.intervene(interventions, resolved);
        }
        let answer = ask(self);
        self.exchange();
        answer
    }

    /// Forgets what only questions were about.
    pub fn forget_questions(&mut self) {
        self.other = Default::default();
    }

    fn aside_of_sequence<T>(
        &mut self,
        ask: impl FnOnce(&mut Self) -> Result<T, ModelError>,
    ) -> Result<T, ModelError> {
        let sequence = self.sequence.clone();
        self.model.decoder.set_aside();
        let answer = ask(self);
        match self.model.decoder.take_up(sequence.tokens.len()) {
            Ok(()) => self.sequence = sequence,
            Err(error) => {
                // Nothing goes on from what may be neither the old nor the new.
                self.rewind(0);
                return Err(error);
            }
        }
        answer
    }

    fn exchange(&mut self) {
        let (sequence, seen) = &mut self.other;
        std::mem::swap(&mut self.sequence, sequence);
        self.model.decoder.exchange(seen);
    }

    /// Reads all of `tokens`, [aside](KvSession::aside) of any run, and gives their states.
    pub fn read(&mut self, tokens: &[TokenId]) -> Result<&[States], ModelError> {
        let mut read = self.sequence.common(tokens);
        if read < tokens.len() {
            read = self.rewind(read);
        }
        self.go_on(tokens, read)?;
        Ok(&self.sequence.states[..tokens.len()])
    }

    /// Reads `tokens`, [aside](KvSession::aside) of any run, the last of them alone, and gives what
    /// the parts of each block added at that position, with its states.
    pub fn read_in_parts(
        &mut self,
        tokens: &[TokenId],
    ) -> Result<(States, Vec<BlockParts>), ModelError> {
        let Some((last, before)) = tokens.split_last() else {
            return Err(ModelError::EmptyPrompt);
        };
        self.read(before)?;
        let read = self.rewind(before.len());
        self.go_on(before, read)?;
        let mut parts = Vec::new();
        let _: ControlFlow<()> = self.forward(&[*last], &|| true, &mut |of| parts.push(of))?;
        match self.sequence.states.last() {
            Some(states) => Ok((states.clone(), parts)),
            None => Err(ModelError::EmptyPrompt),
        }
    }

    /// Reads `tokens` to their end, of which the first `read` are read.
    fn go_on(&mut self, tokens: &[TokenId], mut read: usize) -> Result<(), ModelError> {
        while read < tokens.len() {
            let end = tokens.len().min(read + CHUNK);
            let _: ControlFlow<()> = self.forward(&tokens[read..end], &|| true, &mut |_| {})?;
            read = end;
        }
        Ok(())
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
            let sequence = &mut self.sequence;
            let start = sequence.tokens.len();
            sequence.states.extend(tap.positions()?);
            sequence.tokens.extend_from_slice(tokens);
            sequence.passes.push(start..sequence.tokens.len());
        }
        Ok(flow)
    }

    /// Forgets all positions but the first `len`, and more where the model cannot go back to just
    /// there: how many are left then.
    fn rewind(&mut self, len: usize) -> usize {
        let left = self.model.decoder.rewind(len);
        self.sequence.truncate(left);
        left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sequence(ends: &[usize]) -> Sequence {
        let starts = [0].iter().chain(ends);
        Sequence {
            tokens: tokens(*ends.last().unwrap_or(&0)),
            passes: starts.zip(ends).map(|(start, end)| *start..*end).collect(),
            ..Sequence::default()
        }
    }

    fn tokens(count: usize) -> Vec<TokenId> {
        (0..).map(TokenId).take(count).collect()
    }

    #[test]
    fn what_was_read_as_the_run_reads_it_is_not_read_again() {
        // A prompt of 70 tokens and three behind it.
        let seen = sequence(&[64, 70, 71, 72, 73]);
        assert_eq!(seen.of_run(&tokens(70), 70), 70);
        assert_eq!(seen.of_run(&tokens(75), 70), 73);
        // A longer prompt has its first chunk in common with it.
        assert_eq!(seen.of_run(&tokens(90), 90), 64);
    }

    #[test]
    fn what_was_read_in_other_pieces_is_read_again() {
        let seen = sequence(&[4, 5, 6]);
        assert_eq!(seen.of_run(&tokens(6), 6), 0);
        assert_eq!(seen.of_run(&tokens(6), 5), 0);
        assert_eq!(seen.of_run(&tokens(6), 4), 6);
    }

    #[test]
    fn a_pass_that_was_cut_is_none() {
        let mut seen = sequence(&[64, 70]);
        seen.truncate(66);
        assert_eq!(seen.of_run(&tokens(66), 66), 64);
        seen.tokens = tokens(70);
        seen.passes.push(66..70);
        assert_eq!(seen.of_run(&tokens(70), 70), 64);
    }
}
