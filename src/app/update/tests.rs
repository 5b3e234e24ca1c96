#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
//! What each message does: the state after it, and what has to happen outside.

use std::sync::Arc;

use crossterm::event::{KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use super::update;
use crate::app::{
    Capture, Effect, Follow, Loading, Message, Page, Pane, PaneAreas, Phase, Start, State,
};
use crate::engine::{
    Answer, Ask, Command, Event, FetchProgress, Fit, ModelEntry, Question, Rest, Whereabouts,
};
use crate::model::Dtype;
use crate::run::{CandidateRequest, Comparison, ModelInfo, RunId, Sampling, StopReason};
use crate::settings::theme::Depth;
use crate::settings::{Charset, Settings};
use crate::testing;
use crate::trace::{Cell, Column, Layer, LensKind, Position, Row, Step, TokenId, Trajectory};
use crate::vocabulary::{Piece, Vocabulary};

fn question(run: RunId, lens: LensKind, ask: Ask) -> Question {
    Question { run, lens, ask }
}

/// The whole answer to a question.
fn answered(question: Question, answer: Answer) -> Event {
    Event::Answered {
        to: Arc::new(question),
        answer,
        rest: Rest::Nothing,
    }
}

/// A question has no answer.
fn unanswered(question: Question) -> Event {
    Event::Unanswered {
        to: Arc::new(question),
        why: "no".into(),
    }
}

/// The answer to the question where `wanted` stand.
fn compared(wanted: &[&str], comparison: Comparison) -> Event {
    let ask = Ask::Candidates {
        at: comparison.at,
        wanted: wanted
            .iter()
            .map(|text| CandidateRequest::from(*text))
            .collect(),
    };
    let question = question(comparison.run, comparison.lens, ask);
    answered(question, Answer::Candidates(Arc::new(comparison)))
}

/// All columns of a run under another lens.
fn recast_to(run: RunId, lens: LensKind, columns: Vec<Arc<Column>>) -> Event {
    answered(question(run, lens, Ask::Relens), Answer::Relens(columns))
}

mod actions;
mod candidates;
mod cell_attribution;
mod chapters;
mod comparing;
mod keeping;
mod leaving;
mod loading;
mod options;
mod prompt_columns;
mod running;
mod runs;
mod saving;
mod search;
mod selecting;
mod views;
mod writing;

const LAYERS: usize = 3;

/// The tokens of every prompt.
const PROMPT: [TokenId; 1] = [TokenId(0)];

fn start(prompt: Option<&str>) -> (State, Vec<Effect>) {
    start_with(|start| Start {
        prompt: prompt.map(str::to_owned),
        ..start
    })
}

/// The defaults, with a tiny model and eight tokens a run.
fn settings() -> Settings {
    let mut settings = Settings::embedded().unwrap();
    settings.options.model = "tiny".into();
    settings.options.max_tokens = 8;
    settings
}

fn start_with(change: impl FnOnce(Start) -> Start) -> (State, Vec<Effect>) {
    let start = Start::on((120, 40));
    State::new(settings(), change(start))
}

fn ready() -> State {
    let (mut state, _) = start(None);
    hear(&mut state, Event::Ready(model()));
    state
}

/// A run of "ab" under way.
fn running() -> (State, RunId) {
    let mut state = ready();
    type_text(&mut state, "ab");
    let effects = press(&mut state, "enter");
    let [Effect::Engine(Command::Run(run))] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    let run = run.id;
    hear(
        &mut state,
        Event::Started {
            run,
            prompt: PROMPT.into(),
        },
    );
    (state, run)
}

fn with_steps(steps: usize) -> (State, RunId) {
    let (mut state, run) = running();
    for at in 0..steps {
        step(&mut state, run, at);
    }
    (state, run)
}

/// The order to load a model as the settings have it.
fn load(model: &str) -> Effect {
    Effect::Engine(Command::Load {
        model: model.into(),
        dtype: Dtype::Auto,
    })
}

fn step(state: &mut State, run: RunId, at: usize) -> Vec<Effect> {
    let made = state.now;
    hear(
        state,
        Event::Step {
            run,
            step: Step(at),
            column: column(at as u32 + 1),
            text: " x".into(),
            made,
        },
    )
}

fn finish(state: &mut State, run: RunId) -> Vec<Effect> {
    hear(
        state,
        Event::Finished {
            run,
            reason: StopReason::MaxTokens,
            text: String::new(),
        },
    )
}

fn hear(state: &mut State, event: Event) -> Vec<Effect> {
    update(state, Message::Engine(event))
}

fn press(state: &mut State, key: &str) -> Vec<Effect> {
    let key: KeyEvent = crokey::parse(key).unwrap().into();
    update(state, Message::Key(key))
}

fn type_text(state: &mut State, text: &str) -> Vec<Effect> {
    text.chars()
        .flat_map(|character| {
            let key = KeyEvent::from(crossterm::event::KeyCode::Char(character));
            update(state, Message::Key(key))
        })
        .collect()
}

fn model() -> Arc<ModelInfo> {
<<<<<<< main
    Arc::new(testing::model(LAYERS, &[" x"; 100]))
=======
    Arc::new(ModelInfo {
        name: "Tiny".into(),
        family: "llama".into(),
        n_layers: LAYERS,
        d_model: 4,
        vocab_size: 100,
        context_length: 64,
        weights: "f32".into(),
        arithmetic: "exact".into(),
        device: "cpu".into(),
        parameters: 1000,
        notes: Vec::new(),
        saved_run: None,
        lenses: crate::run::LensInfo::of_any_model(),
        vocabulary: Arc::new(Vocabulary::new(vec![Piece::Bytes(b" x".to_vec()); 100])),
    })
>>>>>>> 572a2502e4a45513af82a01be539cd4483a7691f
}

/// A candidate that is on rank 9, then 2 at every layer.
fn trajectory(text: &str, tokens: &[u32]) -> Trajectory {
    testing::trajectory(text, tokens, &[&[9], [2; LAYERS].as_slice()].concat())
}

fn column(rank: u32) -> Arc<Column> {
    let cell = Cell {
        kl: 0.0,
        ..testing::cell_of(rank, &[1])
    };
    Arc::new(Column {
<<<<<<< main
        embedding: cell.clone(),
        layers: vec![cell; LAYERS],
        ..testing::column(1, &[rank])
=======
        token: TokenId(1),
        lens: LensKind::Normed,
        embedding: Some(cell.clone()),
        layers: vec![cell; LAYERS].into(),
>>>>>>> 572a2502e4a45513af82a01be539cd4483a7691f
    })
}

fn relens(run: RunId, lens: LensKind) -> Effect {
    let ask = Ask::Relens;
    Effect::Engine(Command::Ask(Question { run, lens, ask }))
}

/// The candidates that are asked about, each time with the step and the lens.
fn asked(effects: &[Effect]) -> Vec<(Step, Vec<String>, LensKind)> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Engine(Command::Ask(Question {
                lens,
                ask: Ask::Candidates { at, wanted },
                ..
            })) => {
                let texts = wanted.iter().map(ToString::to_string).collect();
                Some((Step(at.0 - PROMPT.len()), texts, *lens))
            }
            _ => None,
        })
        .collect()
}

