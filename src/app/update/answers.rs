//! What becomes of the answers to questions, and of questions that have none.

use std::sync::Arc;

use super::cell_attribution;
use crate::app::{Inquiry, NoticeKind, State};
use crate::engine::{Answer, Ask, Question, Rest};
use crate::run::Comparison;

/// Take an answer, or a piece of one, in. What nobody waits for any more is dropped.
pub fn take(state: &mut State, to: &Arc<Question>, answer: Answer, rest: Rest) {
    if let Some(page) = state.page_below_help() {
        page.hear(to, &answer, rest);
    }
    match answer {
        Answer::Candidates(comparison) => compared(state, to, &comparison),
        Answer::Joint(log_probs) => {
            if let Some(compare) = &mut state.compare {
                compare.joint.take(to, log_probs);
            }
        }
        Answer::Relens(columns) => {
            if let Some(run) = state.run_of(to.run) {
                run.relens.take(to, ());
                (run.lens, run.rows) = (to.lens, to.rows);
                run.columns = columns;
            }
        }
        Answer::PromptColumns { first, columns } => {
            if let Some(run) = state.run_of(to.run) {
                run.prompt_columns.take(to, first, columns);
            }
        }
        Answer::Attribution(attribution) => {
            if let Ask::Attribution { at, .. } = to.ask {
                cell_attribution::attributed(state, to, at, &attribution);
            }
        }
        // The rest is asked by pages only.
        _ => {}
    }
}

/// Where candidates stand: at the current position, or at a pinned one.
fn compared(state: &mut State, to: &Arc<Question>, comparison: &Arc<Comparison>) {
    let compare = state.compare.iter_mut().map(|compare| &mut compare.found);
    let pins = state.pins.iter_mut().map(|pin| &mut pin.found);
    for found in compare.chain(pins) {
        found.take_if_asked(to, Arc::clone(comparison));
    }
}

/// Say why there is no answer to a question. What was answered before stands.
pub fn failed(state: &mut State, to: &Question, kind: NoticeKind, why: String) {
    close(state, to);
    // What has no answer cannot stay in view.
    let is_empty = |found: &Inquiry<_>| found.is_about(to) && found.newest().is_none();
    state.pins.retain(|pin| !is_empty(&pin.found));
    let shown = state.run.as_mut().filter(|run| run.id == to.run);
    if let (Some(run), Ask::Relens) = (shown, &to.ask) {
        // The columns are still those of the old lens and the old rows.
        run.relens.forget_question();
        state.settings.options.lens = run.lens;
        state.settings.options.grid.rows = run.rows;
    }
    state.say(kind, why);
}

/// Nothing more comes to a question.
pub fn close(state: &mut State, to: &Question) {
    state.cell_split.close(to);
    if let Some(compare) = &mut state.compare {
        compare.found.close(to);
        compare.joint.close(to);
    }
    for pin in &mut state.pins {
        pin.found.close(to);
    }
    if let Some(run) = state.run_of(to.run) {
        run.relens.close(to);
        run.prompt_columns.close(to);
    }
    if let Some(page) = state.page_below_help() {
        page.close(to);
    }
}
