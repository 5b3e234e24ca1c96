//! What a key and a frame cost: the state taken on, and the whole screen drawn into a buffer.

#![allow(clippy::expect_used, reason = "what is measured is known to work")]

use divan::Bencher;
use lenscape::app::{Effect, Message, Start, State, update};
use lenscape::engine::Command;
use lenscape::settings::Settings;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use testing::{WORDS, ready, scattered_column, started, step};

#[path = "../src/testing/mod.rs"]
mod testing;

const LAYERS: usize = 30;
const STEPS: usize = 100;
const SIZES: [(u16, u16); 2] = [(80, 24), (200, 60)];

fn main() {
    divan::main();
}

/// A run of a hundred tokens, all of which have come.
fn finished(size: (u16, u16)) -> State {
    let mut settings = Settings::embedded().expect("the defaults are valid");
    settings.options.model = "tiny".into();
    settings.options.max_tokens = STEPS;
    let start = Start {
        prompt: Some("Once upon a time".into()),
        ..Start::on(size)
    };
    let (mut state, _) = State::new(settings, start);
    let effects = hear(&mut state, ready(testing::model(LAYERS, &WORDS)));
    let Some(Effect::Engine(Command::Run(run))) = effects.into_iter().next() else {
        unreachable!("the prompt is run as soon as there is a model");
    };
    hear(&mut state, started(run.id, 4));
    for at in 0..STEPS {
        let column = scattered_column(at as u32, LAYERS as u32);
        hear(&mut state, step(run.id, at, column, " x"));
    }
    hear(&mut state, testing::finished(run.id));
    press(&mut state, "tab");
    state
}

fn hear(state: &mut State, event: lenscape::engine::Event) -> Vec<Effect> {
    update(state, Message::Engine(event))
}

fn press(state: &mut State, key: &str) -> Vec<Effect> {
    let key = crokey::parse(key).expect("a key").into();
    update(state, Message::Key(key))
}

/// An arrow to the left and one to the right: the cursor moves, the grid follows.
#[divan::bench]
fn update_of_two_keys(bencher: Bencher) {
    let mut state = finished(SIZES[0]);
    bencher.bench_local(|| {
        press(&mut state, "left");
        press(&mut state, "right")
    });
}

/// The prompt, the log, the grid and the cell, as they stand at the end of a run.
#[divan::bench(args = [0, 1])]
fn draw_of_the_panes(bencher: Bencher, size: usize) {
    draw(bencher, &finished(SIZES[size]), SIZES[size]);
}

/// The longest text that there is.
#[divan::bench(args = [0, 1])]
fn draw_of_the_help(bencher: Bencher, size: usize) {
    let mut state = finished(SIZES[size]);
    press(&mut state, "?");
    draw(bencher, &state, SIZES[size]);
}

fn draw(bencher: Bencher, state: &State, (columns, rows): (u16, u16)) {
    let Ok(mut terminal) = Terminal::new(TestBackend::new(columns, rows));
    bencher.bench_local(|| {
        let Ok(_) = terminal.draw(|frame| lenscape::ui::draw(frame, state));
    });
}
