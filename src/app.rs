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
mod entry;
mod geometry;
mod help;
mod kept;
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
pub use compare::{Compare, Crossing, Half, Lead, letter, shown};
pub use cursor::{Cursor, Follow};
pub use entry::{Entry, Purpose, TokenChoice};
pub use geometry::{GridRoom, LEAST_COLUMNS, LEAST_ROWS, Places, ROW_LABEL, ScreenSize};
pub use help::{HelpLine, HelpRoom, help_lines, help_room};
pub use kept::{KeptRuns, Side};
pub use loading::{FailedSource, Loading, Model};
pub use message::{Capture, Effect, Message, Recording, RecordingNews};
pub use page::Page;
pub use picker::{Choice, Picker};
pub use prompt::Prompt;
pub use run::{Origin, Phase, Run};
pub use speed::Speed;
pub use state::{Notice, NoticeKind, Pane, Start, State, Stops, View, Zoom};
pub use update::update;