<<<<<<< main
=======
mod prompt_columns;
mod search;

mod loading {
    use super::*;

    #[test]
    fn the_model_is_loaded_at_the_start() {
        let (_, effects) = start(None);
        assert_eq!(effects, [load("tiny")]);
    }

    #[test]
    fn a_prompt_of_the_command_line_runs_as_soon_as_the_model_is_ready() {
        let (mut state, _) = start(Some("Hello"));
        let effects = hear(&mut state, Event::Ready(model()));
        let [Effect::Engine(Command::Run(run))] = effects.as_slice() else {
            panic!("{effects:?}");
        };
        assert_eq!((run.prompt.as_str(), run.max_tokens), ("Hello", 8));
        assert_eq!(state.view.focus, Pane::Grid);
    }

    #[test]
    fn enter_while_the_model_loads_queues_the_prompt() {
        let (mut state, _) = start(None);
        type_text(&mut state, "ab");
        assert_eq!(press(&mut state, "enter"), []);
        assert_eq!(state.queued.as_deref(), Some("ab"));
        let effects = hear(&mut state, Event::Ready(model()));
        assert!(
            matches!(effects.as_slice(), [Effect::Engine(Command::Run(run))] if run.prompt == "ab")
        );
        assert_eq!(state.queued, None);
    }

