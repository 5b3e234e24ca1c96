//! The prompt's own columns: when they are asked for, and what becomes of the answers.

use super::*;
use crate::trace::{Place, Position};

fn asks(effects: &[Effect]) -> Vec<LensKind> {
    let lens = |effect: &Effect| match effect {
        Effect::Engine(Command::Ask(Question {
            ask: Ask::PromptColumns,
            lens,
            ..
        })) => Some(*lens),
        _ => None,
    };
    effects.iter().filter_map(lens).collect()
}

fn piece(state: &mut State, run: RunId, lens: LensKind, first: usize, ranks: &[u32]) {
    let answer = Answer::PromptColumns {
        first: Position(first),
        columns: ranks.iter().map(|rank| column(*rank)).collect(),
    };
    hear(
        state,
        answered(question(run, lens, Ask::PromptColumns), answer),
    );
}

fn ranks(state: &State) -> Vec<u32> {
    let columns = state.prompt_columns().iter();
    columns.map(|column| column.layers[0].score.rank).collect()
}

/// A run whose prompt has four tokens, of which three can be predicted.
fn shown() -> (State, RunId) {
    let (mut state, run) = running();
    let prompt = vec![TokenId(1); 4];
    hear(&mut state, Event::Started { run, prompt });
    step(&mut state, run, 0);
    press(&mut state, "tab");
    assert_eq!(asks(&press(&mut state, "shift-e")), [LensKind::Normed]);
    (state, run)
}

#[test]
fn hidden_they_are_not_asked_for() {
    let (mut state, run) = with_steps(1);
    assert_eq!(asks(&step(&mut state, run, 1)), []);
    assert!(state.prompt_tokens().is_empty());
}

#[test]
fn they_are_asked_for_once_for_each_lens() {
    let (mut state, run) = shown();
    assert_eq!(asks(&press(&mut state, "left")), []);
    assert_eq!(asks(&step(&mut state, run, 1)), []);
    assert_eq!(asks(&press(&mut state, "shift-l")), [LensKind::Raw]);
    assert_eq!(asks(&press(&mut state, "right")), []);
}

#[test]
fn another_run_asks_as_soon_as_its_prompt_is_processed() {
    let (mut state, run) = shown();
    finish(&mut state, run);
    assert_eq!(asks(&press(&mut state, "enter")), []);
    let run = state.run.as_ref().unwrap().id;
    let prompt = vec![TokenId(1); 2];
    assert_eq!(asks(&hear(&mut state, Event::Started { run, prompt })), []);
    assert_eq!(asks(&step(&mut state, run, 0)), [LensKind::Normed]);
}

#[test]
fn pieces_are_put_together_and_another_lens_begins_anew() {
    let (mut state, run) = shown();
    piece(&mut state, run, LensKind::Normed, 1, &[5, 6]);
    piece(&mut state, run, LensKind::Normed, 3, &[7]);
    assert_eq!(ranks(&state), [5, 6, 7]);
    press(&mut state, "shift-l");
    piece(&mut state, run, LensKind::Normed, 1, &[1, 1]);
    assert!(ranks(&state).is_empty(), "a late piece under the old lens");
    piece(&mut state, run, LensKind::Raw, 1, &[8, 9]);
    assert_eq!(ranks(&state), [8, 9]);
}

#[test]
fn the_cursor_goes_into_the_prompt_and_comes_out_when_it_is_hidden() {
    let (mut state, run) = shown();
    piece(&mut state, run, LensKind::Normed, 1, &[5, 6, 7]);
    press(&mut state, "left");
    assert_eq!(state.cursor.place(), Place::Prompt(Position(3)));
    assert_eq!(state.selected_position(), Some(Position(3)));
    assert_eq!(state.selected_column().unwrap().layers[0].score.rank, 7);
    press(&mut state, "home");
    assert_eq!(state.cursor.place(), Place::Prompt(Position(1)));
    press(&mut state, "shift-e");
    assert_eq!(state.cursor.place(), Place::Step(Step(0)));
    assert_eq!(state.selected_position(), Some(Position(4)));
}

