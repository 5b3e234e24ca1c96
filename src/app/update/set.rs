//! Options that are changed, by keys and, with `:set`, by name, for this session. Each takes
//! effect, or it is said why not.

use super::ask;
use crate::app::{Capture, Effect, Loading, NoticeKind, Pane, Phase, State};
use crate::settings::{Options, Switch};
use crate::trace::{LensKind, Rows};

/// Sets an option.
pub fn set(state: &mut State, name: &str, value: &str) -> Vec<Effect> {
    let before = state.settings.options.clone();
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
    let mut effects = change(state, options);
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
        "dtype" | "device" | "gpu_layers" if !is_loaded_alike(before, now) => match is_there {
            true => Load::Anew,
            false => Load::Later,
        },
        _ => Load::Kept,
    }
}

/// Whether a model would be held, computed with and placed in the same way.
fn is_loaded_alike(before: &Options, now: &Options) -> bool {
    before.dtype == now.dtype && before.devices() == now.devices()
}

/// Whether something else than what is seen now was changed.
fn is_of_the_run(before: &Options, now: &Options) -> bool {
    before.max_tokens != now.max_tokens
        || before.sampling != now.sampling
        || before.chat != now.chat
}

/// Changes options by what a key does to them.
pub fn change_by(state: &mut State, change: impl FnOnce(&mut Options)) -> Vec<Effect> {
    let mut now = state.settings.options.clone();
    change(&mut now);
    self::change(state, now)
}

/// Changes options, and brings everything else in line with them. This is the one way in which
/// somebody changes them, by a key or by name.
pub fn change(state: &mut State, now: Options) -> Vec<Effect> {
    let before = std::mem::replace(&mut state.settings.options, now);
    let (grid, lens, mouse) = {
        let now = &state.settings.options;
        (now.grid, now.lens, now.mouse)
    };
    let mut effects = Vec::new();
    if grid.prompt != before.grid.prompt {
        ask::ask_again_for_prompt_columns(state);
    }
    if grid.top != before.grid.top {
        state.cursor.first_row = 0;
    }
    if state.settings.options.cell.attribution != before.cell.attribution {
        state.view.side = Pane::Cell;
    }
    if mouse != before.mouse {
        effects.push(capture_mouse(state));
    }
    if grid.rows != before.grid.rows {
        say_of_rows(state);
    }
    if state.settings.options.reading() != before.reading() {
        match state.model.saved {
            // What rows a saved trace has is a matter of what is drawn.
            Some(_) if lens == before.lens => {}
            None if !has_lens(state, lens) => {
                state.settings.options.lens = before.lens;
                let text =
                    format!("There is no {lens} lens for this model; start with --lens-file");
                state.say(NoticeKind::Error, text);
            }
            _ => effects.extend(relens(state)),
        }
    }
    effects
}

/// Whether there is such a lens; before there is a model, nobody knows.
fn has_lens(state: &State, lens: LensKind) -> bool {
    let info = state.model.ready.as_ref();
    info.is_none_or(|info| info.lens_kinds().contains(&lens))
}

/// The columns of the shown run under the lens of the options.
fn relens(state: &mut State) -> Option<Effect> {
    let reading = state.settings.options.reading();
    let run = state.run.as_mut();
    run.filter(|run| !matches!(run.phase, Phase::Failed(_)))
        .and_then(|run| ask::relens(run, reading))
}

/// Where there are no rows inside the blocks, those of the layers stay, and that is said; and that a
/// lens says nothing of them.
fn say_of_rows(state: &mut State) {
    let (lens, rows) = state.settings.options.reading();
    let info = state.model.ready.as_ref();
    let is_without = info.is_some_and(|info| info.rows_inside.is_empty());
    let (kind, text) = match rows {
        Rows::Sublayers if is_without => {
            state.settings.options.grid.rows = Rows::Layers;
            let text = match state.model.saved {
                Some(_) => "This trace has no rows inside its layers: it was saved without them",
                None => "This model has no rows inside its layers",
            };
            (NoticeKind::Error, text.to_owned())
        }
        Rows::Sublayers if lens.is_fitted() => (
            NoticeKind::Info,
            format!(
                "The {lens} lens has no matrix for the stream inside a layer: its rows stay empty"
            ),
        ),
        Rows::Layers | Rows::Sublayers => return,
    };
    state.say(kind, text);
}

fn capture_mouse(state: &mut State) -> Effect {
    let (capture, text) = match state.settings.options.mouse {
        Switch::On => (
            Capture::On,
            "Mouse on: click a cell, turn the wheel. Select text with Shift.",
        ),
        Switch::Off => (
            Capture::Off,
            "Mouse off: the terminal's own selection works.",
        ),
    };
    state.say(NoticeKind::Info, text);
    Effect::CaptureMouse(capture)
}
