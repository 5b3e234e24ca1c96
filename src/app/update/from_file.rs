//! Questions about a saved trace: answered out of its file where that holds the answer, and else
//! told to need the model.

use std::sync::Arc;

use super::{answers, save};
use crate::app::saved::comparison;
use crate::app::{Effect, NoticeKind, State};
use crate::engine::{Answer, Ask, Command, Question, Rest};
use crate::run::{LayerPredictions, Record};
use crate::settings::Action;
use crate::trace::{Column, Position};

/// Whether a saved trace is shown, which has not what `action` needs; then it is said so.
pub fn refuses(state: &mut State, action: Action) -> bool {
    let refuses = state.model.saved.is_some() && needs_the_model(action);
    if refuses {
        let text = state.no_model();
        state.say(NoticeKind::Info, text);
    }
    refuses
}

/// Whether `action` needs more than a saved trace has.
#[must_use]
pub fn needs_the_model(action: Action) -> bool {
    matches!(
        action,
        Action::Force
            | Action::Replace
            | Action::EditSkips
            | Action::Skip
            | Action::Patch
            | Action::Unchanged
            | Action::Attribution
            | Action::CellAttribution
            | Action::PromptColumns
            | Action::FollowCandidate
            | Action::Pin
    )
}

/// Answers what is asked of a saved trace; what is left has to happen outside. Where there is a
/// model, everything is left.
pub fn answer(state: &mut State, effects: Vec<Effect>) -> Vec<Effect> {
    let Some(saved) = state.model.saved.clone() else {
        return effects;
    };
    let mut left = Vec::new();
    for effect in effects {
        match effect {
            Effect::Engine(Command::Ask(question)) => answer_one(state, &saved.record, question),
            // Files hold no states.
            Effect::Engine(Command::States(run)) => {
                left.extend(save::take_states(state, run, None))
            }
            other => left.push(other),
        }
    }
    left
}

fn answer_one(state: &mut State, record: &Record, question: Question) {
    let to = Arc::new(question);
    let answer = match &to.ask {
        Ask::Predictions { at, top_k } => {
            predictions(record, &to, *at, *top_k).map(|found| Answer::Predictions(Arc::new(found)))
        }
        Ask::Candidates { .. } => {
            let found = comparison(record, &to, &state.no_model());
            found.map(|found| Answer::Candidates(Arc::new(found)))
        }
        Ask::PromptColumns | Ask::Relens => {
            let why = state.no_model();
            answers::failed(state, &to, NoticeKind::Info, why);
            return;
        }
        // The file has no answer, and nobody asked for these by hand.
        _ => None,
    };
    match answer {
        Some(answer) => answers::take(state, &to, answer, Rest::Nothing),
        None => answers::close(state, &to),
    }
}

/// The best tokens of every layer, as many as the file lists; `None` where it lists none.
fn predictions(
    record: &Record,
    question: &Question,
    at: Position,
    top_k: usize,
) -> Option<LayerPredictions> {
    let step = at.0.checked_sub(record.prompt_ids.len())?;
    let column = record.columns.get(step)?;
    let listed = listed(column).filter(|_| question.lens == record.lens)?;
    Some(LayerPredictions {
        top_k: top_k.min(listed),
        column: Column::clone(column),
    })
}

/// How many of the best tokens of each layer a column lists, if any.
fn listed(column: &Column) -> Option<usize> {
    let cells = column.layers.values().chain(&column.embedding);
    cells
        .map(|cell| cell.top.len())
        .max()
        .filter(|most| *most > 0)
}

/// How many of the best tokens of each layer there can be: as many as are listed where a saved
/// trace is shown, any number else.
pub fn most_tokens(state: &State) -> usize {
    let saved = state.model.saved.as_ref();
    let column = saved.and_then(|saved| saved.record.columns.first());
    column.map_or(usize::MAX, |column| listed(column).unwrap_or(1))
}
