//! Scripts: a small one with an engine that only pretends.

use std::path::Path;
use std::thread;

use lenscape::app::State;
use lenscape::engine::{Command, Event, Handle, StopReason, Unwanted};
use lenscape::export::cast::{CastOptions, CastVersion};
use lenscape::play::{Error, Script, play};
use lenscape::terminal::Recordings;
use lenscape::ui;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use tokio::sync::mpsc;

use crate::fake_run::{ready, state, step};

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
    (Handle::new(sender, Unwanted::default()), receiver)
}

fn play_text(script: &str, folder: &Path) -> Result<Vec<std::path::PathBuf>, Error> {
    let recordings = Recordings::default();
    play_recorded(script, folder, &recordings).map(|(pictures, _)| pictures)
}

fn play_recorded(
    script: &str,
    folder: &Path,
    recordings: &Recordings,
) -> Result<(Vec<std::path::PathBuf>, State), Error> {
    let path = folder.join("script.toml");
    std::fs::write(&path, script).unwrap();
    let script = Script::read(&path)?;
    let (engine, events) = engine();
    let mut state = state(script.size.width, script.size.height);
    let pictures = play(
        &script,
        folder,
        &mut state,
        Vec::new(),
        engine,
        events,
        recordings,
    )?;
    recordings.stop();
    Ok((pictures, state))
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

/// The last screen of a cast, played through a terminal emulator.
fn last_screen(cast: &Path) -> vt100::Screen {
    let text = std::fs::read_to_string(cast).unwrap();
    let mut lines = text
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let header = lines.next().unwrap();
    let cells = |value: &serde_json::Value| {
        std::num::NonZero::new(u16::try_from(value.as_u64().unwrap()).unwrap()).unwrap()
    };
    let size = match header["version"].as_u64() {
        Some(2) => (cells(&header["height"]), cells(&header["width"])),
        _ => (
            cells(&header["term"]["rows"]),
            cells(&header["term"]["cols"]),
        ),
    };
    let mut parser = vt100::Parser::new(size.0, size.1, 0);
    for event in lines {
        let data = event[2].as_str().unwrap();
        match event[1].as_str().unwrap() {
            "o" => parser.process(data.as_bytes()),
            "r" => {
                let (columns, rows) = data.split_once('x').unwrap();
                parser
                    .screen_mut()
                    .set_size(rows.parse().unwrap(), columns.parse().unwrap());
            }
            other => panic!("an event {other:?}"),
        }
    }
    parser.screen().clone()
}

#[test]
fn a_cast_ends_with_the_screen_of_the_program() {
    for version in [CastVersion::V2, CastVersion::V3] {
        let folder = tempfile::tempdir().unwrap();
        let cast = folder.path().join("demo.cast");
        let options = CastOptions {
            version,
            ..CastOptions::default()
        };
        let recordings = Recordings::to_file(&cast, options).unwrap();
        let (_, state) = play_recorded(
            r#"
            size = [80, 24]
            steps = [
                { wait = "ready" },
                { type = "Once" },
                { press = "enter" },
                { wait = "finished" },
                { resize = [120, 40] },
                { press = "tab" },
                { press = "left" },
                { wait = { text = "Once" } },
            ]
            "#,
            folder.path(),
            &recordings,
        )
        .unwrap();

        let mut expected = Terminal::new(TestBackend::new(120, 40)).unwrap();
        expected.draw(|frame| ui::draw(frame, &state)).unwrap();
        let buffer = expected.backend().buffer();
        let screen = last_screen(&cast);
        let (rows, columns) = screen.size();
        assert_eq!((rows.get(), columns.get()), (40, 120));
        for row in 0..40 {
            for column in 0..120 {
                let cell = screen.cell(row, column).unwrap();
                let shown = if cell.has_contents() {
                    cell.contents()
                } else {
                    " "
                };
                let drawn = buffer[(column, row)].symbol();
                assert_eq!(shown, drawn, "row {row}, column {column}");
            }
        }
    }
}