    #[test]
    fn esc_gives_the_load_up_and_later_progress_is_no_news() {
        let (mut state, _) = start(None);
        assert_eq!(press(&mut state, "esc"), [Effect::CancelLoad]);
        hear(
            &mut state,
            Event::Fetching(FetchProgress {
                source: "hub".into(),
                file: "f".into(),
                bytes: 1,
                total: None,
                speed: None,
            }),
        );
        assert_eq!(state.model.loading, Loading::Cancelled);
        hear(&mut state, Event::LoadFailed("cancelled".into()));
        assert_eq!(state.model.loading, Loading::Cancelled);
        assert_eq!(state.notice, None);
    }

    #[test]
    fn a_failed_load_is_tried_again_by_key_or_by_generating() {
        for by in ["shift-r", "enter"] {
            let (mut state, _) = start(None);
            type_text(&mut state, "ab");
            hear(&mut state, Event::LoadFailed("no network".into()));
            if by == "shift-r" {
                press(&mut state, "tab");
            }
            let effects = press(&mut state, by);
            assert_eq!(effects, [load("tiny")], "{by}");
            assert_eq!(state.model.loading, Loading::Asked);
        }
    }

    #[test]
    fn sources_that_failed_are_kept_until_the_next_try() {
        let (mut state, _) = start(None);
        hear(
            &mut state,
            Event::SourceFailed {
                source: "hub".into(),
                why: "unreachable".into(),
            },
        );
        assert_eq!(state.model.failed_sources.len(), 1);
        hear(&mut state, Event::LoadFailed("nothing left".into()));
        assert_eq!(state.model.failed_sources.len(), 1);
        press(&mut state, "tab");
        press(&mut state, "shift-r");
        assert_eq!(state.model.failed_sources.len(), 0);
    }
}

mod running {
    use super::*;

    #[test]
    fn an_empty_prompt_is_not_run() {
        let mut state = ready();
        assert_eq!(press(&mut state, "enter"), []);
        assert!(state.notice.unwrap().text.contains("empty"));
    }

    #[test]
    fn text_and_columns_grow_by_one_a_step() {
        let (state, _) = with_steps(3);
        let run = state.run.unwrap();
        assert_eq!(run.columns.len(), 3);
        assert_eq!(run.text, " x x x");
        assert_eq!(run.phase, Phase::Generating);
    }

    #[test]
    fn events_of_an_older_run_do_not_touch_the_newest() {
        let (mut state, old) = with_steps(2);
        press(&mut state, "enter");
        step(&mut state, old, 2);
        finish(&mut state, old);
        let run = state.run.unwrap();
        assert!(run.id > old);
        assert_eq!(run.columns.len(), 0);
        assert_eq!(run.phase, Phase::Asked);
    }

    #[test]
    fn esc_stops_the_run_at_once_from_any_pane() {
        for tabs in 0..4 {
            let (mut state, run) = with_steps(1);
            for _ in 0..tabs {
                press(&mut state, "tab");
            }
            assert_eq!(press(&mut state, "esc"), [Effect::StopRun(run)]);
        }
    }

    #[test]
    fn ctrl_c_twice_quits_though_the_run_has_not_stopped_after_a_second() {
        let (mut state, run) = with_steps(1);
        assert_eq!(press(&mut state, "esc"), [Effect::StopRun(run)]);
        assert_eq!(press(&mut state, "ctrl-c"), [Effect::StopRun(run)]);
        assert_eq!(press(&mut state, "ctrl-c"), [], "meant for the run");
        state.now += std::time::Duration::from_secs(1);
        assert_eq!(press(&mut state, "ctrl-c"), [Effect::Quit]);
    }

