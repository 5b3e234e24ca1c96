//! Options set at the command line, beside those that keys have changed.

use super::*;
use crate::settings::{CellValue, Visibility};

fn set(state: &mut State, option: &str) -> Vec<Effect> {
    press(state, ":");
    type_text(state, &format!("set {option}"));
    press(state, "enter")
}

#[test]
fn what_keys_have_changed_stays() {
    let (mut state, _) = with_steps(2);
    press(&mut state, "tab");
    for key in ["v", "shift-l", "a"] {
        press(&mut state, key);
    }
    let effects = set(&mut state, "theme light");
    assert_eq!(effects, []);
    let theme = state.settings.themes.position("light").unwrap();
    assert_eq!(state.view.theme, theme);
    assert_eq!(state.view.grid.value, CellValue::Probability);
    assert_eq!(state.view.lens, LensKind::Raw);
    assert_eq!(state.view.cell_attribution, Visibility::Shown);
}

#[test]
fn an_option_that_is_shown_is_changed_at_once() {
    let (mut state, run) = with_steps(2);
    press(&mut state, "tab");
    assert_eq!(set(&mut state, "lens raw"), [recast(run, LensKind::Raw)]);
    set(&mut state, "cell.attribution shown");
    assert_eq!(state.view.cell_attribution, Visibility::Shown);
    set(&mut state, "predictions.top_k 9");
    assert_eq!(state.view.top_k, 9);
}
