//! Saving: the field for the name, and what its extension asks for.

use std::path::PathBuf;
use std::sync::Arc;

use crate::app::save::proposed_name;
use crate::app::{
    Effect, InputLine, NoticeKind, PrefilledField, Run, Save, SaveOutcome, SaveSource, State,
};
use crate::engine::Command;
use crate::export::figure::{self, FigureKind};
use crate::export::format::{self, Writer};
use crate::export::{Content, Format};
use crate::run::{Record, RunId, StateRows};

/// Open the field with a name that fits the prompt.
pub fn open(state: &mut State) {
    let prompt = state.run.as_ref().map_or("", Run::title);
    let name = proposed_name(prompt);
    state.line = Some(InputLine::Save(PrefilledField::new(name)));
}

/// Save under the name in the field, and close it.
pub fn save_typed(state: &mut State) -> Vec<Effect> {
    let Some(InputLine::Save(field)) = state.line.take() else {
        return Vec::new();
    };
    let name = field.value().trim();
    if name.is_empty() {
        return Vec::new();
    }
    save(state, PathBuf::from(name))
}

/// Save what the extension of `path` asks for.
pub fn save(state: &mut State, path: PathBuf) -> Vec<Effect> {
    let Some(format) = Format::of(&path) else {
        let extensions = format::extensions();
        let text = format!("The name says what is saved: end it in one of {extensions}");
        state.say(NoticeKind::Error, text);
        return Vec::new();
    };
    if !format.is_of_a_run() {
        let what = SaveSource::Screen;
        return vec![Effect::Save(Save { path, format, what })];
    }
    let record = state.record().filter(has_content);
    let (Some(record), Some(run)) = (record, &state.run) else {
        let text = "There is nothing to save yet: generate first.";
        state.say(NoticeKind::Info, text);
        return Vec::new();
    };
    let (id, record) = (run.id, Arc::new(record));
    match format.writer {
        Writer::States(_) => {
            state.wants_states = Some((id, path, format));
            vec![Effect::Engine(Command::States(id))]
        }
        Writer::Trace(_) => content(path, format, Content::Trace(record, None)),
        Writer::Figure(_) => figure(state, path, format, record),
        Writer::Screen(..) => Vec::new(),
    }
}

fn has_content(record: &Record) -> bool {
    !record.columns.is_empty() || !record.watch.trajectories.is_empty()
}

fn content(path: PathBuf, format: &'static Format, content: Content) -> Vec<Effect> {
    let what = SaveSource::Content(content);
    vec![Effect::Save(Save { path, format, what })]
}

/// The open page's own figure; else, in compare mode, the chart, or else the grid as it is shown.
fn figure(
    state: &mut State,
    path: PathBuf,
    format: &'static Format,
    record: Arc<Record>,
) -> Vec<Effect> {
    let compares = state.compare.is_some() && !record.watch.trajectories.is_empty();
    let of_page = state.page.as_ref();
    let of_page = of_page.and_then(|page| page.figure(&record, &state.cursor));
    let (record, kind) = match of_page {
        Some(Ok(kind)) => (record, kind),
        Some(Err(why)) => {
            state.say(NoticeKind::Info, why);
            return Vec::new();
        }
        _ if compares => (record, FigureKind::Compare),
        _ => match state.grid_record() {
            Some((shown, view)) => (Arc::new(shown), FigureKind::Grid(view)),
            None => return Vec::new(),
        },
    };
    let Some(theme) = figure::colours(&state.settings.themes, None) else {
        return Vec::new();
    };
    content(path, format, Content::Figure(record, kind, Box::new(theme)))
}

/// The states that were waited for are there, or it is known that there are none: the file can be
/// written.
pub fn take_states(state: &mut State, run: RunId, states: Option<Arc<StateRows>>) -> Vec<Effect> {
    let wanted = state.wants_states.take_if(|(wanted, ..)| *wanted == run);
    let is_shown = state.run.as_ref().is_some_and(|shown| shown.id == run);
    match (wanted, state.record().filter(|_| is_shown)) {
        (Some((_, path, format)), Some(record)) => {
            content(path, format, Content::Trace(Arc::new(record), states))
        }
        _ => Vec::new(),
    }
}

/// Say what became of it.
pub fn saved(state: &mut State, news: SaveOutcome) {
    state.leaving.hear(&news);
    match news {
        SaveOutcome::Saved(path) => {
            state.say(NoticeKind::Info, format!("Saved {}", path.display()));
        }
        SaveOutcome::Failed(why) => state.say(NoticeKind::Error, why),
    }
}
