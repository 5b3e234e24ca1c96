//! What an engine says in the course of a run, without an engine.

use std::sync::Arc;
use std::time::Instant;

use lenscape::engine::Event;
use lenscape::run::{ModelInfo, RunId, StopReason};
use lenscape::trace::{Column, Step, TokenId};

/// The model is loaded.
pub fn ready(model: ModelInfo) -> Event {
    Event::Ready(Arc::new(model))
}

/// A run has begun, behind a prompt of so many tokens.
pub fn started(run: RunId, prompt: usize) -> Event {
    Event::Started {
        run,
        prompt: vec![TokenId(0); prompt],
    }
}

/// A token was chosen, which adds `text` to the run's.
pub fn step(run: RunId, step: usize, column: Column, text: &str) -> Event {
    Event::Step {
        run,
        step: Step(step),
        column: Arc::new(column),
        text: text.into(),
        made: Instant::now(),
    }
}

/// All tokens that were asked for have come.
pub fn finished(run: RunId) -> Event {
    Event::Finished {
        run,
        reason: StopReason::MaxTokens,
        text: String::new(),
    }
}
