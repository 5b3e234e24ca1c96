//! The page of attribution: which part of the network raised a token, or one token above another.

use std::sync::Arc;

use super::{Behaviour, Outcome, Selected, WatchedTokens};
use crate::app::cursor::Follow;
use crate::app::{Effect, Inquiry, State};
use crate::engine::{Answer, Ask, Question, Rest};
use crate::run::RunId;
use crate::settings::Action;
use crate::settings::keys::Scope;
use crate::trace::{self, Column, HeadContributions, LensKind, Position, Rows, Target, TokenId};

/// Whose logit is split, as the user chooses it: it means other tokens at other steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Goal {
    /// The chosen token's.
    #[default]
    Chosen,
    /// By how much the chosen token's is above that of the best other one.
    AboveRunnerUp,
    /// By how much one candidate's is above another's; their places among the candidates.
    Between(usize, usize),
    /// A candidate's; its place among the candidates.
    Candidate(usize),
}

/// What the right half of the page shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SidePanel {
    /// The logit under the lens, and how it changes from layer to layer.
    #[default]
    Lens,
    /// The heads of the selected layer's attention.
    Heads,
}

/// How the heads are ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HeadOrder {
    /// The largest share first, whichever way it goes.
    #[default]
    BySize,
    /// Head 0 first.
    ByNumber,
}

/// A split logit.
#[derive(Clone, Debug, PartialEq)]
pub struct AttributedLogit {
    /// The position that is predicted.
    pub at: Position,
    /// The lens of its rows.
    pub lens: LensKind,
    /// The parts.
    pub attribution: Arc<trace::LogitAttribution>,
}

/// The page of attribution.
#[derive(Clone, Debug, Default)]
pub struct Attribution {
    /// Whose logit is split.
    pub goal: Goal,
    /// The question and its newest answer.
    pub(in crate::app) split: Inquiry<Arc<trace::LogitAttribution>>,
    /// What stands beside the parts.
    pub side_panel: SidePanel,
    /// How the heads are ordered.
    pub order: HeadOrder,
    /// The question about the heads and its newest answer.
    pub heads: Inquiry<Arc<HeadContributions>>,
    /// The tokens among which targets are chosen.
    pub watched: WatchedTokens,
}

impl Attribution {
    /// The targets that there are at a step, in the order in which they are gone through: the
    /// token chosen there, then the candidates.
    #[must_use]
    pub fn targets(&self, run: RunId, column: Option<&Column>) -> Vec<(Goal, Target)> {
        let of_column = column.into_iter().flat_map(|column| {
            let chosen = Target {
                token: column.token,
                minus: None,
            };
            let above = runner_up(column).map(|other| Target {
                minus: Some(other),
                ..chosen
            });
            [
                Some((Goal::Chosen, chosen)),
                above.map(|target| (Goal::AboveRunnerUp, target)),
            ]
        });
        let watched: Vec<(usize, TokenId)> = self.watched.tokens(run).collect();
        let pairs = watched.iter().enumerate().flat_map(|(at, (a, token))| {
            watched[at + 1..]
                .iter()
                .filter(move |(_, minus)| minus != token)
                .map(move |(b, minus)| {
                    let target = Target {
                        token: *token,
                        minus: Some(*minus),
                    };
                    (Goal::Between(*a, *b), target)
                })
        });
        let single = watched.iter().map(|(at, token)| {
            let target = Target {
                token: *token,
                minus: None,
            };
            (Goal::Candidate(*at), target)
        });
        of_column.flatten().chain(pairs).chain(single).collect()
    }

    /// What is split at a step: what the user wants where there is such a target, else the first.
    #[must_use]
    pub fn target(&self, run: RunId, column: Option<&Column>) -> Option<(Goal, Target)> {
        let targets = self.targets(run, column);
        let wanted = targets.iter().find(|(goal, _)| *goal == self.goal);
        wanted.or(targets.first()).copied()
    }

    /// The newest answer about `run`.
    #[must_use]
    pub fn split(&self, run: RunId) -> Option<AttributedLogit> {
        let (to, attribution) = self.split.newest().filter(|(to, _)| to.run == run)?;
        Some(AttributedLogit {
            at: to.ask.at()?,
            lens: to.lens,
            attribution: Arc::clone(attribution),
        })
    }

