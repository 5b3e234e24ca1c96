//! What each action does.

use super::text::Edit;
use super::{
    ask, autosave, command, compare, copy, from_file, intervene, leave, runs, save, search, set,
    text, tour, walk,
};
use crate::app::pages::{self, Done};
use crate::app::state::{Stops, Zoom};
use crate::app::{
    Compare, Direction, Effect, Help, Loading, Motion, NoticeKind, Pane, PromptTokens, Recording,
    Run, State, SummaryPage,
};
use crate::settings::keys::Scope;
use crate::settings::{Action, GridOptions, Switch};
use crate::trace::LensKind;

/// Do it: what the open page makes of it, or else what it does everywhere.
pub fn act(state: &mut State, action: Action) -> Vec<Effect> {
    if from_file::refuses(state, action) {
        return Vec::new();
    }
    taken(state, action).unwrap_or_default()
}

/// What comes of `action`; `None` where there is nobody who takes it.
pub(super) fn taken(state: &mut State, action: Action) -> Option<Vec<Effect>> {
    match pages::act(state, action) {
        Some(Done::With(effects)) => Some(effects),
        Some(Done::Then(action)) => Some(act(state, action)),
        None => taken_everywhere(state, action),
    }
}

/// The lenses that are gone through. Of a saved trace that it has only one is told when another is
/// asked for.
fn lenses(state: &State) -> Vec<LensKind> {
    match (&state.model.ready, &state.model.saved) {
        (Some(info), None) => info.lens_kinds(),
        _ => vec![LensKind::Normed, LensKind::Raw],
    }
}

