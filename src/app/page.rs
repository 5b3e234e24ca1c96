//! The pages that stand in the place of the panes: one variant a page.

use tui_input::InputRequest;

use super::line::insertions;
use super::{ActionList, Attribution, Entry, Followed, Picker, Predictions};
use crate::settings::Action;
use crate::settings::keys::Scope;
use crate::vocabulary::typed;

/// A page in the place of the panes.
#[derive(Clone, Debug)]
pub enum Page {
    /// The keys.
    Help {
        /// The first line in view.
        first: u16,
    },
    /// The list of models.
    Models(Picker),
    /// The list of runs.
    Runs {
        /// The chosen one's place in [`super::State::runs`].
        selected: usize,
    },
    /// A line that is typed; it stands over the panes, in their upper lines.
    Entry(Entry),
    /// All actions.
    Actions(ActionList),
    /// The best tokens of every layer.
    Predictions(Box<Predictions>),
    /// What each part of the network adds to a logit.
    Attribution(Box<Attribution>),
    /// The trace in few numbers.
    Summary {
        /// The first layer in view.
        first: u16,
    },
    /// A candidate across the whole grid.
    Followed(Followed),
}

/// Lines of the summary above its layers, which scroll.
pub const SUMMARY_HEAD: u16 = 4;

impl Page {
    /// Where keys are looked up, the innermost place first.
    #[must_use]
    pub fn scopes(&self) -> &'static [Scope] {
        match self {
            Self::Help { .. } => &[Scope::Help, Scope::Everywhere],
            Self::Models(_) => &[Scope::Models, Scope::Text, Scope::Everywhere],
            Self::Runs { .. } => &[Scope::Runs, Scope::Everywhere],
            Self::Entry(_) => &[Scope::Entry, Scope::Text, Scope::Everywhere],
            Self::Actions(_) => &[Scope::Actions, Scope::Text, Scope::Everywhere],
            Self::Predictions(_) => &[Scope::Predictions, Scope::Everywhere],
            Self::Attribution(_) => &[Scope::Attribution, Scope::Everywhere],
            Self::Summary { .. } => &[Scope::Summary, Scope::Everywhere],
            Self::Followed(_) => &[Scope::Followed, Scope::Grid, Scope::Everywhere],
        }
    }

    /// Whether it shows the selected cell, so that moving on it moves through the grid.
    #[must_use]
    pub fn shows_the_selected_cell(&self) -> bool {
        match self {
            Self::Help { .. }
            | Self::Models(_)
            | Self::Runs { .. }
            | Self::Entry(_)
            | Self::Actions(_)
            | Self::Summary { .. } => false,
            Self::Predictions(_) | Self::Attribution(_) | Self::Followed(_) => true,
        }
    }

    /// Moves the selection or the view; `page` are the lines that a page key goes.
    pub(super) fn walk(&mut self, action: Action, page: u16) {
        match self {
            Self::Help { first } | Self::Summary { first } => {
                *first = match action {
                    Action::Up => first.saturating_sub(1),
                    Action::Down => first.saturating_add(1),
                    Action::PageUp => first.saturating_sub(page),
                    Action::PageDown => first.saturating_add(page),
                    _ => *first,
                };
            }
            Self::Models(picker) => picker.walk(action),
            Self::Runs { selected } => {
                *selected = match action {
                    Action::Up => selected.saturating_sub(1),
                    Action::Down => selected.saturating_add(1),
                    _ => *selected,
                };
            }
            Self::Entry(entry) => entry.walk(action),
            Self::Actions(list) => list.walk(action, page),
            Self::Predictions(_) | Self::Attribution(_) | Self::Followed(_) => {}
        }
    }

    /// Takes an edit of the page's text field; nothing happens where it has none.
    pub(super) fn edit(&mut self, request: InputRequest) {
        match self {
            Self::Help { .. }
            | Self::Runs { .. }
            | Self::Predictions(_)
            | Self::Attribution(_)
            | Self::Followed(_)
            | Self::Summary { .. } => {}
            Self::Models(picker) => picker.edit(request),
            Self::Actions(list) => list.edit(request),
            Self::Entry(entry) => entry.edit(request),
        }
    }

    /// Takes a text from the clipboard into the page's text field.
    pub(super) fn paste(&mut self, text: &str) {
        let text = match self {
            Self::Entry(_) => typed::escaped(&text.replace("\r\n", "\n").replace('\r', "\n")),
            _ => text.to_owned(),
        };
        insertions(&text).for_each(|insertion| self.edit(insertion));
    }
}
