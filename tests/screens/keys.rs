//! The help page and the key line, by their parts: what a key does is the key map's to say.

use lenscape::display::text;
use lenscape::settings::Settings;
use lenscape::settings::keys::{Binding, Keymap, Scope};

use super::scene::Scene;
use super::{keep, keep_one, styled};

/// A key map that stays as it is, for the looks of the page.
const FEW_KEYS: &str = r#"
everywhere = [
  { keys = ["esc"], action = "stop", help = "stop what runs, or go back", hint = "back" },
  { keys = ["ctrl-g", "f1"], action = "help", help = "the keys", hint = "help" },
]

prompt = [
  { keys = ["enter"], action = "generate", help = "generate", hint = "generate" },
]
"#;

fn few_keys() -> Keymap {
    let mut keymap = Keymap::default();
    let problems = keymap.overlay("keys.toml".as_ref(), FEW_KEYS);
    assert_eq!(problems, []);
    keymap
}

#[test]
fn mistakes_in_the_users_files_are_on_the_help_page() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("config.toml"), "max_tokns = 3\n").unwrap();
    let mut settings = Settings::load(Some(folder.path())).unwrap();
    settings.keymap = few_keys();
    settings.problems[0].file = "~/.config/lenscape/config.toml".into();
    let scene = Scene::start_with(settings, None, 80, 24);
    keep_one("problem_at_the_start", &scene);
    let scene = scene.press("ctrl-g");
    keep_one("problem_on_the_help_page", &scene);
}

#[test]
fn the_help_page_lists_a_key_map_by_place() {
    keep("help", |columns, rows| {
        let mut settings = Settings::embedded().unwrap();
        settings.keymap = few_keys();
        Scene::start_with(settings, None, columns, rows).press("ctrl-g")
    });
}

#[test]
fn every_key_of_the_program_is_on_its_help_page() {
    let mut scene = Scene::ready(120, 40).presses(&["tab", "?"]);
    let mut pages = vec![styled::text(&scene.screen())];
    loop {
        scene = scene.press("pagedown");
        let page = styled::text(&scene.screen());
        if pages.last() == Some(&page) {
            break;
        }
        pages.push(page);
    }
    let pages = pages.concat();
    for scope in Scope::ALL {
        assert!(pages.contains(scope.title()), "{}", scope.title());
        for Binding { help, .. } in scene.state.settings.keymap.bindings(scope) {
            assert!(pages.contains(help), "{help}");
        }
    }
}

/// The last line of a screen.
fn key_line(scene: &Scene) -> String {
    let screen = styled::text(&scene.screen());
    screen.lines().last().unwrap().to_owned()
}

#[test]
fn the_key_line_names_the_keys_of_its_place() {
    let ready = key_line(&Scene::ready(120, 40));
    let stopping = key_line(&Scene::generating(120, 40, 2));
    for (line, parts) in [
        (ready, ["⏎ generate", "tab pane", "^G help"]),
        (stopping, ["esc stop", "⏎ generate", "^Q quit"]),
    ] {
        for part in parts {
            assert!(line.contains(part), "{part} in {line}");
        }
    }
    for (keys, parts) in [
        (["tab"].as_slice(), ["c compare", "v value", "? help"]),
        (&["backtab"], ["c compare", "z zoom", "q quit"]),
        (&["tab", "z"], ["esc back", "c compare", "q quit"]),
        (&["tab", "home", "c"], ["⏎ table", "↓ tokens", "tab pane"]),
        (
            &["tab", "home", "c", "down"],
            ["⏎ take", "esc close", "↓↑ choose"],
        ),
        (&["tab", "m"], ["esc back", "⏎ load", "↑↓ choose"]),
        (&["tab", "shift-b"], ["⏎ show", "m mark", "d forget"]),
        (&["tab", "f"], ["esc back", "⏎ run", "^G help"]),
        (&["tab", "shift-p"], ["←→ step", "+- tokens", "⏎ one layer"]),
        (&["tab", "shift-a"], ["↑↓ layer", "tab target", "⏎ heads"]),
        (&["tab", "shift-t"], ["esc back", "↑↓ scroll", "T close"]),
        (&["tab", "?"], ["esc back", "↑↓ scroll", "? all actions"]),
    ] {
        let line = key_line(&Scene::finished(120, 40).presses(keys));
        for part in parts {
            assert!(line.contains(part), "{keys:?}: {part} in {line}");
        }
    }
}

/// Whole hints only: what has no room is left out from the end.
#[test]
fn the_key_line_ends_where_the_screen_does() {
    let whole = key_line(&Scene::finished(200, 40).press("tab"));
    for columns in [40, 60, 80, 120] {
        let line = key_line(&Scene::finished(columns, 24).press("tab"));
        assert!(text::width(&line) <= usize::from(columns), "{line}");
        let hints: Vec<&str> = whole.trim().split("  ").collect();
        for hint in line.trim().split("  ") {
            assert!(hints.contains(&hint), "{hint} of {hints:?}");
        }
    }
}

#[test]
fn what_the_figures_mean_is_a_part_of_the_help() {
    let page = |columns, rows| Scene::ready(columns, rows).presses(&["tab", "?", "tab"]);
    keep_one("figures_80x24", &page(80, 24));
    let keys = styled::text(&page(80, 24).press("f").screen());
    assert!(keys.contains("Everywhere"), "{keys}");
}
