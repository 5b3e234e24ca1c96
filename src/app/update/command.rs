//! Runs what was typed at the command line.

use super::{act, ask, from_file, intervene, save, set};
use crate::app::command_line::{CommandLine, TypedCommand};
use crate::app::cursor::Follow;
use crate::app::{Effect, InputLine, NoticeKind, State};
use crate::settings::Action;
use crate::trace::Row;

/// Opens the command line.
pub fn open(state: &mut State) {
    state.line = Some(InputLine::Command(CommandLine::default()));
}

/// Completes what is typed, or goes through what could be typed.
pub fn complete(state: &mut State, by: isize) {
    let Some(InputLine::Command(line)) = &state.line else {
        return;
    };
    let suggestions = line.suggestions(state);
    if let Some(InputLine::Command(line)) = &mut state.line {
        line.complete(&suggestions, by);
    }
}

/// Goes through the lines typed before.
pub fn recall(state: &mut State, by: isize) {
    if let Some(InputLine::Command(line)) = &mut state.line {
        line.recall(&state.command_history, by);
    }
}

/// Does what is typed, and closes the line. One that is wrong stays in the history, to be mended.
pub fn run(state: &mut State) -> Vec<Effect> {
    let Some(InputLine::Command(line)) = state.line.take() else {
        return Vec::new();
    };
    let typed = line.field.value().trim().to_owned();
    if typed.is_empty() {
        return Vec::new();
    }
    state.command_history.retain(|old| *old != typed);
    state.command_history.push(typed.clone());
    match TypedCommand::parse(&typed) {
        Ok(order) => obey(state, order),
        Err(why) => {
            state.say(NoticeKind::Error, why);
            Vec::new()
        }
    }
}

fn obey(state: &mut State, order: TypedCommand) -> Vec<Effect> {
    match order {
        TypedCommand::Act(action) => return act::act(state, action),
        TypedCommand::Set { name, value } => return set::set(state, &name, &value),
        TypedCommand::Model(name) => {
            state.settings.options.model = name;
            return ask::start_load(state);
        }
        TypedCommand::Step(step) => {
            let steps = state.grid_columns().len();
            if step.0 >= steps {
                let there = match steps {
                    0 => "there are no steps yet".to_owned(),
                    n => format!("the last one is {n}"),
                };
                let text = format!("There is no step {}: {there}.", step.0 + 1);
                state.say(NoticeKind::Error, text);
                return Vec::new();
            }
            state.cursor.step = step;
            state.cursor.prompt = None;
            state.cursor.follow = Follow::Stay;
        }
        TypedCommand::Layer(layer) => {
            let layers = state.n_layers();
            if layer.0 >= layers {
                let there = match layers {
                    0 => "there is no model yet".to_owned(),
                    n => format!("the last one is L{}", n - 1),
                };
                state.say(NoticeKind::Error, format!("There is no {layer}: {there}."));
                return Vec::new();
            }
            state.cursor.row = Row::Layer(layer);
        }
        TypedCommand::Force(text) if !from_file::refuses(state, Action::Force) => {
            return ask::score(state, text);
        }
        TypedCommand::Ablate(ablations) if !from_file::refuses(state, Action::EditSkips) => {
            return intervene::ablate(state, ablations);
        }
        TypedCommand::Force(_) | TypedCommand::Ablate(_) => {}
        TypedCommand::Save(path) => return save::save(state, path),
    }
    Vec::new()
}