fn taken_everywhere(state: &mut State, action: Action) -> Option<Vec<Effect>> {
    match action {
        Action::Quit => return Some(leave::quit(state)),
        Action::Interrupt => return Some(interrupt(state)),
        Action::Stop => return Some(stop(state)),
        Action::Suspend => return Some(vec![Effect::Suspend]),
        Action::Redraw => return Some(vec![Effect::Redraw]),
        Action::Generate => return Some(ask::generate(state)),
        Action::RetryLoad => return Some(retry_load(state)),
        Action::Lens => {
            let there = lenses(state);
            return Some(set::change_by(state, |options| {
                options.lens = options.lens.next_of(&there);
            }));
        }
        Action::Mouse => {
            return Some(set::change_by(state, |options| {
                options.mouse = options.mouse.toggled()
            }));
        }
        Action::Record => {
            return Some(vec![Effect::Record(match state.recording {
                Switch::Off => Recording::Start,
                Switch::On => Recording::Stop,
            })]);
        }
        Action::Copy => return Some(copy::copy(state)),
        Action::Save => save::open(state),
        Action::SaveNow => return Some(save::save_typed(state)),
        Action::OpenAutosave => return Some(autosave::open(state)),
        Action::DiscardAutosave => return Some(autosave::discard(state)),
        Action::Compare => return Some(compare::open(state)),
        Action::Tour => return Some(tour::toggle(state)),
        Action::Chat => return Some(toggle_chat(state)),
        Action::PromptTokens => state.open_page(PromptTokens::default()),
        Action::NextExample => return Some(next_example(state)),
        Action::Force => pages::entry::open_force(state),
        Action::Replace => pages::entry::open_replace(state),
        Action::EditSkips => pages::entry::open_skips(state),
        Action::Runs => pages::runs::open(state),
        Action::Difference => runs::next_side(state),
        Action::Skip => return Some(intervene::next_skip(state)),
        Action::Patch => return Some(intervene::patch(state)),
        Action::Unchanged => return Some(intervene::unchanged(state)),
        Action::Models => return Some(pages::models::open(state)),
        Action::Help => state.cover_page(Help::default()),
        Action::Figures => state.cover_page(Help::of_figures()),
        Action::CommandLine => command::open(state),
        Action::RunCommand => return Some(command::run(state)),
        Action::Complete => command::complete(state, 1),
        Action::CompleteBack => command::complete(state, -1),
        Action::Predictions => pages::predictions::open(state),
        Action::Attribution => pages::attribution::open(state),
        Action::Search => search::open(state),
        Action::Find => search::find(state),
        Action::FindNext => search::find_again(state, Direction::Forward),
        Action::FindPrevious => search::find_again(state, Direction::Back),
        Action::Summary => state.open_page(SummaryPage::default()),
        Action::NextPane => cycle(state, 1),
        Action::PreviousPane => cycle(state, -1),
        Action::EditPrompt => {
            compare::close(state);
            focus(state, Pane::Prompt);
        }
        Action::Zoom => {
            state.view.zoom = match state.view.zoom {
                Zoom::All => Zoom::Focused,
                Zoom::Focused => Zoom::All,
            }
        }
        Action::CellValue => return Some(of_grid(state, |grid| grid.value = grid.value.next())),
        Action::PreviousCellValue => {
            return Some(of_grid(state, |grid| grid.value = grid.value.previous()));
        }
        Action::CellColour => return Some(of_grid(state, |grid| grid.colour = grid.colour.next())),
        Action::ListedTokens => {
            return Some(of_grid(state, |grid| grid.tokens = grid.tokens.toggled()));
        }
        Action::PromptColumns => {
            return Some(of_grid(state, |grid| grid.prompt = grid.prompt.toggled()));
        }
        Action::CellWidth => return Some(of_grid(state, |grid| grid.cells = grid.cells.next())),
        Action::EmbeddingRow => {
            return Some(of_grid(state, |grid| {
                grid.embedding = grid.embedding.toggled()
            }));
        }
        Action::SublayerRows => {
            return Some(of_grid(state, |grid| grid.rows = grid.rows.toggled()));
        }
        Action::TurnOver => return Some(of_grid(state, |grid| grid.top = grid.top.turned_over())),
        Action::CellAttribution => {
            return Some(set::change_by(state, |options| {
                options.cell.attribution = options.cell.attribution.toggled();
            }));
        }
        Action::Theme => return Some(next_theme(state)),
        Action::EditCandidates => compare::edit_candidates(state),
        Action::LeaveCompare => compare::close(state),
        Action::Chart => in_compare(state, compare::other_half),
        Action::Measure => in_compare(state, |compare| compare.measure = compare.measure.next()),
        Action::NextPair => {
            in_compare(state, |compare| compare.pair = compare.pair.wrapping_add(1))
        }
        Action::CloseCompletion => in_compare(state, |compare| compare.completion = None),
        Action::FollowCandidate => compare::follow(state),
        Action::Pin => compare::pin(state),
        Action::UnpinAll => state.pins.clear(),
        Action::NextCompletion => compare::choose(state, 1),
        Action::PreviousCompletion => compare::choose(state, -1),
        Action::TakeCompletion => compare::take_completion(state),
        Action::Left => walk::walk(state, Motion::Left),
        Action::Right => walk::walk(state, Motion::Right),
        Action::Up => walk::walk(state, Motion::Up),
        Action::Down => walk::walk(state, Motion::Down),
        Action::FirstStep => walk::walk(state, Motion::FirstStep),
        Action::LastStep => walk::walk(state, Motion::LastStep),
        Action::FirstRow => walk::walk(state, Motion::FirstRow),
        Action::LastRow => walk::walk(state, Motion::LastRow),
        Action::PageLeft => walk::walk(state, Motion::PageLeft),
        Action::PageRight => walk::walk(state, Motion::PageRight),
        Action::PageUp => walk::walk(state, Motion::PageUp),
        Action::PageDown => walk::walk(state, Motion::PageDown),
        Action::Newline => text::edit(state, Edit::Newline),
        Action::LineUp => text::edit(state, Edit::LineUp),
        Action::LineDown => text::edit(state, Edit::LineDown),
        Action::HistoryPrevious => text::edit(state, Edit::HistoryPrevious),
        Action::HistoryNext => text::edit(state, Edit::HistoryNext),
        Action::CursorLeft => text::edit(state, Edit::CursorLeft),
        Action::CursorRight => text::edit(state, Edit::CursorRight),
        Action::WordLeft => text::edit(state, Edit::WordLeft),
        Action::WordRight => text::edit(state, Edit::WordRight),
        Action::LineStart => text::edit(state, Edit::LineStart),
        Action::LineEnd => text::edit(state, Edit::LineEnd),
        Action::DeleteLeft => text::edit(state, Edit::DeleteLeft),
        Action::DeleteRight => text::edit(state, Edit::DeleteRight),
        Action::DeleteWordLeft => text::edit(state, Edit::DeleteWordLeft),
        Action::DeleteWordRight => text::edit(state, Edit::DeleteWordRight),
        Action::DeleteToStart => text::edit(state, Edit::DeleteToStart),
        Action::DeleteToEnd => text::edit(state, Edit::DeleteToEnd),
        Action::DeleteAll => text::edit(state, Edit::DeleteAll),
        Action::Yank => text::edit(state, Edit::Yank),
        Action::Undo => text::edit(state, Edit::Undo),
        Action::Redo => text::edit(state, Edit::Redo),
        // Only the page that these are of takes them.
        Action::LoadChosen
        | Action::DoChosen
        | Action::Accept
        | Action::ShowRun
        | Action::ForgetRun
        | Action::MarkRun
        | Action::MoreTokens
        | Action::FewerTokens
        | Action::OneLayer
        | Action::OtherLens
        | Action::NextTarget
        | Action::PreviousTarget
        | Action::Heads
        | Action::HeadOrder => return None,
        Action::Nothing => {}
    }
    Some(Vec::new())
}

