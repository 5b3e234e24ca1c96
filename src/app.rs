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
mod action_list;
mod candidates;
mod command_line;
mod compare;
mod cursor;
mod geometry;
mod help;
mod line;
mod loading;
mod message;
mod page;
mod picker;
mod prompt;
mod run;
mod save;
mod saved;
mod speed;
mod state;
mod update;

pub use action::Action;
pub use action_list::{ActionEntry, ActionList};
pub use candidates::{parse_candidates, typed_candidates};
pub use command_line::{CommandLine, Order, Suggestion};
pub use compare::{Compare, Crossing, Half, Lead, letter, shown};
pub use cursor::{Cursor, Follow};
pub use geometry::{GridRoom, LEAST_COLUMNS, LEAST_ROWS, Places, ROW_LABEL, ScreenSize};
pub use help::{HelpLine, HelpRoom, help_lines, help_room};
pub use line::Line;
pub use loading::{FailedSource, Loading, Model};
pub use message::{Capture, Effect, Message, Recording, RecordingNews};
pub use page::Page;
pub use picker::{Choice, Picker};
pub use prompt::Prompt;
pub use run::{Phase, Run};
pub use save::{Save, SaveNews, What};
pub use saved::SavedTrace;
pub use speed::Speed;
pub use state::{Notice, NoticeKind, Pane, Start, State, Stops, View, Zoom};
pub use update::update;
