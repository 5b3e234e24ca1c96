//! Saving, and a saved trace in the place of a model.

use std::path::{Path, PathBuf};

use super::*;
use crate::app::{InputLine, Save, SaveOutcome, SaveSource, SavedTrace};
use crate::export::Content;
use crate::export::figure::FigureKind;
use crate::run::{Record, StateRows};
use crate::settings::CellValue;

/// The name is typed and confirmed.
fn save_as(state: &mut State, name: &str) -> Vec<Effect> {
    press(state, "shift-s");
    press(state, "ctrl-u");
    type_text(state, name);
    press(state, "enter")
}

fn typed_name(state: &State) -> &str {
    match &state.line {
        Some(InputLine::Save(field)) => field.value(),
        other => panic!("{other:?}"),
    }
}

fn saved(effects: &[Effect]) -> (&Path, &SaveSource) {
    match effects {
        [Effect::Save(Save { path, what, .. })] => (path, what),
        other => panic!("{other:?}"),
    }
}

fn walked() -> State {
    let (mut state, run) = with_steps(2);
    finish(&mut state, run);
    press(&mut state, "tab");
    state
}

#[test]
fn a_name_is_proposed_and_its_extension_says_what_is_saved() {
    let mut state = walked();
    assert_eq!(press(&mut state, "shift-s"), []);
    assert_eq!(typed_name(&state), "ab.json");
    let effects = press(&mut state, "enter");
    let (path, what) = saved(&effects);
    assert_eq!(path, Path::new("ab.json"));
    let SaveSource::Content(Content::Trace(record, None)) = what else {
        panic!("{what:?}");
    };
    assert_eq!((record.prompt.as_str(), record.columns.len()), ("ab", 2));
    assert_eq!(record.finish, Some(StopReason::MaxTokens));
    assert!(state.line.is_none());
}

#[test]
fn each_extension_asks_for_its_own_kind() {
    let mut state = walked();
    let format = |effects: &[Effect]| match effects {
        [Effect::Save(save)] => save.format.name,
        other => panic!("{other:?}"),
    };
    let effects = save_as(&mut state, "a.csv");
    assert_eq!(format(&effects), "csv");
    assert!(matches!(
        saved(&effects).1,
        SaveSource::Content(Content::Trace(_, None))
    ));
    let effects = save_as(&mut state, "a.png");
    assert_eq!(format(&effects), "png");
    let SaveSource::Content(Content::Figure(_, kind, _)) = saved(&effects).1 else {
        panic!("{effects:?}");
    };
    assert!(matches!(kind, FigureKind::Grid(_)));
    let effects = save_as(&mut state, "a.ans");
    assert_eq!(format(&effects), "ansi");
    assert_eq!(saved(&effects).1, &SaveSource::Screen);
}

#[test]
fn the_figure_of_the_grid_shows_what_the_grid_shows() {
    let mut state = walked();
    press(&mut state, "v");
    let effects = save_as(&mut state, "a.svg");
    let SaveSource::Content(Content::Figure(_, kind, _)) = saved(&effects).1 else {
        panic!("{effects:?}");
    };
    let FigureKind::Grid(view) = kind else {
        panic!("{kind:?}");
    };
    assert_eq!(view.options, state.settings.options.grid);
    assert_eq!(view.options.value, CellValue::Probability);
}

#[test]
fn in_compare_mode_the_chart_is_the_figure_and_the_candidates_go_along() {
    let (mut state, run) = with_steps(2);
    finish(&mut state, run);
    press(&mut state, "tab");
    press(&mut state, "c");
    type_text(&mut state, "is q");
    let answer = Comparison {
        run,
        at: Position(PROMPT.len() + 1),
        lens: LensKind::Normed,
        trajectories: vec![Ok(trajectory(" is", &[1])), Err("no token".into())],
    };
    hear(&mut state, compared(&[" is", " q"], answer));
    press(&mut state, "tab");
    let effects = save_as(&mut state, "a.svg");
    let SaveSource::Content(Content::Figure(record, kind, _)) = saved(&effects).1 else {
        panic!("{effects:?}");
    };
    assert_eq!(*kind, FigureKind::Compare);
    assert_eq!(record.watch.step, Step(1));
    assert_eq!(record.watch.trajectories, [trajectory(" is", &[1])]);
}