    #[test]
    fn q_is_text_in_the_prompt_and_quits_elsewhere() {
        let mut state = ready();
        assert_eq!(press(&mut state, "q"), []);
        assert_eq!(state.prompt.text(), "q");
        press(&mut state, "tab");
        assert_eq!(press(&mut state, "q"), [Effect::Quit]);
    }

    #[test]
    fn a_failed_run_says_why_and_keeps_its_columns() {
        let (mut state, run) = with_steps(2);
        hear(
            &mut state,
            Event::Failed {
                run: Some(run),
                message: "NaN in layer 2".into(),
            },
        );
        assert_eq!(state.notice.as_ref().unwrap().text, "NaN in layer 2");
        assert_eq!(state.grid_columns().len(), 2);
        assert!(!state.run.unwrap().is_active());
    }

    #[test]
    fn the_lens_is_changed_for_the_whole_run() {
        let (mut state, run) = with_steps(2);
        press(&mut state, "tab");
        let lens = LensKind::Raw;
        assert_eq!(press(&mut state, "shift-l"), [relens(run, lens)]);
        let columns = vec![column(7), column(8)];
        hear(&mut state, recast_to(run, lens, columns));
        let run = state.run.unwrap();
        assert_eq!(run.lens, lens);
        assert_eq!(run.column(Step(1)).unwrap().layers[0].score.rank, 8);
    }

    #[test]
    fn a_lens_that_fails_is_not_claimed() {
        let (mut state, run) = with_steps(2);
        finish(&mut state, run);
        press(&mut state, "tab");
        press(&mut state, "shift-l");
        let lens = LensKind::Raw;
        hear(&mut state, unanswered(question(run, lens, Ask::Relens)));
        assert_eq!(state.settings.options.lens, LensKind::Normed);
        assert_eq!(press(&mut state, "shift-l"), [relens(run, lens)], "again");
    }

    #[test]
    fn another_model_takes_the_run_of_the_old_one_away() {
        let (mut state, _) = with_steps(2);
        press(&mut state, "tab");
        press(&mut state, "c");
        hear(&mut state, Event::Ready(model()));
        assert!(state.run.is_none());
        assert!(state.compare.is_none());
        assert_eq!(state.view.focus, Pane::Grid);
    }

    #[test]
    fn without_a_run_the_lens_is_only_remembered() {
        let mut state = ready();
        press(&mut state, "tab");
        assert_eq!(press(&mut state, "shift-l"), []);
        press(&mut state, "i");
        type_text(&mut state, "ab");
        let effects = press(&mut state, "enter");
        assert!(
            matches!(effects.as_slice(), [Effect::Engine(Command::Run(run))] if run.lens == LensKind::Raw)
        );
    }
}

mod selecting {
    use super::*;

    #[test]
    fn the_newest_step_is_followed_until_the_user_moves_away() {
        let (mut state, run) = with_steps(3);
        press(&mut state, "tab");
        assert_eq!(state.cursor.step, Step(2));
        press(&mut state, "left");
        step(&mut state, run, 3);
        assert_eq!(state.cursor.step, Step(1));
        press(&mut state, "end");
        step(&mut state, run, 4);
        assert_eq!(state.cursor.step, Step(4));
    }

    #[test]
    fn arrows_and_letters_move_alike() {
        for [left, down, up, right] in [["left", "down", "up", "right"], ["h", "j", "k", "l"]] {
            let (mut state, _) = with_steps(4);
            press(&mut state, "tab");
            press(&mut state, "g");
            assert_eq!(state.cursor.row, Row::Layer(Layer(0)));
            press(&mut state, down);
            press(&mut state, down);
            press(&mut state, up);
            assert_eq!(state.cursor.row, Row::Layer(Layer(1)));
            press(&mut state, left);
            press(&mut state, left);
            press(&mut state, right);
            assert_eq!(state.cursor.step, Step(2));
        }
    }

