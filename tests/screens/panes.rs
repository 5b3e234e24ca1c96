//! Prompt, grid, cell and log, while a run comes and when it is there.

use lenscape::app::Message;
use lenscape::engine::Event;

use super::scene::Scene;
use super::{keep, keep_one, keep_styled, styled};

#[test]
fn with_a_model_and_no_run_the_screen_says_what_to_do_next() {
    keep("ready", Scene::ready);
    keep_styled("ready", &Scene::ready(80, 24));
}

#[test]
fn a_long_prompt_shows_how_far_it_is_processed() {
    keep("processing", |columns, rows| {
        let scene = Scene::generating(columns, rows, 0);
        let run = scene.run_id();
        scene.hears(Event::Prompt {
            run,
            done: 512,
            total: 2_048,
        })
    });
}

#[test]
fn while_tokens_come_the_newest_is_selected() {
    keep("generating", |columns, rows| {
        Scene::generating(columns, rows, 7)
    });
}

#[test]
fn a_finished_run_can_be_walked_through() {
    let walk =
        |columns, rows| Scene::finished(columns, rows).presses(&["tab", "home", "up", "up", "up"]);
    keep("finished", walk);
    keep_styled("finished", &walk(80, 24));
}

#[test]
fn a_failed_run_is_told_in_one_line() {
    keep("run_failed", |columns, rows| {
        let scene = Scene::generating(columns, rows, 3);
        let run = scene.run_id();
        scene.hears(Event::Failed {
            run: Some(run),
            message: "layer 12 gave a NaN at step 4; try other weights of this model".into(),
        })
    });
}

#[test]
fn the_log_beside_the_grid() {
    keep("log", |columns, rows| {
        Scene::finished(columns, rows).press("backtab")
    });
}

#[test]
fn the_cell_alone() {
    keep("cell_zoomed", |columns, rows| {
        Scene::finished(columns, rows).presses(&["tab", "tab", "z"])
    });
}

#[test]
fn the_grid_alone_and_turned_over_with_the_row_emb() {
    keep("grid_zoomed", |columns, rows| {
        Scene::finished(columns, rows).presses(&["tab", "z", "shift-o", "o", "home", "shift-g"])
    });
}

#[test]
fn the_raw_lens() {
    keep("raw", |columns, rows| {
        Scene::finished(columns, rows).presses(&["tab", "home", "shift-l"])
    });
}

/// The final norm stands between the last row and those below.
#[test]
fn under_the_raw_lens_the_last_layer_has_no_change_of_the_logit() {
    let raw = |keys: &[&str]| {
        let scene = Scene::finished(120, 40).presses(&["tab", "home", "shift-l"]);
        styled::text(&scene.presses(keys).screen())
    };
    let panes = raw(&["v"; 4]);
    for part in [
        "since the layer below",
        "· final norm",
        "since L28: the final norm",
    ] {
        assert!(panes.contains(part), "{part} in {panes}");
    }
    let page = raw(&["shift-a"]);
    assert!(page.contains("· the final norm"), "{page}");
}

#[test]
fn while_another_lens_is_worked_out_the_screen_says_which_one_is_shown() {
    let scene = Scene::finished(80, 24).deaf().presses(&["tab", "shift-l"]);
    let screen = styled::text(&scene.screen());
    let header = screen.lines().next().unwrap();
    assert!(header.contains("lens normed → raw"), "{header}");
}

#[test]
fn the_prompts_own_tokens_before_the_generated_ones() {
    keep("prompt_columns", |columns, rows| {
        Scene::finished(columns, rows).presses(&["tab", "shift-e", "home"])
    });
    keep("prompt_columns_log", |columns, rows| {
        Scene::finished(columns, rows).presses(&["backtab", "shift-e", "home", "down"])
    });
    keep_styled(
        "prompt_columns",
        &Scene::finished(80, 24).presses(&["tab", "shift-e", "home"]),
    );
    let waiting = Scene::finished(80, 24)
        .deaf()
        .presses(&["tab", "home", "shift-e"]);
    keep_one("prompt_columns_waiting", &waiting);
    keep("prompt_columns_compare", |columns, rows| {
        Scene::finished(columns, rows)
            .presses(&["tab", "shift-e", "home", "c"])
            .types("is are")
    });
}

