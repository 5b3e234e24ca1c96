//! Where a column stands in the grid.
//!
//! The prompt's own tokens, from the second one on, come before the generated ones where they
//! are shown; nothing is said of the first, since nothing stands before it.

use std::fmt;

use crate::trace::{Position, Step};

/// A column's place in the grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A token of the prompt, by its position: 1 is the second token.
    Prompt(Position),
    /// A generated token.
    Step(Step),
}

impl Place {
    /// The place of the grid's column `index`, where `prompt` columns come before the steps.
    #[must_use]
    pub fn of_index(index: usize, prompt: usize) -> Self {
        match index.checked_sub(prompt) {
            Some(step) => Self::Step(Step(step)),
            None => Self::Prompt(Position(index + 1)),
        }
    }

    /// The inverse of [`Place::of_index`].
    #[must_use]
    pub fn index(self, prompt: usize) -> usize {
        match self {
            Self::Prompt(position) => position.0.saturating_sub(1),
            Self::Step(step) => prompt + step.0,
        }
    }
}

impl From<Step> for Place {
    fn from(step: Step) -> Self {
        Self::Step(step)
    }
}

impl fmt::Display for Place {
    /// Counted from 1, as the screen does: `step 3`, `prompt 2`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prompt(position) => write!(f, "prompt {}", position.0 + 1),
            Self::Step(step) => write!(f, "step {}", step.0 + 1),
        }
    }
}

/// The grid's columns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// How many of them are the prompt's own.
    pub prompt: usize,
    /// How many are steps.
    pub steps: usize,
}

impl Extent {
    /// How many columns are shown.
    #[must_use]
    pub fn shown(self) -> usize {
        self.prompt + self.steps
    }

    /// The index of the last column that can be selected: the newest step, or, where there is
    /// none yet, the place of the first.
    #[must_use]
    pub fn last(self) -> usize {
        self.prompt + self.steps.saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn the_prompts_second_token_comes_first_and_steps_follow_the_prompt() {
        assert_eq!(Place::of_index(0, 3), Place::Prompt(Position(1)));
        assert_eq!(Place::of_index(2, 3), Place::Prompt(Position(3)));
        assert_eq!(Place::of_index(3, 3), Place::Step(Step(0)));
        assert_eq!(Place::of_index(0, 0), Place::Step(Step(0)));
    }

    #[test]
    fn a_place_is_where_its_index_says() {
        for prompt in 0..4 {
            for index in 0..9 {
                assert_eq!(Place::of_index(index, prompt).index(prompt), index);
            }
        }
    }

    #[test]
    fn tokens_and_steps_are_counted_from_one_on_the_screen() {
        assert_eq!(Place::of_index(0, 3).to_string(), "prompt 2");
        assert_eq!(Place::of_index(3, 3).to_string(), "step 1");
    }
}
