//! What the candidates' pane says, line by line: how high it is depends on it, too.

use super::suggestions;
use crate::app::State;
use crate::trace::TokenId;

/// One line of the candidates' pane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldLine {
    /// A pinned prompt, by its place.
    Pin(usize),
    /// The text before the position that is looked at.
    Context,
    /// The field.
    Field,
    /// Tokens that may be worth following.
    Suggestions(Vec<TokenId>),
    /// What the user should know of the candidates.
    Note(String),
}

/// The rows of the table are worth more than a fourth note.
const MOST_NOTES: usize = 3;

/// On a screen with fewer rows only the field itself and notes are shown.
const ROOMY: u16 = 18;

/// The lines of the candidates' pane, from top to bottom.
#[must_use]
pub fn field_lines(state: &State) -> Vec<FieldLine> {
    let (Some(compare), Some(info)) = (&state.compare, &state.model.ready) else {
        return vec![FieldLine::Context, FieldLine::Field];
    };
    let mut lines = Vec::new();
    let is_roomy = state.rows >= ROOMY;
    if is_roomy {
        lines.extend(state.other_pins().map(|(place, _)| FieldLine::Pin(place)));
        lines.push(FieldLine::Context);
    }
    lines.push(FieldLine::Field);
    let suggestions = state.suggestions();
    if is_roomy && !suggestions.is_empty() {
        lines.push(FieldLine::Suggestions(suggestions));
    }
    let notes = compare.notes(&info.vocabulary).into_iter();
    lines.extend(notes.take(MOST_NOTES).map(FieldLine::Note));
    lines
}

impl State {
    /// Tokens that may be worth following at the selected step and are not followed yet.
    #[must_use]
    pub fn suggestions(&self) -> Vec<TokenId> {
        let place = self.cursor.place();
        let column = self.run.as_ref().and_then(|run| run.column_at(place));
        let (Some(compare), Some(column)) = (&self.compare, column) else {
            return Vec::new();
        };
        let followed: Vec<TokenId> = compare
            .trajectories()
            .filter_map(|(_, trajectory)| trajectory.candidate.followed())
            .collect();
        let mut tokens = suggestions(column);
        tokens.retain(|token| !followed.contains(token));
        tokens
    }
}