    #[test]
    fn nothing_moves_over_the_edge() {
        let (mut state, _) = with_steps(2);
        press(&mut state, "tab");
        for key in ["right", "down", "pagedown", "w"] {
            press(&mut state, key);
        }
        assert_eq!(state.cursor.step, Step(1));
        assert_eq!(state.cursor.row, Row::Layer(Layer(LAYERS - 1)));
        for key in ["left", "left", "left", "up", "up", "up", "pageup", "b"] {
            press(&mut state, key);
        }
        assert_eq!(state.cursor.step, Step(0));
        assert_eq!(state.cursor.row, Row::Layer(Layer(0)));
    }

    #[test]
    fn the_row_emb_can_be_shown_and_selected() {
        let (mut state, _) = with_steps(1);
        press(&mut state, "tab");
        press(&mut state, "shift-o");
        press(&mut state, "g");
        assert_eq!(state.cursor.row, Row::Embedding);
        press(&mut state, "shift-o");
        assert_eq!(state.cursor.row, Row::Layer(Layer(LAYERS - 1)));
    }

    #[test]
    fn a_click_selects_the_cell_under_it() {
        let (mut state, _) = with_steps(4);
        let grid = PaneAreas::of(&state).unwrap().grid;
        let click = MouseEvent {
            kind: MouseEventKind::Down(MouseButton::Left),
            // Two cells of seven behind the labels, two rows below border and tokens.
            column: grid.x + 1 + 5 + 7 + 2,
            row: grid.y + 1 + 1 + 1,
            modifiers: KeyModifiers::NONE,
        };
        update(&mut state, Message::Mouse(click));
        assert_eq!(state.view.focus, Pane::Grid);
        assert_eq!(state.cursor.step, Step(1));
        assert_eq!(state.cursor.row, Row::Layer(Layer(1)));
        assert_eq!(state.cursor.follow, Follow::Stay);
    }

    #[test]
    fn the_mouse_is_taken_only_when_asked_for() {
        let (mut state, effects) = start(None);
        assert!(!effects.iter().any(|e| matches!(e, Effect::CaptureMouse(_))));
        press(&mut state, "tab");
        let on = press(&mut state, "shift-m");
        assert_eq!(on, [Effect::CaptureMouse(Capture::On)]);
        let off = press(&mut state, "shift-m");
        assert_eq!(off, [Effect::CaptureMouse(Capture::Off)]);
    }

    #[test]
    fn tab_goes_round_the_panes_and_back() {
        let mut state = ready();
        let mut seen = Vec::new();
        for _ in 0..4 {
            seen.push(state.view.focus);
            press(&mut state, "tab");
        }
        assert_eq!(seen, [Pane::Prompt, Pane::Grid, Pane::Cell, Pane::Log]);
        press(&mut state, "backtab");
        assert_eq!(state.view.focus, Pane::Log);
    }
}

mod comparing {
    use super::*;

    fn comparison(run: RunId, step: Step) -> Event {
        compared(
            &[" is"],
            Comparison {
                run,
                at: Position(PROMPT.len() + step.0),
                lens: LensKind::Normed,
                trajectories: vec![Ok(Trajectory {
                    candidate: Candidate {
                        text: " is".into(),
                        tokens: vec![TokenId(1)],
                        context_changed: false,
                    },
                    embedding: Some(score(9)),
                    layers: vec![score(2); LAYERS].into(),
                })],
            },
        )
    }

    fn opened(steps: usize) -> (State, RunId) {
        let (mut state, run) = with_steps(steps);
        finish(&mut state, run);
        press(&mut state, "tab");
        press(&mut state, "c");
        (state, run)
    }

    #[test]
    fn each_keystroke_that_changes_the_candidates_asks() {
        let (mut state, _) = opened(2);
        let effects = type_text(&mut state, "is a");
        let candidates: Vec<Vec<String>> = asked(&effects).into_iter().map(|q| q.1).collect();
        let of = |texts: &[&str]| -> Vec<String> { texts.iter().map(|t| (*t).into()).collect() };
        // The space changes nothing.
        assert_eq!(candidates, [of(&[" i"]), of(&[" is"]), of(&[" is", " a"])]);
    }

