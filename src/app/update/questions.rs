//! What compare mode asks the engine, and what becomes of the answers.
//!
//! Of several questions of one kind the engine answers the newest only, so that positions other
//! than the current one are asked about one after the other.

use std::sync::Arc;

use crate::app::saved::comparison;
use crate::app::{Effect, Page, Run, State};
use crate::engine::{Ask, Command, Question};
use crate::run::{Comparison, Joint, Wanted};

/// What has to be asked now: about the candidates whenever they, the step, the lens or the run
/// have changed since the last question.
pub fn for_compare(state: &mut State) -> Vec<Effect> {
    let current = of_current(state);
    if let Some(saved) = state.model.saved.clone() {
        // There is no engine to ask: the file answers what it can.
        let no_model = state.no_model();
        if let (Some(question), Some(compare)) = (current, &mut state.compare) {
            compare.answer = comparison(&saved.record, &question, &no_model).map(Arc::new);
        }
        return Vec::new();
    }
    let others = match current {
        Some(_) => None,
        None => of_pin(state),
    };
    [current, others, of_joint(state), of_followed(state)]
        .into_iter()
        .flatten()
        .map(|question| Effect::Engine(Command::Ask(question)))
        .collect()
}

/// About the candidates at the selected step.
fn of_current(state: &mut State) -> Option<Question> {
    let at = state.selected_position();
    let compare = state.compare.as_mut()?;
    let run = state.run.as_ref().filter(|run| run.can_compare())?;
    let at = at?;
    let wanted = compare.candidates();
    if wanted.is_empty() {
        compare.begin_anew();
        return None;
    }
    let question = Question {
        run: run.id,
        lens: state.view.lens,
        ask: Ask::Candidates { at, wanted },
    };
    if compare.asked.as_ref() == Some(&question) {
        return None;
    }
    compare.asked = Some(question.clone());
    // Those that still wait for an answer are answered no more.
    let unanswered = state.pins.iter_mut().filter(|pin| pin.answer.is_none());
    unanswered.for_each(|pin| pin.asked = None);
    Some(question)
}

/// About the same candidates at the next pinned position, once all before are answered.
fn of_pin(state: &mut State) -> Option<Question> {
    let compare = state.compare.as_ref()?;
    let asked = compare.asked.as_ref()?;
    let Ask::Candidates { wanted, .. } = &asked.ask else {
        return None;
    };
    compare
        .answer
        .as_ref()
        .filter(|answer| is_answer(asked, answer))?;
    for pin in &mut state.pins {
        let question = Question {
            run: pin.run,
            lens: state.view.lens,
            ask: Ask::Candidates {
                at: pin.at,
                wanted: wanted.clone(),
            },
        };
        if pin.asked.as_ref() != Some(&question) {
            pin.asked = Some(question.clone());
            pin.answer = None;
            return Some(question);
        }
        pin.answer.as_ref()?;
    }
    None
}

/// How probable whole candidates are, where one has several tokens. A run under way would have to
/// be read again behind it.
fn of_joint(state: &mut State) -> Option<Question> {
    let compare = state.compare.as_mut()?;
    state.run.as_ref().filter(|run| !run.is_active())?;
    let (asked, answer) = (compare.asked.as_ref()?, compare.answer.as_ref()?);
    let Ask::Candidates { at, wanted } = &asked.ask else {
        return None;
    };
    let found = answer.trajectories.iter().flatten();
    let has_several = found
        .into_iter()
        .any(|trajectory| trajectory.candidate.tokens.len() > 1);
    if !is_answer(asked, answer) || !has_several {
        return None;
    }
    let question = Question {
        run: asked.run,
        lens: asked.lens,
        ask: Ask::Joint {
            at: *at,
            wanted: wanted.clone(),
        },
    };
    if compare.asked_joint.as_ref() == Some(&question) {
        return None;
    }
    compare.asked_joint = Some(question.clone());
    Some(question)
}

/// About the steps of the run at which the followed candidates are not known yet.
fn of_followed(state: &mut State) -> Option<Question> {
    let Some(Page::Followed(followed)) = &mut state.page else {
        return None;
    };
    let run: &Run = state.run.as_ref()?;
    let lens = state.view.lens;
    let (from, tokens) = followed.next_question(run.id, lens, run.columns.len())?;
    Some(Question {
        run: run.id,
        lens,
        ask: Ask::Follow { tokens, from },
    })
}

/// Takes the answer in, at the current position or at a pinned one.
pub fn compared(state: &mut State, comparison: &Arc<Comparison>) {
    if let Some(compare) = &mut state.compare
        && let Some(asked) = &compare.asked
        && is_answer(asked, comparison)
    {
        compare.answer = Some(Arc::clone(comparison));
    }
    for pin in &mut state.pins {
        if let Some(asked) = &pin.asked
            && let Ask::Candidates { wanted, .. } = &asked.ask
            && is_answer(asked, comparison)
        {
            pin.answer = Some((wanted.clone(), Arc::clone(comparison)));
        }
    }
}

/// Takes joint probabilities in.
pub fn joint(state: &mut State, joint: Arc<Joint>) {
    if let Some(compare) = &mut state.compare {
        compare.joint = Some(joint);
    }
}

/// Whether that was asked. An older answer may be about other candidates at the same position; a
/// failed trajectory may be anybody's.
fn is_answer(asked: &Question, comparison: &Comparison) -> bool {
    let Ask::Candidates { at, wanted } = &asked.ask else {
        return false;
    };
    let found = &comparison.trajectories;
    (asked.run, *at, asked.lens) == (comparison.run, comparison.at, comparison.lens)
        && wanted.len() == found.len()
        && wanted.iter().zip(found).all(|both| match both {
            (_, Err(_)) => true,
            (Wanted::Text(text), Ok(found)) => *text == found.candidate.text,
            (Wanted::Token(token), Ok(found)) => found.candidate.tokens == [*token],
        })
}
