//! Traces: to be saved, and opened again.

use std::sync::Arc;

use lenscape::app::{PaneAreas, State};
use lenscape::export::{tensors, trace_file};
use ratatui::buffer::Cell;

use super::scene::Scene;
use super::{LARGE, SMALL, keep, scene, styled};

/// The panes of a screen, cell by cell, without the lines above and below them.
fn panes(state: &State) -> Vec<Cell> {
    let screen = scene::draw(state, state.columns, state.rows);
    let body = PaneAreas::of(state).unwrap().body;
    body.positions().map(|at| screen[at].clone()).collect()
}

#[test]
fn a_saved_trace_draws_the_same_panes_when_it_is_opened_again() {
    let walks: [&[&str]; 6] = [
        &[],
        &["tab", "home", "up", "up"],
        &["tab", "v"],
        &["tab", "t", "shift-o", "o"],
        &["backtab", "up", "up", "up"],
        &["tab", "tab", "z"],
    ];
    for (columns, rows) in [LARGE, SMALL] {
        let compared = |scene: Scene| {
            let scene = scene.presses(&["tab", "home", "c"]).types("is are");
            // The list of tokens that could be meant is closed.
            scene.press("esc")
        };
        let before = compared(Scene::finished(columns, rows));
        let record = before.state.record().unwrap();
        let before = before.presses(&["esc", "end", "i"]);
        let mut json = Vec::new();
        trace_file::write(&record, &mut json).unwrap();
        let arrays = tensors::write(&record, None).unwrap();
        for bytes in [json, arrays] {
            let record = Arc::new(trace_file::read(&bytes).unwrap());
            for keys in walks {
                let before = before.clone().presses(keys);
                let after = Scene::of_saved(Arc::clone(&record), columns, rows).presses(&["i"]);
                let after = after.presses(keys);
                assert!(panes(&before.state) == panes(&after.state), "{keys:?}");
            }
        }
    }
}

#[test]
fn candidates_that_were_saved_draw_the_same_comparison() {
    let keys = ["tab", "home", "c"];
    let before = Scene::finished(120, 40)
        .presses(&keys)
        .types("is are")
        .press("esc");
    let record = Arc::new(before.state.record().unwrap());
    let after = Scene::of_saved(record, 120, 40).press("c");
    assert!(panes(&before.state) == panes(&after.state));
}

#[test]
fn a_saved_trace_says_that_no_model_is_loaded() {
    let record = Arc::new(Scene::finished(120, 40).state.record().unwrap());
    keep("saved_trace", |columns, rows| {
        Scene::of_saved(Arc::clone(&record), columns, rows).press("enter")
    });
}

#[test]
fn the_key_line_of_a_saved_trace_names_no_key_that_needs_the_model() {
    let record = Arc::new(Scene::finished(120, 40).state.record().unwrap());
    let screen = Scene::of_saved(record, 200, 60).screen();
    let screen = styled::text(&screen);
    let keys = screen.lines().last().unwrap();
    for word in ["why", "lens", "given text", "skip", "replace"] {
        assert!(!keys.contains(word), "{word}: {keys}");
    }
    assert!(keys.contains("compare"), "{keys}");
}

#[test]
fn saving_asks_for_a_name() {
    keep("save", |columns, rows| {
        Scene::finished(columns, rows).presses(&["tab", "shift-s"])
    });
}