    #[test]
    fn the_position_can_be_changed_from_the_field_and_from_the_table() {
        let (mut state, _) = opened(3);
        type_text(&mut state, "is");
        let back = press(&mut state, "pageup");
        assert_eq!(
            asked(&back),
            [(Step(1), vec![" is".into()], LensKind::Normed)]
        );
        press(&mut state, "tab");
        let back = press(&mut state, "left");
        assert_eq!(asked(&back)[0].0, Step(0));
        assert_eq!(asked(&press(&mut state, "left")), []);
    }

    #[test]
    fn another_lens_asks_again() {
        let (mut state, run) = opened(1);
        type_text(&mut state, "is");
        press(&mut state, "tab");
        let effects = press(&mut state, "shift-l");
        let lens = LensKind::Raw;
        assert_eq!(effects[0], relens(run, lens));
        assert_eq!(asked(&effects), [(Step(0), vec![" is".into()], lens)]);
    }

    #[test]
    fn before_any_run_the_prompt_is_processed_first() {
        let mut state = ready();
        type_text(&mut state, "ab");
        press(&mut state, "tab");
        let effects = press(&mut state, "c");
        let [Effect::Engine(Command::Run(run))] = effects.as_slice() else {
            panic!("{effects:?}");
        };
        assert_eq!((run.prompt.as_str(), run.max_tokens), ("ab", 0));
        let run = run.id;
        let prompt = PROMPT.into();
        hear(&mut state, Event::Started { run, prompt });
        assert_eq!(asked(&type_text(&mut state, "is")), []);
        let prompt = PROMPT.into();
        hear(&mut state, Event::Started { run, prompt });
        let effects = finish(&mut state, run);
        assert_eq!(
            asked(&effects),
            [(Step(0), vec![" is".into()], LensKind::Normed)]
        );
    }

    #[test]
    fn it_can_be_opened_while_tokens_come() {
        let (mut state, run) = with_steps(2);
        press(&mut state, "tab");
        press(&mut state, "c");
        assert_eq!(asked(&type_text(&mut state, "i"))[0].0, Step(1));
        // The position stays while the run goes on.
        assert_eq!(asked(&step(&mut state, run, 2)), []);
        assert_eq!(state.cursor.step, Step(1));
    }

    #[test]
    fn an_answer_to_another_position_is_dropped() {
        let (mut state, run) = opened(3);
        type_text(&mut state, "is");
        hear(&mut state, comparison(run, Step(0)));
        assert!(state.compare.as_ref().unwrap().answer().is_none());
        hear(&mut state, comparison(run, Step(2)));
        assert!(state.compare.as_ref().unwrap().answer().is_some());
    }

    #[test]
    fn no_candidates_no_answer() {
        let (mut state, run) = opened(1);
        type_text(&mut state, "i");
        hear(&mut state, comparison(run, Step(0)));
        press(&mut state, "backspace");
        assert!(state.compare.as_ref().unwrap().answer().is_none());
    }

    #[test]
    fn the_candidates_are_there_when_it_is_opened_again() {
        let (mut state, _) = opened(1);
        type_text(&mut state, "is");
        press(&mut state, "esc");
        assert!(state.compare.is_none());
        assert_eq!(state.view.focus, Pane::Grid);
        let effects = press(&mut state, "c");
        assert_eq!(asked(&effects)[0].1, [" is"]);
    }

    #[test]
    fn a_new_run_is_compared_at_its_own_position() {
        let (mut state, old) = opened(3);
        type_text(&mut state, "is");
        press(&mut state, "tab");
        let effects = press(&mut state, "enter");
        let [Effect::Engine(Command::Run(run))] = effects.as_slice() else {
            panic!("{effects:?}");
        };
        let run = run.id;
        assert!(run > old);
        let prompt = PROMPT.into();
        hear(&mut state, Event::Started { run, prompt });
        assert_eq!(asked(&step(&mut state, run, 0)).len(), 1);
    }
}

mod writing {
    use super::*;

    #[test]
    fn a_pasted_text_is_text_and_never_runs() {
        let mut state = ready();
        let effects = update(&mut state, Message::Paste("one\r\ntwo\rthree\n".into()));
        assert_eq!(effects, []);
        assert_eq!(state.prompt.text(), "one\ntwo\nthree\n");
        press(&mut state, "ctrl-_");
        assert_eq!(state.prompt.text(), "");
    }

