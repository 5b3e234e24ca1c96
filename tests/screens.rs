#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
//! The screens of every pane and mode, as pictures in text: read `tests/snapshots/*.snap`.
//!
//! Those called `…_styled` hold a second picture with a letter for the style of each character.

#[path = "screens/golden.rs"]
mod golden;
#[path = "screens/robust.rs"]
mod robust;
#[path = "screens/scene.rs"]
mod scene;
#[path = "screens/styled.rs"]
mod styled;

use insta::assert_snapshot;
use lenscape::engine::{Event, Fit, ModelEntry, Whereabouts};
use lenscape::settings::Settings;
use lenscape::settings::theme::Depth;

use scene::Scene;

/// The two sizes in which every screen is kept.
const LARGE: (u16, u16) = (120, 40);
const SMALL: (u16, u16) = (80, 24);

fn keep(name: &str, build: impl Fn(u16, u16) -> Scene) {
    for (columns, rows) in [LARGE, SMALL] {
        let scene = build(columns, rows);
        assert_snapshot!(
            format!("{name}_{columns}x{rows}"),
            styled::text(&scene.screen())
        );
    }
}

fn keep_styled(name: &str, scene: &Scene) {
    assert_snapshot!(format!("{name}_styled"), styled::styled(&scene.screen()));
}

#[test]
fn at_the_start_the_model_is_on_its_way() {
    keep("start", Scene::start);
}

#[test]
fn a_download_shows_how_far_it_is_and_what_failed_before() {
    keep("fetching", |columns, rows| {
        Scene::start(columns, rows).fetching(34_200_000)
    });
}

#[test]
fn reading_the_weights_shows_how_far_it_is_and_what_is_queued() {
    keep("reading", |columns, rows| {
        Scene::start(columns, rows)
            .types("The keys to the cabinet")
            .press("enter")
            .hears(Event::Loading {
                done: 120,
                total: 272,
            })
    });
}

#[test]
fn a_load_that_failed_says_what_to_do() {
    keep("load_failed", |columns, rows| {
        Scene::start(columns, rows)
            .fetching(34_200_000)
            .hears(Event::LoadFailed(
                "smollm2-135m: no source gave it; connect to the network, or give a .gguf file \
                 with --model"
                    .into(),
            ))
    });
}

#[test]
fn a_load_that_was_stopped_can_be_tried_again() {
    keep("load_stopped", |columns, rows| {
        Scene::start(columns, rows).fetching(3_000_000).press("esc")
    });
}

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
        Scene::finished(columns, rows).presses(&["tab", "z", "e", "o", "home", "shift-g"])
    });
}

#[test]
fn the_raw_lens() {
    keep("raw", |columns, rows| {
        Scene::finished(columns, rows).presses(&["tab", "home", "shift-l"])
    });
}

#[test]
fn cells_of_each_value_and_width() {
    for (name, keys) in [
        ("probability", ["v"].as_slice()),
        ("entropy", &["v", "v"]),
        ("kl", &["v", "v", "v"]),
        ("short", &["s"]),
        ("shades", &["s", "s"]),
    ] {
        let scene = Scene::finished(80, 24)
            .presses(&["tab", "home", "z"])
            .presses(keys);
        assert_snapshot!(format!("cells_{name}"), styled::text(&scene.screen()));
    }
}

#[test]
fn comparing_two_candidates() {
    let compare = |columns, rows| {
        Scene::finished(columns, rows)
            .presses(&["tab", "home", "c"])
            .types("is are")
    };
    keep("compare", compare);
    keep_styled("compare", &compare(80, 24));
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
        assert_snapshot!(
            format!("compare_{name}_60x20"),
            styled::text(&scene.screen())
        );
    }
}

