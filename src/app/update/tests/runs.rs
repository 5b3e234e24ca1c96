//! Runs that are kept, given texts, branches and interventions.

use super::*;
use crate::app::{Origin, Run, Side};
use crate::run::{ActivationPatch, Continuation, Intervention};
use crate::trace::Ablation;

/// A finished run of three steps, the grid in focus.
fn finished() -> State {
    let (mut state, run) = with_steps(3);
    finish(&mut state, run);
    press(&mut state, "tab");
    state
}

/// The run that is asked for first.
fn begun(effects: &[Effect]) -> crate::engine::RunRequest {
    let asked = effects.iter().find_map(|effect| match effect {
        Effect::Engine(Command::Run(run)) => Some(run.clone()),
        _ => None,
    });
    asked.unwrap_or_else(|| panic!("no run in {effects:?}"))
}

/// The run that was just asked for comes to its end, with so many steps.
fn complete(state: &mut State, steps: usize) -> RunId {
    let run = shown(state).id;
    let prompt = PROMPT.into();
    hear(state, Event::Started { run, prompt });
    for at in 0..steps {
        step(state, run, at);
    }
    finish(state, run);
    run
}

fn shown(state: &State) -> &Run {
    state.run.as_ref().unwrap()
}

/// What is skipped, as the status line has it.
fn skipped(run: &crate::engine::RunRequest) -> Vec<String> {
    run.interventions.iter().map(ToString::to_string).collect()
}

fn notice(state: &State) -> &str {
    &state.notice.as_ref().unwrap().text
}

mod keeping {
    use super::*;

    #[test]
    fn the_run_before_is_kept_and_can_be_shown_again() {
        let mut state = finished();
        let old = shown(&state).id;
        press(&mut state, "enter");
        complete(&mut state, 1);
        press(&mut state, "shift-b");
        press(&mut state, "down");
        assert_eq!(press(&mut state, "enter"), []);
        assert!(state.page.is_none());
        assert_eq!((shown(&state).id, shown(&state).columns.len()), (old, 3));
        assert_eq!(state.runs().len(), 2);
    }

    #[test]
    fn what_still_comes_of_an_older_run_goes_to_that_run() {
        let (mut state, old) = with_steps(2);
        press(&mut state, "enter");
        step(&mut state, old, 2);
        hear(
            &mut state,
            Event::Finished {
                run: old,
                reason: StopReason::Stopped,
                text: String::new(),
            },
        );
        assert_eq!(shown(&state).columns.len(), 0);
        let kept = &state.history.others()[0];
        assert_eq!((kept.id, kept.columns.len()), (old, 3));
        assert!(!kept.is_active());
    }

    #[test]
    fn a_run_under_another_lens_is_worked_out_again_when_it_is_shown() {
        let mut state = finished();
        let old = shown(&state).id;
        press(&mut state, "shift-l");
        press(&mut state, "enter");
        complete(&mut state, 1);
        for key in ["shift-b", "down"] {
            press(&mut state, key);
        }
        assert_eq!(press(&mut state, "enter"), [relens(old, LensKind::Raw)]);
    }

    #[test]
    fn a_run_under_way_is_stopped_when_another_is_shown() {
        let mut state = finished();
        let new = begun(&press(&mut state, "enter")).id;
        step(&mut state, new, 0);
        for key in ["shift-b", "down"] {
            press(&mut state, key);
        }
        assert_eq!(press(&mut state, "enter"), [Effect::StopRun(new)]);
    }

    #[test]
    fn the_oldest_is_forgotten_where_there_are_too_many_but_never_the_marked_one() {
        let mut state = finished();
        let first = shown(&state).id;
        for key in ["shift-b", "m", "esc"] {
            press(&mut state, key);
        }
        let mut forgotten = Vec::new();
        for _ in 0..14 {
            let effects = press(&mut state, "enter");
            forgotten.extend(effects.into_iter().filter_map(|effect| match effect {
                Effect::Engine(Command::Forget(run)) => Some(run),
                _ => None,
            }));
            complete(&mut state, 1);
        }
        assert_eq!(state.runs().len(), 12);
        let ids: Vec<u64> = forgotten.iter().map(|run| run.0 - first.0).collect();
        assert_eq!(ids, [1, 2, 3]);
        assert!(state.runs().iter().any(|run| run.id == first));
    }

