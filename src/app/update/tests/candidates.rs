//! Compare mode beside the field: pinned prompts, followed candidates, the list of tokens, joint
//! probabilities.

use super::*;
use crate::app::{FieldLine, Measure, field_lines, series};
use crate::trace::LogProb;

/// The engine's answer to the question about candidates among `effects`; every candidate has so
/// many tokens.
fn answer(effects: &[Effect], tokens: &[u32]) -> Event {
    let question = questions(effects)
        .into_iter()
        .find(|question| matches!(question.ask, Ask::Candidates { .. }))
        .unwrap();
    let Ask::Candidates { at, wanted } = &question.ask else {
        unreachable!();
    };
    let comparison = Comparison {
        run: question.run,
        at: *at,
        lens: question.lens,
        trajectories: wanted
            .iter()
            .map(|wanted| Ok(trajectory(&wanted.to_string(), tokens)))
            .collect(),
    };
    answered(question, Answer::Candidates(Arc::new(comparison)))
}

pub(super) fn questions(effects: &[Effect]) -> Vec<Question> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Engine(Command::Ask(question)) => Some(question.clone()),
            _ => None,
        })
        .collect()
}

/// Compare mode with ` is`, asked and answered, the table focused.
fn comparing(steps: usize, tokens: &[u32]) -> (State, RunId, Vec<Effect>) {
    let (mut state, run) = with_steps(steps);
    finish(&mut state, run);
    press(&mut state, "tab");
    press(&mut state, "c");
    type_text(&mut state, "i");
    let asked = type_text(&mut state, "s");
    let effects = hear(&mut state, answer(&asked, tokens));
    press(&mut state, "enter");
    assert_eq!(state.view.focus, Pane::Comparison);
    (state, run, effects)
}

mod pinned {
    use super::*;

    /// A pinned step, and another one looked at whose question is not answered yet.
    fn pinned() -> (State, RunId, Vec<Effect>) {
        let (mut state, run, _) = comparing(3, &[1]);
        press(&mut state, "p");
        let asked = press(&mut state, "left");
        (state, run, asked)
    }

    #[test]
    fn a_pinned_position_is_asked_about_after_the_current_one() {
        let (mut state, run, asked) = pinned();
        assert_eq!(questions(&asked).len(), 1);
        let next = hear(&mut state, answer(&asked, &[1]));
        let [question] = questions(&next).try_into().unwrap();
        assert_eq!(question.run, run);
        assert_eq!(
            question.ask,
            Ask::Candidates {
                at: Position(PROMPT.len() + 2),
                wanted: vec![CandidateRequest::from(" is")],
            }
        );
        assert_eq!(series(&state).len(), 1);
        assert_eq!(hear(&mut state, answer(&next, &[1])), []);
        let labels: Vec<String> = series(&state).iter().map(|s| s.label()).collect();
        assert_eq!(labels, ["aA", "aB"]);
    }

    #[test]
    fn it_stays_while_another_prompt_runs() {
        let (mut state, old, _) = pinned();
        press(&mut state, "i");
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
        step(&mut state, run, 0);
        press(&mut state, "tab");
        let asked = press(&mut state, "c");
        assert_eq!(questions(&asked)[0].run, run);
        let next = hear(&mut state, answer(&asked, &[1]));
        assert_eq!(questions(&next)[0].run, old);
        assert!(field_lines(&state).contains(&FieldLine::Pin(0)));
    }

    #[test]
    fn the_same_position_is_unpinned() {
        let (mut state, _, _) = comparing(1, &[1]);
        press(&mut state, "p");
        assert_eq!(series(&state)[0].label(), "a");
        press(&mut state, "p");
        assert!(state.pins.is_empty());
    }

    #[test]
    fn a_third_pin_is_refused_in_one_line() {
        let (mut state, _, _) = comparing(4, &[1]);
        for _ in 0..3 {
            press(&mut state, "p");
            press(&mut state, "left");
        }
        assert_eq!(state.pins.len(), 2);
        press(&mut state, "p");
        assert!(
            state
                .notice
                .as_ref()
                .unwrap()
                .text
                .contains("pinned already")
        );
        press(&mut state, "shift-u");
        assert!(state.pins.is_empty());
    }

