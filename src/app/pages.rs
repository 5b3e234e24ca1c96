//! The pages that stand in the place of the panes: one file and one line each.
//!
//! A page is a type with [`Behaviour`]. What it looks like is said by the file of the same name
//! in `ui/pages`.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use ratatui::layout::Size;
use strum::EnumCount;
use tui_input::InputRequest;

use super::line::insertions;
use super::{Cursor, Effect, Motion, Run, State, parse_candidates};
use crate::engine::{Answer, Ask, Question, Rest};
use crate::export::figure::FigureKind;
use crate::run::{CandidateRequest, Record};
use crate::settings::Action;
use crate::settings::keys::Scope;
use crate::trace::{Column, LensKind, Position, Row, Rows};

mod actions;
pub(super) mod attribution;
pub(super) mod entry;
mod followed;
mod help;
pub(super) mod models;
pub(super) mod predictions;
mod prompt_tokens;
pub(super) mod runs;
mod summary;
mod watched;

pub use actions::{ActionEntry, ActionList};
pub use attribution::{AttributedLogit, Attribution, Goal, HeadOrder, SidePanel};
pub use entry::{Entry, Purpose, TokenChoice};
pub use followed::FollowedCandidates;
pub use help::{Help, HelpLine, HelpPart, HelpRoom, KEYS_WIDTH, SIGNS_WIDTH};
pub use models::{Choice, Picker};
pub use predictions::{Layers, MOST_TOKENS, Predictions};
pub use prompt_tokens::PromptTokens;
pub use runs::RunList;
pub use summary::{SUMMARY_HEAD, SummaryPage};
pub use watched::WatchedTokens;

/// Lines inside the frame of a page on a `screen`: status line, key line and two borders aside.
fn lines_of(screen: Size) -> u16 {
    screen.height.saturating_sub(4).max(1)
}

