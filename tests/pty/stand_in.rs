//! The program with an engine that only pretends, for what the real one cannot be asked to do.
//!
//! This test executable starts itself again, with a variable that says how it is to behave.

use std::future::pending;
use std::hint::black_box;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{env, panic, process, thread};

use lenscape::app::{Effect, Start, State};
use lenscape::autosave::AutosaveFolder;
use lenscape::engine::{CancelledRuns, Command, Event, Handle};
use lenscape::log_file;
use lenscape::run::{ModelInfo, RunId};
use lenscape::settings::Settings;
use lenscape::terminal::{
    self, Autosaver, Channels, EventSource, Exit, FrameCost, Input, Link, Mouse, Recordings,
    Screen, Signals, TerminalSession, drive_and_autosave, faults, panic_hook,
};
use ratatui::layout::Size;
use tokio::sync::mpsc;

use crate::pseudo_terminal::PseudoTerminal;
use crate::testing;

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
    /// Generates some steps of a run; the program panics while it draws them.
    PanicsAtAStep,
    /// Generates some steps of a run, then its thread panics.
    EngineEndsAtAStep,
    /// Generates some steps of a run, then asks for more memory than there is.
    WantsTooMuchAtAStep,
    /// Generates some steps of a run, then uses up its stack.
    OverflowsAtAStep,
    /// Generates some steps of a run, then the thread that draws has a fault.
    ProgramAbortsAtAStep,
    /// Writes to standard output and error, once the screen stands, and has a child do so.
    MakesNoise,
}

/// What the noise is.
pub const NOISE: [&str; 3] = [
    "a library says this",
    "and a thread that",
    "a child says this",
];

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
    if env::var_os("XDG_STATE_HOME").is_some() {
        log_file::start(&log_file::usual_path().unwrap(), None).unwrap();
    }
    if behaviour == "WatchesProgramPanic" {
        let mut session = TerminalSession::enter().unwrap();
        session
            .draw(|frame| frame.render_widget("standing", frame.area()))
            .unwrap();
        panic!("as asked");
    }
    let (commands, received) = std::sync::mpsc::channel();
    let (sender, events) = mpsc::channel(256);
    let engine = Handle::new(commands, CancelledRuns::default());
    let prompt = behaviour.ends_with("AtAStep").then(|| PROMPT.to_owned());
    let mut settings = Settings::embedded().unwrap();
    settings.options.model = "stand-in".into();
    settings.options.max_tokens = 8;
    let (mut state, effects) = State::new(settings, start_of_program(prompt));
    let autosaver = Autosaver::new(AutosaveFolder::usual());
    // SAFETY: it has no conditions.
    let draws = unsafe { libc::pthread_self() } as usize;
    if behaviour == "PanicsAtAStep" {
        thread::spawn(move || generate(&sender));
        panic_while_drawing(&mut state, effects, engine, events, &autosaver);
    }
    thread::spawn(move || {
        pretend(&behaviour, &sender, draws);
        // The handle's other end lives as long as the program.
        for (command, _) in received {
            drop::<Command>(command);
        }
    });
    let ended = terminal::run(
        &mut state,
        effects,
        engine,
        events,
        Link::Local,
        &Recordings::default(),
        &autosaver,
    );
    if let Some(fault) = ended.as_ref().ok().and_then(|exit| faults::in_words(*exit)) {
        eprintln!("lenscape: {fault}");
    }
    autosaver.tell_outcome();
    match ended {
        Ok(exit) => {
            faults::die_of(exit);
            process::exit(exit.code())
        }
        Err(error) => {
            eprintln!("{error}");
            process::exit(1);
        }
    }
}

/// A screen that panics once there are some steps to be drawn.
struct Brittle(TerminalSession);

impl Screen for Brittle {
    fn size(&self) -> io::Result<Size> {
        Screen::size(&self.0)
    }

    fn draw(&mut self, state: &State) -> io::Result<FrameCost> {
        let steps = state.run.as_ref().map_or(0, |run| run.columns.len());
        assert!(steps < 3, "as asked, at step {steps}");
        Screen::draw(&mut self.0, state)
    }

    fn repaint(&mut self) {
        Screen::repaint(&mut self.0);
    }

