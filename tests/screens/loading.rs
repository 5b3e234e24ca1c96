//! The model on its way: loads, failures, and the list of models.

use lenscape::engine::{Event, Fit, ModelEntry, Whereabouts};

use super::scene::Scene;
use super::{golden, keep, keep_one, styled};

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
            .types("Once")
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
fn while_another_model_is_read_the_old_one_and_its_run_stay() {
    let scene = Scene::finished(120, 40)
        .presses(&["tab", "m"])
        .hears(Event::Models(models()))
        .types("xl")
        .presses(&["enter", "enter"])
        .hears(Event::Loading { done: 1, total: 4 });
    keep_one("another_model_120x40", &scene);
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
    keep_one("models_unusable_120x40", &refused);
    let narrow = Scene::ready(40, 12).presses(&["tab", "m"]);
    keep_one("models_waiting_40x12", &narrow);
    let narrow = narrow.hears(Event::Models(models())).press("down");
    keep_one("models_40x12", &narrow);
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
fn where_no_model_can_be_had_a_recorded_run_is_shown() {
    let scene = Scene::start(80, 24).hears(Event::LoadFailed("no network".into()));
    keep_one("recorded_80x24", &scene);
}
