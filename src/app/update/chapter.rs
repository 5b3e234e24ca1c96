//! Chapters of a recording: one begins with each run and with each comparison.

use crate::app::{Effect, Origin, Run, State};
use crate::run::RunId;
use crate::settings::Switch;
use crate::vocabulary::visible_text;

/// Characters of a prompt that a chapter's name has.
const LONGEST_PROMPT: usize = 60;

/// What a chapter is about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Scene {
    /// The name of the run that will be asked for next.
    next_run: RunId,
    compares: bool,
}

impl Scene {
    /// The one that is on.
    pub fn of(state: &State) -> Self {
        Self {
            next_run: state.next_run,
            compares: state.compare.is_some(),
        }
    }
}

/// Marks the chapter that began since `before`, while there is a recording.
pub fn begun(before: Scene, state: &State) -> Option<Effect> {
    if state.recording == Switch::Off {
        return None;
    }
    let now = Scene::of(state);
    if now.compares && !before.compares {
        return Some(Effect::Mark(comparison(state)));
    }
    let run = state.run.as_ref();
    let run = run.filter(|_| now.next_run != before.next_run)?;
    let kind = match run.origin {
        Origin::Prompt => "Run",
        Origin::Given => "Given text",
        Origin::Branch { .. } => "Branch",
        Origin::Changed { .. } => "Changed",
    };
    Some(Effect::Mark(format!("{kind}: {}", shortened(run.title()))))
}

fn comparison(state: &State) -> String {
    let prompt = state.run.as_ref().map_or("", Run::title);
    format!("Compare: {}", shortened(prompt))
}

/// The start of a prompt's first line, as a name in a list of chapters.
fn shortened(prompt: &str) -> String {
    let text = visible_text(prompt.trim());
    let line = text.lines().next().unwrap_or_default();
    line.chars().take(LONGEST_PROMPT).collect()
}
