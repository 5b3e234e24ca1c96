//! Leaving the program: not by a key too many, and not without a word where runs would be lost.

use std::path::PathBuf;
use std::time::Duration;

use super::*;
use crate::app::SaveOutcome;

fn wait(state: &mut State, milliseconds: u64) {
    state.now += Duration::from_millis(milliseconds);
}

fn notice(state: &State) -> &str {
    state.notice.as_ref().map_or("", |notice| &notice.text)
}

/// Two finished runs of one step, a while ago; and the names of both.
fn two_runs() -> (State, [RunId; 2]) {
    let (mut state, first) = with_steps(1);
    finish(&mut state, first);
    let second = another_run(&mut state);
    wait(&mut state, 5000);
    (state, [first, second])
}

/// One more finished run of one step.
fn another_run(state: &mut State) -> RunId {
    state.view.focus = Pane::Prompt;
    let effects = press(state, "enter");
    let [Effect::Engine(Command::Run(run))] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    let run = run.id;
    step(state, run, 0);
    finish(state, run);
    run
}

#[test]
fn ctrl_c_stops_first_and_quits_when_nothing_has_run_for_a_second() {
    let (mut state, run) = with_steps(1);
    assert_eq!(press(&mut state, "ctrl-c"), [Effect::StopRun(run)]);
    wait(&mut state, 200);
    finish(&mut state, run);
    wait(&mut state, 900);
    assert_eq!(press(&mut state, "ctrl-c"), [], "a second or late one");
    assert!(notice(&state).contains("only just stopped"));
    wait(&mut state, 200);
    assert_eq!(press(&mut state, "ctrl-c"), [Effect::Quit]);
}

#[test]
fn q_does_not_quit_right_after_a_run_was_stopped() {
    let (mut state, run) = with_steps(1);
    press(&mut state, "tab");
    assert_eq!(press(&mut state, "esc"), [Effect::StopRun(run)]);
    finish(&mut state, run);
    assert_eq!(press(&mut state, "q"), []);
    wait(&mut state, 1000);
    assert_eq!(press(&mut state, "q"), [Effect::Quit]);
}

#[test]
fn ctrl_q_is_no_slip() {
    let (mut state, run) = with_steps(1);
    assert_eq!(press(&mut state, "ctrl-c"), [Effect::StopRun(run)]);
    assert_eq!(press(&mut state, "ctrl-q"), [Effect::Quit]);
}

#[test]
fn ctrl_c_gives_up_a_load_first() {
    let (mut state, _) = start(None);
    assert_eq!(press(&mut state, "ctrl-c"), [Effect::CancelLoad]);
    // No run was stopped, and nothing can be lost.
    assert_eq!(press(&mut state, "ctrl-c"), [Effect::Quit]);
}

#[test]
fn it_is_asked_once_where_more_than_the_newest_run_would_be_lost() {
    for key in ["ctrl-q", "ctrl-c"] {
        for answer in ["y", "enter", "ctrl-q"] {
            let (mut state, _) = two_runs();
            assert_eq!(press(&mut state, key), []);
            assert!(notice(&state).contains("1 older run would be lost"));
            assert_eq!(press(&mut state, answer), [Effect::Quit], "{key} {answer}");
        }
    }
}

#[test]
fn any_other_key_stays() {
    let (mut state, _) = two_runs();
    for answer in ["n", "esc", "x"] {
        let text = state.prompt.text();
        assert_eq!(press(&mut state, "ctrl-q"), []);
        assert_eq!(press(&mut state, answer), []);
        assert_eq!(state.prompt.text(), text, "{answer} is an answer, no text");
    }
    assert_eq!(press(&mut state, "y"), []);
    assert!(state.prompt.text().ends_with('y'), "nothing is asked now");
}

#[test]
fn the_same_key_twice_in_a_row_is_no_answer() {
    let (mut state, _) = two_runs();
    for _ in 0..3 {
        assert_eq!(press(&mut state, "ctrl-c"), []);
        wait(&mut state, 100);
    }
    assert!(notice(&state).contains("y quits"));
    wait(&mut state, 1000);
    assert_eq!(press(&mut state, "ctrl-c"), [Effect::Quit]);
}

#[test]
fn a_question_that_another_message_covers_is_asked_no_longer() {
    let (mut state, _) = two_runs();
    press(&mut state, "ctrl-q");
    update(&mut state, Message::LogFailed("no log".into()));
    assert_eq!(press(&mut state, "y"), []);
}

#[test]
fn one_run_is_kept_and_so_nothing_is_asked() {
    let (mut state, run) = with_steps(1);
    finish(&mut state, run);
    assert_eq!(press(&mut state, "ctrl-q"), [Effect::Quit]);
}

#[test]
fn of_a_run_that_is_in_a_file_nothing_is_lost() {
    let (mut state, run) = with_steps(1);
    finish(&mut state, run);
    let path = PathBuf::from("first.json");
    press(&mut state, "ctrl-s");
    press(&mut state, "ctrl-u");
    type_text(&mut state, "first.json");
    assert!(matches!(
        press(&mut state, "enter").as_slice(),
        [Effect::Save(_)]
    ));
    update(&mut state, Message::Saved(SaveOutcome::Saved(path)));
    another_run(&mut state);
    assert_eq!(press(&mut state, "ctrl-q"), [Effect::Quit]);
    another_run(&mut state);
    assert_eq!(press(&mut state, "ctrl-q"), []);
}

#[test]
fn a_run_without_a_step_takes_nobodys_place() {
    let (mut state, run) = with_steps(1);
    finish(&mut state, run);
    state.view.focus = Pane::Prompt;
    press(&mut state, "enter");
    assert_eq!(press(&mut state, "ctrl-q"), [Effect::Quit]);
}

#[test]
fn quitting_is_not_what_the_list_of_actions_chooses_by_itself() {
    let mut state = ready();
    press(&mut state, "ctrl-g");
    press(&mut state, "ctrl-g");
    assert!(matches!(state.page, Some(Page::Actions(_))));
    assert_ne!(press(&mut state, "enter"), [Effect::Quit]);
    press(&mut state, "ctrl-g");
    press(&mut state, "ctrl-g");
    type_text(&mut state, "quit");
    assert_eq!(press(&mut state, "enter"), [Effect::Quit]);
}
