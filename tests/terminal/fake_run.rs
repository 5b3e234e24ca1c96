//! The program's state, and an engine's events without an engine.

use crossterm::event::{KeyCode, KeyEvent};
use lenscape::app::{Effect, Message, Start, State, update};
use lenscape::engine::{Command, Event};
use lenscape::run::{ModelInfo, RunId};
use lenscape::settings::Settings;

use crate::testing::{self, WORDS};

const LAYERS: u32 = 30;

/// A state without a model.
pub fn state(columns: u16, rows: u16) -> State {
    let start = Start::on((columns, rows));
    let mut settings = Settings::embedded().unwrap();
    settings.options.model = "fake".into();
    settings.options.max_tokens = 200;
    State::new(settings, start).0
}

/// A state whose run has begun, and the run's name.
pub fn begun(columns: u16, rows: u16) -> (State, RunId) {
    let mut state = state(columns, rows);
    update(&mut state, Message::Engine(ready()));
    for c in "Once upon a time".chars() {
        update(&mut state, key(KeyCode::Char(c)));
    }
    let run = update(&mut state, key(KeyCode::Enter))
        .into_iter()
        .find_map(|effect| match effect {
            Effect::Engine(Command::Run(run)) => Some(run.id),
            _ => None,
        })
        .unwrap();
    update(&mut state, Message::Engine(testing::started(run, 4)));
    (state, run)
}

pub fn ready() -> Event {
    testing::ready(ModelInfo {
        name: "fake".into(),
        context_length: 2048,
        ..testing::model(LAYERS as usize, &WORDS)
    })
}

/// A token was generated.
pub fn step(run: RunId, step: u32) -> Event {
    let column = testing::scattered_column(step, LAYERS);
    let text = WORDS[column.token.0 as usize];
    testing::step(run, step as usize, column, text)
}

pub fn key(code: KeyCode) -> Message {
    Message::Key(KeyEvent::from(code))
}