fn in_compare(state: &mut State, change: impl FnOnce(&mut Compare)) {
    if let Some(compare) = &mut state.compare {
        change(compare);
    }
}

/// Focus a pane.
pub fn focus(state: &mut State, pane: Pane) {
    state.view.focus = pane;
    if let Some(compare) = &mut state.compare {
        compare.completion = None;
    }
    if matches!(pane, Pane::Cell | Pane::Log) {
        state.view.side = pane;
    }
}

fn cycle(state: &mut State, by: isize) {
    if state.page.is_some() || state.line.is_some() {
        return;
    }
    let panes: &[Pane] = match state.compare {
        Some(_) => &[Pane::Candidates, Pane::Comparison],
        None => &[Pane::Prompt, Pane::Grid, Pane::Cell, Pane::Log],
    };
    let at = panes
        .iter()
        .position(|pane| *pane == state.view.focus)
        .unwrap_or(0);
    let next = (at as isize + by).rem_euclid(panes.len() as isize) as usize;
    focus(state, panes[next]);
}

/// Ctrl-C. Pressed again while the run still has not stopped, it means that the user wants out;
/// within a second it means the run.
fn interrupt(state: &mut State) -> Vec<Effect> {
    let active = state.run.as_ref().filter(|run| run.is_active());
    let active = active.map(|run| run.id);
    if active.is_some() && active == state.interrupted {
        return match leave::is_too_soon(state) {
            true => Vec::new(),
            false => leave::quit(state),
        };
    }
    state.interrupted = active;
    match stop_what_runs(state) {
        Some(effect) => vec![effect],
        None => leave::quit(state),
    }
}

fn stop(state: &mut State) -> Vec<Effect> {
    match state.stops() {
        Some(Stops::Run | Stops::Load) => return stop_what_runs(state).into_iter().collect(),
        Some(Stops::Line) => state.line = None,
        Some(Stops::Page) => state.close_page(),
        Some(Stops::Compare) => compare::close(state),
        Some(Stops::Zoom) => state.view.zoom = Zoom::All,
        Some(Stops::Tour) => state.tour = None,
        None => {}
    }
    Vec::new()
}

/// Whether there is nothing that [`Action::Interrupt`] would stop.
pub fn nothing_runs(state: &State) -> bool {
    !state.run.as_ref().is_some_and(Run::is_active) && !state.model.is_loading()
}

