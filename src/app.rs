//! What the program knows, and the one place where it changes.
//!
//! ```text
//! Message ─▶ update(&mut State, Message) ─▶ Vec<Effect>
//!              keys become Actions by the key map
//! ```
//!
//! [`update()`] does no I/O and never blocks: what has to happen outside comes back as
//! [`Effect`]s. [`crate::ui::draw`] reads the [`State`] and changes nothing.

mod action;
mod candidates;
mod compare;
mod cursor;
mod geometry;
mod help;
mod loading;
mod message;
mod page;
mod picker;
mod place;
mod prompt;
mod prompt_columns;
mod run;
mod search;
mod speed;
mod state;
mod update;

pub use action::Action;
pub use candidates::parse_candidates;
pub use compare::{Compare, Crossing, Half, Lead, letter, shown};
pub use cursor::{Cursor, Follow};
pub use geometry::{GridRoom, LEAST_COLUMNS, LEAST_ROWS, Places, ROW_LABEL, ScreenSize};
pub use help::{HelpLine, HelpRoom, help_lines, help_room};
pub use loading::{FailedSource, Loading, Model};
pub use message::{Capture, Effect, Message, Recording, RecordingNews};
pub use page::{Page, SUMMARY_HEAD};
pub use picker::{Choice, Picker};
pub use place::{Extent, Place};
pub use prompt::Prompt;
pub use prompt_columns::PromptColumns;
pub use run::{Phase, Run};
pub use search::{Direction, Found, Query, Search, Way, search};
pub use speed::Speed;
pub use state::{Notice, NoticeKind, Pane, Start, State, Stops, View, Zoom};
pub use update::update;
