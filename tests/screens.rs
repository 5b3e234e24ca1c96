#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
//! The screens of every pane and mode, as pictures in text: read `tests/snapshots/*.snap`.
//!
//! Those called `…_styled` hold a second picture with a letter for the style of each character.

#[path = "screens/ascii.rs"]
mod ascii;
#[path = "screens/folded.rs"]
mod folded;
#[path = "screens/golden.rs"]
mod golden;
#[path = "screens/hostile.rs"]
mod hostile;
#[path = "screens/parts.rs"]
mod parts;
#[path = "screens/robust.rs"]
mod robust;
#[path = "screens/scene.rs"]
mod scene;
#[path = "screens/styled.rs"]
mod styled;

use std::sync::Arc;

use insta::assert_snapshot;
use lenscape::app::{Places, State};
use lenscape::display::text;
use lenscape::engine::{Event, Fit, ModelEntry, Whereabouts};
use lenscape::export::{tensors, trace_file};
use lenscape::run::StopReason;
use lenscape::settings::theme::Depth;
use lenscape::settings::{CellValue, Settings};
use lenscape::vocabulary::Piece;
use ratatui::buffer::Cell;

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

fn keep_one(name: &str, scene: &Scene) {
    assert_snapshot!(name, styled::text(&scene.screen()));
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
fn cells_of_each_value_and_width() {
    for (name, keys) in [
        ("probability", ["v"].as_slice()),
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
    assert_snapshot!("value_words_80x24", styled::text(&scene.screen()));
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
            assert_snapshot!(name, styled::text(&scene.screen()));
        }
    }
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
    assert_snapshot!("prompt_columns_waiting", styled::text(&waiting.screen()));
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
fn the_summary_of_a_trace() {
    keep("summary", |columns, rows| {
        Scene::finished(columns, rows).presses(&["tab", "shift-t", "pagedown"])
    });
    let scene = Scene::finished(120, 40).presses(&["tab", "shift-e", "shift-t"]);
    assert_snapshot!("summary_with_prompt", styled::text(&scene.screen()));
    let scene = Scene::ready(80, 24).presses(&["tab", "shift-t"]);
    assert_snapshot!("summary_of_nothing", styled::text(&scene.screen()));
}

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
        assert_snapshot!(
            format!("compare_{name}_60x20"),
            styled::text(&scene.screen())
        );
    }
}

#[test]
fn the_best_tokens_of_every_layer() {
    keep("predictions", |columns, rows| {
        Scene::finished(columns, rows).presses(&["tab", "home", "up", "up", "shift-p"])
    });
    let wide = Scene::finished(200, 60).presses(&["tab", "home", "shift-p"]);
    assert_snapshot!("predictions_200x60", styled::text(&wide.screen()));
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
    assert_snapshot!("attribution_40x12", styled::text(&narrow.screen()));
    let wide = attribution(200, 60);
    assert_snapshot!("attribution_200x60", styled::text(&wide.screen()));
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
        assert_snapshot!(format!("{name}_of_the_prompt"), screen);
    }
}

#[test]
fn bars_of_what_each_layer_adds_in_the_cells_pane() {
    let bars =
        |columns, rows| Scene::finished(columns, rows).presses(&["tab", "home", "up", "up", "a"]);
    keep("cell_attribution", bars);
    keep_styled("cell_attribution", &bars(120, 40));
    let zoomed = bars(80, 24).presses(&["tab", "z"]);
    assert_snapshot!(
        "cell_attribution_zoomed_80x24",
        styled::text(&zoomed.screen())
    );
    let narrow = bars(40, 12).presses(&["tab"]);
    assert_snapshot!("cell_attribution_40x12", styled::text(&narrow.screen()));
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
        assert_snapshot!(format!("{name}_no_run"), styled::text(&ready.screen()));
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
    let refused = Scene::ready(120, 40)
        .presses(&["tab", "m"])
        .hears(Event::Models(models()))
        .press("enter");
    assert_snapshot!("models_unusable_120x40", styled::text(&refused.screen()));
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
        fault: None,
        lenses: Vec::new(),
        is_loaded: false,
    };
    use Whereabouts::{HubCache, NotHere, OnDisk};
    let loaded = &golden::model().name;
    vec![
        ModelEntry {
            fault: Some("/models/broken.gguf: the file is empty; download it again".into()),
            ..entry(
                "/models/broken.gguf",
                "/models/downloads/from/last/year/and/never/used/broken.gguf",
                None,
                OnDisk,
                Fit::Unknown,
            )
        },
        ModelEntry {
            lenses: Vec::new(),
            is_loaded: true,
            ..entry(
                "/models/mine",
                "/models/mine",
                Some(134_515_008),
                OnDisk,
                Fit::Fits,
            )
        },
        entry("smollm2-135m", loaded, Some(134_515_008), OnDisk, Fit::Fits),
        entry(
            "org/other",
            "org/other",
            Some(7_241_732_096),
            HubCache,
            Fit::TooLarge,
        ),
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
    for (name, value) in [("probability", "v"), ("top_token", "shift-v")] {
        let scene = changed(120, 40).presses(&["d", value]);
        let name = format!("difference_of_{name}_120x40");
        assert_snapshot!(name, styled::text(&scene.screen()));
    }
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
fn what_there_is_to_know_of_a_model_is_told_when_it_is_loaded_and_marked_later() {
    let notes = ["the ids may be wrong", "`spiral` is passed over\u{1b}[2J"];
    let scene = Scene::ready(120, 40).with_notes(&notes);
    let text = styled::text(&scene.screen());
    assert!(text.contains("2 notes"), "{text}");
    assert!(text.contains("`spiral` is passed over⟨1B⟩[2J"), "{text}");
    let lines: Vec<&str> = text.lines().collect();
    let told = lines
        .iter()
        .filter(|line| line.contains("the ids may be wrong"));
    assert_eq!(told.count(), 2, "in the pane and below it: {text}");
    let scene = scene
        .types("The keys to the cabinet")
        .press("enter")
        .steps(2);
    let text = styled::text(&scene.screen());
    assert!(text.contains("2 notes"), "{text}");
    assert!(!text.contains("passed over"), "{text}");
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
        .types("is are ")
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

/// The panes of a screen, cell by cell, without the lines above and below them.
fn panes(state: &State) -> Vec<Cell> {
    let screen = scene::draw(state, state.columns, state.rows);
    let body = Places::of(state).unwrap().body;
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
fn saving_asks_for_a_name() {
    keep("save", |columns, rows| {
        Scene::finished(columns, rows).presses(&["tab", "shift-s"])
    });
}
