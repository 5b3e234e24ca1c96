//! The pages about a step: layer predictions and attribution.

use lenscape::display::text;
use lenscape::vocabulary::Piece;

use super::scene::Scene;
use super::{LARGE, SMALL, keep, keep_one, keep_styled, styled};

#[test]
fn the_best_tokens_of_every_layer() {
    keep("predictions", |columns, rows| {
        Scene::finished(columns, rows).presses(&["tab", "home", "up", "up", "shift-p"])
    });
    let wide = Scene::finished(200, 60).presses(&["tab", "home", "shift-p"]);
    keep_one("predictions_200x60", &wide);
}

#[test]
fn more_tokens_of_every_layer_and_the_watched_ones_marked() {
    let watched = |columns, rows| {
        Scene::finished(columns, rows)
            .presses(&["tab", "home", "c"])
            .types("is are")
            .presses(&["esc", "esc", "shift-p", "+", "+", "+", "+", "+"])
    };
    keep("predictions_watched", watched);
    keep_styled("predictions_watched", &watched(80, 24));
}

#[test]
fn the_best_tokens_of_one_layer() {
    keep("predictions_one_layer", |columns, rows| {
        Scene::finished(columns, rows)
            .presses(&["tab", "home", "up", "up", "up", "shift-p", "enter"])
            .presses(&["+"; 5])
    });
}

#[test]
fn what_raised_the_chosen_token() {
    let attribution =
        |columns, rows| Scene::finished(columns, rows).presses(&["tab", "home", "up", "shift-a"]);
    keep("attribution", attribution);
    keep_styled("attribution", &attribution(80, 24));
    let narrow = attribution(40, 12);
    keep_one("attribution_40x12", &narrow);
    let wide = attribution(200, 60);
    keep_one("attribution_200x60", &wide);
}

#[test]
fn what_raised_one_candidate_above_another_and_by_which_heads() {
    keep("attribution_heads", |columns, rows| {
        Scene::finished(columns, rows)
            .presses(&["tab", "home", "c"])
            .types("are is")
            .presses(&["esc", "esc", "shift-a", "tab", "tab", "enter", "up", "up"])
    });
}

#[test]
fn the_pages_about_a_token_of_the_prompt() {
    for (name, key) in [("predictions", "shift-p"), ("attribution", "shift-a")] {
        let scene = Scene::finished(80, 24).presses(&["tab", "shift-e", "home", "right", key]);
        let screen = styled::text(&scene.screen());
        assert!(screen.contains("· prompt 3 "), "{screen}");
        keep_one(format!("{name}_of_the_prompt"), &scene);
    }
}

#[test]
fn the_pages_about_a_step_fit_shallow_and_deep_models_and_wide_tokens() {
    for key in ["shift-p", "shift-a"] {
        for (layers, last) in [(2, "L1"), (48, "L47")] {
            for (columns, rows) in [LARGE, SMALL, (200, 60), (40, 12)] {
                let scene = Scene::start(columns, rows)
                    .of_layers(layers)
                    .of_tokens([Piece::Bytes(" 日本語の文字列".into())])
                    .types("x")
                    .press("enter")
                    .steps(2)
                    .presses(&["tab", key]);
                let screen = styled::text(&scene.screen());
                assert!(screen.contains(&format!(" {last} ")), "{screen}");
                // The first row comes into view as well.
                let screen = styled::text(&scene.presses(&["g", "enter", "enter"]).screen());
                assert!(screen.contains("  L0 "), "{screen}");
                for line in screen.lines().skip(1).take(usize::from(rows) - 2) {
                    assert_eq!(text::width(line), usize::from(columns), "{line}");
                }
            }
        }
    }
}

#[test]
fn the_pages_about_a_step_say_what_to_do_before_there_is_one() {
    for (name, key) in [("predictions", "shift-p"), ("attribution", "shift-a")] {
        let ready = Scene::ready(80, 24).presses(&["tab", key]);
        keep_one(format!("{name}_no_run"), &ready);
        let processing = Scene::generating(80, 24, 0).presses(&["tab", key]);
        let screen = styled::text(&processing.screen());
        assert!(
            screen.contains("The prompt is being processed."),
            "{screen}"
        );
    }
}

#[test]
fn a_page_keeps_its_answer_until_the_next_one_comes() {
    for key in ["shift-p", "shift-a"] {
        let scene = Scene::finished(120, 40).presses(&["tab", "home", key]);
        assert!(!styled::text(&scene.screen()).contains("…  lens"));
        let screen = styled::text(&scene.deaf().press("right").screen());
        assert!(screen.contains("…  lens normed"), "{screen}");
        assert!(screen.contains("· step 1 ·are"), "{screen}");
    }
}