    #[test]
    fn a_run_can_be_forgotten_but_not_the_shown_one() {
        let mut state = finished();
        let old = shown(&state).id;
        press(&mut state, "enter");
        complete(&mut state, 1);
        press(&mut state, "shift-b");
        assert_eq!(press(&mut state, "d"), []);
        assert!(notice(&state).contains("shown"));
        press(&mut state, "down");
        let effects = press(&mut state, "d");
        assert_eq!(effects, [Effect::Engine(Command::Forget(old))]);
        assert_eq!(state.runs().len(), 1);
    }

    #[test]
    fn another_model_takes_all_runs_and_interventions_with_it() {
        let mut state = finished();
        press(&mut state, "x");
        complete(&mut state, 1);
        hear(&mut state, Event::Ready(model()));
        assert!(state.runs().is_empty() && state.ablations.is_empty());
        assert_eq!(state.history.before, None);
    }
}

mod given {
    use super::*;

    #[test]
    fn a_given_text_is_scored_and_nothing_is_generated() {
        let mut state = ready();
        type_text(&mut state, "ab");
        press(&mut state, "ctrl-t");
        type_text(&mut state, " is\\nso");
        let run = begun(&press(&mut state, "enter"));
        assert_eq!(run.continuation, Continuation::Text(" is\nso".into()));
        assert_eq!((run.prompt.as_str(), run.max_tokens), ("ab", 0));
        assert_eq!(shown(&state).origin, Origin::Given);
    }

    #[test]
    fn it_begins_as_the_text_of_the_run() {
        let mut state = finished();
        press(&mut state, "f");
        let run = begun(&press(&mut state, "enter"));
        assert_eq!(run.continuation, Continuation::Text(" x x x".into()));
    }

    #[test]
    fn a_pasted_text_keeps_its_lines() {
        let mut state = finished();
        for key in ["f", "ctrl-u"] {
            press(&mut state, key);
        }
        update(&mut state, Message::Paste("1. A\n2. \\B".into()));
        let run = begun(&press(&mut state, "enter"));
        assert_eq!(run.continuation, Continuation::Text(" 1. A\n2. \\B".into()));
    }

    #[test]
    fn an_empty_line_is_no_text() {
        let mut state = finished();
        for key in ["f", "ctrl-u"] {
            press(&mut state, key);
        }
        assert_eq!(press(&mut state, "enter"), []);
        assert!(state.page.is_some() && notice(&state).contains("empty"));
    }

    #[test]
    fn given_tokens_are_told_from_chosen_ones() {
        let mut state = finished();
        press(&mut state, "f");
        let run = begun(&press(&mut state, "enter")).id;
        hear(&mut state, Event::Given { run, tokens: 2 });
        let is_given: Vec<bool> = (0..3).map(|s| shown(&state).is_given(Step(s))).collect();
        assert_eq!(is_given, [true, true, false]);
    }

    #[test]
    fn the_command_line_can_give_a_text_and_skip_a_part() {
        let (mut state, _) = start_with(|start| Start {
            prompt: Some("Hello".into()),
            force: Some(" you".into()),
            ablations: vec!["L1.mlp".parse::<Ablation>().unwrap()],
            ..start
        });
        let run = begun(&hear(&mut state, Event::Ready(model())));
        assert_eq!(run.continuation, Continuation::Text(" you".into()));
        assert_eq!(skipped(&run), ["-L1.mlp"]);
    }
}

mod branches {
    use super::*;

    #[test]
    fn another_text_goes_on_from_the_tokens_before() {
        let mut state = finished();
        state.settings.options.sampling.seed = 7;
        for key in ["left", "r", "ctrl-u"] {
            press(&mut state, key);
        }
        let of = shown(&state).id;
        type_text(&mut state, " was");
        let run = begun(&press(&mut state, "enter"));
        assert_eq!(
            run.continuation,
            Continuation::Branch {
                tokens: vec![TokenId(1)],
                text: " was".into()
            }
        );
        assert_eq!(run.max_tokens, 8);
        // As the run that it comes from was drawn.
        assert_eq!(run.sampling.seed, 0);
        assert_eq!(shown(&state).origin, Origin::Branch { of, at: Step(1) });
    }

    #[test]
    fn the_selection_stays_at_the_step_where_it_branches() {
        let mut state = finished();
        for key in ["left", "r", "enter"] {
            press(&mut state, key);
        }
        complete(&mut state, 5);
        assert_eq!(state.cursor.step, Step(1));
    }

