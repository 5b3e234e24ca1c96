//! The screens of every pane and mode, as pictures in text: read `tests/snapshots/*.snap`.
//!
//! Those called `…_styled` hold a second picture with a letter for the style of each character. The
//! hints of the key line are left out, and held in `keys`: else each new key would repaint them all.

mod ascii;
mod comparing;
mod folded;
mod golden;
mod hostile;
mod keys;
mod loading;
mod panes;
mod parts;
mod robust;
mod runs;
mod saved;
mod scene;
mod step_pages;
mod styled;
mod values;

use scene::Scene;

/// The two sizes in which every screen is looked at.
const LARGE: (u16, u16) = (120, 40);
const SMALL: (u16, u16) = (80, 24);

/// Holds a picture to the one that is kept by this name.
fn keep_text(name: impl AsRef<str>, picture: impl AsRef<str>) {
    // The name of the folder is part of that of the file, that of the executable is not.
    insta::with_settings!({prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!(format!("screens__{}", name.as_ref()), picture.as_ref());
    });
}

/// Keeps a screen at the small size, and at the large one where that is laid out in another way.
/// Otherwise it only has more room, in which everything has to be that is on the small one.
fn keep(name: &str, build: impl Fn(u16, u16) -> Scene) {
    let [small, large] = [SMALL, LARGE].map(|(columns, rows)| build(columns, rows));
    keep_one(format!("{name}_80x24"), &small);
    if layout(&small) != layout(&large) {
        keep_one(format!("{name}_120x40"), &large);
        return;
    }
    let large = styled::text(&large.picture());
    for word in words(&styled::text(&small.picture())) {
        assert!(large.contains(word), "{name}: no {word} in {large}");
    }
}

/// The words and numbers between the frames of a screen, whose titles tell how far it is scrolled.
fn words(screen: &str) -> impl Iterator<Item = &str> {
    screen
        .lines()
        .filter(|line| !line.contains('─') && !line.starts_with('+'))
        .flat_map(|line| line.split(|c: char| !c.is_alphanumeric()))
        .filter(|word| word.len() > 1)
}

fn keep_one(name: impl AsRef<str>, scene: &Scene) {
    keep_text(name, styled::text(&scene.picture()));
}

fn keep_styled(name: &str, scene: &Scene) {
    keep_text(format!("{name}_styled"), styled::styled(&scene.picture()));
}

/// The frames of a screen: the first word of each title, and how many corners there are at the
/// bottom. Every screen is drawn for it, which also holds it against itself in ASCII.
fn layout(scene: &Scene) -> (Vec<String>, usize) {
    let screen = styled::text(&scene.screen());
<<<<<<< main
    let titles = screen.lines().flat_map(|line| {
        line.split(['╭', '+'])
            .skip(1)
            .filter_map(|rest| rest.strip_prefix(' '))
            .map(|title| title.split(' ').next().unwrap_or_default().to_owned())
=======
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
fn saving_asks_for_a_name() {
    keep("save", |columns, rows| {
        Scene::finished(columns, rows).presses(&["tab", "shift-s"])
>>>>>>> 572a2502e4a45513af82a01be539cd4483a7691f
    });
    (titles.collect(), screen.matches('╰').count())
}
