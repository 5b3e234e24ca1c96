//! A trace that a session before left unsaved: told, opened, discarded.

use std::sync::Arc;

use crate::app::{Autosave, AutosaveEvent, Effect, Notice, NoticeKind, Run, SavedTrace, State};

const NONE: &str = "No session before has left an unsaved trace.";

/// Take in what became of kept traces.
pub fn heard(state: &mut State, news: AutosaveEvent) {
    match news {
        AutosaveEvent::Failed(why) => state.say(NoticeKind::Error, why),
        AutosaveEvent::Found(autosave) => {
            let notice = Notice {
                kind: match autosave.trace {
                    Ok(_) => NoticeKind::Info,
                    Err(_) => NoticeKind::Error,
                },
                text: state.offer_of(&autosave),
            };
            state.autosave = Some(autosave);
            match state.notice {
                // What stands there has not been read yet.
                Some(_) => state.next_notice = Some(notice),
                None => state.notice = Some(notice),
            }
        }
    }
}

/// Open the trace that was left, in the place of the model.
pub fn open(state: &mut State) -> Vec<Effect> {
    let Some(Autosave { path, trace, .. }) = &state.autosave else {
        state.say(NoticeKind::Info, NONE);
        return Vec::new();
    };
    let record = match trace {
        Ok(record) => Arc::clone(record),
        Err(why) => {
            let why = why.clone();
            state.say(NoticeKind::Error, why);
            return Vec::new();
        }
    };
    let has_steps = |run: &Run| !run.columns.is_empty();
    if state.model.saved.is_none() && state.runs().into_iter().any(has_steps) {
        let text = "It would take the place of this session's runs: \
                    `lenscape open --last` shows it in another one.";
        state.say(NoticeKind::Info, text);
        return Vec::new();
    }
    let saved = SavedTrace {
        path: path.clone(),
        record,
    };
    let effects = state.show_saved(saved);
    state.tell_of_model_behind();
    effects
}

/// Delete the file of the trace that was left.
pub fn discard(state: &mut State) -> Vec<Effect> {
    match state.autosave.take() {
        Some(autosave) => {
            let text = format!("Discarded the unsaved trace of {}.", autosave.autosaved_at);
            state.say(NoticeKind::Info, text);
            vec![Effect::DiscardAutosave(autosave.path)]
        }
        None => {
            state.say(NoticeKind::Info, NONE);
            Vec::new()
        }
    }
}
