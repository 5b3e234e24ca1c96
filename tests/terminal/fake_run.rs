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
<<<<<<< main
        ..testing::model(LAYERS as usize, &WORDS)
    })
=======
        weights: "f32".into(),
        arithmetic: "exact".into(),
        device: "cpu".into(),
        parameters: 1,
        notes: Vec::new(),
        saved_run: None,
        lenses: lenscape::run::LensInfo::of_any_model(),
        vocabulary: Arc::new(Vocabulary::new(pieces)),
    }))
>>>>>>> 572a2502e4a45513af82a01be539cd4483a7691f
}

/// A token was generated.
pub fn step(run: RunId, step: u32) -> Event {
<<<<<<< main
    let column = testing::scattered_column(step, LAYERS);
    let text = WORDS[column.token.0 as usize];
    testing::step(run, step as usize, column, text)
=======
    let token = TokenId(scattered(step) % WORDS.len() as u32);
    let cell = |layer: u32| {
        let least = 1 + (LAYERS - 1 - layer) * (LAYERS - 1 - layer) * 4;
        let rank = 1 + scattered(step * LAYERS + layer) % least;
        Cell {
            score: Score {
                rank,
                ties: 0,
                logit: 9.0,
                prob: 1.0 / rank as f32,
            },
            entropy: 2.0,
            kl: 1.0,
            log_sum_exp: 10.0,
            top: (0..8)
                .map(|at| {
                    let id = (at + scattered(step + layer)) % WORDS.len() as u32;
                    let drop = scattered(step * LAYERS + layer + at) % 100;
                    (TokenId(id), 9.0 - at as f32 - drop as f32 / 100.0)
                })
                .collect(),
        }
    };
    Event::Step {
        run,
        step: Step(step as usize),
        column: Arc::new(Column {
            token,
            lens: LensKind::Normed,
            embedding: Some(cell(0)),
            layers: (0..LAYERS).map(cell).collect(),
        }),
        text: WORDS[token.0 as usize].into(),
        made: Instant::now(),
    }
>>>>>>> 572a2502e4a45513af82a01be539cd4483a7691f
}

pub fn key(code: KeyCode) -> Message {
    Message::Key(KeyEvent::from(code))
}