/// Makes the enum of all pages, each of which behaves as its type does.
macro_rules! pages {
    ($($(#[$about:meta])* $page:ident($of:ty),)*) => {
        /// A page in the place of the panes.
        #[derive(Clone, Debug, EnumCount)]
        pub enum Page {
            $($(#[$about])* $page(Box<$of>),)*
        }

        impl Deref for Page {
            type Target = dyn Behaviour;

            fn deref(&self) -> &Self::Target {
                match self {
                    $(Self::$page(page) => page.as_ref(),)*
                }
            }
        }

        impl DerefMut for Page {
            fn deref_mut(&mut self) -> &mut Self::Target {
                match self {
                    $(Self::$page(page) => page.as_mut(),)*
                }
            }
        }

        $(impl From<$of> for Page {
            fn from(page: $of) -> Self {
                Self::$page(Box::new(page))
            }
        })*
    };
}

pages! {
    /// The keys.
    Help(Help),
    /// The list of models.
    Models(Picker),
    /// The list of runs.
    Runs(RunList),
    /// A line that is typed over the panes, in their upper lines.
    Entry(Entry),
    /// All actions.
    Actions(ActionList),
    /// The best tokens of every layer.
    Predictions(Predictions),
    /// What each part of the network adds to a logit.
    Attribution(Attribution),
    /// The trace in few numbers.
    Summary(SummaryPage),
    /// The prompt's tokens.
    PromptTokens(PromptTokens),
    /// A candidate across the whole grid.
    Followed(FollowedCandidates),
}

/// What a page has made of an action.
#[derive(Debug)]
pub enum Outcome {
    /// The action is not the page's own: it does what it does everywhere.
    Pass,
    /// It is done, and the page stays.
    Stay(Vec<Effect>),
    /// It is done, and the page closes.
    Close(Vec<Effect>),
    /// The page closes, then another action is done.
    Then(Action),
    /// Another page comes in its place.
    Turn(Page),
}

impl Outcome {
    /// It is done, the page stays, and nothing has to happen outside.
    pub(super) const DONE: Self = Self::Stay(Vec::new());
    /// The page closes, and nothing has to happen outside.
    pub(super) const CLOSE: Self = Self::Close(Vec::new());
}

/// What a page does. While one of these methods runs, the page stands outside of the state that it
/// is given.
pub trait Behaviour {
    /// Where keys are looked up, the innermost place first.
    fn scopes(&self) -> &'static [Scope];

    /// Whether the key line names `action` now, where it has a word for it.
    fn hints(&self, action: Action) -> bool {
        let _ = action;
        true
    }

    /// Does one of the page's own actions.
    fn act(&mut self, action: Action, state: &mut State) -> Outcome;

    /// Moves the selection or the view; a page key goes as far as a `screen` of that size shows.
    fn walk(&mut self, motion: Motion, screen: Size) {
        let _ = (motion, screen);
    }

    /// Takes an edit of the page's text field in; nothing happens where it has none.
    fn edit(&mut self, request: InputRequest) {
        let _ = request;
    }

    /// Takes a text from the clipboard into the page's text field.
    fn paste(&mut self, text: &str) {
        insertions(text).for_each(|insertion| self.edit(insertion));
    }

    /// Whether a text from the clipboard is for the page; else the page closes, and it goes to the
    /// prompt.
    fn takes_paste(&self) -> bool {
        true
    }

    /// Whether it shows the selected cell, so that moving on it moves through the grid.
    fn shows_the_selected_cell(&self) -> bool {
        false
    }

    /// Whether it stands in the place of all panes, rather than over some of their lines.
    fn covers_the_panes(&self) -> bool {
        true
    }

    /// What has to be asked so that the page can show what is selected.
    fn wants(&mut self, selected: &Selected<'_>) -> Vec<Effect> {
        let _ = selected;
        Vec::new()
    }

    /// Takes an answer, or a piece of one, in. It may be one to an older question, or to somebody
    /// else's.
    fn hear(&mut self, to: &Arc<Question>, answer: &Answer, rest: Rest) {
        let _ = (to, answer, rest);
    }

    /// Nothing more comes to a question.
    fn close(&mut self, to: &Question) {
        let _ = to;
    }

    /// The tokens that the page marks, where it does.
    fn watched(&self) -> Option<&WatchedTokens> {
        None
    }

    /// The figure that is saved while the page is open, where it has one of its own; or why there
    /// is none now.
    fn figure(&self, record: &Record, cursor: &Cursor) -> Option<Result<FigureKind, &'static str>> {
        let _ = (record, cursor);
        None
    }

    /// Brings the view in line with everything else, as when the window became smaller.
    fn settle(&mut self, state: &State) {
        let _ = state;
    }
}

/// What is selected: what pages are about.
#[derive(Debug)]
pub struct Selected<'s> {
    /// The shown run.
    pub run: &'s Run,
    /// The wanted lens.
    pub lens: LensKind,
    /// The wanted rows.
    pub rows: Rows,
    /// The position of the selected column.
    pub at: Position,
    /// The selected column, where it is there.
    pub column: Option<&'s Column>,
    /// The selected row.
    pub row: Row,
    /// The candidates that were typed last; none while compare mode asks about them itself.
    pub candidates: Vec<CandidateRequest>,
}

impl<'s> Selected<'s> {
    fn of(state: &'s State) -> Option<Self> {
        let run = state.run.as_ref()?;
        let place = state.cursor.place();
        Some(Self {
            run,
            lens: state.settings.options.lens,
            rows: state.settings.options.grid.rows,
            at: run.position_of(place),
            column: run.column_at(place),
            row: state.cursor.row,
            candidates: match state.compare {
                Some(_) => Vec::new(),
                None => parse_candidates(&state.typed_candidates),
            },
        })
    }

    /// The wanted rows, where a question is about rows at all.
    fn rows_of(&self, ask: &Ask) -> Rows {
        match ask {
            Ask::Attribution { .. } | Ask::Heads { .. } => Rows::Layers,
            _ => self.rows,
        }
    }

    /// A question about the run under the wanted lens.
    pub(super) fn question(&self, ask: Ask) -> Question {
        Question {
            run: self.run.id,
            lens: self.lens,
            rows: self.rows_of(&ask),
            ask,
        }
    }
}

/// What the open page has no answer to, whenever what is selected has changed since the last
/// question.
pub(super) fn questions(state: &mut State) -> Vec<Effect> {
    let asked = state.with_page(|page, state| match Selected::of(state) {
        Some(selected) => page.wants(&selected),
        None => Vec::new(),
    });
    asked.unwrap_or_default()
}

/// What the open page makes of an action; `None` where there is no page, or the action is not one
/// of its own.
pub(super) fn act(state: &mut State, action: Action) -> Option<Done> {
    let outcome = state.with_page(|page, state| page.act(action, state))?;
    match outcome {
        Outcome::Pass => None,
        Outcome::Stay(effects) => Some(Done::With(effects)),
        Outcome::Close(effects) => {
            state.close_page();
            Some(Done::With(effects))
        }
        Outcome::Then(action) => {
            state.close_page();
            Some(Done::Then(action))
        }
        Outcome::Turn(page) => {
            state.page = Some(page);
            Some(Done::With(Vec::new()))
        }
    }
}

/// What comes of an action that a page has done.
#[derive(Debug)]
pub(super) enum Done {
    /// This has to happen outside.
    With(Vec<Effect>),
    /// Another action is to be done.
    Then(Action),
}