#[test]
fn searching_in_the_grid() {
    keep("search_empty", |columns, rows| {
        Scene::finished(columns, rows).presses(&["tab", "home", "/"])
    });
    keep("search_found", |columns, rows| {
        Scene::finished(columns, rows)
            .presses(&["tab", "home", "/"])
            .types("=1")
            .presses(&["enter", "n"])
    });
}

#[test]
fn bars_of_what_each_layer_adds_in_the_cells_pane() {
    let bars =
        |columns, rows| Scene::finished(columns, rows).presses(&["tab", "home", "up", "up", "a"]);
    keep("cell_attribution", bars);
    keep_styled("cell_attribution", &bars(120, 40));
    let zoomed = bars(80, 24).presses(&["tab", "z"]);
    keep_one("cell_attribution_zoomed_80x24", &zoomed);
    let narrow = bars(40, 12).presses(&["tab"]);
    keep_one("cell_attribution_40x12", &narrow);
}

#[test]
fn a_cell_says_what_its_layer_adds_once_that_was_asked_for() {
    let scene = Scene::finished(120, 40).presses(&["tab", "home"]);
    assert!(!styled::text(&scene.screen()).contains("final logit"));
    let scene = scene.presses(&["shift-a", "esc"]);
    let screen = styled::text(&scene.screen());
    assert!(screen.contains("final logit: attn"), "{screen}");
    let elsewhere = scene.press("right");
    let screen = styled::text(&elsewhere.screen());
    assert!(!screen.contains("final logit"), "{screen}");
    // The line of a chosen token that is not among the best ones is not pushed out.
    let screen = styled::text(&elsewhere.presses(&["left", "up", "up", "up"]).screen());
    assert!(screen.contains("final logit: attn"), "{screen}");
    assert!(screen.contains("12 ▸·are"), "{screen}");
}

#[test]
fn small_screens_show_one_pane_below_the_prompt() {
    for (name, keys) in [
        ("grid", ["tab"].as_slice()),
        ("cell", &["tab", "tab"]),
        ("log", &["backtab"]),
    ] {
        for (columns, rows) in [(60, 20), (40, 12)] {
            let scene = Scene::finished(columns, rows).presses(keys);
            keep_one(format!("narrow_{name}_{columns}x{rows}"), &scene);
        }
    }
}

#[test]
fn in_a_prompt_that_wraps_up_and_down_move_before_they_recall() {
    let long = "word ".repeat(20);
    let scene = Scene::ready(80, 24).types("before").press("enter");
    let scene = scene.press("ctrl-u").types(&long);
    scene.screen();
    let scene = scene.press("up");
    assert_eq!(scene.state.prompt.text(), long);
    let scene = scene.press("up");
    assert_eq!(scene.state.prompt.text(), "before");
    let scene = scene.press("down");
    assert_eq!(scene.state.prompt.text(), long);
}

/// The editor remembers how far it was scrolled where the pane was lower.
#[test]
fn a_prompt_that_fits_again_is_drawn_from_its_first_line_and_nothing_else_is() {
    let lines = ["1", "22", "333", "4444", "55555"];
    let mut scene = Scene::finished(80, 24).presses(&["i", "ctrl-u"]);
    for (at, line) in lines.into_iter().enumerate() {
        if at > 0 {
            scene = scene.press("ctrl-j");
        }
        scene = scene.types(line);
    }
    scene.screen();
    scene.takes(Message::Resize {
        columns: 120,
        rows: 40,
    });
    let screen = scene.screen();
    let drawn = |row: u16| -> String {
        let symbols = (2..30).map(|column| screen[(column, row)].symbol());
        symbols.collect::<String>().trim_end().to_owned()
    };
    let rows: Vec<String> = (2..7).map(drawn).collect();
    assert_eq!(rows, lines);
}

#[test]
fn a_screen_that_is_too_small_says_so() {
    let scene = Scene::finished(39, 11);
    keep_one("too_small", &scene);
}

#[test]
fn the_tour_stands_above_the_key_line() {
    let scene = Scene::ready(80, 24).presses(&["tab", "e"]);
    keep_one("tour_80x24", &scene);
}