fn stop_what_runs(state: &mut State) -> Option<Effect> {
    if nothing_runs(state) {
        return None;
    }
    if let Some(run) = state.run.as_ref().filter(|run| run.is_active()) {
        state.leaving.has_ended(state.now);
        return Some(Effect::StopRun(run.id));
    }
    if state.model.is_loading() {
        state.model.loading = Loading::Cancelled;
        state.queued = None;
        return Some(Effect::CancelLoad);
    }
    None
}

fn retry_load(state: &mut State) -> Vec<Effect> {
    match state.model.loading {
        Loading::Failed(_) | Loading::Cancelled => ask::start_load(state),
        Loading::Done if state.recorded.is_some() => ask::start_load(state),
        Loading::Done => {
            let text = match state.model.saved {
                Some(_) => state.no_model(),
                None => "The model is loaded.".into(),
            };
            state.say(NoticeKind::Info, text);
            Vec::new()
        }
        Loading::Asked | Loading::Fetching(_) | Loading::Reading { .. } => Vec::new(),
    }
}

/// Prompts become turns of a conversation, or are given to the model as they are.
fn toggle_chat(state: &mut State) -> Vec<Effect> {
    let effects = set::change_by(state, |options| {
        options.chat.template = options.chat.template.toggled();
    });
    let text = match state.settings.options.chat.template {
        Switch::On => {
            "Chat on: from the next run on, a prompt is a turn in the model's chat template."
        }
        Switch::Off => "Chat off: from the next run on, a prompt is given to the model as it is.",
    };
    state.say(NoticeKind::Info, text);
    effects
}

fn of_grid(state: &mut State, change: impl FnOnce(&mut GridOptions)) -> Vec<Effect> {
    set::change_by(state, |options| change(&mut options.grid))
}

fn next_theme(state: &mut State) -> Vec<Effect> {
    let themes = &state.settings.themes;
    let at = themes.position(&state.settings.options.theme).unwrap_or(0);
    let names: Vec<&str> = themes.names().collect();
    let Some(name) = names.get((at + 1) % names.len().max(1)) else {
        return Vec::new();
    };
    let name = (*name).to_owned();
    state.say(NoticeKind::Info, format!("Theme {name}"));
    set::change_by(state, |options| options.theme = name)
}

/// Put the next example into the prompt, with its candidates and settings; or show the next recorded
/// run in the place of one.
fn next_example(state: &mut State) -> Vec<Effect> {
    if state.recorded.is_some() {
        return state.show_next_recorded();
    }
    let Some(example) = state.prompt.next_example(&state.settings.examples).cloned() else {
        return Vec::new();
    };
    let effects = set::change_by(state, |options| {
        options.max_tokens = example.max_tokens.unwrap_or(options.max_tokens);
        options.lens = example.lens.unwrap_or(options.lens);
    });
    state.typed_candidates = example.compare;
    compare::close(state);
    focus(state, Pane::Prompt);
    let keys = keys_to_compare(state);
    let told = match (example.look.is_empty(), state.typed_candidates.is_empty()) {
        (true, _) => example.title,
        (false, true) => example.look,
        (false, false) => format!("{}: {keys}", example.look),
    };
    state.say(NoticeKind::Info, told);
    effects
}

/// The keys that run the prompt and compare its candidates: `⏎, then home c`.
fn keys_to_compare(state: &State) -> String {
    let keymap = &state.settings.keymap;
    let key = |scopes: &[Scope], action: Action| {
        let key = keymap.key_for(scopes, action);
        key.unwrap_or_else(|| format!("`{action}`"))
    };
    let in_grid = [Scope::Grid, Scope::Panes, Scope::Everywhere];
    format!(
        "{}, then {} {}",
        key(&[Scope::Prompt, Scope::Everywhere], Action::Generate),
        key(&in_grid, Action::FirstStep),
        key(&in_grid, Action::Compare),
    )
}
