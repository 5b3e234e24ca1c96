//! What each action does.

use super::{
    ask, autosave, cell_attribution, command, compare, copy, entry, from_file, intervene, leave,
    runs, save, search, text, views,
};
use crate::app::cursor::Follow;
use crate::app::state::{Stops, Zoom};
use crate::app::{
    ActionList, Capture, Choice, Direction, Effect, GridRoom, Loading, NoticeKind, Page, Pane,
    Phase, Picker, Recording, Run, State, help_room,
};
use crate::engine::Command;
use crate::settings::Action;
use crate::settings::Switch;

/// Do it.
pub fn act(state: &mut State, action: Action) -> Vec<Effect> {
    if state.model.saved.is_some() && from_file::needs_the_model(action) {
        let text = state.no_model();
        state.say(NoticeKind::Info, text);
        return Vec::new();
    }
    match action {
        Action::Quit => return leave::quit(state),
        Action::Interrupt => return interrupt(state),
        Action::Stop => return stop(state),
        Action::Suspend => return vec![Effect::Suspend],
        Action::Redraw => return vec![Effect::Redraw],
        Action::Generate => return ask::generate(state),
        Action::RetryLoad => return retry_load(state),
        Action::Lens => return other_lens(state),
        Action::Mouse => return toggle_mouse(state),
        Action::Record => {
            return vec![Effect::Record(match state.recording {
                Switch::Off => Recording::Start,
                Switch::On => Recording::Stop,
            })];
        }
        Action::Copy => return copy::copy(state),
        Action::Save => save::open(state),
        Action::SaveNow => return save::save_typed(state),
        Action::OpenAutosave => return autosave::open(state),
        Action::DiscardAutosave => return autosave::discard(state),
        Action::Compare => return compare::open(state),
        Action::NextExample => return next_example(state),
        Action::Force => entry::open_force(state),
        Action::Replace => entry::open_replace(state),
        Action::EditSkips => entry::open_skips(state),
        Action::Accept => return entry::accept(state),
        Action::Runs => runs::open(state),
        Action::ShowRun => return runs::show_chosen(state),
        Action::ForgetRun => return runs::forget_chosen(state),
        Action::MarkRun => runs::mark_chosen(state),
        Action::Difference => runs::next_side(state),
        Action::Skip => return intervene::next_skip(state),
        Action::Patch => return intervene::patch(state),
        Action::Unchanged => return intervene::unchanged(state),
        Action::Models => return open_models(state),
        Action::LoadChosen => return load_chosen(state),
        Action::Help => match state.page {
            Some(Page::Help { .. }) => state.page = Some(Page::Actions(ActionList::default())),
            Some(Page::Actions(_)) => state.close_page(),
            _ => {
                let help = Page::Help { first: 0 };
                state.covered = state.page.replace(help);
            }
        },
        Action::DoChosen => return do_chosen(state),
        Action::CommandLine => command::open(state),
        Action::RunCommand => return command::run(state),
        Action::Complete => command::complete(state, 1),
        Action::CompleteBack => command::complete(state, -1),
        Action::HistoryPrevious if state.line.is_some() => command::recall(state, 1),
        Action::HistoryNext if state.line.is_some() => command::recall(state, -1),
        Action::Predictions => views::toggle_predictions(state),
        Action::Attribution => views::toggle_attribution(state),
        Action::MoreTokens
        | Action::FewerTokens
        | Action::OneLayer
        | Action::NextTarget
        | Action::PreviousTarget
        | Action::Heads
        | Action::HeadOrder => views::change(state, action),
        Action::Search => search::open(state),
        Action::Find => search::find(state),
        Action::FindNext => search::find_again(state, Direction::Forward),
        Action::FindPrevious => search::find_again(state, Direction::Back),
        Action::Summary => {
            state.page = match state.page {
                Some(Page::Summary { .. }) => None,
                _ => Some(Page::Summary { first: 0 }),
            }
        }
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
        Action::CellValue => state.view.grid.value = state.view.grid.value.next(),
        Action::PreviousCellValue => state.view.grid.value = state.view.grid.value.previous(),
        Action::CellColour => state.view.grid.colour = state.view.grid.colour.next(),
        Action::ListedTokens => state.view.grid.tokens = state.view.grid.tokens.toggled(),
        Action::PromptColumns => ask::toggle_prompt_columns(state),
        Action::CellWidth => state.view.grid.cells = state.view.grid.cells.next(),
        Action::EmbeddingRow => state.view.grid.embedding = state.view.grid.embedding.toggled(),
        Action::CellAttribution => cell_attribution::toggle(state),
        Action::TurnOver => {
            state.view.grid.top = state.view.grid.top.turned_over();
            state.cursor.first_row = 0;
        }
        Action::Theme => next_theme(state),
        Action::EditCandidates
        | Action::LeaveCompare
        | Action::Chart
        | Action::Measure
        | Action::NextPair
        | Action::FollowCandidate
        | Action::Pin
        | Action::UnpinAll
        | Action::NextCompletion
        | Action::PreviousCompletion
        | Action::TakeCompletion
        | Action::CloseCompletion => compare::act(state, action),
        Action::Left
        | Action::Right
        | Action::Up
        | Action::Down
        | Action::FirstStep
        | Action::LastStep
        | Action::FirstRow
        | Action::LastRow
        | Action::PageLeft
        | Action::PageRight
        | Action::PageUp
        | Action::PageDown => walk(state, action),
        Action::Nothing => {}
        _ => text::edit(state, action),
    }
    Vec::new()
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
        Some(Stops::Help | Stops::Page) => state.close_page(),
        Some(Stops::Compare) => compare::close(state),
        Some(Stops::Zoom) => state.view.zoom = Zoom::All,
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

/// Open the list of models; what can be chosen comes from the engine.
fn open_models(state: &mut State) -> Vec<Effect> {
    state.page = Some(Page::Models(Picker::default()));
    vec![Effect::Engine(Command::List)]
}

/// Do the action that is chosen in the list, and close the list.
fn do_chosen(state: &mut State) -> Vec<Effect> {
    let Some(Page::Actions(list)) = &state.page else {
        return Vec::new();
    };
    let entries = list.entries(&state.settings);
    let last = entries.len().saturating_sub(1);
    let chosen = entries
        .get(list.selected.min(last))
        .map(|entry| entry.action);
    state.close_page();
    chosen.map_or_else(Vec::new, |action| act(state, action))
}

/// Load what is chosen, and close the list. Nothing happens while nothing is chosen; files that
/// cannot be used stay where they are, and the reason is told.
fn load_chosen(state: &mut State) -> Vec<Effect> {
    let Some(Page::Models(picker)) = &state.page else {
        return Vec::new();
    };
    let Some(choice) = picker.chosen() else {
        return Vec::new();
    };
    if let Choice::Entry(entry) = choice
        && let Some(why) = entry.fault.clone()
    {
        state.say(NoticeKind::Error, why);
        return Vec::new();
    }
    let name = choice.name().to_owned();
    state.page = None;
    state.model.want(name);
    ask::start_load(state)
}

fn retry_load(state: &mut State) -> Vec<Effect> {
    match state.model.loading {
        Loading::Failed(_) | Loading::Cancelled => ask::start_load(state),
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

fn other_lens(state: &mut State) -> Vec<Effect> {
    if state.model.saved.is_some() {
        let text = state.no_model();
        state.say(NoticeKind::Info, text);
        return Vec::new();
    }
    state.view.lens = state.view.lens.toggled();
    let lens = state.view.lens;
    let run = state.run.as_mut();
    run.filter(|run| !matches!(run.phase, Phase::Failed(_)))
        .and_then(|run| ask::recast(run, lens))
        .into_iter()
        .collect()
}

fn toggle_mouse(state: &mut State) -> Vec<Effect> {
    state.view.mouse = state.view.mouse.toggled();
    let (capture, text) = match state.view.mouse {
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
    vec![Effect::CaptureMouse(capture)]
}

fn next_theme(state: &mut State) {
    let count = state.settings.themes.names().count().max(1);
    state.view.theme = (state.view.theme + 1) % count;
    let name = state.theme().map_or_else(String::new, |t| t.name.clone());
    state.say(NoticeKind::Info, format!("Theme {name}"));
}

/// Put the next example into the prompt, with its candidates and settings.
fn next_example(state: &mut State) -> Vec<Effect> {
    let Some(example) = state.prompt.next_example(&state.settings.examples).cloned() else {
        return Vec::new();
    };
    state.max_tokens = example.max_tokens.unwrap_or(state.max_tokens);
    let effects = match example.lens {
        Some(lens) if lens != state.view.lens => other_lens(state),
        _ => Vec::new(),
    };
    state.typed_candidates = example.compare;
    let told = match example.look.is_empty() {
        true => example.title,
        false => format!("{}: {}", example.title, example.look),
    };
    state.say(NoticeKind::Info, told);
    compare::close(state);
    focus(state, Pane::Prompt);
    effects
}

/// Move through the grid, or through the page that is open.
fn walk(state: &mut State, action: Action) {
    let page = state.page.as_mut();
    if let Some(page) = page.filter(|page| !page.shows_the_selected_cell()) {
        let room = help_room(state.columns, state.rows);
        let lines = u16::try_from(room.columns * room.rows).unwrap_or(u16::MAX);
        page.walk(action, lines);
        return;
    }
    let rows = state.rows();
    let extent = state.extent();
    let room = GridRoom::of(state);
    let page = |visible: usize| isize::try_from((visible * 3 / 4).max(1)).unwrap_or(1);
    let far = isize::MAX;
    let cursor = &mut state.cursor;
    match action {
        Action::Left => cursor.move_columns(extent, -1),
        Action::Right => cursor.move_columns(extent, 1),
        Action::PageLeft => cursor.move_columns(extent, -page(room.columns)),
        Action::PageRight => cursor.move_columns(extent, page(room.columns)),
        Action::FirstStep => cursor.move_columns(extent, -far),
        Action::LastStep => cursor.follow = Follow::Newest,
        Action::Up => cursor.move_rows(&rows, -1),
        Action::Down => cursor.move_rows(&rows, 1),
        Action::PageUp => cursor.move_rows(&rows, -page(room.rows.min(rows.len()))),
        Action::PageDown => cursor.move_rows(&rows, page(room.rows.min(rows.len()))),
        Action::FirstRow => cursor.move_rows(&rows, -far),
        Action::LastRow => cursor.move_rows(&rows, far),
        _ => {}
    }
}