    #[test]
    fn a_token_of_the_cell_can_be_taken() {
        let (mut state, run) = running();
        let mut with_others = (*column(1)).clone();
        let best = [(TokenId(5), 3.0), (TokenId(1), 2.0), (TokenId(9), 1.0)];
        with_others.layers[LAYERS - 1].top = best.into();
        let event = Event::Step {
            run,
            step: Step(0),
            column: Arc::new(with_others),
            text: " x".into(),
            made: state.now,
        };
        hear(&mut state, event);
        finish(&mut state, run);
        for key in ["tab", "r", "down", "down"] {
            press(&mut state, key);
        }
        let run = begun(&press(&mut state, "enter"));
        // The token itself is no other one.
        assert_eq!(run.continuation, Continuation::Tokens(vec![TokenId(9)]));
    }

    #[test]
    fn a_branch_of_a_scored_text_is_generated_on() {
        let mut state = finished();
        for key in ["f", "enter"] {
            press(&mut state, key);
        }
        complete(&mut state, 3);
        for key in ["home", "r"] {
            press(&mut state, key);
        }
        assert_eq!(begun(&press(&mut state, "enter")).max_tokens, 8);
    }
}

mod interventions {
    use super::*;

    #[test]
    fn the_parts_of_a_layer_are_skipped_in_turn_and_the_last_press_brings_the_run_back() {
        let mut state = finished();
        let original = shown(&state).id;
        let mut seen = Vec::new();
        for _ in 0..3 {
            let run = begun(&press(&mut state, "x"));
            assert_eq!(run.max_tokens, 8);
            seen.extend(skipped(&run));
            complete(&mut state, 3);
            assert_eq!(state.history.before, Some(original));
        }
        assert_eq!(seen, ["-L2.attn", "-L2.mlp", "-L2"]);
        assert_eq!(press(&mut state, "x"), []);
        assert_eq!(shown(&state).id, original);
    }

    #[test]
    fn the_selection_stays() {
        let mut state = finished();
        for key in ["home", "right", "up", "x"] {
            press(&mut state, key);
        }
        complete(&mut state, 3);
        assert_eq!(state.cursor.step, Step(1));
        assert_eq!(state.cursor.row, Row::Layer(Layer(1)));
    }

    #[test]
    fn parts_are_typed_as_they_are_written() {
        let mut state = finished();
        press(&mut state, "shift-i");
        type_text(&mut state, "L0.mlp -L1.h3");
        let run = begun(&press(&mut state, "enter"));
        assert_eq!(skipped(&run), ["-L0.mlp", "-L1.h3"]);
    }

    #[test]
    fn what_cannot_be_read_stays_to_be_mended() {
        let mut state = finished();
        press(&mut state, "shift-i");
        type_text(&mut state, "L0.foo");
        assert_eq!(press(&mut state, "enter"), []);
        assert!(matches!(state.page, Some(Page::Entry(_))));
        assert!(notice(&state).contains("L0.foo"));
    }

    #[test]
    fn they_hold_for_the_next_prompt_until_they_are_cleared() {
        let mut state = finished();
        press(&mut state, "x");
        complete(&mut state, 1);
        for key in ["i", "c"] {
            press(&mut state, key);
        }
        assert_eq!(skipped(&begun(&press(&mut state, "enter"))), ["-L2.attn"]);
        complete(&mut state, 1);
        press(&mut state, "tab");
        let run = begun(&press(&mut state, "u"));
        assert_eq!(skipped(&run).len(), 0);
    }

    #[test]
    fn a_state_comes_from_the_position_that_predicts_the_same_step() {
        let mut state = finished();
        let source = shown(&state).id;
        for key in ["shift-b", "m", "esc", "enter"] {
            press(&mut state, key);
        }
        let run = shown(&state).id;
        let prompt = vec![TokenId(0); 5];
        hear(&mut state, Event::Started { run, prompt });
        for at in 0..3 {
            step(&mut state, run, at);
        }
        finish(&mut state, run);
        for key in ["home", "right", "up"] {
            press(&mut state, key);
        }
        let asked = begun(&press(&mut state, "shift-x"));
        let patch = ActivationPatch {
            row: Row::Layer(Layer(1)),
            into: Position(5),
            from_run: source,
            from: Position(1),
        };
        assert_eq!(asked.interventions, [Intervention::Patch(patch)]);
        assert_eq!(state.history.before, Some(run));
    }

