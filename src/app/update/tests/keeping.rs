//! A trace that was not saved: what is kept of this session, and what a session before has left.

use std::path::PathBuf;

use super::*;
use crate::app::{Autosave, AutosaveEvent, Notice, NoticeKind, UnsavedTrace};
use crate::run::Record;

fn record_of(steps: usize) -> Record {
    with_steps(steps).0.record().unwrap()
}

fn left(trace: Result<Record, String>) -> AutosaveEvent {
    AutosaveEvent::Found(Autosave {
        path: PathBuf::from("left.json"),
        autosaved_at: "14:02".into(),
        trace: trace.map(Arc::new),
    })
}

fn hear_of(state: &mut State, news: AutosaveEvent) {
    assert_eq!(update(state, Message::Autosave(news)), []);
}

fn notice(state: &State) -> &Notice {
    state.notice.as_ref().unwrap()
}

#[test]
fn what_a_session_before_left_is_offered_with_the_keys_that_work_here() {
    let mut state = ready();
    hear_of(&mut state, left(Ok(record_of(2))));
    let in_prompt = "^O opens, tab then D discards the unsaved trace of 14:02 (“ab”, 2 steps)";
    assert_eq!(notice(&state).text, in_prompt);
    press(&mut state, "tab");
    assert_eq!(state.notice, None);
    hear_of(&mut state, left(Ok(record_of(1))));
    let in_grid = "^O opens, D discards the unsaved trace of 14:02 (“ab”, 1 step)";
    assert_eq!(notice(&state).text, in_grid);
}

#[test]
fn a_notice_that_stands_already_is_read_first() {
    let mut state = ready();
    update(&mut state, Message::LogFailed("no log".into()));
    hear_of(&mut state, left(Ok(record_of(2))));
    assert_eq!(notice(&state).text, "no log");
    press(&mut state, "tab");
    assert!(notice(&state).text.contains("^O"));
    press(&mut state, "tab");
    assert_eq!(state.notice, None);
}

#[test]
fn it_opens_before_a_model_that_stays_loaded() {
    let mut state = ready();
    hear_of(&mut state, left(Ok(record_of(2))));
    assert_eq!(press(&mut state, "ctrl-o"), []);
    assert!(state.model.saved.is_some() && !state.model.is_absent());
    assert!(notice(&state).text.contains("stays loaded"));
    assert_eq!(state.grid_columns().len(), 2);
    assert_eq!(state.prompt.text(), "ab");
    assert_eq!(state.view.focus, Pane::Grid);
    assert_eq!(press(&mut state, "ctrl-o"), [], "once more does no harm");
    assert_eq!(state.grid_columns().len(), 2);
}

#[test]
fn the_model_behind_it_runs_the_prompt() {
    let mut state = ready();
    hear_of(&mut state, left(Ok(record_of(2))));
    press(&mut state, "ctrl-o");
    assert_eq!(press(&mut state, "r"), []);
    assert!(notice(&state).text.contains("in the prompt runs it with"));
    state.view.focus = Pane::Prompt;
    let effects = press(&mut state, "enter");
    let [Effect::Engine(Command::Run(run))] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    assert_eq!(run.prompt, "ab");
    assert!(state.model.saved.is_none() && state.model.behind.is_none());
    assert_eq!(state.model.ready, Some(model()));
    assert_eq!(state.grid_columns().len(), 0);
    // The trace is still in its file.
    assert_eq!(state.runs_to_lose(), 0);
}

#[test]
fn another_model_can_be_loaded_over_it() {
    let mut state = ready();
    hear_of(&mut state, left(Ok(record_of(2))));
    press(&mut state, "ctrl-o");
    press(&mut state, "m");
    type_text(&mut state, "./other");
    assert_eq!(press(&mut state, "enter"), [load("./other")]);
    state.view.focus = Pane::Prompt;
    assert_eq!(press(&mut state, "enter"), []);
    assert!(state.queued.is_some(), "the prompt waits for the other one");
    let effects = hear(&mut state, Event::Ready(model()));
    assert!(matches!(
        effects.as_slice(),
        [Effect::Engine(Command::Run(_))]
    ));
    assert!(state.model.saved.is_none() && state.model.behind.is_none());
}

