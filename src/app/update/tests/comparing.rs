//! Compare mode, by keys.

use super::*;

fn comparison(run: RunId, step: Step) -> Event {
    compared(
        &[" is"],
        Comparison {
            run,
            at: Position(PROMPT.len() + step.0),
            lens: LensKind::Normed,
            trajectories: vec![Ok(trajectory(" is", &[1]))],
        },
    )
}

fn opened(steps: usize) -> (State, RunId) {
    let (mut state, run) = with_steps(steps);
    finish(&mut state, run);
    press(&mut state, "tab");
    press(&mut state, "c");
    (state, run)
}

#[test]
fn each_keystroke_that_changes_the_candidates_asks() {
    let (mut state, _) = opened(2);
    let effects = type_text(&mut state, "is a");
    let candidates: Vec<Vec<String>> = asked(&effects).into_iter().map(|q| q.1).collect();
    let of = |texts: &[&str]| -> Vec<String> { texts.iter().map(|t| (*t).into()).collect() };
    // The space changes nothing.
    assert_eq!(candidates, [of(&[" i"]), of(&[" is"]), of(&[" is", " a"])]);
}

#[test]
fn the_position_can_be_changed_from_the_field_and_from_the_table() {
    let (mut state, _) = opened(3);
    type_text(&mut state, "is");
    let back = press(&mut state, "pageup");
    assert_eq!(
        asked(&back),
        [(Step(1), vec![" is".into()], LensKind::Normed)]
    );
    press(&mut state, "tab");
    let back = press(&mut state, "left");
    assert_eq!(asked(&back)[0].0, Step(0));
    assert_eq!(asked(&press(&mut state, "left")), []);
}

#[test]
fn another_lens_asks_again() {
    let (mut state, run) = opened(1);
    type_text(&mut state, "is");
    press(&mut state, "tab");
    let effects = press(&mut state, "shift-l");
    let lens = LensKind::Raw;
    assert_eq!(effects[0], relens(run, lens));
    assert_eq!(asked(&effects), [(Step(0), vec![" is".into()], lens)]);
}

#[test]
fn before_any_run_the_prompt_is_processed_first() {
    let mut state = ready();
    type_text(&mut state, "ab");
    press(&mut state, "tab");
    let effects = press(&mut state, "c");
    let [Effect::Engine(Command::Run(run))] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    assert_eq!((run.prompt.as_str(), run.max_tokens), ("ab", 0));
    let run = run.id;
    let prompt = PROMPT.into();
    hear(&mut state, Event::Started { run, prompt });
    assert_eq!(asked(&type_text(&mut state, "is")), []);
    let prompt = PROMPT.into();
    hear(&mut state, Event::Started { run, prompt });
    let effects = finish(&mut state, run);
    assert_eq!(
        asked(&effects),
        [(Step(0), vec![" is".into()], LensKind::Normed)]
    );
}

#[test]
fn it_can_be_opened_while_tokens_come() {
    let (mut state, run) = with_steps(2);
    press(&mut state, "tab");
    press(&mut state, "c");
    assert_eq!(asked(&type_text(&mut state, "i"))[0].0, Step(1));
    // The position stays while the run goes on.
    assert_eq!(asked(&step(&mut state, run, 2)), []);
    assert_eq!(state.cursor.step, Step(1));
}

#[test]
fn an_answer_to_another_position_is_dropped() {
    let (mut state, run) = opened(3);
    type_text(&mut state, "is");
    hear(&mut state, comparison(run, Step(0)));
    assert!(state.compare.as_ref().unwrap().answer().is_none());
    hear(&mut state, comparison(run, Step(2)));
    assert!(state.compare.as_ref().unwrap().answer().is_some());
}

#[test]
fn no_candidates_no_answer() {
    let (mut state, run) = opened(1);
    type_text(&mut state, "i");
    hear(&mut state, comparison(run, Step(0)));
    press(&mut state, "backspace");
    assert!(state.compare.as_ref().unwrap().answer().is_none());
}

#[test]
fn the_candidates_are_there_when_it_is_opened_again() {
    let (mut state, _) = opened(1);
    type_text(&mut state, "is");
    press(&mut state, "esc");
    assert!(state.compare.is_none());
    assert_eq!(state.view.focus, Pane::Grid);
    let effects = press(&mut state, "c");
    assert_eq!(asked(&effects)[0].1, [" is"]);
}

#[test]
fn a_new_run_is_compared_at_its_own_position() {
    let (mut state, old) = opened(3);
    type_text(&mut state, "is");
    press(&mut state, "tab");
    let effects = press(&mut state, "enter");
    let [Effect::Engine(Command::Run(run))] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    let run = run.id;
    assert!(run > old);
    let prompt = PROMPT.into();
    hear(&mut state, Event::Started { run, prompt });
    assert_eq!(asked(&step(&mut state, run, 0)).len(), 1);
}
