//! What comes in and what has to happen outside.

use crossterm::event::{KeyEvent, MouseEvent};

use crate::engine::{self, RunId};

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
}

/// Whether clicks and the wheel come to the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capture {
    /// To the program.
    On,
    /// To the terminal, for its own selection.
    Off,
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
    /// Send the whole screen again.
    Redraw,
    /// Give the terminal back to the shell until `fg`.
    Suspend,
    /// Leave the program.
    Quit,
}