    #[test]
    fn a_pasted_text_that_no_prompt_holds_is_refused_in_one_line() {
        let mut state = ready();
        let half = "x".repeat(crate::trace::LONGEST_PROMPT / 2);
        for _ in 0..2 {
            update(&mut state, Message::Paste(half.clone()));
            assert!(state.notice.is_none());
        }
        update(&mut state, Message::Paste("y".into()));
        assert_eq!(state.prompt.text().len(), crate::trace::LONGEST_PROMPT);
        let told = &state.notice.as_ref().unwrap().text;
        assert!(told.contains("a prompt holds 1 MB"), "{told}");
    }

    #[test]
    fn a_pasted_text_of_more_lines_than_can_be_shown_is_refused_in_one_line() {
        let mut state = ready();
        update(&mut state, Message::Paste("x\n".repeat(64_990)));
        assert!(state.notice.is_none());
        update(&mut state, Message::Paste("y\n".repeat(10)));
        assert_eq!(state.prompt.text().len(), 2 * 64_990);
        let told = &state.notice.as_ref().unwrap().text;
        assert!(told.contains("a prompt holds 65000"), "{told}");
    }

    #[test]
    fn a_pasted_text_that_no_field_holds_is_refused_in_one_line() {
        let mut state = ready();
        press(&mut state, "ctrl-s");
        update(&mut state, Message::Paste("x".repeat(1 << 15)));
        let told = &state.notice.as_ref().unwrap().text;
        assert!(told.contains("a field holds 16 kB"), "{told}");
        assert_eq!(state.prompt.text(), "");
    }

    #[test]
    fn a_new_line_has_keys_of_its_own() {
        let mut state = ready();
        for key in ["a", "ctrl-j", "b", "alt-enter", "c"] {
            assert_eq!(press(&mut state, key), []);
        }
        assert_eq!(state.prompt.text(), "a\nb\nc");
    }

    #[test]
    fn up_and_down_at_the_edges_go_through_the_history() {
        let mut state = ready();
        for prompt in ["first", "second"] {
            press(&mut state, "ctrl-u");
            type_text(&mut state, prompt);
            press(&mut state, "enter");
        }
        press(&mut state, "ctrl-u");
        type_text(&mut state, "draft");
        let mut texts = Vec::new();
        for key in ["up", "up", "up", "down", "down", "down"] {
            press(&mut state, key);
            texts.push(state.prompt.text());
        }
        assert_eq!(
            texts,
            ["second", "first", "first", "second", "draft", "draft"]
        );
    }

    #[test]
    fn the_prompt_that_was_just_run_is_not_recalled_as_the_one_before() {
        let mut state = ready();
        for prompt in ["first", "second"] {
            press(&mut state, "ctrl-u");
            type_text(&mut state, prompt);
            press(&mut state, "enter");
        }
        let mut texts = Vec::new();
        for key in ["ctrl-p", "ctrl-p", "ctrl-n", "ctrl-n"] {
            press(&mut state, key);
            texts.push(state.prompt.text());
        }
        assert_eq!(texts, ["first", "first", "second", "second"]);
    }

    #[test]
    fn examples_come_one_after_the_other_and_can_be_undone() {
        let mut state = ready();
        type_text(&mut state, "mine");
        press(&mut state, "ctrl-r");
        let first = state.prompt.text();
        assert_eq!(first, state.settings.examples[0].prompt);
        press(&mut state, "ctrl-r");
        assert_eq!(state.prompt.text(), state.settings.examples[1].prompt);
        assert_eq!(state.typed_candidates, state.settings.examples[1].compare);
    }

    #[test]
    fn emacs_keys_edit_both_fields() {
        let mut state = ready();
        type_text(&mut state, "one two");
        for key in ["ctrl-w", "ctrl-a", "delete", "ctrl-e", "backspace"] {
            press(&mut state, key);
        }
        assert_eq!(state.prompt.text(), "ne");
        press(&mut state, "tab");
        press(&mut state, "c");
        type_text(&mut state, "is are");
        for key in ["ctrl-w", "ctrl-a", "ctrl-d"] {
            press(&mut state, key);
        }
        assert_eq!(state.compare.unwrap().field.value(), "s ");
    }

