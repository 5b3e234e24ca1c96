//! A prompt is run, and what comes of it.

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