    #[test]
    fn of_a_new_model_nothing_is_pinned() {
        let (mut state, _, _) = pinned();
        hear(&mut state, Event::Ready(model()));
        assert!(state.pins.is_empty());
    }
}

mod followed {
    use super::*;

    fn follow_of(effects: &[Effect]) -> Option<Step> {
        questions(effects)
            .into_iter()
            .find_map(|question| match question.ask {
                Ask::Follow { from, tokens } => {
                    assert_eq!(tokens, [TokenId(1)]);
                    Some(from)
                }
                _ => None,
            })
    }

    fn piece(run: RunId, first: usize, steps: usize) -> Event {
        piece_of(run, 0, first, steps)
    }

    /// Of what was asked from a step on, the piece that begins at `first`.
    fn piece_of(run: RunId, from: usize, first: usize, steps: usize) -> Event {
        let ask = Ask::Follow {
            tokens: vec![TokenId(1)],
            from: Step(from),
        };
        Event::Answered {
            to: Arc::new(question(run, LensKind::Normed, ask)),
            answer: Answer::Follow {
                first: Step(first),
                steps: vec![vec![vec![Some(testing::score(7)); LAYERS + 1]]; steps],
            },
            // The last piece of all tests but one, which has two.
            rest: if steps == 2 && first == 0 {
                Rest::ToCome
            } else {
                Rest::Nothing
            },
        }
    }

    fn known(state: &State) -> usize {
        match &state.page {
            Some(Page::Followed(followed)) => followed.steps(),
            page => panic!("{page:?}"),
        }
    }

    #[test]
    fn every_step_is_asked_about_and_the_grid_can_be_walked() {
        let (mut state, run, _) = comparing(3, &[1]);
        assert_eq!(follow_of(&press(&mut state, "f")), Some(Step(0)));
        assert_eq!(follow_of(&hear(&mut state, piece(run, 0, 2))), None);
        assert_eq!(follow_of(&hear(&mut state, piece(run, 2, 1))), None);
        assert_eq!(known(&state), 3);
        press(&mut state, "left");
        assert_eq!(state.cursor.step, Step(1));
        let Some(Page::Followed(followed)) = &state.page else {
            panic!("{:?}", state.page);
        };
        let of_run = column(3);
        let column = followed.column(Step(1), &of_run).unwrap();
        assert_eq!(column.layers[LAYERS - 1].score.rank, 7);
        assert_eq!(column.layers[0].entropy, of_run.layers[0].entropy);
        press(&mut state, "esc");
        assert!(state.page.is_none() && state.compare.is_some());
    }

    #[test]
    fn it_grows_with_the_run() {
        let (mut state, run) = with_steps(1);
        press(&mut state, "tab");
        press(&mut state, "c");
        let asked = type_text(&mut state, "i");
        hear(&mut state, answer(&asked, &[1]));
        press(&mut state, "enter");
        assert_eq!(follow_of(&press(&mut state, "f")), Some(Step(0)));
        // While the answer is on its way nothing else is asked.
        assert_eq!(follow_of(&step(&mut state, run, 1)), None);
        assert_eq!(
            follow_of(&hear(&mut state, piece(run, 0, 1))),
            Some(Step(1))
        );
        assert_eq!(known(&state), 1);
    }

    #[test]
    fn another_lens_begins_anew() {
        let (mut state, run, _) = comparing(2, &[1]);
        press(&mut state, "f");
        hear(&mut state, piece(run, 0, 2));
        let effects = press(&mut state, "shift-l");
        assert_eq!(follow_of(&effects), Some(Step(0)));
        hear(&mut state, piece(run, 0, 2));
        assert_eq!(known(&state), 0);
    }