    /// Whether an answer to what is shown is still to come.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        let heads = self.side_panel == SidePanel::Heads && self.heads.is_waiting();
        self.split.is_waiting() || heads
    }

    fn ask(&mut self, selected: &Selected<'_>) -> Vec<Effect> {
        let run = selected.run.id;
        let Some((_, target)) = self.target(run, selected.column) else {
            self.split.forget();
            self.heads.forget();
            return Vec::new();
        };
        let at = selected.at;
        let split = Ask::Attribution { at, target };
        let split = self.split.ask(selected.question(split));
        let heads = match (self.side_panel, selected.row.block()) {
            (SidePanel::Heads, Some(layer)) => {
                let heads = Ask::Heads { at, target, layer };
                self.heads.ask(of_heads(run, heads))
            }
            _ => None,
        };
        split.into_iter().chain(heads).collect()
    }

    fn go_to_target(&mut self, state: &State, by: isize) {
        if let Some(run) = &state.run {
            self.change_target(run.id, run.column_at(state.cursor.place()), by);
        }
    }

    /// Goes to the target that is `by` places further on, round and round.
    fn change_target(&mut self, run: RunId, column: Option<&Column>, by: isize) {
        let targets = self.targets(run, column);
        let at = targets.iter().position(|(goal, _)| *goal == self.goal);
        let places = isize::try_from(targets.len()).unwrap_or(isize::MAX).max(1);
        let at = isize::try_from(at.unwrap_or(0)).unwrap_or(0);
        let next = usize::try_from((at + by).rem_euclid(places)).unwrap_or(0);
        if let Some((goal, _)) = targets.get(next) {
            self.goal = *goal;
        }
    }
}

impl Behaviour for Attribution {
    fn scopes(&self) -> &'static [Scope] {
        &[Scope::Attribution, Scope::Everywhere]
    }

    fn hints(&self, action: Action) -> bool {
        action != Action::HeadOrder || self.side_panel == SidePanel::Heads
    }

    fn act(&mut self, action: Action, state: &mut State) -> Outcome {
        match action {
            Action::Attribution => return Outcome::CLOSE,
            Action::NextTarget => self.go_to_target(state, 1),
            Action::PreviousTarget => self.go_to_target(state, -1),
            Action::Heads => {
                self.side_panel = match self.side_panel {
                    SidePanel::Lens => SidePanel::Heads,
                    SidePanel::Heads => SidePanel::Lens,
                }
            }
            Action::HeadOrder => {
                self.order = match self.order {
                    HeadOrder::BySize => HeadOrder::ByNumber,
                    HeadOrder::ByNumber => HeadOrder::BySize,
                }
            }
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
        watched.into_iter().chain(self.ask(selected)).collect()
    }

    fn hear(&mut self, to: &Arc<Question>, answer: &Answer, _rest: Rest) {
        self.watched.hear(to, answer);
        match answer {
            Answer::Attribution(attribution) => self.split.take(to, Arc::clone(attribution)),
            Answer::Heads(shares) => self.heads.take(to, Arc::clone(shares)),
            _ => {}
        }
    }

    fn close(&mut self, to: &Question) {
        self.split.close(to);
        self.heads.close(to);
        self.watched.found.close(to);
    }

    fn watched(&self) -> Option<&WatchedTokens> {
        Some(&self.watched)
    }
}

/// Opens the page of attribution. The selection stays where it is, so that the page is about one
/// step.
pub(in crate::app) fn open(state: &mut State) {
    let page = Attribution {
        watched: WatchedTokens::known(state),
        ..Attribution::default()
    };
    state.open_page(page);
    state.cursor.follow = Follow::Stay;
}

/// The heads are the same under every lens.
fn of_heads(run: RunId, ask: Ask) -> Question {
    Question {
        run,
        lens: LensKind::default(),
        rows: Rows::default(),
        ask,
    }
}

/// The best token of the last row that is not the chosen one.
fn runner_up(column: &Column) -> Option<TokenId> {
    let best = column.layers.last()?.top.iter().map(|(token, _)| *token);
    best.into_iter().find(|token| *token != column.token)
}
