//! Scripts: a small one with an engine that only pretends.

use std::path::Path;
use std::thread;

use lenscape::app::State;
use lenscape::engine::{CancelledRuns, Command, Event, Handle};
use lenscape::export::cast::{CastOptions, CastVersion};
use lenscape::play::{Error, Pictures, ScreenshotAt, Script, ScriptResult, TypeSize, play};
use lenscape::run::StopReason;
use lenscape::terminal::Recordings;
use lenscape::ui;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use tokio::sync::mpsc;

use super::fake_run::{ready, state, step};
use crate::replay;

/// An engine that answers each run with three tokens.
fn engine() -> (Handle, mpsc::Receiver<Event>) {
    let (sender, commands) = std::sync::mpsc::channel::<(Command, _)>();
    let (events, receiver) = mpsc::channel(256);
    thread::spawn(move || {
        let say = |event| events.blocking_send(event).is_ok();
        say(ready());
        for (command, _) in commands {
            let Command::Run(run) = command else {
                continue;
            };
            let prompt = Vec::new();
            say(Event::Started {
                run: run.id,
                prompt,
            });
            for token in 0..3 {
                say(step(run.id, token));
            }
            say(Event::Finished {
                run: run.id,
                reason: StopReason::MaxTokens,
                text: String::new(),
            });
        }
    });
    (Handle::new(sender, CancelledRuns::default()), receiver)
}

fn play_text(script: &str, folder: &Path) -> Result<Vec<std::path::PathBuf>, Error> {
    let recordings = Recordings::default();
    play_recorded(script, folder, &recordings).map(|(played, _)| played.pictures)
}

fn play_recorded(
    script: &str,
    folder: &Path,
    recordings: &Recordings,
) -> Result<(ScriptResult, State), Error> {
    play_wanted(script, folder, &[], recordings)
}

fn play_wanted(
    script: &str,
    folder: &Path,
    wanted: &[ScreenshotAt],
    recordings: &Recordings,
) -> Result<(ScriptResult, State), Error> {
    let path = folder.join("script.toml");
    std::fs::write(&path, script).unwrap();
    let script = Script::read(&path)?;
    let (engine, events) = engine();
    let mut state = state(script.size.width, script.size.height);
    let played = play(
        &script,
        Pictures {
            folder,
            wanted,
            type_size: TypeSize::default(),
        },
        &mut state,
        Vec::new(),
        engine,
        events,
        recordings,
    )?;
    recordings.stop();
    Ok((played, state))
}

#[test]
fn a_script_types_waits_and_takes_pictures() {
    let folder = tempfile::tempdir().unwrap();
    let pictures = play_text(
        r#"
        size = [80, 24]
        title = "a fake run"
        steps = [
            { wait = "ready" },
            { screenshot = "before" },
            { type = "Once" },
            { wait = { text = "Once" } },
            { press = "enter" },
            { wait = "finished" },
            { resize = [120, 40] },
            { screenshot = "pictures/after" },
        ]
        "#,
        folder.path(),
    )
    .unwrap();
    assert_eq!(
        pictures,
        [
            folder.path().join("before.svg"),
            folder.path().join("pictures/after.svg")
        ]
    );
    let size = |path: &Path| {
        let picture = std::fs::read_to_string(path).unwrap();
        assert!(picture.contains("<title>a fake run</title>"));
        picture.split('"').nth(3).unwrap().parse::<u32>().unwrap()
    };
    assert!(
        size(&pictures[0]) < size(&pictures[1]),
        "the second one is wider"
    );
}

#[test]
fn what_does_not_come_is_told_with_its_step_and_the_screen() {
    let folder = tempfile::tempdir().unwrap();
    let error = play_text(
        r#"steps = [{ wait = "ready" }, { wait = { text = "no such words" }, timeout = 0.1 }]"#,
        folder.path(),
    )
    .unwrap_err();
    assert_eq!(
        error.to_string(),
        "step 2: waited 0.1 s for the text \"no such words\""
    );
    let Error::TimedOut { screen, .. } = error else {
        panic!("{error}");
    };
    assert!(screen.contains("fake"), "{screen}");
}

#[test]
fn a_script_that_is_not_there_or_not_valid_is_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let missing = Script::read(&folder.path().join("none.toml")).unwrap_err();
    assert!(missing.to_string().starts_with("cannot read the script "));
    let wrong = play_text("steps = [{ leap = 1 }]", folder.path()).unwrap_err();
    assert!(wrong.to_string().contains("line 1"), "{wrong}");
    assert_eq!(wrong.to_string().lines().count(), 1);
}