    #[test]
    fn without_a_candidate_there_is_nobody_to_follow() {
        let (mut state, run) = with_steps(1);
        finish(&mut state, run);
        for key in ["tab", "c", "tab", "f"] {
            press(&mut state, key);
        }
        assert!(state.page.is_none());
        assert!(state.notice.is_some());
    }
}

mod joint {
    use super::*;

    fn is_asked(effects: &[Effect]) -> bool {
        let mut questions = questions(effects).into_iter();
        questions.any(|question| matches!(question.ask, Ask::Joint { .. }))
    }

    #[test]
    fn it_is_asked_only_where_a_candidate_has_several_tokens() {
        let (_, _, effects) = comparing(1, &[1]);
        assert!(!is_asked(&effects));
        let (mut state, run, effects) = comparing(1, &[1, 2]);
        assert!(is_asked(&effects));
        hear(
            &mut state,
            answered(
                question(
                    run,
                    LensKind::Normed,
                    Ask::Joint {
                        at: Position(PROMPT.len()),
                        wanted: vec![CandidateRequest::from(" is")],
                    },
                ),
                Answer::Joint([Ok(LogProb(0.5_f64.ln()))].into()),
            ),
        );
        let lines = field_lines(&state);
        let FieldLine::Note(note) = lines.last().unwrap() else {
            panic!("{lines:?}");
        };
        assert!(note.ends_with("joint p 0.500"), "{note}");
    }

    #[test]
    fn it_waits_for_the_end_of_the_run() {
        let (mut state, run) = with_steps(1);
        press(&mut state, "tab");
        press(&mut state, "c");
        let asked = type_text(&mut state, "i");
        assert!(!is_asked(&hear(&mut state, answer(&asked, &[1, 2]))));
        assert!(is_asked(&finish(&mut state, run)));
        assert!(!is_asked(&finish(&mut state, run)));
    }
}

#[test]
fn the_list_of_tokens_opens_while_typing_and_fills_the_field() {
    let (mut state, run) = with_steps(1);
    finish(&mut state, run);
    press(&mut state, "tab");
    press(&mut state, "c");
    type_text(&mut state, "#4");
    let listed = state.compare.as_ref().unwrap().completion.clone().unwrap();
    assert_eq!((listed.tokens[0], listed.chosen), (TokenId(4), None));
    // Nothing is chosen yet: Enter goes to the table, as without a list.
    press(&mut state, "enter");
    assert_eq!(state.view.focus, Pane::Comparison);
    press(&mut state, "a");
    for key in ["down", "down", "enter"] {
        press(&mut state, key);
    }
    // Every token of this model is ` x`.
    assert_eq!(state.compare.as_ref().unwrap().field.value(), "x ");
    assert_eq!(state.view.focus, Pane::Candidates);
}

#[test]
fn without_a_word_the_list_is_of_tokens_that_a_layer_ranked_high() {
    let (mut state, run) = with_steps(1);
    finish(&mut state, run);
    press(&mut state, "tab");
    press(&mut state, "c");
    assert!(field_lines(&state).contains(&FieldLine::Suggestions(vec![TokenId(1)])));
    let asked = [press(&mut state, "down"), press(&mut state, "tab")].concat();
    assert_eq!(super::asked(&asked)[0].1, [" x"]);
    // Once it is followed it is suggested no more.
    hear(&mut state, answer(&asked, &[1]));
    assert_eq!(state.suggestions(), []);
}

#[test]
fn escape_closes_the_list_before_compare_mode() {
    let (mut state, _) = with_steps(1);
    press(&mut state, "tab");
    press(&mut state, "c");
    type_text(&mut state, "#4");
    press(&mut state, "esc");
    assert!(state.compare.as_ref().unwrap().completion.is_none());
}

#[test]
fn the_figure_goes_round() {
    let (mut state, _, _) = comparing(1, &[1]);
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(state.compare.as_ref().unwrap().measure);
        press(&mut state, "v");
    }
    use Measure::{Logit, Probability, Rank};
    assert_eq!(seen, [Rank, Probability, Logit, Rank]);
}
