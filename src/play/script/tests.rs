//! What a script may say, and what is said of its mistakes.

use crossterm::event::{KeyCode, KeyModifiers};

use super::*;
use crate::play::screenshot::ScreenshotFormat;

const USUAL_TIMEOUT: Duration = Duration::from_secs(60);

fn steps(text: &str) -> Result<Vec<ScriptStep>, String> {
    let text = format!("steps = [{text}]");
    toml::from_str::<Script>(&text)
        .map(|script| script.steps)
        .map_err(|error| one_line(&error, &text))
}

#[test]
fn a_script_says_what_is_done_in_order() {
    let script: Script = toml::from_str(
        r#"
        size = [80, 24]
        title = "a run"
        steps = [
            { wait = "ready" },
            { type = "The keys", every = 0.5 },
            { paste = "two\nlines" },
            { press = "ctrl-r" },
            { press = "down", times = 3 },
            { wait = { tokens = 4 } },
            { wait = { text = "L29" }, timeout = 1.5 },
            { wait = { gone = "loading" } },
            { sleep = 0.25 },
            { resize = [120, 40] },
            { mark = "here" },
            { screenshot = "grid" },
            { screenshot = "folder/grid.v2.png" },
        ]
        "#,
    )
    .unwrap();
    assert_eq!(script.size, Size::new(80, 24));
    assert_eq!(script.title, "a run");
    assert_eq!(
        script.steps,
        [
            ScriptStep::Wait {
                until: Wait::Milestone(Milestone::Ready),
                timeout: USUAL_TIMEOUT
            },
            ScriptStep::Type {
                text: "The keys".into(),
                every: Duration::from_millis(500)
            },
            ScriptStep::Paste("two\nlines".into()),
            ScriptStep::Press {
                key: KeyEvent::new(KeyCode::Char('r'), KeyModifiers::CONTROL),
                times: 1,
                every: Duration::ZERO
            },
            ScriptStep::Press {
                key: KeyCode::Down.into(),
                times: 3,
                every: Duration::ZERO
            },
            ScriptStep::Wait {
                until: Wait::Tokens { tokens: 4 },
                timeout: USUAL_TIMEOUT
            },
            ScriptStep::Wait {
                until: Wait::Text { text: "L29".into() },
                timeout: Duration::from_millis(1500)
            },
            ScriptStep::Wait {
                until: Wait::Gone {
                    gone: "loading".into()
                },
                timeout: USUAL_TIMEOUT
            },
            ScriptStep::Sleep(Duration::from_millis(250)),
            ScriptStep::Resize(Size::new(120, 40)),
            ScriptStep::Mark("here".into()),
            ScriptStep::Screenshot(Screenshot {
                path: "grid.svg".into(),
                format: ScreenshotFormat::Svg
            }),
            ScriptStep::Screenshot(Screenshot {
                path: "folder/grid.v2.png".into(),
                format: ScreenshotFormat::Png
            }),
        ]
    );
}

#[test]
fn a_mistake_is_told_with_its_line() {
    for (text, part) in [
        ("{ press = \"hyper-q\" }", "no key \"hyper-q\""),
        ("\n\n{ jump = 3 }", "line 3: "),
        ("{ type = \"a\", press = \"b\" }", "exactly one of"),
        ("{}", "exactly one of"),
        ("{ type = \"a\", times = 2 }", "`times` belongs to `press`"),
        ("{ sleep = -1 }", "no time in seconds"),
        ("{ sleep = 1, every = 1 }", "`every` belongs to"),
        ("{ screenshot = \"grid.gif\" }", "names no picture"),
        (
            "{ screenshot = \"../grid.svg\" }",
            "leads out of the script's folder",
        ),
        (
            "{ screenshot = \"/tmp/grid.svg\" }",
            "leads out of the script's folder",
        ),
        (
            "{ press = \"x\", times = 9223372036854775807 }",
            "`times` is 10000 at most",
        ),
        ("{ sleep = 1e18 }", "more than a day"),
        ("{ wait = \"ready\", timeout = 1e18 }", "more than a day"),
        ("{ resize = [65535, 65535] }", "1000x500 is the largest"),
        ("{ resize = [80, 0] }", "1000x500 is the largest"),
    ] {
        let error = steps(text).unwrap_err();
        assert!(error.contains(part), "{text}: {error}");
    }
}

#[test]
fn a_script_is_as_large_as_a_screen_and_records_a_cast_beside_it() {
    for (text, part) in [
        ("size = [65535, 65535]", "1000x500 is the largest"),
        (
            "record = \"/tmp/a.cast\"",
            "leads out of the script's folder",
        ),
        ("record = \"../a.cast\"", "leads out of the script's folder"),
        ("record = \".bashrc\"", "has to end in .cast"),
        ("record = \"a.json\"", "has to end in .cast"),
        ("record = \".cast\"", "has to end in .cast"),
        ("film = \"../a.svg\"", "leads out of the script's folder"),
        ("film = \"a.gif\"", "has to end in .svg"),
        ("idle_limit = 0", "more than 0"),
        ("idle_limit = -1.0", "no time in seconds"),
    ] {
        let text = format!("{text}\nsteps = []");
        let error = toml::from_str::<Script>(&text).unwrap_err();
        assert!(error.message().contains(part), "{text}: {error}");
    }
}

#[test]
fn a_film_needs_its_cast() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.toml");
    std::fs::write(&path, "film = \"a.svg\"\nsteps = []").unwrap();
    let error = Script::read(&path).unwrap_err().to_string();
    assert!(error.contains("name one with `record`"), "{error}");
    std::fs::write(&path, "record = \"a.cast\"\nfilm = \"a.svg\"\nsteps = []").unwrap();
    assert_eq!(Script::read(&path).unwrap().film, Some("a.svg".into()));
}

#[test]
fn on_a_screen_of_another_size_it_stays_so() {
    let text = "steps = [{ sleep = 1 }, { resize = [120, 40] }, { sleep = 2 }]";
    let script: Script = toml::from_str(text).unwrap();
    let script = script.on_screen_of(Size::new(80, 24));
    assert_eq!(script.size, Size::new(80, 24));
    assert_eq!(script.steps.len(), 2);
}
