//! The program's state, and an engine's events without an engine: 30 layers whose ranks fall
//! from some thousands to 1, never twice in the same way.

use std::sync::Arc;
use std::time::Instant;

use crossterm::event::{KeyCode, KeyEvent};
use lenscape::app::{Effect, Message, Start, State, update};
use lenscape::engine::{Command, Event};
use lenscape::run::{ModelInfo, RunId};
use lenscape::settings::Settings;
use lenscape::trace::{Cell, Column, LensKind, Score, Step, TokenId};
use lenscape::vocabulary::{Piece, Vocabulary};

const LAYERS: u32 = 30;
const WORDS: [&str; 8] = [
    " the",
    " key",
    "s",
    " cabinet",
    ",",
    " lantern",
    " of",
    " seventeen",
];

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
    let prompt = vec![TokenId(0); 4];
    update(&mut state, Message::Engine(Event::Started { run, prompt }));
    (state, run)
}

pub fn ready() -> Event {
    let pieces = WORDS.map(|word| Piece::Bytes(word.into())).to_vec();
    Event::Ready(Arc::new(ModelInfo {
        name: "fake".into(),
        family: "llama".into(),
        n_layers: LAYERS as usize,
        d_model: 8,
        vocab_size: WORDS.len(),
        context_length: 2048,
        weights: "f32".into(),
        arithmetic: "exact".into(),
        device: "cpu".into(),
        parameters: 1,
        notes: Vec::new(),
        saved_run: None,
        lenses: lenscape::run::LensInfo::of_any_model(),
        vocabulary: Arc::new(Vocabulary::new(pieces)),
    }))
}

/// A token was generated.
pub fn step(run: RunId, step: u32) -> Event {
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
}

pub fn key(code: KeyCode) -> Message {
    Message::Key(KeyEvent::from(code))
}

/// The same number each time, but no pattern.
fn scattered(n: u32) -> u32 {
    let mixed = (n ^ 0x9e37_79b9).wrapping_mul(0x85eb_ca6b);
    (mixed ^ (mixed >> 13)).wrapping_mul(0xc2b2_ae35) >> 8
}
