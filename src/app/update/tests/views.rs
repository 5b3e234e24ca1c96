//! Layer predictions and attribution: what is asked when, and what becomes of the answers.

use super::*;
use crate::app::{Attribution, Goal, Layers, MOST_TOKENS, Predictions, SidePanel};
use crate::run;
use crate::trace::{self, HeadContributions, LayerContribution, Target};

pub(super) const CHOSEN: Target = Target {
    token: TokenId(1),
    minus: None,
};

fn questions(effects: &[Effect]) -> Vec<Question> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Engine(Command::Ask(question)) => Some(question.clone()),
            _ => None,
        })
        .collect()
}

fn asks(effects: &[Effect]) -> Vec<Ask> {
    questions(effects)
        .into_iter()
        .map(|question| question.ask)
        .collect()
}

pub(super) fn at(step: usize) -> Position {
    Position(PROMPT.len() + step)
}

fn predictions_at(step: usize, top_k: usize) -> Ask {
    Ask::Predictions {
        at: at(step),
        top_k,
    }
}

fn attribution_at(step: usize, target: Target) -> Ask {
    Ask::Attribution {
        at: at(step),
        target,
    }
}

/// A finished run, and the page that a key opens.
fn opened(steps: usize, key: &str) -> (State, RunId, Vec<Effect>) {
    let (mut state, run) = with_steps(steps);
    finish(&mut state, run);
    press(&mut state, "tab");
    let effects = press(&mut state, key);
    (state, run, effects)
}

fn predictions(state: &State) -> &Predictions {
    match &state.page {
        Some(Page::Predictions(page)) => page,
        page => panic!("{page:?}"),
    }
}

fn attribution(state: &State) -> &Attribution {
    match &state.page {
        Some(Page::Attribution(page)) => page,
        page => panic!("{page:?}"),
    }
}

fn predicted(run: RunId, step: usize, top_k: usize) -> Event {
    let question = question(run, LensKind::Normed, predictions_at(step, top_k));
    let column = (*column(1)).clone();
    let predictions = run::LayerPredictions { top_k, column };
    answered(question, Answer::Predictions(Arc::new(predictions)))
}

pub(super) fn attributed(run: RunId, step: usize, target: Target) -> Event {
    let attribution = trace::LogitAttribution {
        target,
        embedding: 1.0,
        layers: vec![LayerContribution::default(); LAYERS],
        bias: 0.0,
        cap: 0.0,
        logit: 1.0,
        rows: vec![Some(1.0); LAYERS + 1],
    };
    let question = question(run, LensKind::Normed, attribution_at(step, target));
    answered(question, Answer::Attribution(Arc::new(attribution)))
}

/// The candidates ` is` and ` are` are the tokens 7 and 8.
fn candidates(run: RunId, step: usize) -> Event {
    let trajectory = |text: &str, token| Ok(super::trajectory(text, &[token]));
    let comparison = Comparison {
        run,
        at: at(step),
        lens: LensKind::Normed,
        trajectories: vec![trajectory(" is", 7), trajectory(" are", 8)],
    };
    compared(&[" is", " are"], comparison)
}

#[test]
fn each_step_lens_and_number_of_tokens_asks_for_predictions_once() {
    let (mut state, _, effects) = opened(3, "shift-p");
    let top_k = state.settings.options.predictions.top_k;
    assert_eq!(asks(&effects), [predictions_at(2, top_k)]);
    assert_eq!(asks(&press(&mut state, "left")), [predictions_at(1, top_k)]);
    assert_eq!(
        asks(&press(&mut state, "+")),
        [predictions_at(1, top_k + 1)]
    );
    assert_eq!(asks(&press(&mut state, "-")), [predictions_at(1, top_k)]);
    let other_lens = questions(&press(&mut state, "shift-l"));
    assert_eq!(
        other_lens.last().map(|asked| asked.lens),
        Some(LensKind::Raw)
    );
    // Another layer is in the answer already.
    for key in ["up", "enter", "right", "right"] {
        press(&mut state, key);
    }
    assert_eq!(press(&mut state, "right"), []);
    assert_eq!(press(&mut state, "up"), []);
    assert_eq!(predictions(&state).layers, Layers::Selected);
}

