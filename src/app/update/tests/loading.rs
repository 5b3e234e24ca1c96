//! The model is loaded, or not.

use super::*;

#[test]
fn the_model_is_loaded_at_the_start() {
    let (_, effects) = start(None);
    assert_eq!(effects, [load("tiny")]);
}

#[test]
fn a_prompt_of_the_command_line_runs_as_soon_as_the_model_is_ready() {
    let (mut state, _) = start(Some("Hello"));
    let effects = hear(&mut state, Event::Ready(model()));
    let [Effect::Engine(Command::Run(run))] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    assert_eq!((run.prompt.as_str(), run.max_tokens), ("Hello", 8));
    assert_eq!(state.view.focus, Pane::Grid);
}

#[test]
fn enter_while_the_model_loads_queues_the_prompt() {
    let (mut state, _) = start(None);
    type_text(&mut state, "ab");
    assert_eq!(press(&mut state, "enter"), []);
    assert_eq!(state.queued.as_deref(), Some("ab"));
    let effects = hear(&mut state, Event::Ready(model()));
    assert!(
        matches!(effects.as_slice(), [Effect::Engine(Command::Run(run))] if run.prompt == "ab")
    );
    assert_eq!(state.queued, None);
}

#[test]
fn esc_gives_the_load_up_and_later_progress_is_no_news() {
    let (mut state, _) = start(None);
    assert_eq!(press(&mut state, "esc"), [Effect::CancelLoad]);
    hear(
        &mut state,
        Event::Fetching(FetchProgress {
            source: "hub".into(),
            file: "f".into(),
            bytes: 1,
            total: None,
            speed: None,
        }),
    );
    assert_eq!(state.model.loading, Loading::Cancelled);
    hear(&mut state, Event::LoadFailed("cancelled".into()));
    assert_eq!(state.model.loading, Loading::Cancelled);
    assert_eq!(state.notice, None);
}

#[test]
fn a_failed_load_is_tried_again_by_key_or_by_generating() {
    for by in ["shift-r", "enter"] {
        let (mut state, _) = start(None);
        type_text(&mut state, "ab");
        hear(&mut state, Event::LoadFailed("no network".into()));
        if by == "shift-r" {
            press(&mut state, "tab");
        }
        let effects = press(&mut state, by);
        assert_eq!(effects, [load("tiny")], "{by}");
        assert_eq!(state.model.loading, Loading::Asked);
    }
}

#[test]
fn sources_that_failed_are_kept_until_the_next_try() {
    let (mut state, _) = start(None);
    hear(
        &mut state,
        Event::SourceFailed {
            source: "hub".into(),
            why: "unreachable".into(),
        },
    );
    assert_eq!(state.model.failed_sources.len(), 1);
    hear(&mut state, Event::LoadFailed("nothing left".into()));
    assert_eq!(state.model.failed_sources.len(), 1);
    press(&mut state, "tab");
    press(&mut state, "shift-r");
    assert_eq!(state.model.failed_sources.len(), 0);
}

#[test]
fn a_model_that_has_to_be_fetched_is_asked_about_first() {
    let entry = |name: &str, size, whereabouts| ModelEntry {
        name: name.into(),
        title: name.into(),
        family: None,
        parameters: None,
        size,
        whereabouts,
        memory: None,
        fit: Fit::Unknown,
        fault: None,
        lenses: Vec::new(),
        is_loaded: false,
    };
    let mut state = ready();
    press(&mut state, "tab");
    press(&mut state, "m");
    let entries = vec![
        entry("large", Some(3_100_000_000), Whereabouts::NotHere),
        entry("unknown", None, Whereabouts::NotHere),
        entry("here", None, Whereabouts::OnDisk),
    ];
    hear(&mut state, Event::Models(entries));
    assert_eq!(press(&mut state, "enter"), []);
    let told = state.notice.clone().unwrap().text;
    assert_eq!(told, "3.1 GB to fetch: ⏎ again fetches it");
    // That of another one says nothing of this one.
    press(&mut state, "down");
    assert_eq!(press(&mut state, "enter"), []);
    let told = state.notice.clone().unwrap().text;
    assert!(told.starts_with("it has to be fetched"), "{told}");
    press(&mut state, "up");
    assert_eq!(press(&mut state, "enter"), []);
    assert_eq!(press(&mut state, "enter"), [load("large")]);
    press(&mut state, "m");
    let here = vec![entry("here", None, Whereabouts::OnDisk)];
    hear(&mut state, Event::Models(here));
    assert_eq!(press(&mut state, "enter"), [load("here")]);
}