#[test]
fn on_the_page_of_layer_predictions_these_are_the_figure() {
    let mut state = walked();
    press(&mut state, "home");
    press(&mut state, "shift-p");
    press(&mut state, "ctrl-s");
    press(&mut state, "ctrl-u");
    type_text(&mut state, "a.svg");
    let effects = press(&mut state, "enter");
    let SaveSource::Content(Content::Figure(_, kind, _)) = saved(&effects).1 else {
        panic!("{effects:?}");
    };
    assert_eq!(*kind, FigureKind::Predictions(Step(0)));
}

#[test]
fn arrays_wait_for_the_states_of_the_run() {
    let mut state = walked();
    let run = state.run.as_ref().unwrap().id;
    let effects = save_as(&mut state, "a.safetensors");
    assert_eq!(effects, [Effect::Engine(Command::States(run))]);
    let states = Arc::new(StateRows {
        steps: 2,
        rows: LAYERS + 1,
        d_model: 1,
        values: vec![0.5; 2 * (LAYERS + 1)],
        inside: Vec::new(),
    });
    let event = Event::States {
        run,
        states: Arc::clone(&states),
    };
    let effects = hear(&mut state, event.clone());
    let (path, what) = saved(&effects);
    assert_eq!(path, Path::new("a.safetensors"));
    assert!(
        matches!(what, SaveSource::Content(Content::Trace(_, Some(found))) if *found == states)
    );
    assert_eq!(hear(&mut state, event), [], "they are written once");
}

#[test]
fn where_there_is_nothing_to_save_or_no_format_a_line_says_so() {
    let mut state = ready();
    press(&mut state, "tab");
    assert_eq!(save_as(&mut state, "a.json"), []);
    assert!(
        state
            .notice
            .as_ref()
            .unwrap()
            .text
            .contains("generate first")
    );
    let mut state = walked();
    assert_eq!(save_as(&mut state, "keys"), []);
    assert!(
        state
            .notice
            .as_ref()
            .unwrap()
            .text
            .contains("json safetensors")
    );
    assert_eq!(save_as(&mut state, "  "), []);
}

#[test]
fn the_field_takes_keys_and_paste_and_esc_closes_it() {
    let mut state = walked();
    press(&mut state, "shift-s");
    press(&mut state, "ctrl-u");
    type_text(&mut state, "q");
    update(&mut state, Message::Paste("?\n.txt".into()));
    assert_eq!(typed_name(&state), "q?.txt");
    assert_eq!(press(&mut state, "esc"), []);
    assert!(state.line.is_none());
    assert!(state.run.is_some());
}

#[test]
fn what_became_of_it_is_told() {
    let mut state = walked();
    update(
        &mut state,
        Message::Saved(SaveOutcome::Saved("a-2.json".into())),
    );
    assert_eq!(state.notice.as_ref().unwrap().text, "Saved a-2.json");
    let why = "cannot save a.json: disk full".to_owned();
    update(&mut state, Message::Saved(SaveOutcome::Failed(why.clone())));
    assert_eq!(state.notice.as_ref().unwrap().text, why);
}

/// The run of two steps, with ` is` followed at the second, out of a file.
pub(super) fn reopened() -> State {
    let mut state = walked();
    let record = Record {
        watch: crate::run::Watch {
            step: Step(1),
            trajectories: vec![trajectory(" is", &[1])],
        },
        ..state.record().unwrap()
    };
    state = start(None).0;
    let start = Start {
        prompt: Some("not run".into()),
        ..Start::on((120, 40))
    };
    let saved = SavedTrace {
        path: PathBuf::from("a.json"),
        record: Arc::new(record),
    };
    let (state, effects) = State::of_saved(state.settings, start, saved);
    assert_eq!(effects, []);
    state
}

#[test]
fn a_saved_trace_is_shown_and_nothing_is_loaded_or_run() {
    let mut state = reopened();
    assert_eq!(state.prompt.text(), "ab");
    assert_eq!(state.grid_columns().len(), 2);
    assert_eq!(state.settings.options.lens, LensKind::Normed, "the file's");
    for key in [
        "enter", "shift-l", "shift-r", "f", "r", "x", "shift-i", "shift-x", "u",
    ] {
        assert_eq!(press(&mut state, key), [], "{key}");
        let notice = state.notice.as_ref().unwrap();
        assert!(notice.text.contains("no model is loaded"), "{key}");
    }
    for line in ["skip L1", "force a"] {
        press(&mut state, ":");
        type_text(&mut state, line);
        assert_eq!(press(&mut state, "enter"), [], "{line}");
        let notice = state.notice.as_ref().unwrap();
        assert!(notice.text.contains("no model is loaded"), "{line}");
    }
    assert_eq!(state.settings.options.lens, LensKind::Normed);
}

