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
mod followed;
mod geometry;
mod help;
mod loading;
mod message;
mod page;
mod picker;
mod prompt;
mod run;
mod speed;
mod state;
mod update;

pub use action::Action;
pub use candidates::parse_candidates;
pub use compare::{
    Compare, Completion, Difference, FieldLine, Half, MOST_PINS, Measure, Pin, Series, field_lines,
    label, letter, of_wanted, probability, prompt_letter, series, shown,
};
pub use cursor::{Cursor, Follow};
pub use followed::Followed;
pub use geometry::{GridRoom, LEAST_COLUMNS, LEAST_ROWS, Places, ROW_LABEL, ScreenSize};
pub use help::{HelpLine, HelpRoom, help_lines, help_room};
pub use loading::{FailedSource, Loading, Model};
pub use message::{Capture, Effect, Message, Recording, RecordingNews};
pub use page::Page;
pub use picker::{Choice, Picker};
pub use prompt::Prompt;
pub use run::{Phase, Run};
pub use speed::Speed;
pub use state::{Notice, NoticeKind, Pane, Start, State, Stops, View, Zoom};
pub use update::update;
