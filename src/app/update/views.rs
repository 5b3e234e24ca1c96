//! Layer predictions and attribution: what opens and changes these pages, and what they ask.

use super::from_file;
use crate::app::cursor::Follow;
use crate::app::{
    Attribution, Beside, Effect, HeadOrder, NoticeKind, Page, Predictions, Run, State, Watched,
    parse_candidates,
};
use crate::engine::{Ask, Question};
use crate::run::{RunId, Wanted};
use crate::settings::Action;
use crate::trace::{Column, Layer, LensKind, Position, Row, Target};

/// Open the page of layer predictions, or close it.
pub fn toggle_predictions(state: &mut State) {
    if let Some(Page::Predictions(_)) = state.page {
        state.page = None;
        return;
    }
    let page = Predictions {
        top_k: state.view.top_k.min(from_file::most_tokens(state)).max(1),
        watched: watched(state),
        ..Predictions::default()
    };
    open(state, Page::Predictions(Box::new(page)));
}

/// Open the page of attribution, or close it.
pub fn toggle_attribution(state: &mut State) {
    if let Some(Page::Attribution(_)) = state.page {
        state.page = None;
        return;
    }
    let page = Attribution {
        watched: watched(state),
        ..Attribution::default()
    };
    open(state, Page::Attribution(Box::new(page)));
}

/// The selection stays where it is, so that the page is about one step.
fn open(state: &mut State, page: Page) {
    state.page = Some(page);
    state.cursor.follow = Follow::Stay;
}

/// What is known of the watched tokens already: from the page before, or from compare mode.
fn watched(state: &State) -> Watched {
    match (&state.page, &state.compare) {
        (Some(Page::Predictions(page)), _) => page.watched.clone(),
        (Some(Page::Attribution(page)), _) => page.watched.clone(),
        (_, Some(compare)) => Watched {
            found: compare.found.clone(),
        },
        _ => Watched::default(),
    }
}

/// Change what the page shows.
pub fn change(state: &mut State, action: Action) {
    let most = from_file::most_tokens(state);
    if let (Some(Page::Predictions(page)), Action::MoreTokens) = (&state.page, action)
        && page.top_k >= most
    {
        let text = format!(
            "The file lists {most} of the best tokens. {}",
            state.no_model()
        );
        state.say(NoticeKind::Info, text);
        return;
    }
    let run = state.run.as_ref();
    let column = run.and_then(|run| run.column_at(state.cursor.place()));
    match (&mut state.page, action) {
        (Some(Page::Predictions(page)), Action::MoreTokens | Action::FewerTokens) => {
            page.change_top_k(if action == Action::MoreTokens { 1 } else { -1 });
            state.view.top_k = page.top_k;
        }
        (Some(Page::Predictions(page)), Action::OneLayer) => page.layers = page.layers.toggled(),
        (Some(Page::Attribution(page)), Action::NextTarget | Action::PreviousTarget) => {
            let by = if action == Action::NextTarget { 1 } else { -1 };
            if let Some(run) = run {
                page.change_target(run.id, column, by);
            }
        }
        (Some(Page::Attribution(page)), Action::Heads) => {
            page.beside = match page.beside {
                Beside::Lens => Beside::Heads,
                Beside::Heads => Beside::Lens,
            }
        }
        (Some(Page::Attribution(page)), Action::HeadOrder) => {
            page.order = match page.order {
                HeadOrder::BySize => HeadOrder::ByNumber,
                HeadOrder::ByNumber => HeadOrder::BySize,
            }
        }
        _ => {}
    }
}

/// Ask whatever the open page has no answer to, whenever run, step, lens, number of tokens,
/// target or layer have changed since the last question.
pub fn ask_if_changed(state: &mut State) -> Vec<Effect> {
    let Some(run) = state.run.as_ref().filter(|run| run.can_compare()) else {
        return Vec::new();
    };
    let place = state.cursor.place();
    let here = Here {
        run,
        lens: state.view.lens,
        at: run.position_of(place),
        column: run.column_at(place),
        row: state.cursor.row,
    };
    // Compare mode asks about its candidates itself.
    let candidates = match state.compare {
        Some(_) => Vec::new(),
        None => parse_candidates(&state.typed_candidates),
    };
    match &mut state.page {
        Some(Page::Predictions(page)) => here
            .ask_watched(&mut page.watched, candidates)
            .into_iter()
            .chain(here.ask_predictions(page))
            .collect(),
        Some(Page::Attribution(page)) => here
            .ask_watched(&mut page.watched, candidates)
            .into_iter()
            .chain(here.ask_attribution(page))
            .collect(),
        _ => Vec::new(),
    }
}

/// What the pages are about.
struct Here<'s> {
    run: &'s Run,
    lens: LensKind,
    at: Position,
    column: Option<&'s Column>,
    row: Row,
}

impl Here<'_> {
    fn question(&self, ask: Ask) -> Question {
        Question {
            run: self.run.id,
            lens: self.lens,
            ask,
        }
    }

    /// Which tokens the candidates are, once a run: that does not change from step to step.
    fn ask_watched(&self, watched: &mut Watched, wanted: Vec<Wanted>) -> Option<Effect> {
        let asked = watched.found.asked().map(|asked| asked.run);
        let known = asked.or(watched.found.newest().map(|(to, _)| to.run));
        if wanted.is_empty() || known == Some(self.run.id) {
            return None;
        }
        watched.found.ask(self.question(Ask::Candidates {
            at: self.at,
            wanted,
        }))
    }

    fn ask_predictions(&self, page: &mut Predictions) -> Option<Effect> {
        page.best.ask(self.question(Ask::Predictions {
            at: self.at,
            top_k: page.top_k,
        }))
    }

    fn ask_attribution(&self, page: &mut Attribution) -> Vec<Effect> {
        let Some((_, target)) = page.target(self.run.id, self.column) else {
            page.split.forget();
            page.heads.forget();
            return Vec::new();
        };
        let at = self.at;
        let split = page
            .split
            .ask(self.question(Ask::Attribution { at, target }));
        let heads = match (page.beside, self.row) {
            (Beside::Heads, Row::Layer(layer)) => {
                page.heads.ask(of_heads(self.run.id, at, target, layer))
            }
            _ => None,
        };
        split.into_iter().chain(heads).collect()
    }
}

/// The heads are the same under every lens.
fn of_heads(run: RunId, at: Position, target: Target, layer: Layer) -> Question {
    Question {
        run,
        lens: LensKind::default(),
        ask: Ask::Heads { at, target, layer },
    }
}