#[test]
fn the_best_tokens_are_read_out_of_the_file() {
    let mut state = reopened();
    assert_eq!(press(&mut state, "shift-p"), []);
    let run = state.run.as_ref().unwrap().id;
    let answer = |state: &State| {
        let Some(Page::Predictions(page)) = &state.page else {
            panic!("no page");
        };
        assert!(!page.best.is_waiting());
        let (to, answer) = page.best.newest().unwrap();
        assert_eq!(to.run, run);
        (to.ask.at().unwrap(), Arc::clone(answer))
    };
    let (at, there) = answer(&state);
    let column = &state.grid_columns()[1];
    assert_eq!((&there.column, there.top_k), (column.as_ref(), 1));
    press(&mut state, "left");
    assert_eq!(answer(&state).0.0, at.0 - 1);
    assert_eq!(press(&mut state, "+"), []);
    let notice = &state.notice.as_ref().unwrap().text;
    assert!(notice.contains("lists 1 of the best tokens"), "{notice}");
    assert_eq!(answer(&state).1.top_k, 1);
}

#[test]
fn what_needs_the_model_says_how_to_load_it() {
    let mut state = reopened();
    for action in [
        "attribution",
        "cell-attribution",
        "prompt-columns",
        "lens",
        "replace",
        "force",
    ] {
        press(&mut state, ":");
        type_text(&mut state, action);
        assert_eq!(press(&mut state, "enter"), [], "{action}");
        let notice = &state.notice.as_ref().unwrap().text;
        assert!(notice.contains("no model is loaded; m lists"), "{notice}");
        assert!(state.page.is_none(), "{action}");
    }
}

#[test]
fn the_token_that_was_chosen_can_be_compared_at_its_step() {
    let mut state = reopened();
    press(&mut state, "c");
    press(&mut state, "ctrl-u");
    // Nothing else is followed there.
    state.cursor.step = Step(0);
    let token = state.grid_columns()[0].token.0;
    type_text(&mut state, &format!("#{token}"));
    let compare = state.compare.as_ref().unwrap();
    let (_, found) = compare.trajectories().next().unwrap();
    let column = &state.grid_columns()[0];
    assert_eq!(
        found.embedding,
        column.embedding.as_ref().map(|cell| cell.score)
    );
    let scores = column.layers.iter().map(|cell| Some(cell?.score)).collect();
    assert_eq!(found.layers, scores);
}

#[test]
fn what_the_file_follows_can_be_compared() {
    let mut state = reopened();
    assert_eq!(press(&mut state, "c"), []);
    let compare = state.compare.as_ref().unwrap();
    assert_eq!(compare.field.value(), "is");
    assert_eq!(state.cursor.step, Step(1));
    let (_, found) = compare.trajectories().next().unwrap();
    assert_eq!(found, &trajectory(" is", &[1]));
    assert_eq!(type_text(&mut state, " are"), []);
    let answer = state.compare.as_ref().unwrap().answer().cloned().unwrap();
    let why = answer.trajectories[1].as_ref().unwrap_err();
    assert!(why.contains("no model is loaded"), "{why}");
}

#[test]
fn a_saved_trace_is_saved_again_without_states() {
    let mut state = reopened();
    let effects = save_as(&mut state, "b.safetensors");
    let SaveSource::Content(Content::Trace(record, None)) = saved(&effects).1 else {
        panic!("{effects:?}");
    };
    assert_eq!(record.watch.trajectories.len(), 1);
}

#[test]
fn a_model_can_be_loaded_after_all() {
    let mut state = reopened();
    press(&mut state, "m");
    hear(&mut state, Event::Models(Vec::new()));
    type_text(&mut state, "./other");
    let effects = press(&mut state, "enter");
    assert_eq!(effects, [load("./other")]);
    press(&mut state, "enter");
    assert!(state.queued.is_some(), "the prompt waits for the model");
    let effects = hear(&mut state, Event::Ready(model()));
    assert!(matches!(
        effects.as_slice(),
        [Effect::Engine(Command::Run(_))]
    ));
    assert!(state.model.saved.is_none());
}