#[test]
fn candidates_are_compared_at_a_token_of_the_prompt() {
    let (mut state, run) = shown();
    piece(&mut state, run, LensKind::Normed, 1, &[5, 6, 7]);
    press(&mut state, "home");
    press(&mut state, "c");
    let effects = type_text(&mut state, "i");
    let [Effect::Engine(Command::Ask(question))] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    assert!(matches!(
        question.ask,
        Ask::Candidates {
            at: Position(1),
            ..
        }
    ));
}

#[test]
fn what_is_copied_names_the_token_of_the_prompt() {
    let (mut state, run) = shown();
    piece(&mut state, run, LensKind::Normed, 1, &[5, 6, 7]);
    press(&mut state, "home");
    press(&mut state, "tab");
    let effects = press(&mut state, "y");
    let [Effect::Copy(text)] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    assert!(text.contains("prompt 2"), "{text}");
    press(&mut state, "backtab");
    let effects = press(&mut state, "y");
    let [Effect::Copy(text)] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    assert!(text.contains("L0\t5\t6\t7\t1"), "{text}");
}

#[test]
fn what_did_not_come_is_asked_for_again_when_it_is_shown_again() {
    let (mut state, run) = shown();
    piece(&mut state, run, LensKind::Normed, 1, &[5, 6]);
    press(&mut state, "shift-e");
    assert_eq!(asks(&press(&mut state, "shift-e")), [LensKind::Normed]);
    piece(&mut state, run, LensKind::Normed, 1, &[5, 6, 7]);
    press(&mut state, "shift-e");
    assert_eq!(asks(&press(&mut state, "shift-e")), []);
}

#[test]
fn pages_are_about_the_selected_token_of_the_prompt() {
    let (mut state, run) = shown();
    piece(&mut state, run, LensKind::Normed, 1, &[5, 6, 7]);
    finish(&mut state, run);
    press(&mut state, "left");
    assert_eq!(state.cursor.place(), Place::Prompt(Position(3)));
    let positions = |effects: &[Effect]| {
        let at = |effect: &Effect| match effect {
            Effect::Engine(Command::Ask(question)) => match question.ask {
                Ask::Predictions { at, .. } | Ask::Attribution { at, .. } => Some(at.0),
                _ => None,
            },
            _ => None,
        };
        effects.iter().filter_map(at).collect::<Vec<_>>()
    };
    assert_eq!(positions(&press(&mut state, "shift-p")), [3]);
    assert_eq!(positions(&press(&mut state, "left")), [2]);
    assert_eq!(positions(&press(&mut state, "shift-a")), [2]);
    press(&mut state, "esc");
    assert_eq!(positions(&press(&mut state, "a")), [2]);
}

#[test]
fn what_is_compared_inside_the_prompt_is_not_saved_as_the_first_steps() {
    let (mut state, run) = shown();
    piece(&mut state, run, LensKind::Normed, 1, &[5, 6, 7]);
    finish(&mut state, run);
    press(&mut state, "left");
    press(&mut state, "c");
    type_text(&mut state, "is");
    let at = state.selected_position().unwrap();
    assert_eq!(at, Position(3));
    let comparison = Comparison {
        run,
        at,
        lens: LensKind::Normed,
        trajectories: vec![Ok(trajectory(" is", &[7]))],
    };
    hear(&mut state, compared(&[" is"], comparison));
    assert!(state.compare.as_ref().unwrap().answer().is_some());
    assert!(state.record().unwrap().watch.trajectories.is_empty());
}

#[test]
fn the_grid_is_copied_as_it_is_shown_and_named() {
    let (mut state, run) = shown();
    piece(&mut state, run, LensKind::Normed, 1, &[5, 6, 7]);
    press(&mut state, "v");
    let effects = press(&mut state, "y");
    let [Effect::Copy(text)] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    let mut lines = text.lines();
    let title = "Probability of the chosen token at each layer\tlens normed";
    assert_eq!(lines.next(), Some(title));
    assert!(lines.next().unwrap().starts_with('\t'));
    let probability = testing::score(5).prob;
    let line = lines.next().unwrap();
    assert!(line.starts_with(&format!("L0\t{probability}\t")), "{text}");
}
