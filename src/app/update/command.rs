//! What is typed at the command line, done.

use super::{act, ask, from_file, intervene, save, set};
use crate::app::command_line::{CommandLine, Order};
use crate::app::cursor::Follow;
use crate::app::{Effect, Line, NoticeKind, State};
use crate::settings::Action;
use crate::trace::Row;

/// Opens the command line.
pub fn open(state: &mut State) {
    state.line = Some(Line::Command(CommandLine::default()));
}

/// Completes what is typed, or goes through what could be typed.
pub fn complete(state: &mut State, by: isize) {
    let Some(Line::Command(line)) = &state.line else {
        return;
    };
    let suggestions = line.suggestions(state);
    if let Some(Line::Command(line)) = &mut state.line {
        line.complete(&suggestions, by);
    }
}

/// Goes through the lines typed before.
pub fn recall(state: &mut State, by: isize) {
    if let Some(Line::Command(line)) = &mut state.line {
        line.recall(&state.command_history, by);
    }
}

/// Does what is typed, and closes the line. One that is wrong stays in the history, to be mended.
pub fn run(state: &mut State) -> Vec<Effect> {
    let Some(Line::Command(line)) = state.line.take() else {
        return Vec::new();
    };
    let typed = line.field.value().trim().to_owned();
    if typed.is_empty() {
        return Vec::new();
    }
    state.command_history.retain(|old| *old != typed);
    state.command_history.push(typed.clone());
    match Order::parse(&typed) {
        Ok(order) => obey(state, order),
        Err(why) => {
            state.say(NoticeKind::Error, why);
            Vec::new()
        }
    }
}

fn obey(state: &mut State, order: Order) -> Vec<Effect> {
    match order {
        Order::Act(action) => return act::act(state, action),
        Order::Set { name, value } => return set::set(state, &name, &value),
        Order::Model(name) => {
            state.settings.options.model = name;
            return ask::start_load(state);
        }
        Order::Step(step) => {
            state.cursor.step = step;
            state.cursor.follow = Follow::Stay;
        }
        Order::Layer(layer) => state.cursor.row = Row::Layer(layer),
        Order::Force(text) if !from_file::refuses(state, Action::Force) => {
            return ask::score(state, text);
        }
        Order::Skip(skips) if !from_file::refuses(state, Action::EditSkips) => {
            return intervene::skip_these(state, skips);
        }
        Order::Force(_) | Order::Skip(_) => {}
        Order::Save(path) => return save::save(state, path),
    }
    Vec::new()
}
