//! What comes in and what has to happen outside.

use std::path::PathBuf;

use crossterm::event::{KeyEvent, MouseEvent};

use super::{AutosaveEvent, Save, SaveOutcome};
use crate::engine::{self};
use crate::run::RunId;

/// What comes in.
#[derive(Clone, Debug)]
pub enum Message {
    /// A key.
    Key(KeyEvent),
    /// Text from the clipboard, as one piece.
    Paste(String),
    /// A click or a turn of the wheel.
    Mouse(MouseEvent),
    /// The terminal has a new size.
    Resize {
        /// Its width.
        columns: u16,
        /// Its height.
        rows: u16,
    },
    /// The engine's word.
    Engine(engine::Event),
    /// The engine will say no more: its thread has ended.
    EngineGone,
    /// What became of a recording.
    Recording(RecordingNews),
    /// What became of something that was to be saved.
    Saved(SaveOutcome),
    /// What became of traces that nobody saved.
    Autosave(AutosaveEvent),
    /// A line of the log is lost; one line that says why.
    LogFailed(String),
}

/// Whether clicks and the wheel come to the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capture {
    /// To the program.
    On,
    /// To the terminal, for its own selection.
    Off,
}

/// Whether what the terminal gets is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recording {
    /// Begin.
    Start,
    /// End.
    Stop,
}

/// What became of a recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordingNews {
    /// It goes to this file.
    Started(PathBuf),
    /// It ended, and is in this file.
    Saved(PathBuf),
    /// It broke off, and why.
    Failed(String),
}

/// What has to happen outside.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Ask the engine for something.
    Engine(engine::Command),
    /// Stop the run at once.
    StopRun(RunId),
    /// Give up the load under way.
    CancelLoad,
    /// Take the mouse, or give it back.
    CaptureMouse(Capture),
    /// Begin or end a recording.
    Record(Recording),
    /// A chapter of the recording begins.
    Mark(String),
    /// Text for the clipboard of whoever sits at the terminal.
    Copy(String),
    /// Save something to a file, without waiting for it.
    Save(Save),
    /// Keep the trace that nobody has saved, without waiting for it.
    KeepTrace,
    /// Look for a trace that a session before has left.
    FindAutosave,
    /// Delete a trace that was left.
    DiscardAutosave(PathBuf),
    /// Remember that the tour was seen.
    TourSeen,
    /// Send the whole screen again.
    Redraw,
    /// Give the terminal back to the shell until `fg`.
    Suspend,
    /// Leave the program.
    Quit,
}
