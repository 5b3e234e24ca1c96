//! Chapters of a recording.

use super::*;
use crate::app::RecordingNews;

fn recorded(mut state: State) -> State {
    let started = RecordingNews::Started("demo.cast".into());
    update(&mut state, Message::Recording(started));
    state
}

fn chapters(effects: &[Effect]) -> Vec<&str> {
    let marks = effects.iter().filter_map(|effect| match effect {
        Effect::Mark(label) => Some(label.as_str()),
        _ => None,
    });
    marks.collect()
}

#[test]
fn a_chapter_begins_with_each_run_and_each_comparison() {
    let mut state = recorded(ready());
    assert!(chapters(&type_text(&mut state, "ab")).is_empty());
    assert_eq!(chapters(&press(&mut state, "enter")), ["Run: ab"]);
    let run = state.run.as_ref().unwrap().id;
    let prompt = PROMPT.into();
    let effects = hear(&mut state, Event::Started { run, prompt });
    assert!(chapters(&effects).is_empty());
    for at in 0..3 {
        assert!(chapters(&step(&mut state, run, at)).is_empty());
    }
    finish(&mut state, run);
    press(&mut state, "tab");
    assert_eq!(chapters(&press(&mut state, "c")), ["Compare: ab"]);
    assert!(chapters(&press(&mut state, "esc")).is_empty());
    assert_eq!(chapters(&press(&mut state, "x")), ["Changed: ab"]);
}

#[test]
fn nothing_is_marked_where_nothing_is_recorded() {
    let mut state = ready();
    type_text(&mut state, "ab");
    assert!(chapters(&press(&mut state, "enter")).is_empty());
}

#[test]
fn a_comparison_that_runs_the_prompt_first_is_one_chapter() {
    let mut state = recorded(ready());
    type_text(&mut state, "a long\nprompt");
    press(&mut state, "tab");
    assert_eq!(chapters(&press(&mut state, "c")), ["Compare: a long"]);
}
