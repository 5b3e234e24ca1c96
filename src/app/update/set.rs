//! `:set`: options changed by name, for this session. Each takes effect, or it is said why not.

use super::{act, ask, cell_attribution};
use crate::app::{Effect, Loading, NoticeKind, State};
use crate::run::Sampling;
use crate::settings::Action;
use crate::settings::Options;

/// Sets an option.
pub fn set(state: &mut State, name: &str, value: &str) -> Vec<Effect> {
    let before = state.options();
    let mut options = before.clone();
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
    let load = load(state, name, &before, &options);
    let when = match load {
        Load::Anew => ": the model is loaded anew",
        Load::Later => ": for the next model that is loaded",
        Load::Kept if is_of_the_run(&before, &options) => ": from the next run on",
        Load::Kept => "",
    };
    state.say(NoticeKind::Info, format!("{name} = {value}{when}"));
    let mut effects = apply(state, &before, options);
    if load == Load::Anew {
        effects.extend(ask::start_load(state));
    }
    effects
}

/// What an option does to the model.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Load {
    /// It stays.
    Kept,
    /// It is loaded, again or another one.
    Anew,
    /// It stays, and the next one that is loaded is another.
    Later,
}

fn load(state: &State, name: &str, before: &Options, now: &Options) -> Load {
    // A saved trace stays as it is; there is no model that could be computed otherwise.
    let is_there = !state.model.is_absent();
    let has_failed = matches!(state.model.loading, Loading::Failed(_) | Loading::Cancelled);
    match name {
        "model" if before.model != now.model || has_failed || !is_there => Load::Anew,
        "dtype" if before.dtype != now.dtype && is_there => Load::Anew,
        "dtype" if before.dtype != now.dtype => Load::Later,
        _ => Load::Kept,
    }
}

/// Whether something else than what is seen now was changed.
fn is_of_the_run(before: &Options, now: &Options) -> bool {
    before.max_tokens != now.max_tokens || before.sampling != now.sampling
}

/// Brings the state in line with options that were changed.
fn apply(state: &mut State, before: &Options, now: Options) -> Vec<Effect> {
    let mut effects = Vec::new();
    state.max_tokens = now.max_tokens;
    state.sampling = Sampling::from(&now.sampling);
    if now.theme != before.theme {
        state.view.theme = state.settings.themes.position(&now.theme).unwrap_or(0);
    }
    if now.colour != before.colour {
        state.depth = now.colour.among(state.terminal_depth);
    }
    if now.grid.prompt != before.grid.prompt {
        ask::toggle_prompt_columns(state);
    }
    if now.grid.top != before.grid.top {
        state.cursor.first_row = 0;
    }
    state.view.grid = now.grid;
    if now.cell.attribution != before.cell.attribution {
        cell_attribution::toggle(state);
    }
    state.view.top_k = now.predictions.top_k;
    if now.mouse != before.mouse {
        effects.extend(act::act(state, Action::Mouse));
    }
    if now.lens != before.lens {
        effects.extend(act::act(state, Action::Lens));
    }
    state.model.want(now.model.clone());
    state.settings.options = now;
    effects
}
