//! What is copied of a pane.

use crate::app::{Effect, NoticeKind, Pane, Run, State};
use crate::trace::Column;
use crate::vocabulary::Vocabulary;

/// The text that the focused pane stands for: the grid, or the selected cell's line elsewhere.
pub fn copy(state: &mut State) -> Vec<Effect> {
    let copied = match (state.grid_run(), &state.model.ready) {
        (Some(run), Some(info)) => match state.view.focus {
            Pane::Grid => Some(("the grid", grid(run, state, &info.vocabulary))),
            _ => cell(run, state, &info.vocabulary).map(|line| ("the cell", line)),
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

fn cell(run: &Run, state: &State, vocabulary: &Vocabulary) -> Option<String> {
    let column = run.column(state.cursor.step)?;
    let row = state.cursor.row;
    let score = column.cell(row)?.score;
    let label = vocabulary.label(column.token);
    let step = state.cursor.step.0 + 1;
    Some(format!(
        "{label}\tstep {step}\t{row}\trank {}\tp {:.6}",
        score.rank, score.prob
    ))
}

/// Tokens across and rows down, with tabs between them, as a spreadsheet takes it.
fn grid(run: &Run, state: &State, vocabulary: &Vocabulary) -> String {
    let line = |name: String, value: &dyn Fn(&Column) -> String| {
        let values = run.columns.iter().map(|column| value(column));
        std::iter::once(name)
            .chain(values)
            .collect::<Vec<_>>()
            .join("\t")
    };
    if run.columns.is_empty() {
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
