//! Who gets a turn when.

use std::collections::VecDeque;
use std::future::pending;
use std::io;
use std::time::{Duration, Instant};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use lenscape::app::{Effect, Loading, Save, SaveSource, State};
use lenscape::engine::{CancelledRuns, Command, Event, Handle};
use lenscape::export::Format;
use lenscape::model::Dtype;
use lenscape::model::device::WantedDevices;
use lenscape::run::RunId;
use lenscape::terminal::{
    Channels, Error, EventSource, Exit, FrameCost, Input, Mouse, Screen, Signals, drive,
};
use ratatui::layout::Size;
use tokio::sync::{mpsc, watch};

use super::fake_run;

fn load(model: &str) -> Command {
    Command::Load {
        model: model.into(),
        dtype: Dtype::Auto,
        devices: WantedDevices::default(),
    }
}

/// A screen that counts its frames, and may break.
#[derive(Default)]
struct Frames {
    drawn: usize,
    repainted: usize,
    /// How often the rest of a frame has to be offered until there is room for it.
    offers: usize,
    /// How often that is still so for the last frame.
    offers_left: usize,
    /// What drawing returns instead.
    error: Option<io::ErrorKind>,
    os_error: Option<i32>,
}

impl Screen for Frames {
    fn size(&self) -> io::Result<Size> {
        Ok(Size::new(80, 24))
    }

    fn draw(&mut self, _: &State) -> io::Result<FrameCost> {
        self.drawn += 1;
        self.offers_left = self.offers;
        match (self.error, self.os_error) {
            (Some(kind), _) => Err(kind.into()),
            (_, Some(code)) => Err(io::Error::from_raw_os_error(code)),
            _ => Ok(FrameCost::default()),
        }
    }

    fn catch_up(&mut self) -> io::Result<usize> {
        let left = self.offers_left;
        self.offers_left = left.saturating_sub(1);
        Ok(left)
    }

    fn repaint(&mut self) {
        self.repainted += 1;
    }

    fn set_mouse(&mut self, _: Mouse) -> io::Result<()> {
        Ok(())
    }

