//! What goes down the wire: the bytes of the program's own frames, at 120×40 in true colour,
//! while it follows a run and while the cursor moves.

use std::io::{self, Write};
use std::sync::Arc;

use crossterm::event::KeyCode;
use ratatui::layout::Size;
use serde::Serialize;

use crate::app::{Effect, Message, Start, State, update};
use crate::commands::CommandError;
use crate::engine::{Command, Event};
use crate::run::{ModelInfo, RunId, StopReason};
use crate::settings::Settings;
use crate::terminal::{FrameOutput, Painter};
use crate::trace::{Column, Step, TokenId};
use crate::ui;

const SIZE: Size = Size {
    width: 120,
    height: 40,
};

/// Bytes that a terminal of 120×40 gets, brackets of the frames included.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Wire {
    /// A frame a token: the mean.
    pub bytes_per_token: usize,
    /// The largest frame.
    pub largest_frame: usize,
    /// The largest frame of a move of the cursor by one cell.
    pub largest_cursor_move: usize,
}

/// A terminal that takes everything and shows nothing.
struct NullTerminal;

impl Write for NullTerminal {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl FrameOutput for NullTerminal {
    fn size(&self) -> io::Result<Size> {
        Ok(SIZE)
    }
}

/// Shows a finished run token by token, then walks over its cells.
pub fn wire(
    info: Arc<ModelInfo>,
    prompt: &[TokenId],
    columns: &[Column],
) -> Result<Wire, CommandError> {
    let start = Start {
        prompt: Some("The keys to the cabinet".into()),
        ..Start::on((SIZE.width, SIZE.height))
    };
    let settings = Settings::embedded().map_err(|error| io::Error::other(error.to_string()))?;
    let (mut state, _) = State::new(settings, start);
    let mut painter = Painter::new(NullTerminal)?;
    let mut draw = |state: &State| -> io::Result<usize> {
        Ok(painter.draw(|frame| ui::draw(frame, state))?.bytes)
    };
    let effects = update(&mut state, Message::Engine(Event::Ready(info.clone())));
    let run = run_of(&effects);
    let prompt = prompt.to_vec();
    update(&mut state, Message::Engine(Event::Started { run, prompt }));
    let mut largest_frame = draw(&state)?;
    let mut sum = 0;
    for (s, column) in columns.iter().enumerate() {
        let text = String::from_utf8_lossy(info.vocabulary.bytes(column.token)).into_owned();
        let event = Event::Step {
            run,
            step: Step(s),
            column: Arc::new(column.clone()),
            text,
            made: state.now,
        };
        update(&mut state, Message::Engine(event));
        let bytes = draw(&state)?;
        sum += bytes;
        largest_frame = largest_frame.max(bytes);
    }
    let (reason, text) = (StopReason::MaxTokens, String::new());
    update(
        &mut state,
        Message::Engine(Event::Finished { run, reason, text }),
    );
    draw(&state)?;
    let mut largest_cursor_move = 0;
    for key in [KeyCode::Up, KeyCode::Left, KeyCode::Down, KeyCode::Right] {
        for _ in 0..5 {
            update(&mut state, Message::Key(key.into()));
            largest_cursor_move = largest_cursor_move.max(draw(&state)?);
        }
    }
    Ok(Wire {
        bytes_per_token: sum / columns.len().max(1),
        largest_frame,
        largest_cursor_move,
    })
}

/// The run that was begun.
fn run_of(effects: &[Effect]) -> RunId {
    let mut runs = effects.iter().filter_map(|effect| match effect {
        Effect::Engine(Command::Run(run)) => Some(run.id),
        _ => None,
    });
    runs.next_back().unwrap_or_default()
}
