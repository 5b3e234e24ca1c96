//! What is copied of a pane.

use crate::app::{Effect, NoticeKind, Pane, State};
use crate::trace::Column;
use crate::vocabulary::Vocabulary;

/// The text that the focused pane stands for: the grid, or the selected cell's line elsewhere.
pub fn copy(state: &mut State) -> Vec<Effect> {
    let copied = match (state.grid_run(), &state.model.ready) {
        (Some(_), Some(info)) => match state.view.focus {
            Pane::Grid => Some(("the grid", grid(state, &info.vocabulary))),
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
    let score = column.cell(row)?.score;
    let label = vocabulary.label(column.token);
    let place = state.cursor.place();
    Some(format!(
        "{label}\t{place}\t{row}\trank {}\tp {:.6}",
        score.rank, score.prob
    ))
}

/// Tokens across and rows down, with tabs between them, as a spreadsheet takes it.
fn grid(state: &State, vocabulary: &Vocabulary) -> String {
    let line = |name: String, value: &dyn Fn(&Column) -> String| {
        let columns = state.prompt_columns().iter().chain(state.grid_columns());
        let values = columns.map(|column| value(column));
        std::iter::once(name)
            .chain(values)
            .collect::<Vec<_>>()
            .join("\t")
    };
    if state.prompt_columns().is_empty() && state.grid_columns().is_empty() {
        return String::new();
    }
    let mut lines = vec![line(String::new(), &|column| {
        vocabulary.label(column.token)
    })];
    lines.extend(state.rows().into_iter().map(|row| {
        line(row.to_string(), &|column| {
            column
                .cell(row)
                .map_or_else(String::new, |cell| cell.score.rank.to_string())
        })
    }));
    lines.join("\n")
}
