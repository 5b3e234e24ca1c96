//! The program with an engine that only pretends, for what the real one cannot be asked to do.
//!
//! This test executable starts itself again, with a variable that says how it is to behave.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{env, panic, process, thread};

use lenscape::app::{Start, State};
use lenscape::engine::{Command, Event, Handle, Sampling, Unwanted};
use lenscape::settings::theme::Depth;
use lenscape::settings::{Charset, Settings};
use lenscape::terminal::{self, Link, Recordings, Session, panic_hook};
use lenscape::trace::LensKind;
use tokio::sync::mpsc;

use crate::pseudo_terminal::PseudoTerminal;

const BEHAVIOUR: &str = "LENSCAPE_TEST_BEHAVIOUR";

/// What the engine does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// Loads a model for ever: the number of tensors goes up, slowly.
    Counts,
    /// Sends events as fast as they are taken, for ever.
    Floods,
    /// Panics, once the screen stands, and has that told as a failure to load.
    Panics,
    /// Nothing; it is the program that panics, once the screen stands.
    WatchesProgramPanic,
}

/// Start the stand-in.
pub fn start(behaviour: Behaviour) -> PseudoTerminal {
    start_with(behaviour, &[])
}

/// Start the stand-in with variables on top of the usual ones.
pub fn start_with(behaviour: Behaviour, environment: &[(&str, &str)]) -> PseudoTerminal {
    let name = format!("{behaviour:?}");
    let mut variables = vec![(BEHAVIOUR, name.as_str())];
    variables.extend_from_slice(environment);
    PseudoTerminal::start(&executable(), &arguments(), &variables, (80, 24))
}

/// Start `shell`, whose variables `STAND_IN` and `STAND_IN_ARGUMENTS` start the stand-in.
pub fn start_under(shell: &Path, arguments: &[&str], behaviour: Behaviour) -> PseudoTerminal {
    let name = format!("{behaviour:?}");
    let program = executable();
    let program = program.to_str().unwrap();
    let program_arguments = self::arguments().join(" ");
    let variables = [
        (BEHAVIOUR, name.as_str()),
        ("STAND_IN", program),
        ("STAND_IN_ARGUMENTS", program_arguments.as_str()),
    ];
    PseudoTerminal::start(shell, arguments, &variables, (80, 24))
}

/// The stand-in as a command without a terminal.
pub fn command(behaviour: Behaviour) -> process::Command {
    let mut command = process::Command::new(executable());
    command
        .args(arguments())
        .env(BEHAVIOUR, format!("{behaviour:?}"));
    command
}

pub fn executable() -> PathBuf {
    env::current_exe().unwrap()
}

fn arguments() -> [&'static str; 5] {
    [
        "--exact",
        "stand_in::program",
        "--ignored",
        "--nocapture",
        "--test-threads=1",
    ]
}

/// Not a test: the program that the tests start.
#[test]
#[ignore = "only does something when another test starts it"]
fn program() {
    let Ok(behaviour) = env::var(BEHAVIOUR) else {
        return;
    };
    panic_hook::install(|info| format!("report: {info}"));
    if behaviour == "WatchesProgramPanic" {
        let mut session = Session::enter().unwrap();
        session
            .draw(|frame| frame.render_widget("standing", frame.area()))
            .unwrap();
        panic!("as asked");
    }
    let (commands, received) = std::sync::mpsc::channel();
    let (sender, events) = mpsc::channel(256);
    thread::spawn(move || {
        pretend(&behaviour, &sender);
        // The handle's other end lives as long as the program.
        for (command, _) in received {
            drop::<Command>(command);
        }
    });
    let engine = Handle::new(commands, Unwanted::default());
    let (mut state, effects) = State::new(Settings::embedded().unwrap(), start_of_program());
    match terminal::run(
        &mut state,
        effects,
        engine,
        events,
        Link::Local,
        &Recordings::default(),
    ) {
        Ok(exit) => process::exit(exit.code()),
        Err(error) => {
            eprintln!("{error}");
            process::exit(1);
        }
    }
}

fn start_of_program() -> Start {
    Start {
        prompt: None,
        force: None,
        skips: Vec::new(),
        model: "stand-in".into(),
        max_tokens: 8,
        sampling: Sampling::default(),
        lens: LensKind::Normed,
        depth: Depth::TrueColour,
        charset: Charset::Unicode,
        size: (80, 24),
        now: Instant::now(),
    }
}

fn pretend(behaviour: &str, events: &mpsc::Sender<Event>) {
    let loading = |done| Event::Loading {
        done,
        total: 100_000,
    };
    match behaviour {
        "Counts" => {
            for done in 0.. {
                if events.blocking_send(loading(done)).is_err() {
                    return;
                }
                thread::sleep(Duration::from_millis(20));
            }
        }
        "Floods" => {
            for done in (0..100_000).cycle() {
                if events.blocking_send(loading(done)).is_err() {
                    return;
                }
            }
        }
        "Panics" => {
            // More than the channel holds: the screen stands when all have been taken.
            for done in 0..300 {
                events.blocking_send(loading(done)).unwrap();
            }
            let caught = panic::catch_unwind(|| panic!("the engine broke"));
            assert!(caught.is_err());
            let failed = Event::LoadFailed("the engine broke, as told by its owner".into());
            events.blocking_send(failed).unwrap();
        }
        other => panic!("no behaviour {other}"),
    }
}
