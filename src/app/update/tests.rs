#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
//! What each message does: the state after it, and what has to happen outside.

use std::sync::Arc;

use crossterm::event::{KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use super::update;
use crate::app::{
    Capture, Effect, Follow, GridRoom, Loading, Message, Page, Pane, PaneAreas, Phase, Start, State,
};
use crate::engine::{
    Answer, Ask, Command, Event, FetchProgress, Fit, ModelEntry, Question, Rest, Whereabouts,
};
use crate::model::Dtype;
use crate::model::device::WantedDevices;
use crate::run::{CandidateRequest, Comparison, ModelInfo, RunId, Sampling, StopReason};
use crate::settings::theme::Depth;
use crate::settings::{Charset, Settings};
use crate::testing;
use crate::trace::{
    Cell, Column, Layer, LensKind, PartialSum, Position, Row, Rows, Step, TokenId, Trajectory,
};
use crate::vocabulary::{Piece, Vocabulary};

fn question(run: RunId, lens: LensKind, ask: Ask) -> Question {
    Question {
        run,
        lens,
        rows: Rows::Layers,
        ask,
    }
}

/// The whole answer to a question.
fn answered(question: Question, answer: Answer) -> Event {
    Event::Answered {
        to: Arc::new(question),
        answer,
        rest: Rest::Nothing,
    }
}

/// A question has no answer.
fn unanswered(question: Question) -> Event {
    Event::Unanswered {
        to: Arc::new(question),
        why: "no".into(),
    }
}

/// The answer to the question where `wanted` stand.
fn compared(wanted: &[&str], comparison: Comparison) -> Event {
    let ask = Ask::Candidates {
        at: comparison.at,
        wanted: wanted
            .iter()
            .map(|text| CandidateRequest::from(*text))
            .collect(),
    };
    let question = question(comparison.run, comparison.lens, ask);
    answered(question, Answer::Candidates(Arc::new(comparison)))
}

/// All columns of a run under another lens.
fn recast_to(run: RunId, lens: LensKind, columns: Vec<Arc<Column>>) -> Event {
    answered(question(run, lens, Ask::Relens), Answer::Relens(columns))
}

mod actions;
mod candidates;
mod cell_attribution;
mod chapters;
mod chat;
mod comparing;
mod keeping;
mod leaving;
mod loading;
mod options;
mod prompt_columns;
mod recorded;
mod running;
mod runs;
mod saving;
mod search;
mod selecting;
mod tour;
mod views;
mod writing;

const LAYERS: usize = 3;

/// The tokens of every prompt.
const PROMPT: [TokenId; 1] = [TokenId(0)];

fn start(prompt: Option<&str>) -> (State, Vec<Effect>) {
    start_with(|start| Start {
        prompt: prompt.map(str::to_owned),
        ..start
    })
}

/// The defaults, with a tiny model and eight tokens a run.
fn settings() -> Settings {
    let mut settings = Settings::embedded().unwrap();
    settings.options.model = "tiny".into();
    settings.options.max_tokens = 8;
    settings
}

fn start_with(change: impl FnOnce(Start) -> Start) -> (State, Vec<Effect>) {
    let start = Start::on((120, 40));
    State::new(settings(), change(start))
}

fn ready() -> State {
    let (mut state, _) = start(None);
    hear(&mut state, Event::Ready(model()));
    state
}

/// A run of "ab" under way.
fn running() -> (State, RunId) {
    let mut state = ready();
    type_text(&mut state, "ab");
    let effects = press(&mut state, "enter");
    let [Effect::Engine(Command::Run(run))] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    let run = run.id;
    hear(
        &mut state,
        Event::Started {
            run,
            prompt: PROMPT.into(),
        },
    );
    (state, run)
}

fn with_steps(steps: usize) -> (State, RunId) {
    let (mut state, run) = running();
    for at in 0..steps {
        step(&mut state, run, at);
    }
    (state, run)
}

/// The order to load a model as the settings have it.
fn load(model: &str) -> Effect {
    Effect::Engine(Command::Load {
        model: model.into(),
        dtype: Dtype::Auto,
        devices: WantedDevices::default(),
    })
}

/// A token comes; the focus stays where it was.
fn step(state: &mut State, run: RunId, at: usize) -> Vec<Effect> {
    let made = state.now;
    state.awaits_columns = false;
    hear(
        state,
        Event::Step {
            run,
            step: Step(at),
            column: column(at as u32 + 1),
            text: " x".into(),
            made,
        },
    )
}

fn finish(state: &mut State, run: RunId) -> Vec<Effect> {
    hear(
        state,
        Event::Finished {
            run,
            reason: StopReason::MaxTokens,
            text: String::new(),
        },
    )
}

fn hear(state: &mut State, event: Event) -> Vec<Effect> {
    update(state, Message::Engine(event))
}

fn press(state: &mut State, key: &str) -> Vec<Effect> {
    let key: KeyEvent = crokey::parse(key).unwrap().into();
    update(state, Message::Key(key))
}

fn type_text(state: &mut State, text: &str) -> Vec<Effect> {
    text.chars()
        .flat_map(|character| {
            let key = KeyEvent::from(crossterm::event::KeyCode::Char(character));
            update(state, Message::Key(key))
        })
        .collect()
}

fn model() -> Arc<ModelInfo> {
    let inside = (0..LAYERS).map(|l| Row::Inside(Layer(l), PartialSum::AfterAttention));
    Arc::new(ModelInfo {
        rows_inside: inside.collect(),
        ..testing::model(LAYERS, &[" x"; 100])
    })
}

/// A candidate that is on rank 9, then 2 at every layer.
fn trajectory(text: &str, tokens: &[u32]) -> Trajectory {
    testing::trajectory(text, tokens, &[&[9], [2; LAYERS].as_slice()].concat())
}

fn column(rank: u32) -> Arc<Column> {
    let cell = Cell {
        kl: 0.0,
        ..testing::cell_of(rank, &[1])
    };
    Arc::new(Column {
        embedding: Some(cell.clone()),
        layers: vec![cell; LAYERS].into(),
        ..testing::column(1, &[rank])
    })
}

fn relens(run: RunId, lens: LensKind) -> Effect {
    let ask = Ask::Relens;
    Effect::Engine(Command::Ask(Question {
        run,
        lens,
        rows: Rows::Layers,
        ask,
    }))
}

/// The candidates that are asked about, each time with the step and the lens.
fn asked(effects: &[Effect]) -> Vec<(Step, Vec<String>, LensKind)> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Engine(Command::Ask(Question {
                lens,
                ask: Ask::Candidates { at, wanted },
                ..
            })) => {
                let texts = wanted.iter().map(ToString::to_string).collect();
                Some((Step(at.0 - PROMPT.len()), texts, *lens))
            }
            _ => None,
        })
        .collect()
}

