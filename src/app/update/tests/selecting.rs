//! The cursor, the panes and the view.

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
    let GridRoom { cell, height, .. } = GridRoom::of(&state);
    // In each of the lines of a row.
    for line in 0..height {
        press(&mut state, "home");
        let click = MouseEvent {
            kind: MouseEventKind::Down(MouseButton::Left),
            // The second cell behind border and labels, of the second row below border and tokens.
            column: grid.x + 1 + 5 + cell + 2,
            row: grid.y + 1 + 1 + height + line,
            modifiers: KeyModifiers::NONE,
        };
        update(&mut state, Message::Mouse(click));
        assert_eq!(state.view.focus, Pane::Grid);
        assert_eq!(state.cursor.step, Step(1));
        assert_eq!(state.cursor.row, Row::Layer(Layer(1)));
        assert_eq!(state.cursor.follow, Follow::Stay);
    }
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
