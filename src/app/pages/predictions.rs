//! The page of layer predictions: the best tokens of every layer at the selected step.

use std::sync::Arc;

use super::{Behaviour, Outcome, Selected, WatchedTokens};
use crate::app::cursor::Follow;
use crate::app::update::from_file;
use crate::app::{Cursor, Effect, Inquiry, NoticeKind, State};
use crate::engine::{Answer, Ask, Question, Rest};
use crate::export::figure::FigureKind;
use crate::run::{self, Record};
use crate::settings::keys::Scope;
use crate::settings::{Action, PredictionOptions};
use crate::trace::LensKind;

/// The most tokens that are asked for.
pub const MOST_TOKENS: usize = PredictionOptions::MOST_TOKENS;

/// How many layers are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layers {
    /// All of them, one below the other, each with its tokens side by side.
    #[default]
    All,
    /// The selected one, with its tokens one below the other.
    Selected,
}

impl Layers {
    fn toggled(self) -> Self {
        match self {
            Self::All => Self::Selected,
            Self::Selected => Self::All,
        }
    }
}

/// The page of layer predictions.
#[derive(Clone, Debug, Default)]
pub struct Predictions {
    /// How many tokens of each layer are asked for.
    pub top_k: usize,
    /// How many layers are shown.
    pub layers: Layers,
    /// The question and its newest answer.
    pub best: Inquiry<Arc<run::LayerPredictions>>,
    /// The lens that is shown beside the wanted one.
    pub beside: Option<LensKind>,
    /// The question under that lens and its newest answer. It is asked when the one before has its
    /// answer: of two questions of a kind only the newest is answered.
    pub other: Inquiry<Arc<run::LayerPredictions>>,
    /// The tokens that are marked.
    pub watched: WatchedTokens,
}

impl Predictions {
    /// Lists more tokens, or fewer: at least one, and no more than there can be.
    fn change_top_k(&mut self, state: &mut State, by: isize) {
        let most = from_file::most_tokens(state);
        if by > 0 && self.top_k >= most {
            let text = format!(
                "The file lists {most} of the best tokens. {}",
                state.no_model()
            );
            state.say(NoticeKind::Info, text);
            return;
        }
        self.top_k = self.top_k.saturating_add_signed(by).clamp(1, MOST_TOKENS);
        state.settings.options.predictions.top_k = self.top_k;
    }
}

impl Predictions {
    /// Another lens beside the wanted one, the next one, or none again.
    fn change_beside(&mut self, state: &mut State) {
        let there = match (&state.model.ready, &state.model.saved) {
            (Some(info), None) => info.lens_kinds(),
            _ => Vec::new(),
        };
        let wanted = state.settings.options.lens;
        let next = self.beside.unwrap_or(wanted).next_of(&there);
        self.other.forget();
        self.beside = (next != wanted).then_some(next);
        if there.len() < 2 {
            let text = state.no_model();
            state.say(NoticeKind::Info, text);
        }
    }
}

impl Behaviour for Predictions {
    fn scopes(&self) -> &'static [Scope] {
        &[Scope::Predictions, Scope::Everywhere]
    }

    fn act(&mut self, action: Action, state: &mut State) -> Outcome {
        match action {
            Action::Predictions => return Outcome::CLOSE,
            Action::MoreTokens => self.change_top_k(state, 1),
            Action::FewerTokens => self.change_top_k(state, -1),
            Action::OneLayer => self.layers = self.layers.toggled(),
            Action::OtherLens => self.change_beside(state),
            _ => return Outcome::Pass,
        }
        Outcome::DONE
    }

    fn shows_the_selected_cell(&self) -> bool {
        true
    }

    fn wants(&mut self, selected: &Selected<'_>) -> Vec<Effect> {
        if !selected.run.can_compare() {
            return Vec::new();
        }
        let watched = self.watched.ask(selected);
        let best = self.best.ask(selected.question(Ask::Predictions {
            at: selected.at,
            top_k: self.top_k,
        }));
        let beside = self.beside.filter(|lens| *lens != selected.lens);
        let is_free = best.is_none() && !self.best.is_waiting();
        let other = beside.filter(|_| is_free).and_then(|lens| {
            self.other.ask(Question {
                run: selected.run.id,
                lens,
                rows: selected.rows,
                ask: Ask::Predictions {
                    at: selected.at,
                    top_k: self.top_k,
                },
            })
        });
        watched.into_iter().chain(best).chain(other).collect()
    }

    fn hear(&mut self, to: &Arc<Question>, answer: &Answer, _rest: Rest) {
        self.watched.hear(to, answer);
        if let Answer::Predictions(predictions) = answer {
            match self.other.is_about(to) && !self.best.is_about(to) {
                true => self.other.take(to, Arc::clone(predictions)),
                false => self.best.take(to, Arc::clone(predictions)),
            }
        }
    }

    fn close(&mut self, to: &Question) {
        self.best.close(to);
        self.other.close(to);
        self.watched.found.close(to);
    }

    fn watched(&self) -> Option<&WatchedTokens> {
        Some(&self.watched)
    }

    fn figure(&self, record: &Record, cursor: &Cursor) -> Option<Result<FigureKind, &'static str>> {
        let is_generated = cursor.prompt.is_none() && record.columns.len() > cursor.step.0;
        Some(match is_generated {
            true => Ok(FigureKind::Predictions(cursor.step)),
            false => Err("Only a generated step has this figure: select one first."),
        })
    }
}

/// Opens the page of layer predictions. The selection stays where it is, so that the page is about
/// one step.
pub(in crate::app) fn open(state: &mut State) {
    let wanted = state.settings.options.predictions.top_k;
    let page = Predictions {
        top_k: wanted.min(from_file::most_tokens(state)).max(1),
        watched: WatchedTokens::known(state),
        ..Predictions::default()
    };
    state.open_page(page);
    state.cursor.follow = Follow::Stay;
}