    fn set_mouse(&mut self, mouse: Mouse) -> io::Result<()> {
        Screen::set_mouse(&mut self.0, mouse)
    }

    fn suspend(&mut self) -> io::Result<()> {
        Screen::suspend(&mut self.0)
    }
}

/// A user who does nothing.
struct Nobody;

impl EventSource for Nobody {
    async fn next(&mut self) -> Option<Input> {
        pending().await
    }

    fn try_next(&mut self) -> Option<Input> {
        None
    }
}

fn panic_while_drawing(
    state: &mut State,
    effects: Vec<Effect>,
    engine: Handle,
    events: mpsc::Receiver<Event>,
    autosaver: &Autosaver,
) -> ! {
    let mut screen = Brittle(TerminalSession::enter().unwrap());
    let channels = Channels {
        engine,
        events,
        signals: Signals::none(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let mut nobody = Nobody;
    let drawn = drive_and_autosave(
        state,
        effects,
        &mut screen,
        &mut nobody,
        channels,
        autosaver,
    );
    let exit: Exit = runtime.block_on(drawn).unwrap();
    panic!("it did not panic, but ended with {exit:?}");
}

/// The prompt that the steps follow.
const PROMPT: &str = "The keys to the cabinet";

/// Loads a model of two layers, and generates for the program's first run.
fn generate(events: &mpsc::Sender<Event>) {
    let run = RunId(1);
    let tell = |event| events.blocking_send(event).unwrap();
    tell(testing::ready(ModelInfo {
        name: "stand-in".into(),
        ..testing::model(2, &[" are", " on"])
    }));
    tell(testing::started(run, 5));
    for step in 0..5 {
        tell(testing::step(
            run,
            step,
            testing::column(1, &[2, 2, 1]),
            " on",
        ));
    }
}

fn make_noise() {
    let [library, thread, child] = NOISE;
    println!("{library}");
    eprintln!("{thread}");
    let script = format!("echo {child} >&2");
    let status = process::Command::new("/bin/sh")
        .args(["-c", &script])
        .status();
    assert!(status.unwrap().success());
}

fn start_of_program(prompt: Option<String>) -> Start {
    Start {
        prompt,
        ..Start::on((80, 24))
    }
}

fn loading(done: usize) -> Event {
    Event::Loading {
        done,
        total: 100_000,
    }
}

/// Sends more than the channel holds: the screen stands when all have been taken.
fn wait_for_the_screen(events: &mpsc::Sender<Event>) {
    for done in 0..300 {
        events.blocking_send(loading(done)).unwrap();
    }
}

/// Calls itself for ever; the sum is only there so that this cannot be a loop.
#[expect(unconditional_recursion, reason = "that is its purpose")]
fn overflow(depth: u64) -> u64 {
    let there = black_box([depth; 64]);
    there[1] + overflow(black_box(depth + 1))
}

/// `draws` is the thread that draws.
fn pretend(behaviour: &str, events: &mpsc::Sender<Event>, draws: usize) {
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
        "EngineEndsAtAStep" => {
            generate(events);
            panic!("the engine broke");
        }
        "WantsTooMuchAtAStep" => {
            generate(events);
            wait_for_the_screen(events);
            black_box(Vec::<u8>::with_capacity(black_box(1 << 46)));
        }
        "OverflowsAtAStep" => {
            generate(events);
            wait_for_the_screen(events);
            black_box(overflow(0));
        }
        "ProgramAbortsAtAStep" => {
            generate(events);
            wait_for_the_screen(events);
            // SAFETY: that thread lives as long as the program.
            unsafe { libc::pthread_kill(draws as libc::pthread_t, libc::SIGABRT) };
        }
        "MakesNoise" => {
            wait_for_the_screen(events);
            make_noise();
            let made = Event::LoadFailed("made all its noise".into());
            events.blocking_send(made).unwrap();
        }
        "Panics" => {
            wait_for_the_screen(events);
            let caught = panic::catch_unwind(|| panic!("the engine broke"));
            assert!(caught.is_err());
            let failed = Event::LoadFailed("the engine broke, as told by its owner".into());
            events.blocking_send(failed).unwrap();
        }
        other => panic!("no behaviour {other}"),
    }
}