#[test]
fn the_list_of_models_asks_the_engine_and_loads_what_is_typed() {
    let (mut state, run) = with_steps(2);
    finish(&mut state, run);
    press(&mut state, "tab");
    assert_eq!(press(&mut state, "m"), [Effect::Engine(Command::List)]);
    hear(&mut state, Event::Models(Vec::new()));
    type_text(&mut state, "org/name");
    let effects = press(&mut state, "enter");
    assert_eq!(effects, [load("org/name")]);
    assert!(state.page.is_none());
    assert_eq!(state.prompt.text(), "ab");
}

#[test]
fn a_failed_load_leaves_the_old_model_and_its_run() {
    let (mut state, _) = with_steps(2);
    press(&mut state, "tab");
    press(&mut state, "m");
    type_text(&mut state, "org/name");
    press(&mut state, "enter");
    hear(&mut state, Event::LoadFailed("no such repository".into()));
    assert!(state.model.ready.is_some());
    assert_eq!(state.run.unwrap().columns.len(), 2);
    assert_eq!(state.notice.unwrap().text, "no such repository");
}

#[test]
fn a_model_that_comes_while_the_old_one_runs_stops_that_run() {
    let (mut state, run) = with_steps(2);
    let effects = hear(&mut state, Event::Ready(model()));
    assert_eq!(effects, [Effect::StopRun(run)]);
    assert!(state.run.is_none());
    assert_eq!(state.prompt.text(), "ab");
}

#[test]
fn escape_closes_the_list_of_models_and_stops_nothing() {
    let (mut state, _) = with_steps(1);
    press(&mut state, "tab");
    press(&mut state, "m");
    assert_eq!(press(&mut state, "esc"), []);
    assert!(state.page.is_none() && state.run.is_some());
}

fn listed(name: &str, fault: Option<&str>) -> ModelEntry {
    ModelEntry {
        name: name.into(),
        title: name.into(),
        family: None,
        parameters: None,
        size: None,
        whereabouts: Whereabouts::OnDisk,
        memory: None,
        fit: Fit::Unknown,
        fault: fault.map(str::to_owned),
        lenses: Vec::new(),
        is_loaded: false,
    }
}

#[test]
fn files_that_cannot_be_used_are_not_loaded_but_the_reason_is_told() {
    let (mut state, _) = with_steps(1);
    press(&mut state, "tab");
    press(&mut state, "m");
    let models = vec![listed("broken", Some("broken: the file is empty"))];
    hear(&mut state, Event::Models(models));
    assert_eq!(press(&mut state, "enter"), []);
    assert!(matches!(state.page, Some(Page::Models(_))) && state.model.ready.is_some());
    assert_eq!(state.notice.unwrap().text, "broken: the file is empty");
}

#[test]
fn the_list_comes_anew_when_a_model_is_ready_while_it_is_open() {
    let (mut state, _) = start(None);
    press(&mut state, "tab");
    press(&mut state, "m");
    hear(&mut state, Event::Models(vec![listed("a", None)]));
    let effects = hear(&mut state, Event::Ready(model()));
    assert_eq!(effects, [Effect::Engine(Command::List)]);
    assert!(matches!(state.page, Some(Page::Models(_))));
}
