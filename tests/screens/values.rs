//! What a cell says, and in which colours.

use lenscape::settings::CellValue;
use lenscape::settings::theme::Depth;

use super::scene::Scene;
use super::{keep, keep_one, keep_styled};

#[test]
fn cells_of_each_value_and_width() {
    for (name, keys) in [
        ("probability", ["v"].as_slice()),
        ("short", &["s"]),
        ("shades", &["s", "s"]),
    ] {
        let scene = Scene::finished(80, 24)
            .presses(&["tab", "home", "z"])
            .presses(keys);
        keep_one(format!("cells_{name}"), &scene);
    }
}

#[test]
fn every_value_at_both_sizes() {
    for value in CellValue::ALL.into_iter().skip(1) {
        let name = format!("value_{}", value.name().replace(' ', "_"));
        keep(&name, |columns, rows| {
            let mut scene = Scene::finished(columns, rows).presses(&["tab", "home"]);
            while scene.state.settings.options.grid.value != value {
                scene = scene.press("v");
            }
            scene
        });
    }
}

#[test]
fn top_tokens_that_are_words_and_cells_coloured_by_another_value() {
    let scene = Scene::finished(80, 24).presses(&["tab", "home", "shift-v", "shift-w"]);
    keep_one("value_words_80x24", &scene);
    let by_rank = scene.press("shift-h");
    keep_styled("colour_by_rank", &by_rank);
}

#[test]
fn changes_of_the_logit_at_every_colour_depth() {
    for (name, depth) in [
        ("truecolour", Depth::TrueColour),
        ("256", Depth::Indexed),
        ("16", Depth::Ansi),
        ("none", Depth::None),
    ] {
        let scene = Scene::finished(60, 20)
            .presses(&["tab", "home", "v", "v", "v", "v"])
            .at_depth(depth);
        keep_styled(&format!("change_{name}"), &scene);
    }
}

#[test]
fn narrow_cells_of_every_value() {
    for cells in ["short", "shades"] {
        for value in CellValue::ALL {
            let mut scene = Scene::finished(60, 12).presses(&["tab", "home", "z", "s"]);
            if cells == "shades" {
                scene = scene.press("s").at_depth(Depth::None);
            }
            while scene.state.settings.options.grid.value != value {
                scene = scene.press("v");
            }
            let name = format!("{cells}_{}", value.name().replace(' ', "_"));
            keep_one(name, &scene);
        }
    }
}

#[test]
fn every_colour_depth_tells_ranks_apart() {
    for (name, depth) in [
        ("truecolour", Depth::TrueColour),
        ("256", Depth::Indexed),
        ("16", Depth::Ansi),
        ("none", Depth::None),
    ] {
        let scene = Scene::finished(60, 20)
            .presses(&["tab", "home", "up", "up"])
            .at_depth(depth);
        keep_styled(&format!("depth_{name}"), &scene);
    }
    let scene = Scene::finished(80, 24)
        .presses(&["tab", "home", "c"])
        .types("is are ")
        .at_depth(Depth::None);
    keep_one("compare_without_colour", &scene);
}