#[test]
fn the_number_of_tokens_has_ends_and_is_remembered() {
    let (mut state, _, _) = opened(1, "shift-p");
    for _ in 0..MOST_TOKENS + 5 {
        press(&mut state, "+");
    }
    assert_eq!(predictions(&state).top_k, MOST_TOKENS);
    for _ in 0..MOST_TOKENS + 5 {
        press(&mut state, "-");
    }
    assert_eq!(predictions(&state).top_k, 1);
    press(&mut state, "esc");
    press(&mut state, "shift-p");
    assert_eq!(predictions(&state).top_k, 1);
}

#[test]
fn the_page_moves_the_selected_cell_of_the_grid() {
    for key in ["shift-p", "shift-a"] {
        let (mut state, _, _) = opened(3, key);
        press(&mut state, "left");
        press(&mut state, "up");
        press(&mut state, "esc");
        assert!(state.page.is_none());
        assert_eq!(state.cursor.step, Step(1));
        assert_eq!(state.cursor.row, Row::Layer(Layer(LAYERS - 2)));
    }
}

#[test]
fn the_same_key_closes_the_page_and_the_others_key_takes_its_place() {
    let (mut state, _, _) = opened(1, "shift-p");
    let effects = press(&mut state, "shift-a");
    assert_eq!(asks(&effects), [attribution_at(0, CHOSEN)]);
    press(&mut state, "shift-p");
    predictions(&state);
    press(&mut state, "shift-p");
    assert!(state.page.is_none());
}

#[test]
fn while_tokens_come_the_page_stays_at_its_step() {
    let (mut state, run) = with_steps(2);
    press(&mut state, "tab");
    press(&mut state, "shift-a");
    assert_eq!(step(&mut state, run, 2), []);
    assert_eq!(state.cursor.step, Step(1));
}

#[test]
fn the_newest_answer_stays_until_the_next_one_comes() {
    let (mut state, run, _) = opened(3, "shift-p");
    let top_k = predictions(&state).top_k;
    hear(&mut state, predicted(run, 2, top_k));
    press(&mut state, "left");
    let best = &predictions(&state).best;
    assert!(best.is_waiting());
    assert_eq!(best.newest().unwrap().0.ask.at(), Some(at(2)));
    hear(&mut state, predicted(run, 1, top_k));
    let best = &predictions(&state).best;
    assert!(!best.is_waiting());
    assert_eq!(best.newest().unwrap().0.ask.at(), Some(at(1)));
}

#[test]
fn a_question_that_fails_is_waited_for_no_longer_and_not_asked_again() {
    let (mut state, run, _) = opened(2, "shift-a");
    let other = question(run, LensKind::Normed, predictions_at(1, 5));
    assert_eq!(hear(&mut state, unanswered(other)), []);
    assert!(attribution(&state).split.is_waiting(), "another one failed");
    let asked = question(run, LensKind::Normed, attribution_at(1, CHOSEN));
    assert_eq!(hear(&mut state, unanswered(asked)), []);
    assert!(!attribution(&state).split.is_waiting());
}

#[test]
fn without_a_run_nothing_is_asked_until_one_is_there() {
    for key in ["shift-p", "shift-a"] {
        let mut state = ready();
        press(&mut state, "tab");
        assert_eq!(press(&mut state, key), []);
        assert_eq!(press(&mut state, "down"), []);
    }
    // A prompt that is only processed has no chosen token to split.
    let mut state = ready();
    type_text(&mut state, "ab");
    press(&mut state, "tab");
    press(&mut state, "c");
    press(&mut state, "tab");
    press(&mut state, "shift-a");
    let run = state.run.as_ref().unwrap().id;
    assert_eq!(asks(&finish(&mut state, run)), []);
}

#[test]
fn the_target_goes_round_the_chosen_token_and_the_candidates() {
    let (mut state, run) = with_steps(1);
    finish(&mut state, run);
    press(&mut state, "tab");
    state.typed_candidates = "is are".into();
    let effects = press(&mut state, "shift-a");
    let wanted = vec![" is".into(), " are".into()];
    assert_eq!(
        asks(&effects),
        [
            Ask::Candidates { at: at(0), wanted },
            attribution_at(0, CHOSEN)
        ]
    );
    hear(&mut state, candidates(run, 0));
    let of = |token, minus: Option<u32>| Target {
        token: TokenId(token),
        minus: minus.map(TokenId),
    };
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.extend(asks(&press(&mut state, "tab")));
    }
    // The last row of this run lists no token but the chosen one, so there is no runner-up.
    assert_eq!(
        seen,
        [of(7, Some(8)), of(7, None), of(8, None), CHOSEN].map(|t| attribution_at(0, t))
    );
    press(&mut state, "backtab");
    assert_eq!(attribution(&state).goal, Goal::Candidate(1));
}

