//! Leaving the program by a key: what is asked before, and which keys are taken for a slip.

use std::time::Instant;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::act;
use crate::app::leaving::is_late;
use crate::app::{Effect, NoticeKind, State};
use crate::settings::Action;

const TOO_SOON: &str =
    "That has only just stopped: press it once more in a moment to leave the program.";
const STOPS: &str = "It is about to stop: press it once more in a moment to leave the program.";

/// End the program, or ask first where more than the newest run would be lost.
pub fn quit(state: &mut State) -> Vec<Effect> {
    let count = state.runs_to_lose();
    if count == 0 {
        return vec![Effect::Quit];
    }
    let runs = match count {
        1 => "1 older run".to_owned(),
        n => format!("{n} older runs"),
    };
    let text = format!("Quit? Only the newest run is kept, {runs} would be lost. y quits, n stays");
    state.say(NoticeKind::Info, text);
    state.leaving.ask(state.now);
    Vec::new()
}

/// Whether `key`, which means `action`, may have been meant for something that has just ended;
/// that is said.
pub fn is_a_slip(state: &mut State, key: KeyEvent, action: Action) -> bool {
    let would_quit = match action {
        Action::Interrupt => act::nothing_runs(state),
        // A letter closes pages elsewhere; with Ctrl it is no slip.
        Action::Quit => is_plain(key),
        _ => false,
    };
    would_quit && is_too_soon(state)
}

/// Whether a run was stopped, or ended, so lately that a key may have been meant for it; that is
/// said.
pub fn is_too_soon(state: &mut State) -> bool {
    let is_so = state.leaving.is_too_soon(state.now);
    if is_so {
        let text = match act::nothing_runs(state) {
            true => TOO_SOON,
            false => STOPS,
        };
        state.say(NoticeKind::Info, text);
    }
    is_so
}

/// The answer to the question whether runs may be lost, which was asked at `asked`. Every key but
/// those that say yes means no.
pub fn answer(
    state: &mut State,
    asked: Instant,
    key: KeyEvent,
    action: Option<Action>,
) -> Vec<Effect> {
    let says_yes = match (key.code, action) {
        (KeyCode::Char('y' | 'Y') | KeyCode::Enter, _) => true,
        (_, Some(Action::Quit)) if !is_plain(key) => true,
        (_, Some(Action::Quit | Action::Interrupt)) if is_late(asked, state.now) => {
            // The same key, held or pressed twice, is no answer.
            return quit(state);
        }
        (_, Some(Action::Quit | Action::Interrupt)) => true,
        _ => false,
    };
    match says_yes {
        true => vec![Effect::Quit],
        false => Vec::new(),
    }
}

fn is_plain(key: KeyEvent) -> bool {
    let with = KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SUPER;
    matches!(key.code, KeyCode::Char(_)) && !key.modifiers.intersects(with)
}
