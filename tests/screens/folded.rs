//! Two layers in a line of the grid.

use lenscape::app::{Message, update};
use lenscape::engine::Event;
use lenscape::run::StopReason;
use lenscape::settings::theme::Depth;
use lenscape::trace::{Layer, Row};

use super::scene::Scene;
use super::{LARGE, SMALL, keep_one, keep_styled, styled};

/// A run of a made-up model of 48 layers, in cells of two layers each.
fn deep(columns: u16, rows: u16) -> Scene {
    let scene = Scene::start(columns, rows)
        .of_layers(48)
        .types("The keys to the cabinet")
        .press("enter")
        .steps(12);
    let run = scene.run_id();
    scene
        .hears(Event::Finished {
            run,
            reason: StopReason::MaxTokens,
            text: String::new(),
        })
        .presses(&["tab", "home", "s", "s", "s"])
}

#[test]
fn two_layers_in_a_line() {
    for (columns, rows) in [LARGE, SMALL] {
        let name = format!("folded_{columns}x{rows}");
        keep_styled(&name, &deep(columns, rows).press("up"));
        let without_colour = deep(columns, rows).press("up").at_depth(Depth::None);
        keep_styled(&format!("folded_none_{columns}x{rows}"), &without_colour);
    }
    for depth in [Depth::TrueColour, Depth::None] {
        let change = deep(80, 24).presses(&["v", "v", "v", "v"]).at_depth(depth);
        keep_styled(&format!("folded_change_{depth:?}"), &change);
    }
    let turned = deep(80, 24).presses(&["shift-o", "o", "g"]);
    keep_one("folded_turned", &turned);
}

#[test]
fn all_of_a_deep_model_is_seen_at_once() {
    let screen = styled::text(&deep(120, 40).screen());
    for pair in 0..24 {
        let label = format!("L{}/{} ", 2 * pair, 2 * pair + 1);
        assert!(screen.contains(&label), "{label}: {screen}");
    }
}

#[test]
fn each_layer_of_a_line_is_selected() {
    let mut scene = deep(80, 24);
    for layer in (0..48).rev() {
        assert_eq!(scene.state.cursor.row, Row::Layer(Layer(layer)));
        let screen = styled::text(&scene.screen());
        let label = format!("L{}/{} ", layer / 2 * 2, layer / 2 * 2 + 1);
        assert!(screen.contains(&label), "{label}: {screen}");
        assert!(screen.contains(&format!(" · L{layer} ")), "{screen}");
        scene = scene.press("up");
    }
    let scene = scene.press("shift-g");
    assert_eq!(scene.state.cursor.row, Row::Layer(Layer(47)));
}

#[test]
fn the_row_of_the_embedding_is_folded_too() {
    let scene = deep(120, 40).presses(&["shift-o", "g"]);
    assert_eq!(scene.state.cursor.row, Row::Embedding);
    let screen = styled::text(&scene.screen());
    assert!(screen.contains("emb/L0"), "{screen}");
    assert!(screen.contains("   L47 "), "{screen}");
    let scene = scene.press("down");
    assert_eq!(scene.state.cursor.row, Row::Layer(Layer(0)));
}

#[test]
fn a_second_click_selects_the_other_layer_of_the_line() {
    use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
    let mut scene = deep(120, 40);
    let grid = lenscape::app::PaneAreas::of(&scene.state).unwrap().grid;
    let click = |scene: &mut Scene| {
        let message = Message::Mouse(MouseEvent {
            kind: MouseEventKind::Down(MouseButton::Left),
            // Behind the labels of seven columns, in the second cell.
            column: grid.x + 1 + 7 + 2,
            row: grid.y + 2 + 5,
            modifiers: KeyModifiers::NONE,
        });
        update(&mut scene.state, message);
        (scene.state.cursor.row, scene.state.cursor.step.0)
    };
    let (upper, lower) = (Row::Layer(Layer(10)), Row::Layer(Layer(11)));
    assert_eq!(click(&mut scene), (upper, 1));
    assert_eq!(click(&mut scene), (lower, 1));
    assert_eq!(click(&mut scene), (upper, 1));
}

#[test]
fn the_difference_of_two_runs_is_folded() {
    let changed = Scene::finished(80, 24)
        .presses(&["tab", "home", "x"])
        .completed()
        .presses(&["d", "s", "s", "s"]);
    keep_styled("folded_difference", &changed);
}

#[test]
fn two_layers_in_a_line_of_ascii_stand_side_by_side() {
    let scene = Scene::finished(80, 24)
        .presses(&["tab", "home", "s", "s", "s", "up"])
        .in_ascii();
    keep_styled("ascii_folded", &scene);
}
