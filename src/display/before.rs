//! The run that the grid's columns are compared with.

use std::sync::Arc;

use crate::trace::{Column, Place};

/// The columns that are subtracted.
#[derive(Clone, Copy, Debug)]
pub struct BaselineColumns<'a> {
    /// The prompt's own, as many as have come; the first one predicts position 1.
    pub prompt: &'a [Arc<Column>],
    /// One a step.
    pub steps: &'a [Arc<Column>],
}

impl<'a> BaselineColumns<'a> {
    /// The column at a place, if it is there.
    #[must_use]
    pub fn column(self, place: Place) -> Option<&'a Column> {
        let column = match place {
            Place::Prompt(position) => self.prompt.get(position.0.checked_sub(1)?),
            Place::Step(step) => self.steps.get(step.0),
        };
        column.map(Arc::as_ref)
    }
}
