//! The tour waits for the keys that it names, and can be left at any time.

use super::*;
use crate::app::TourStep;
use crate::run::Intervention;

/// The program at its first start, with a model that has come.
fn first_start() -> (State, Vec<Effect>) {
    let (mut state, _) = start_with(|start| Start {
        tour: true,
        ..start
    });
    let effects = hear(&mut state, Event::Ready(model()));
    (state, effects)
}

fn at(state: &State) -> TourStep {
    state.tour.as_ref().unwrap().step
}

fn asked(effects: &[Effect]) -> crate::engine::RunRequest {
    let run = effects.iter().find_map(|effect| match effect {
        Effect::Engine(Command::Run(run)) => Some(run.clone()),
        _ => None,
    });
    run.unwrap()
}

/// The run begins, and so many tokens come.
fn comes(state: &mut State, run: RunId, steps: usize) -> Vec<Effect> {
    let prompt = PROMPT.into();
    hear(state, Event::Started { run, prompt });
    for at in 0..steps {
        step(state, run, at);
    }
    finish(state, run)
}

fn trajectories(state: &mut State, run: RunId) {
    let found = |text: &str| Ok(testing::trajectory(text, &[1], &[5, 2, 1]));
    let comparison = Comparison {
        run,
        at: Position(1),
        lens: LensKind::Normed,
        trajectories: vec![found(" is"), found(" are")],
    };
    hear(state, compared(&[" is", " are"], comparison));
}

#[test]
fn the_tour_goes_on_as_its_steps_are_seen() {
    let (mut state, effects) = first_start();
    assert!(effects.contains(&Effect::TourSeen));
    assert_eq!(at(&state), TourStep::Climb);
    assert_eq!(state.prompt.text(), "The keys to the cabinet");

    let story = asked(&press(&mut state, "enter")).id;
    comes(&mut state, story, 8);
    assert_eq!(at(&state), TourStep::Cross);

    state.view.focus = Pane::Grid;
    press(&mut state, "home");
    press(&mut state, "c");
    assert_eq!(state.compare.as_ref().unwrap().field.value(), "is are");
    trajectories(&mut state, story);
    assert_eq!(at(&state), TourStep::Cross, "there is time to look");

    // What is patched in is made without being asked for.
    let other = asked(&press(&mut state, "esc"));
    assert_eq!(
        (at(&state), other.prompt.as_str()),
        (TourStep::Patch, "The key to the cabinets")
    );
    comes(&mut state, other.id, 1);
    let shown = state.run.as_ref().unwrap();
    assert_eq!((shown.id, state.cursor.step), (story, Step(0)));
    assert_eq!(state.history.marked, Some(other.id));

    let patched = asked(&press(&mut state, "shift-x"));
    assert!(matches!(
        patched.interventions.as_slice(),
        [Intervention::Patch(_)]
    ));
    comes(&mut state, patched.id, 1);
    assert_eq!(at(&state), TourStep::On);
    press(&mut state, "esc");
    assert!(state.tour.is_none());
}

#[test]
fn the_tour_is_left_at_any_step_and_comes_back_only_when_it_is_asked_for() {
    let (mut state, _) = first_start();
    press(&mut state, "esc");
    assert!(state.tour.is_none());
    hear(&mut state, Event::Ready(model()));
    assert!(state.tour.is_none());
    press(&mut state, "tab");
    assert_eq!(press(&mut state, "e"), [Effect::TourSeen]);
    assert_eq!(at(&state), TourStep::Climb);
    press(&mut state, "tab");
    press(&mut state, "e");
    assert!(state.tour.is_none());
}

#[test]
fn who_has_typed_already_is_not_interrupted() {
    let (mut state, _) = start_with(|start| Start {
        tour: true,
        ..start
    });
    type_text(&mut state, "ab");
    hear(&mut state, Event::Ready(model()));
    assert!(state.tour.is_none());
    let (state, _) = start(None);
    assert!(state.tour.is_none());
}

#[test]
fn each_line_of_the_tour_fits_a_small_screen() {
    let (state, _) = first_start();
    for step in [
        TourStep::Climb,
        TourStep::Cross,
        TourStep::Patch,
        TourStep::On,
    ] {
        let mut tour = state.tour.clone().unwrap();
        tour.step = step;
        for line in tour.lines(&state) {
            assert!(line.chars().count() <= 78, "{line}");
        }
    }
}
