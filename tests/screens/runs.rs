//! Runs that were changed or given their text, their list and their summary.

use lenscape::engine::Event;
use lenscape::settings::theme::Depth;

use super::scene::Scene;
use super::{keep, keep_one, keep_styled, styled};

#[test]
fn a_given_text_is_marked_token_by_token() {
    let given = |columns, rows| {
        let scene = Scene::ready(columns, rows)
            .types("The keys to the cabinet")
            .press("ctrl-t")
            .types(" are in")
            .press("enter");
        let run = scene.run_id();
        let scene = scene.hears(Event::Given { run, tokens: 2 }).steps(2);
        scene.presses(&["tab", "home"])
    };
    keep("given", given);
}

#[test]
fn a_line_is_typed_over_the_panes() {
    keep("entry_force", |columns, rows| {
        Scene::finished(columns, rows).presses(&["tab", "f"])
    });
    keep("entry_replace", |columns, rows| {
        Scene::finished(columns, rows).presses(&["tab", "home", "r", "down", "down"])
    });
}

#[test]
fn a_changed_network_and_the_difference_that_it_makes() {
    let changed = |columns, rows| {
        Scene::finished(columns, rows)
            .presses(&["tab", "home", "x"])
            .completed()
    };
    keep("changed", changed);
    keep("difference", |columns, rows| {
        changed(columns, rows).press("d")
    });
    keep_styled("difference", &changed(80, 24).press("d"));
    keep("before", |columns, rows| {
        changed(columns, rows).presses(&["d", "d"])
    });
    for (name, value) in [("probability", "v"), ("top_token", "shift-v")] {
        let scene = changed(120, 40).presses(&["d", value]);
        let name = format!("difference_of_{name}_120x40");
        keep_one(name, &scene);
    }
    let without_colour = changed(80, 24).press("d").at_depth(Depth::None);
    keep_one("difference_without_colour", &without_colour);
}

#[test]
fn the_list_of_runs() {
    let runs = |columns, rows| {
        Scene::finished(columns, rows)
            .presses(&["tab", "home", "r", "down", "enter"])
            .completed()
            .presses(&["x"])
            .completed()
            .presses(&["shift-b", "down", "down", "m"])
    };
    keep("runs", runs);
    let narrow = runs(60, 20);
    keep_one("runs_60x20", &narrow);
}

/// Steps count from 1 on the screen, in the name of a patch too.
#[test]
fn a_patch_is_named_by_the_step_whose_prediction_it_changes() {
    let patched = Scene::finished(120, 40)
        .presses(&["tab", "shift-b", "m", "esc", "enter"])
        .completed()
        .presses(&["home", "right", "up", "shift-x"])
        .completed();
    let listed = styled::text(&patched.screen());
    assert!(listed.contains("L28 step 2 ← #1"), "{listed}");
    let listed = styled::text(&patched.press("shift-b").screen());
    assert!(listed.contains("L28 step 2 ← #1"), "{listed}");
}

#[test]
fn the_summary_of_a_trace() {
    keep("summary", |columns, rows| {
        Scene::finished(columns, rows).presses(&["tab", "shift-t", "pagedown"])
    });
    let scene = Scene::finished(120, 40).presses(&["tab", "shift-e", "shift-t"]);
    keep_one("summary_with_prompt", &scene);
    let scene = Scene::ready(80, 24).presses(&["tab", "shift-t"]);
    keep_one("summary_of_nothing", &scene);
}