    fn suspend(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Someone who does things after having been asked some times.
struct Late {
    turns: usize,
    inputs: VecDeque<Input>,
}

impl EventSource for Late {
    async fn next(&mut self) -> Option<Input> {
        if self.turns > 0 {
            self.turns -= 1;
            return pending().await;
        }
        self.inputs.pop_front()
    }

    fn try_next(&mut self) -> Option<Input> {
        self.inputs.pop_front()
    }
}

/// Someone who does nothing, and goes away in the end.
struct Idle(tokio::time::Instant);

impl EventSource for Idle {
    async fn next(&mut self) -> Option<Input> {
        tokio::time::sleep_until(self.0).await;
        None
    }

    fn try_next(&mut self) -> Option<Input> {
        None
    }
}

fn quit() -> Input {
    Input::Key(KeyEvent::new(KeyCode::Char('q'), KeyModifiers::CONTROL))
}

/// Everything around one call of `drive`.
struct Trial {
    state: State,
    screen: Frames,
    engine: Handle,
    commands: std::sync::mpsc::Receiver<(Command, tokio_util::sync::CancellationToken)>,
    cancelled_runs: CancelledRuns,
    events: mpsc::Sender<Event>,
    received: Option<mpsc::Receiver<Event>>,
    shutdown: watch::Sender<Option<Exit>>,
}

impl Trial {
    fn new() -> Self {
        let (sender, commands) = std::sync::mpsc::channel();
        let cancelled_runs = CancelledRuns::default();
        let (events, received) = mpsc::channel(100_000);
        Self {
            state: fake_run::state(80, 24),
            screen: Frames::default(),
            engine: Handle::new(sender, cancelled_runs.clone()),
            commands,
            cancelled_runs,
            events,
            received: Some(received),
            shutdown: watch::channel(None).0,
        }
    }

    fn loads(self, tensors: usize) -> Self {
        for done in 1..=tensors {
            let total = tensors;
            self.events
                .try_send(Event::Loading { done, total })
                .unwrap();
        }
        self
    }

    /// How many of the engine's events were taken.
    fn taken(&self) -> usize {
        match self.state.model.loading {
            Loading::Reading { done, .. } => done,
            _ => 0,
        }
    }

    fn drive(
        &mut self,
        effects: Vec<Effect>,
        source: &mut impl EventSource,
    ) -> Result<Exit, Error> {
        let channels = Channels {
            engine: self.engine.clone(),
            events: self.received.take().unwrap(),
            signals: Signals {
                exit: self.shutdown.subscribe(),
                ..Signals::none()
            },
        };
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap()
            .block_on(drive(
                &mut self.state,
                effects,
                &mut self.screen,
                source,
                channels,
            ))
    }
}

#[test]
fn a_busy_engine_does_not_keep_a_key_waiting() {
    let mut trial = Trial::new().loads(50_000);
    let mut source = Late {
        turns: 3,
        inputs: [quit()].into(),
    };
    assert_eq!(trial.drive(Vec::new(), &mut source).unwrap(), Exit::Quit);
    assert!(trial.taken() > 0, "the engine has had its turns");
    assert!(
        trial.taken() <= 3 * 64,
        "{} events came first",
        trial.taken()
    );
}

#[test]
fn what_the_engine_sends_is_drawn_thirty_times_a_second_at_most() {
    let mut trial = Trial::new().loads(50_000);
    let start = Instant::now();
    let mut source = Late {
        turns: 50_000 / 64,
        inputs: [quit()].into(),
    };
    trial.drive(Vec::new(), &mut source).unwrap();
    let frames_of_time = start.elapsed().as_secs_f64() * 30.0;
    // One more at the start, one that was due, and one for rounding.
    assert!(
        trial.screen.drawn as f64 <= frames_of_time + 3.0,
        "{} frames, but time for {frames_of_time}",
        trial.screen.drawn
    );
}

#[test]
fn a_terminal_that_takes_nothing_keeps_no_key_waiting_and_gets_no_more_frames() {
    let mut trial = Trial::new().loads(500);
    trial.screen.offers = usize::MAX;
    let mut source = Late {
        turns: 30,
        inputs: [Input::Resize(Size::new(100, 30)), quit()].into(),
    };
    assert_eq!(trial.drive(Vec::new(), &mut source).unwrap(), Exit::Quit);
    assert_eq!(trial.taken(), 500, "the engine is listened to");
    assert_eq!(trial.screen.drawn, 1);
}

#[test]
fn a_terminal_that_takes_a_frame_bit_by_bit_is_offered_the_rest_by_and_by() {
    let mut trial = Trial::new();
    trial.screen.offers = 5;
    let mut source = Idle(tokio::time::Instant::now() + Duration::from_secs(1));
    trial.drive(Vec::new(), &mut source).unwrap();
    assert_eq!(trial.screen.drawn, 1);
    assert_eq!(trial.screen.offers_left, 0);
}

#[test]
fn each_key_is_drawn_at_once_and_sizes_in_a_row_count_once() {
    let mut trial = Trial::new();
    let sizes = [(100, 30), (90, 28), (60, 20)].map(|(x, y)| Input::Resize(Size::new(x, y)));
    let mut source = VecDeque::from(sizes);
    trial.drive(Vec::new(), &mut source).unwrap();
    assert_eq!((trial.state.columns, trial.state.rows), (60, 20));
    assert_eq!(trial.screen.repainted, 1);
    assert_eq!(trial.screen.drawn, 2, "the first frame, and the new size");
}

#[test]
fn effects_go_where_they_belong() {
    let mut trial = Trial::new();
    let effects = vec![
        Effect::Engine(load("a model")),
        Effect::StopRun(RunId(7)),
        Effect::Redraw,
    ];
    let mut source = Late {
        turns: 1,
        inputs: [quit()].into(),
    };
    trial.shutdown.send_replace(Some(Exit::Signal(15)));
    assert_eq!(
        trial.drive(effects, &mut source).unwrap(),
        Exit::Signal(15),
        "a signal goes first"
    );
    let (command, cancelled) = trial.commands.try_recv().unwrap();
    assert_eq!(command, load("a model"));
    assert_eq!(trial.screen.repainted, 1);
    assert!(cancelled.is_cancelled(), "what is under way is given up");
    assert!(
        trial.cancelled_runs.contains(RunId(1_000)),
        "every run is given up"
    );
    assert!(
        trial.events.is_closed(),
        "an engine that waits for room is set free"
    );
}

#[test]
fn what_is_saved_is_there_when_the_program_has_ended() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("screen.txt");
    let effects = vec![Effect::Save(Save {
        path: path.clone(),
        format: Format::named("text").unwrap(),
        what: SaveSource::Screen,
    })];
    let mut source = VecDeque::from([quit()]);
    let mut trial = Trial::new();
    assert_eq!(trial.drive(effects, &mut source).unwrap(), Exit::Quit);
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains("lenscape"), "{text}");
    assert_eq!(text.lines().count(), 24);
}