#[test]
fn it_opens_in_the_place_of_a_model_on_its_way_which_comes_no_more() {
    let mut state = start(Some("a prompt that waits")).0;
    hear_of(&mut state, left(Ok(record_of(2))));
    assert_eq!(press(&mut state, "ctrl-o"), [Effect::CancelLoad]);
    for event in [
        Event::Loading { done: 1, total: 2 },
        Event::LoadFailed("given up".into()),
        Event::Ready(model()),
    ] {
        assert_eq!(hear(&mut state, event), []);
        assert!(state.model.is_absent());
        assert_eq!(state.grid_columns().len(), 2);
    }
    // The model can still be had.
    let effects = press(&mut state, "shift-r");
    assert_eq!(effects, [load("tiny")]);
    hear(&mut state, Event::Ready(model()));
    assert!(state.model.saved.is_none() && state.run.is_none());
}

#[test]
fn runs_of_this_session_are_not_thrown_away_for_it() {
    let (mut state, run) = with_steps(3);
    finish(&mut state, run);
    hear_of(&mut state, left(Ok(record_of(2))));
    assert_eq!(press(&mut state, "ctrl-o"), []);
    assert_eq!(state.grid_columns().len(), 3);
    assert!(notice(&state).text.contains("lenscape open --last"));
}

#[test]
fn it_is_discarded_once() {
    let mut state = ready();
    press(&mut state, "tab");
    hear_of(&mut state, left(Err("left.json is damaged".into())));
    assert_eq!(notice(&state).kind, NoticeKind::Error);
    assert!(notice(&state).text.ends_with("left.json is damaged"));
    assert_eq!(press(&mut state, "ctrl-o"), []);
    assert_eq!(notice(&state).text, "left.json is damaged");
    let effects = press(&mut state, "shift-d");
    assert_eq!(effects, [Effect::DiscardAutosave("left.json".into())]);
    for line in ["discard-autosave", "open-autosave"] {
        press(&mut state, ":");
        type_text(&mut state, line);
        assert_eq!(press(&mut state, "enter"), []);
        assert!(notice(&state).text.contains("No session before"));
    }
}

#[test]
fn a_run_that_breaks_off_is_kept_and_so_is_one_whose_engine_has_gone() {
    let failure = |run| Event::Failed {
        run: Some(run),
        message: "it broke".into(),
    };
    let (mut state, run) = with_steps(2);
    assert_eq!(hear(&mut state, failure(run)), [Effect::KeepTrace]);
    assert_eq!(hear(&mut state, failure(run)), [], "once");
    let (mut state, run) = with_steps(0);
    assert_eq!(hear(&mut state, failure(run)), [], "nothing to keep");

    let (mut state, _) = with_steps(2);
    assert_eq!(update(&mut state, Message::EngineGone), [Effect::KeepTrace]);
    assert!(matches!(
        state.run.as_ref().unwrap().phase,
        Phase::Failed(_)
    ));
    let mut state = start(None).0;
    update(&mut state, Message::EngineGone);
    assert!(matches!(state.model.loading, Loading::Failed(_)));
    assert!(notice(&state).text.contains("the engine has ended"));
}

#[test]
fn the_newest_trace_is_taken_along_until_it_is_saved() {
    let mut unsaved = UnsavedTrace::default();
    unsaved.follow(&ready());
    assert!(unsaved.record().is_none());
    let (mut state, run) = with_steps(2);
    unsaved.follow(&state);
    finish(&mut state, run);
    unsaved.follow(&state);
    let (id, record) = unsaved.record().unwrap();
    assert_eq!((id, record), (run, &state.record().unwrap()));

    unsaved.saved(&state.record().unwrap());
    assert!(unsaved.record().is_none());
    let columns = state.run.as_ref().unwrap().columns.clone();
    let lens = LensKind::Raw;
    let columns = columns.iter().map(|column| Arc::new(Column::clone(column)));
    let columns = columns.collect();
    hear(&mut state, recast_to(run, lens, columns));
    unsaved.follow(&state);
    assert_eq!(unsaved.record().unwrap().1.lens, LensKind::Raw);

    // The next run takes its place with its first step.
    press(&mut state, "tab");
    press(&mut state, "enter");
    unsaved.follow(&state);
    assert_eq!(unsaved.record().unwrap().0, run);
}

#[test]
fn a_saved_trace_is_not_kept_again() {
    let mut state = ready();
    hear_of(&mut state, left(Ok(record_of(2))));
    press(&mut state, "ctrl-o");
    let mut unsaved = UnsavedTrace::default();
    unsaved.follow(&state);
    assert!(unsaved.record().is_none());
}
