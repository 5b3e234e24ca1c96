//! Compare mode: its field, table and chart, and a candidate that is followed.

use lenscape::engine::Event;
use lenscape::run::StopReason;

use super::scene::Scene;
use super::{keep, keep_one, keep_styled};

#[test]
fn comparing_two_candidates() {
    let compare = |columns, rows| {
        Scene::finished(columns, rows)
            .presses(&["tab", "home", "c"])
            .types("is are ")
    };
    keep("compare", compare);
    keep_styled("compare", &compare(80, 24));
}

#[test]
fn comparing_by_probability_or_logit() {
    for (name, keys) in [
        ("compare_probability", ["tab", "v"].as_slice()),
        ("compare_logit", &["tab", "v", "v", "d"]),
    ] {
        keep(name, |columns, rows| {
            Scene::finished(columns, rows)
                .presses(&["tab", "home", "c"])
                .types("is are ")
                .presses(keys)
        });
    }
}

#[test]
fn comparing_lists_tokens_while_one_is_typed() {
    let scene = |columns, rows| {
        Scene::finished(columns, rows)
            .presses(&["tab", "home", "c"])
            .types("is ar")
            .press("down")
    };
    keep("compare_completion", scene);
    keep_styled("compare_completion", &scene(80, 24));
}

#[test]
fn comparing_two_prompts_on_one_scale() {
    keep("compare_pinned", |columns, rows| {
        let scene = Scene::finished(columns, rows)
            .presses(&["tab", "home", "c"])
            .types("is are ")
            .presses(&["tab", "p", "esc", "i", "ctrl-u"])
            .types("The key to the cabinets")
            .press("enter")
            .steps(3);
        let run = scene.run_id();
        scene
            .hears(Event::Finished {
                run,
                reason: StopReason::MaxTokens,
                text: String::new(),
            })
            .presses(&["tab", "home", "c", "tab"])
    });
}

#[test]
fn a_candidate_is_followed_across_the_grid() {
    keep("followed", |columns, rows| {
        Scene::finished(columns, rows)
            .presses(&["tab", "home", "c"])
            .types("is are ")
            .presses(&["tab", "f", "f", "right"])
    });
}

#[test]
fn comparing_many_candidates_with_notes() {
    keep("compare_many", |columns, rows| {
        Scene::finished(columns, rows)
            .presses(&["tab", "home", "c"])
            .types("is are Cabinets \"were\"")
            .presses(&["enter", "up", "up", "up"])
    });
}

#[test]
fn comparing_before_anything_is_typed() {
    keep("compare_empty", |columns, rows| {
        Scene::finished(columns, rows).presses(&["tab", "home", "c"])
    });
}

#[test]
fn comparing_where_only_one_half_has_room() {
    for (name, keys) in [("table", ["tab"].as_slice()), ("chart", &["tab", "x"])] {
        let scene = Scene::finished(60, 20)
            .presses(&["tab", "home", "c"])
            .types("is are")
            .presses(keys);
        keep_one(format!("compare_{name}_60x20"), &scene);
    }
}
