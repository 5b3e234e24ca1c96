//! What is typed.

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

#[test]
fn one_key_deletes_a_text_of_many_lines() {
    let mut state = ready();
    update(&mut state, Message::Paste("a\nb\nc".into()));
    press(&mut state, "ctrl-]");
    assert!(state.prompt.is_empty());
    press(&mut state, "ctrl-_");
    assert_eq!(state.prompt.text(), "a\nb\nc");
}
