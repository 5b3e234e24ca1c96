//! What is copied of a pane.

use crate::app::{Effect, NoticeKind, Pane, State};
use crate::display::Sheet;
use crate::trace::LogProb;
use crate::vocabulary::Vocabulary;

/// The text that the focused pane stands for: the grid, or the selected cell's line elsewhere.
pub fn copy(state: &mut State) -> Vec<Effect> {
    let copied = match (state.grid_run(), &state.model.ready) {
        (Some(_), Some(info)) => match state.view.focus {
            Pane::Grid => Some(("the grid", grid(state))),
            _ => cell(state, &info.vocabulary).map(|line| ("the cell", line)),
        },
        _ => None,
    };
    match copied.filter(|(_, text)| !text.is_empty()) {
        Some((what, text)) => {
            // Whether the terminal obeys cannot be known.
            state.say(
                NoticeKind::Info,
                format!("Copy of {what} sent to the terminal (OSC 52)"),
            );
            vec![Effect::Copy(text)]
        }
        None => {
            state.say(
                NoticeKind::Info,
                "There is nothing to copy: generate first.",
            );
            Vec::new()
        }
    }
}

fn cell(state: &State, vocabulary: &Vocabulary) -> Option<String> {
    let column = state.selected_column()?;
    let row = state.cursor.row;
    let cell = column.cell(row)?;
    let rank = cell.score.rank;
    let p = LogProb(f64::from(cell.log_prob()));
    let label = vocabulary.label(column.token);
    let place = state.cursor.place();
    Some(format!("{label}\t{place}\t{row}\trank {rank}\tp {p}"))
}

/// What the grid shows, as a spreadsheet takes it.
fn grid(state: &State) -> String {
    if state.prompt_columns().is_empty() && state.grid_columns().is_empty() {
        return String::new();
    }
    let shown = state.grid_record();
    shown.map_or_else(String::new, |(record, view)| {
        Sheet::of(&record, &view).with_tabs()
    })
}