    #[test]
    fn a_patch_is_taken_out_by_the_same_key_and_keeps_its_source() {
        let mut state = finished();
        for key in ["shift-b", "m", "esc", "enter"] {
            press(&mut state, key);
        }
        let run = complete(&mut state, 3);
        press(&mut state, "shift-x");
        complete(&mut state, 3);
        for key in ["shift-b", "down", "down", "d"] {
            press(&mut state, key);
        }
        assert!(notice(&state).contains("forget that one first"));
        press(&mut state, "esc");
        assert_eq!(press(&mut state, "shift-x"), []);
        assert_eq!(shown(&state).id, run);
    }

    #[test]
    fn without_a_marked_run_there_is_nothing_to_patch_from() {
        let mut state = finished();
        assert_eq!(press(&mut state, "shift-x"), []);
        assert!(notice(&state).contains("marked"));
    }

    #[test]
    fn the_grid_shows_the_difference_then_the_run_before() {
        let mut state = finished();
        press(&mut state, "d");
        assert!(notice(&state).contains("no run to compare with"));
        press(&mut state, "x");
        complete(&mut state, 1);
        let mut seen = Vec::new();
        for _ in 0..3 {
            press(&mut state, "d");
            seen.push((state.history.side, state.grid_columns().len()));
        }
        assert_eq!(
            seen,
            [(Side::Difference, 1), (Side::Before, 3), (Side::After, 1)]
        );
    }

    #[test]
    fn the_run_before_is_read_under_the_lens_of_the_shown_one() {
        let mut state = finished();
        let before = shown(&state).id;
        press(&mut state, "x");
        complete(&mut state, 1);
        let to_raw = |run| relens(run, LensKind::Raw);
        assert_eq!(press(&mut state, "shift-l"), [to_raw(shown(&state).id)]);
        assert_eq!(press(&mut state, "d"), [to_raw(before)]);
        assert_eq!(press(&mut state, "left"), []);
        let columns = vec![column(1)];
        let lens = LensKind::Raw;
        let answer = recast_to(before, lens, columns);
        assert_eq!(hear(&mut state, answer), []);
        let effects = press(&mut state, "shift-l");
        assert!(effects.contains(&relens(before, LensKind::Normed)));
    }

    #[test]
    fn what_is_copied_and_saved_is_the_side_that_is_shown() {
        let mut state = finished();
        press(&mut state, "x");
        complete(&mut state, 1);
        let of_grid = |state: &State| state.grid_record().unwrap();
        press(&mut state, "d");
        let (record, view) = of_grid(&state);
        let before = view.before.unwrap();
        assert_eq!((record.columns.len(), before.steps.len()), (1, 3));
        let effects = press(&mut state, "y");
        let [Effect::Copy(text)] = effects.as_slice() else {
            panic!("{effects:?}");
        };
        let title = format!("Rank in {} − rank in {}, before\t", before.from, before.run);
        assert!(text.starts_with(&title), "{text}");
        assert!(text.contains("\nL0\t0"), "{text}");
        press(&mut state, "d");
        let (record, view) = of_grid(&state);
        assert_eq!((record.columns.len(), view.before), (3, None));
    }
}

mod at_the_command_line {
    use super::*;

    fn typed(state: &mut State, line: &str) -> Vec<Effect> {
        press(state, ":");
        type_text(state, line);
        press(state, "enter")
    }

    #[test]
    fn a_text_is_scored_behind_the_prompt() {
        let mut state = finished();
        let prompt = shown(&state).prompt.clone();
        let asked = begun(&typed(&mut state, "force  b"));
        assert_eq!(asked.prompt, prompt);
        assert_eq!(asked.continuation, Continuation::Text(" b".into()));
    }

    #[test]
    fn parts_are_skipped_by_name() {
        let mut state = finished();
        let asked = begun(&typed(&mut state, "skip L0.mlp L2.h1"));
        assert_eq!(skipped(&asked), ["-L0.mlp", "-L2.h1"]);
    }
}

#[test]
fn a_token_of_the_prompt_is_neither_replaced_nor_patched() {
    let mut state = finished();
    for key in ["r", "shift-x"] {
        state.cursor.prompt = Some(crate::trace::Position(1));
        assert_eq!(press(&mut state, key), []);
        assert!(notice(&state).contains("the prompt's own"), "{key}");
        assert!(state.page.is_none());
    }
}
