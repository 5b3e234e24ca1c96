//! Scripts: a small one with an engine that only pretends.

use std::path::Path;
use std::thread;

use lenscape::engine::{Command, Event, Handle, StopReason, Unwanted};
use lenscape::play::{Error, Script, play};
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
    let path = folder.join("script.toml");
    std::fs::write(&path, script).unwrap();
    let script = Script::read(&path)?;
    let (engine, events) = engine();
    let mut state = state(script.size.width, script.size.height);
    play(&script, folder, &mut state, Vec::new(), engine, events)
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