#[test]
fn the_runner_up_is_the_best_other_token_of_the_last_row() {
    let (mut state, run) = running();
    let mut sampled = (*column(2)).clone();
    sampled.layers[LAYERS - 1].top = vec![(TokenId(5), 3.0), (TokenId(1), 2.0), (TokenId(4), 1.0)];
    let event = Event::Step {
        run,
        step: Step(0),
        column: Arc::new(sampled),
        text: " x".into(),
        made: state.now,
    };
    hear(&mut state, event);
    press(&mut state, "tab");
    press(&mut state, "shift-a");
    let above = Target {
        minus: Some(TokenId(5)),
        ..CHOSEN
    };
    assert_eq!(asks(&press(&mut state, "tab")), [attribution_at(0, above)]);
}

#[test]
fn the_candidates_of_an_open_comparison_are_watched_without_asking_again() {
    let (mut state, run) = with_steps(1);
    finish(&mut state, run);
    press(&mut state, "tab");
    press(&mut state, "c");
    type_text(&mut state, "is are");
    hear(&mut state, candidates(run, 0));
    press(&mut state, "tab");
    let effects = press(&mut state, "shift-p");
    assert_eq!(asks(&effects).len(), 1);
    assert_eq!(
        predictions(&state).watched.letter(run, TokenId(8)),
        Some('b')
    );
}

#[test]
fn heads_are_asked_for_while_they_are_shown_and_with_each_layer() {
    let (mut state, run, _) = opened(1, "shift-a");
    assert_eq!(asks(&press(&mut state, "up")), []);
    let heads = |layer| Ask::Heads {
        at: at(0),
        target: CHOSEN,
        layer: Layer(layer),
    };
    assert_eq!(asks(&press(&mut state, "enter")), [heads(LAYERS - 2)]);
    assert_eq!(asks(&press(&mut state, "up")), [heads(LAYERS - 3)]);
    assert_eq!(asks(&press(&mut state, "s")), []);
    let shares = HeadContributions {
        target: CHOSEN,
        layer: Layer(0),
        heads: vec![0.5, -0.5],
        bias: 0.0,
        attention: 0.0,
    };
    let asked = question(run, LensKind::Normed, heads(LAYERS - 3));
    let event = answered(asked, Answer::Heads(Arc::new(shares.clone())));
    hear(&mut state, attributed(run, 0, CHOSEN));
    assert!(attribution(&state).is_waiting());
    hear(&mut state, event);
    assert!(!attribution(&state).is_waiting());
    assert_eq!(**attribution(&state).heads.answer(run).unwrap(), shares);
    press(&mut state, "enter");
    assert_eq!(attribution(&state).side_panel, SidePanel::Lens);
}

#[test]
fn the_split_of_a_chosen_token_is_kept_with_its_run() {
    let (mut state, run, _) = opened(2, "shift-a");
    hear(&mut state, attributed(run, 1, CHOSEN));
    let other = Target {
        token: TokenId(7),
        minus: None,
    };
    hear(&mut state, attributed(run, 0, other));
    let above = Target {
        minus: Some(TokenId(7)),
        ..CHOSEN
    };
    hear(&mut state, attributed(run, 0, above));
    press(&mut state, "esc");
    let kept: Vec<Position> = state.run.unwrap().attributions.into_keys().collect();
    assert_eq!(kept, [at(1)]);
}

#[test]
fn another_lens_stands_beside_the_wanted_one_and_is_asked_about_behind_it() {
    let (mut state, run, effects) = opened(1, "shift-p");
    let lenses = |effects: &[Effect]| -> Vec<LensKind> {
        let asked = questions(effects).into_iter();
        let asked = asked.filter(|asked| matches!(asked.ask, Ask::Predictions { .. }));
        asked.map(|asked| asked.lens).collect()
    };
    assert_eq!(lenses(&effects), [LensKind::Normed]);
    // While the first question waits, a second one would take its place.
    assert_eq!(lenses(&press(&mut state, "b")), []);
    let top_k = predictions(&state).top_k;
    let effects = hear(&mut state, predicted(run, 0, top_k));
    assert_eq!(lenses(&effects), [LensKind::Raw]);
    assert_eq!(predictions(&state).beside, Some(LensKind::Raw));
    press(&mut state, "b");
    assert_eq!(predictions(&state).beside, None);
}