#[test]
fn what_is_being_saved_is_there_when_a_signal_has_ended_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("screen.svg");
    let effects = vec![Effect::Save(Save {
        path: path.clone(),
        format: Format::named("screen-svg").unwrap(),
        what: SaveSource::Screen,
    })];
    let mut trial = Trial::new();
    trial.shutdown.send_replace(Some(Exit::Signal(15)));
    let ended = trial.drive(effects, &mut VecDeque::new()).unwrap();
    assert_eq!(ended, Exit::Signal(15));
    assert!(path.exists());
}

#[test]
fn what_cannot_be_saved_is_told_in_one_line() {
    let effects = vec![Effect::Save(Save {
        path: "/no/such/folder/screen.txt".into(),
        format: Format::named("text").unwrap(),
        what: SaveSource::Screen,
    })];
    let mut trial = Trial::new();
    // Leaves once the loop was woken by something else.
    let mut source = Late {
        turns: 1,
        inputs: VecDeque::new(),
    };
    trial.drive(effects, &mut source).unwrap();
    let notice = trial.state.notice.unwrap().text;
    assert!(notice.contains("/no/such/folder/screen.txt"), "{notice}");
    assert_eq!(notice.lines().count(), 1);
}

#[test]
fn the_first_screen_stands_before_the_engine_is_asked_for_anything() {
    let mut trial = Trial::new();
    trial.screen.error = Some(io::ErrorKind::Other);
    let effects = vec![Effect::Engine(load("a model"))];
    assert!(trial.drive(effects, &mut VecDeque::new()).is_err());
    assert!(trial.commands.try_recv().is_err());
}

#[test]
fn a_terminal_that_is_gone_is_no_error() {
    for code in [
        rustix::io::Errno::IO.raw_os_error(),
        rustix::io::Errno::PIPE.raw_os_error(),
    ] {
        let mut trial = Trial::new();
        trial.screen.os_error = Some(code);
        let exit = trial.drive(Vec::new(), &mut VecDeque::new()).unwrap();
        assert_eq!(exit, Exit::HangUp);
    }
    let mut trial = Trial::new();
    assert_eq!(
        trial.drive(Vec::new(), &mut VecDeque::new()).unwrap(),
        Exit::HangUp,
        "neither is a user who is gone"
    );
}

#[test]
fn exits_have_the_codes_that_shells_expect() {
    assert_eq!(Exit::Quit.code(), 0);
    assert_eq!(Exit::Signal(15).code(), 143);
    assert_eq!(Exit::HangUp.code(), 129);
}
