//! Recorded runs in the place of a model, and what the first columns of a run do.

use super::*;
use crate::export::recorded;
use crate::settings::Options;

/// The program with its default model, which cannot be had.
fn without_a_model() -> State {
    let mut settings = settings();
    settings.options.model = Options::embedded().unwrap().model;
    let (mut state, _) = State::new(settings, Start::on((120, 40)));
    hear(&mut state, Event::LoadFailed("no network".into()));
    state
}

fn notice(state: &State) -> &str {
    &state.notice.as_ref().unwrap().text
}

#[test]
fn where_the_default_model_cannot_be_had_a_recorded_run_is_shown() {
    let mut state = without_a_model();
    let names = recorded::names();
    assert_eq!(state.recorded.as_ref(), names.first());
    assert_eq!(state.prompt.text(), "The keys to the cabinet");
    assert_eq!(state.grid_columns().len(), 12);
    let told = notice(&state).to_owned();
    assert!(told.starts_with("No model could be had"), "{told}");
    assert!(told.contains("R tries again"), "{told}");
    assert!(told.chars().count() <= 118, "{told}");
    // Why is told next.
    press(&mut state, "left");
    assert_eq!(notice(&state), "no network");
}

#[test]
fn the_key_for_examples_goes_through_the_recorded_runs() {
    let mut state = without_a_model();
    let names = recorded::names();
    for name in names.iter().skip(1).chain(names.first()) {
        assert_eq!(press(&mut state, "ctrl-r"), []);
        assert_eq!(state.recorded.as_ref(), Some(name));
        let told = notice(&state);
        assert!(
            told.ends_with("c compares, ^R shows the next run"),
            "{told}"
        );
    }
    // What the example compares is in the file.
    press(&mut state, "c");
    let answer = state.compare.as_ref().unwrap().answer().cloned();
    assert_eq!(answer.unwrap().trajectories.iter().flatten().count(), 2);
}

#[test]
fn the_model_is_tried_again_from_a_recorded_run() {
    let mut state = without_a_model();
    let wanted = state.settings.options.model.clone();
    assert_eq!(press(&mut state, "shift-r"), [load(&wanted)]);
    hear(&mut state, Event::LoadFailed("still none".into()));
    assert_eq!(notice(&state), "still none");
    assert!(state.recorded.is_some());
    press(&mut state, "shift-r");
    hear(&mut state, Event::Ready(model()));
    assert_eq!((state.recorded, state.model.saved), (None, None));
    assert!(state.run.is_none());
}

#[test]
fn another_model_or_a_prompt_of_the_users_own_has_its_error() {
    let (mut state, _) = start(None);
    hear(&mut state, Event::LoadFailed("no network".into()));
    assert_eq!(state.recorded, None);
    let mut settings = settings();
    settings.options.model = Options::embedded().unwrap().model;
    let begun = Start {
        prompt: Some("Hello".into()),
        ..Start::on((120, 40))
    };
    let (mut state, _) = State::new(settings, begun);
    hear(&mut state, Event::LoadFailed("no network".into()));
    assert_eq!(state.recorded, None);
    assert!(matches!(state.model.loading, Loading::Failed(_)));
}

#[test]
fn a_recorded_run_is_opened_by_its_name() {
    let (state, effects) = State::of_recorded(
        settings(),
        Start::on((80, 24)),
        "doctor",
        Arc::new(recorded::open("doctor").unwrap()),
    );
    assert_eq!(effects, []);
    assert_eq!(state.prompt.text(), "The doctor is a");
    assert_eq!(state.typed_candidates, "man woman");
}

fn first_step(state: &mut State, run: RunId) {
    let event = Event::Step {
        run,
        step: Step(0),
        column: column(1),
        text: " x".into(),
        made: state.now,
    };
    hear(state, event);
}

#[test]
fn the_first_column_takes_the_focus() {
    let (mut state, run) = running();
    assert_eq!(state.view.focus, Pane::Prompt);
    first_step(&mut state, run);
    assert_eq!(state.view.focus, Pane::Grid);
    press(&mut state, "i");
    assert_eq!(state.view.focus, Pane::Prompt);
    step(&mut state, run, 1);
    assert_eq!(state.view.focus, Pane::Prompt);
}

#[test]
fn who_types_on_keeps_the_focus() {
    let (mut state, run) = running();
    type_text(&mut state, "c");
    first_step(&mut state, run);
    assert_eq!(state.view.focus, Pane::Prompt);
    assert_eq!(state.prompt.text(), "abc");
    let (mut state, run) = running();
    press(&mut state, "ctrl-g");
    first_step(&mut state, run);
    assert_eq!(state.view.focus, Pane::Prompt);
}

#[test]
fn an_example_names_the_keys_that_show_what_it_says() {
    let mut state = ready();
    press(&mut state, "ctrl-r");
    assert_eq!(
        notice(&state),
        "\" is\" leads up to L25, \" are\" from L26 on: ⏎, then home c"
    );
    let longest = state
        .settings
        .examples
        .iter()
        .map(|example| example.look.chars().count());
    assert!(
        longest.max().unwrap() <= 78 - 18,
        "a screen of 80 columns shows all"
    );
}