#[test]
fn a_script_that_the_program_ends_before_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let quits = r#"steps = [{ press = "ctrl-q" }, { sleep = 0 }]"#;
    let error = play_text(quits, folder.path()).unwrap_err();
    assert_eq!(error.to_string(), "step 2: the program has ended");
    play_text(r#"steps = [{ press = "ctrl-q" }]"#, folder.path()).unwrap();
}

#[test]
fn pictures_are_taken_at_marks_and_at_the_end_in_both_formats() {
    let folder = tempfile::tempdir().unwrap();
    let at = |mark: &str, name: &str| {
        let path = folder.path().join(name);
        let text = format!("{mark}{}", path.display());
        (path, text.parse::<ScreenshotAt>().unwrap())
    };
    let (then, at_mark) = at("typed=", "then.svg");
    let (end, at_end) = at("", "end.png");
    let script = r#"
        steps = [
            { wait = "ready" },
            { type = "Once" },
            { mark = "typed" },
            { press = "enter" },
            { wait = { tokens = 3 } },
            { screenshot = "own.png" },
        ]
        "#;
    let wanted = [at_end, at_mark];
    let (played, _) = play_wanted(script, folder.path(), &wanted, &Recordings::default()).unwrap();
    let own = folder.path().join("own.png");
    assert_eq!(played.pictures, [then.clone(), own.clone(), end.clone()]);
    assert!(std::fs::read_to_string(then).unwrap().contains(">Once<"));
    for path in [own, end] {
        let picture = std::fs::read(path).unwrap();
        let pixels = resvg::tiny_skia::Pixmap::decode_png(&picture).unwrap();
        // Two a unit: 120 columns of 9 units, and the window around them.
        assert_eq!(pixels.width(), 2 * (120 * 9 + 24));
    }

    let (_, nowhere) = at("no such mark=", "never.svg");
    let error = play_wanted(script, folder.path(), &[nowhere], &Recordings::default());
    assert_eq!(
        error.unwrap_err().to_string(),
        "the script has no mark \"no such mark\""
    );
}

#[test]
fn typing_takes_its_time() {
    let folder = tempfile::tempdir().unwrap();
    let cast = folder.path().join("demo.cast");
    let recordings = Recordings::to_file(&cast, CastOptions::default()).unwrap();
    play_recorded(
        r#"steps = [{ wait = "ready" }, { type = "жцю", every = 0.05 }]"#,
        folder.path(),
        &recordings,
    )
    .unwrap();
    let cast = replay::read(&cast);
    let shown = |c: &str| {
        let mut events = cast.events.iter();
        let at = events.position(|event| event.kind == 'o' && event.data.contains(c));
        at.unwrap()
    };
    // From the frame before the first letter: a frame may come late, but never before its key.
    let before = cast.events[shown("ж") - 1].time;
    assert!(cast.events[shown("ю")].time - before >= 0.1);
}

#[test]
fn a_cast_ends_with_the_screen_of_the_program() {
    for (version, number) in [(CastVersion::V2, 2), (CastVersion::V3, 3)] {
        let folder = tempfile::tempdir().unwrap();
        let cast = folder.path().join("demo.cast");
        let options = CastOptions {
            version,
            ..CastOptions::default()
        };
        let recordings = Recordings::to_file(&cast, options).unwrap();
        let (played, state) = play_recorded(
            r#"
            size = [80, 24]
            steps = [
                { wait = "ready" },
                { type = "Once" },
                { press = "enter" },
                { wait = "finished" },
                { resize = [120, 40] },
                { mark = "the end" },
                { press = "tab" },
                { press = "c" },
                { wait = { text = "Compare" } },
            ]
            "#,
            folder.path(),
            &recordings,
        )
        .unwrap();

        let cast = replay::read(&cast);
        assert_eq!(cast.version, number);
        assert_eq!(cast.chapters(), ["Run: Once", "the end", "Compare: Once"]);
        cast.ends_with(&played.screen);
        let mut expected = Terminal::new(TestBackend::new(120, 40)).unwrap();
        expected.draw(|frame| ui::draw(frame, &state)).unwrap();
        cast.ends_with(expected.backend().buffer());
    }
}