    #[test]
    fn help_opens_everywhere_and_keeps_keys_from_the_panes() {
        let mut state = ready();
        press(&mut state, "ctrl-g");
        assert!(matches!(state.page, Some(Page::Help { .. })));
        type_text(&mut state, "xyz");
        press(&mut state, "tab");
        assert_eq!(state.prompt.text(), "");
        assert_eq!(state.view.focus, Pane::Prompt);
        assert_eq!(press(&mut state, "q"), []);
        assert!(state.page.is_none());
    }
}

>>>>>>> 572a2502e4a45513af82a01be539cd4483a7691f
#[test]
fn the_list_of_models_asks_the_engine_and_loads_what_is_typed() {
    let (mut state, run) = with_steps(2);
    finish(&mut state, run);
    press(&mut state, "tab");
    assert_eq!(press(&mut state, "m"), [Effect::Engine(Command::List)]);
    hear(&mut state, Event::Models(Vec::new()));
    type_text(&mut state, "org/name");
    let effects = press(&mut state, "enter");
    assert_eq!(effects, [load("org/name")]);
    assert!(state.page.is_none());
    assert_eq!(state.prompt.text(), "ab");
}

#[test]
fn a_failed_load_leaves_the_old_model_and_its_run() {
    let (mut state, _) = with_steps(2);
    press(&mut state, "tab");
    press(&mut state, "m");
    type_text(&mut state, "org/name");
    press(&mut state, "enter");
    hear(&mut state, Event::LoadFailed("no such repository".into()));
    assert!(state.model.ready.is_some());
    assert_eq!(state.run.unwrap().columns.len(), 2);
    assert_eq!(state.notice.unwrap().text, "no such repository");
}

#[test]
fn a_model_that_comes_while_the_old_one_runs_stops_that_run() {
    let (mut state, run) = with_steps(2);
    let effects = hear(&mut state, Event::Ready(model()));
    assert_eq!(effects, [Effect::StopRun(run)]);
    assert!(state.run.is_none());
    assert_eq!(state.prompt.text(), "ab");
}

#[test]
fn escape_closes_the_list_of_models_and_stops_nothing() {
    let (mut state, _) = with_steps(1);
    press(&mut state, "tab");
    press(&mut state, "m");
    assert_eq!(press(&mut state, "esc"), []);
    assert!(state.page.is_none() && state.run.is_some());
}

fn listed(name: &str, fault: Option<&str>) -> ModelEntry {
    ModelEntry {
        name: name.into(),
        title: name.into(),
        family: None,
        parameters: None,
        size: None,
        whereabouts: Whereabouts::OnDisk,
        memory: None,
        fit: Fit::Unknown,
        fault: fault.map(str::to_owned),
        lenses: Vec::new(),
        is_loaded: false,
    }
}

#[test]
fn files_that_cannot_be_used_are_not_loaded_but_the_reason_is_told() {
    let (mut state, _) = with_steps(1);
    press(&mut state, "tab");
    press(&mut state, "m");
    let models = vec![listed("broken", Some("broken: the file is empty"))];
    hear(&mut state, Event::Models(models));
    assert_eq!(press(&mut state, "enter"), []);
    assert!(matches!(state.page, Some(Page::Models(_))) && state.model.ready.is_some());
    assert_eq!(state.notice.unwrap().text, "broken: the file is empty");
}

#[test]
fn the_list_comes_anew_when_a_model_is_ready_while_it_is_open() {
    let (mut state, _) = start(None);
    press(&mut state, "tab");
    press(&mut state, "m");
    hear(&mut state, Event::Models(vec![listed("a", None)]));
    let effects = hear(&mut state, Event::Ready(model()));
    assert_eq!(effects, [Effect::Engine(Command::List)]);
    assert!(matches!(state.page, Some(Page::Models(_))));
}
