//! What compare mode asks the engine.
//!
//! Of several questions of one kind the engine answers the newest only, so that positions other
//! than the current one are asked about one after the other.

use crate::app::{Effect, State};
use crate::engine::{Ask, Question};
use crate::trace::Rows;

/// What has to be asked now: about the candidates whenever they, the step, the lens or the run
/// have changed since the last question.
pub fn for_compare(state: &mut State) -> Vec<Effect> {
    let current = of_current(state);
    let others = match current {
        Some(_) => None,
        None => of_pin(state),
    };
    [current, others, of_joint(state)]
        .into_iter()
        .flatten()
        .collect()
}

/// About the candidates at the selected step.
fn of_current(state: &mut State) -> Option<Effect> {
    let at = state.selected_position();
    let compare = state.compare.as_mut()?;
    let run = state.run.as_ref().filter(|run| run.can_compare())?;
    let at = at?;
    let wanted = compare.candidates();
    if wanted.is_empty() {
        compare.begin_anew();
        return None;
    }
    let effect = compare.found.ask(Question {
        run: run.id,
        lens: state.settings.options.lens,
        rows: state.settings.options.grid.rows,
        ask: Ask::Candidates { at, wanted },
    })?;
    // Those that still wait for an answer are answered no more.
    let unanswered = state.pins.iter_mut().filter(|pin| pin.found.is_waiting());
    unanswered.for_each(|pin| pin.found.forget_question());
    Some(effect)
}

/// About the same candidates at the next pinned position, once all before are answered.
fn of_pin(state: &mut State) -> Option<Effect> {
    let (asked, _) = state.compare.as_ref()?.found.current()?;
    let Ask::Candidates { wanted, .. } = &asked.ask else {
        return None;
    };
    for pin in &mut state.pins {
        let question = Question {
            run: pin.run,
            lens: state.settings.options.lens,
            rows: state.settings.options.grid.rows,
            ask: Ask::Candidates {
                at: pin.at,
                wanted: wanted.clone(),
            },
        };
        if !pin.found.is_about(&question) {
            pin.found.forget();
            return pin.found.ask(question);
        }
        pin.found.newest()?;
    }
    None
}

/// How probable whole candidates are, where one has several tokens. A run under way would have to
/// be read again behind it.
fn of_joint(state: &mut State) -> Option<Effect> {
    let compare = state.compare.as_mut()?;
    state.run.as_ref().filter(|run| !run.is_active())?;
    let (asked, answer) = compare.found.current()?;
    let Ask::Candidates { at, wanted } = &asked.ask else {
        return None;
    };
    let mut found = answer.trajectories.iter().flatten();
    if !found.any(|trajectory| trajectory.candidate.tokens.len() > 1) {
        return None;
    }
    let question = Question {
        run: asked.run,
        lens: asked.lens,
        rows: Rows::Layers,
        ask: Ask::Joint {
            at: *at,
            wanted: wanted.clone(),
        },
    };
    compare.joint.ask(question)
}