#[test]
fn the_list_of_models() {
    for (name, typed) in [
        ("models", ""),
        ("models_filtered", "gpt2"),
        ("models_typed", "./my/model"),
    ] {
        keep(name, |columns, rows| {
            Scene::ready(columns, rows)
                .presses(&["tab", "m"])
                .hears(Event::Models(models()))
                .types(typed)
        });
    }
    let narrow = Scene::ready(40, 12).presses(&["tab", "m"]);
    assert_snapshot!("models_waiting_40x12", styled::text(&narrow.screen()));
    let narrow = narrow.hears(Event::Models(models())).press("down");
    assert_snapshot!("models_40x12", styled::text(&narrow.screen()));
}

/// One model of each kind.
fn models() -> Vec<ModelEntry> {
    let entry = |name: &str, title: &str, parameters: Option<u64>, whereabouts, fit| ModelEntry {
        name: name.into(),
        title: title.into(),
        family: parameters.map(|_| "gpt2".into()),
        parameters,
        size: parameters.map(|n| n * 2),
        whereabouts,
        memory: parameters.map(|n| n * 4),
        fit,
    };
    use Whereabouts::{HubCache, NotHere, OnDisk};
    let loaded = &golden::model().name;
    vec![
        entry("/models/mine", "/models/mine", None, OnDisk, Fit::Unknown),
        entry("smollm2-135m", loaded, Some(134_515_008), OnDisk, Fit::Fits),
        entry(
            "gpt2",
            "GPT-2 small",
            Some(124_439_808),
            HubCache,
            Fit::Fits,
        ),
        entry(
            "gpt2-xl",
            "GPT-2 XL",
            Some(1_557_611_200),
            NotHere,
            Fit::TooLarge,
        ),
    ]
}

#[test]
fn while_another_model_is_read_the_old_one_and_its_run_stay() {
    let scene = Scene::finished(120, 40)
        .presses(&["tab", "m"])
        .hears(Event::Models(models()))
        .types("xl")
        .press("enter")
        .hears(Event::Loading { done: 1, total: 4 });
    assert_snapshot!("another_model_120x40", styled::text(&scene.screen()));
}

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
    assert_snapshot!("runs_60x20", styled::text(&narrow.screen()));
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
    let without_colour = changed(80, 24).press("d").at_depth(Depth::None);
    assert_snapshot!(
        "difference_without_colour",
        styled::text(&without_colour.screen())
    );
}

#[test]
fn the_help_page_lists_the_key_map() {
    keep("help", |columns, rows| {
        Scene::ready(columns, rows).presses(&["tab", "?"])
    });
}

#[test]
fn mistakes_in_the_users_files_are_on_the_help_page() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("config.toml"), "max_tokns = 3\n").unwrap();
    let mut settings = Settings::load(Some(folder.path())).unwrap();
    settings.problems[0].file = "~/.config/lenscape/config.toml".into();
    let scene = Scene::start_with(settings, None, 80, 24);
    assert_snapshot!("problem_at_the_start", styled::text(&scene.screen()));
    let scene = scene.press("ctrl-g");
    assert_snapshot!("problem_on_the_help_page", styled::text(&scene.screen()));
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
fn small_screens_show_one_pane_below_the_prompt() {
    for (name, keys) in [
        ("grid", ["tab"].as_slice()),
        ("cell", &["tab", "tab"]),
        ("log", &["backtab"]),
    ] {
        for (columns, rows) in [(60, 20), (40, 12)] {
            let scene = Scene::finished(columns, rows).presses(keys);
            assert_snapshot!(
                format!("narrow_{name}_{columns}x{rows}"),
                styled::text(&scene.screen())
            );
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

#[test]
fn a_screen_that_is_too_small_says_so() {
    let scene = Scene::finished(39, 11);
    assert_snapshot!("too_small", styled::text(&scene.screen()));
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
        .types("is are")
        .at_depth(Depth::None);
    assert_snapshot!("compare_without_colour", styled::text(&scene.screen()));
}

#[test]
fn while_another_lens_is_worked_out_the_screen_says_which_one_is_shown() {
    let scene = Scene::finished(80, 24).deaf().presses(&["tab", "shift-l"]);
    let screen = styled::text(&scene.screen());
    let header = screen.lines().next().unwrap();
    assert!(header.contains("lens normed → raw"), "{header}");
}
