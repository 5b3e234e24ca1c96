//! The bars of attribution in the cell's pane: when they are asked for, and what is kept.

use super::views::{CHOSEN, at, attributed};
use super::*;
use crate::trace::Position;

fn asks(effects: &[Effect]) -> Vec<Position> {
    let at = |effect: &Effect| match effect {
        Effect::Engine(Command::Ask(Question {
            ask: Ask::Attribution { at, .. },
            ..
        })) => Some(*at),
        _ => None,
    };
    effects.iter().filter_map(at).collect()
}

fn answer(state: &mut State, run: RunId, step: usize) -> Vec<Effect> {
    hear(state, attributed(run, step, CHOSEN))
}

#[test]
fn the_selected_position_is_asked_about_once() {
    let (mut state, run) = with_steps(3);
    finish(&mut state, run);
    press(&mut state, "tab");
    assert_eq!(asks(&press(&mut state, "a")), [at(2)]);
    answer(&mut state, run, 2);
    assert_eq!(asks(&press(&mut state, "left")), [at(1)]);
    answer(&mut state, run, 1);
    assert_eq!(asks(&press(&mut state, "right")), []);
    assert_eq!(asks(&press(&mut state, "up")), []);
    assert_eq!(asks(&press(&mut state, "shift-l")), []);
    let known = &state.run.as_ref().unwrap().attributions;
    assert_eq!(known.keys().copied().collect::<Vec<_>>(), [at(1), at(2)]);
}

#[test]
fn hidden_they_ask_for_nothing() {
    let (mut state, run) = with_steps(2);
    finish(&mut state, run);
    press(&mut state, "tab");
    press(&mut state, "a");
    press(&mut state, "a");
    assert_eq!(asks(&press(&mut state, "left")), []);
}

#[test]
fn a_run_under_way_is_not_held_up() {
    let (mut state, run) = with_steps(2);
    press(&mut state, "tab");
    assert_eq!(asks(&press(&mut state, "a")), []);
    assert_eq!(asks(&step(&mut state, run, 2)), []);
    assert_eq!(asks(&finish(&mut state, run)), [at(2)]);
}

#[test]
fn a_failed_question_is_not_asked_again_at_the_same_position() {
    let (mut state, run) = with_steps(2);
    finish(&mut state, run);
    press(&mut state, "tab");
    press(&mut state, "a");
    let ask = Ask::Attribution {
        at: at(1),
        target: CHOSEN,
    };
    let failed = unanswered(question(run, LensKind::Normed, ask));
    assert_eq!(asks(&hear(&mut state, failed)), []);
    assert_eq!(asks(&press(&mut state, "left")), [at(0)]);
    assert_eq!(asks(&press(&mut state, "right")), [at(1)]);
}
