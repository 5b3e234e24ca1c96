//! What is typed at the command line, done.

use super::{act, ask, entry, intervene, save};
use crate::app::command_line::{CommandLine, Order};
use crate::app::cursor::Follow;
use crate::app::saved::NO_MODEL;
use crate::app::{Action, Effect, Line, NoticeKind, State};
use crate::engine::Sampling;
use crate::settings::theme::Depth;
use crate::settings::{ColourChoice, Options};
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
        Order::Set { name, value } => return set(state, &name, &value),
        Order::Model(name) => {
            state.model.want(name);
            return ask::start_load(state);
        }
        Order::Step(step) => {
            state.cursor.step = step;
            state.cursor.follow = Follow::Stay;
        }
        Order::Layer(layer) => state.cursor.row = Row::Layer(layer),
        Order::Force(_) | Order::Skip(_) if state.model.saved.is_some() => {
            state.say(NoticeKind::Info, NO_MODEL);
        }
        Order::Force(text) => return entry::force(state, text),
        Order::Skip(skips) => return intervene::skip_these(state, skips),
        Order::Save(path) => return save::save(state, path),
    }
    Vec::new()
}

/// Sets an option, for this session.
fn set(state: &mut State, name: &str, value: &str) -> Vec<Effect> {
    let mut options = as_seen(state);
    let known_theme = name != "theme" || state.settings.themes.position(value).is_some();
    let done = match known_theme {
        true => options.set(name, value),
        false => Err(format!(
            "there is no theme `{value}`; there are {}",
            state.settings.themes.names().collect::<Vec<_>>().join(", ")
        )),
    };
    if let Err(why) = done {
        state.say(NoticeKind::Error, why);
        return Vec::new();
    }
    state.say(NoticeKind::Info, format!("{name} = {value}"));
    apply(state, options)
}

/// The options as keys have changed them since.
fn as_seen(state: &State) -> Options {
    let view = &state.view;
    let mut options = state.settings.options.clone();
    options.lens = view.lens;
    options.mouse = view.mouse;
    options.grid = view.grid;
    options.cell.attribution = view.cell_attribution;
    options.predictions.top_k = view.top_k;
    if let Some(theme) = state.settings.themes.names().nth(view.theme) {
        theme.clone_into(&mut options.theme);
    }
    options
}

/// Brings the state in line with options that were changed.
fn apply(state: &mut State, options: Options) -> Vec<Effect> {
    let before = as_seen(state);
    let now = options.clone();
    state.settings.options = options;
    let mut effects = Vec::new();
    state.max_tokens = now.max_tokens;
    state.sampling = Sampling::from(&now.sampling);
    state.view.grid = now.grid;
    state.view.cell_attribution = now.cell.attribution;
    state.view.top_k = now.predictions.top_k;
    if now.theme != before.theme {
        state.view.theme = state.settings.themes.position(&now.theme).unwrap_or(0);
    }
    if now.colour != before.colour {
        state.depth = match now.colour {
            ColourChoice::Auto => state.depth,
            ColourChoice::TrueColour => Depth::TrueColour,
            ColourChoice::Indexed => Depth::Indexed,
            ColourChoice::Ansi => Depth::Ansi,
            ColourChoice::None => Depth::None,
        };
    }
    if now.mouse != before.mouse {
        effects.extend(act::act(state, Action::Mouse));
    }
    if now.lens != before.lens {
        effects.extend(act::act(state, Action::Lens));
    }
    if now.model != before.model {
        state.model.want(now.model);
        effects.extend(ask::start_load(state));
    }
    effects
}
