//! What the program knows, and the one place where it changes.
//!
//! ```text
//! Message ─▶ update(&mut State, Message) ─▶ Vec<Effect>
//!              keys become Actions by the key map
//! ```
//!
//! [`update()`] does no I/O and never blocks: what has to happen outside comes back as
//! [`Effect`]s. [`crate::ui::draw`] reads the [`State`] and changes nothing.

mod autosave;
mod candidates;
mod command_line;
mod compare;
mod cursor;
mod fold;
mod geometry;
mod inquiry;
mod leaving;
mod line;
mod loading;
mod message;
mod motion;
pub mod pages;
mod prefilled;
mod prompt;
mod prompt_columns;
mod recorded;
mod run;
mod run_history;
mod save;
mod saved;
mod search;
mod speed;
mod state;
mod tour;
mod unsaved_trace;
mod update;

pub use autosave::{Autosave, AutosaveEvent};
pub use candidates::{parse_candidates, typed_candidates};
pub use command_line::{CommandLine, Suggestion, TypedCommand};
pub use compare::{
    Compare, Completion, Difference, FieldLine, Half, MOST_PINS, Measure, Pin, Series, field_lines,
    series,
};
pub use cursor::{Cursor, Follow};
pub use fold::{Fold, label_width, line_names};
pub use geometry::{GridRoom, LEAST_COLUMNS, LEAST_ROWS, PaneAreas, ROW_LABEL, ScreenSize};
pub use inquiry::Inquiry;
pub use line::InputLine;
pub use loading::{FailedSource, Loading, Model};
pub use message::{Capture, Effect, Message, Recording, RecordingNews};
pub use motion::Motion;
pub use pages::{
    ActionEntry, ActionList, AttributedLogit, Attribution, Behaviour, Choice, Entry,
    FollowedCandidates, Goal, HeadOrder, Help, HelpLine, HelpPart, HelpRoom, KEYS_WIDTH, Layers,
    MOST_TOKENS, Outcome, Page, Picker, Predictions, PromptTokens, Purpose, RunList, SIGNS_WIDTH,
    SUMMARY_HEAD, Selected, SidePanel, SummaryPage, TokenChoice, WatchedTokens,
};
pub use prefilled::PrefilledField;
pub use prompt::Prompt;
pub use prompt_columns::PromptColumns;
pub use run::{Origin, Phase, Run};
pub use run_history::{RunHistory, Side};
pub use save::{Save, SaveOutcome, SaveSource};
pub use saved::SavedTrace;
pub use search::{Direction, Query, SearchHit, SearchPath, search};
pub use speed::Speed;
pub use state::{Notice, NoticeKind, Pane, Start, State, Stops, View, Zoom};
pub use tour::{Tour, TourStep};
pub use unsaved_trace::UnsavedTrace;
pub use update::{needs_the_model, update};
