//! The one loop: inputs and engine events in, changes of state, effects and frames out.
//!
//! ```text
//! input ──────┐
//! engine ─────┼─▶ update(state, message) ─▶ effects
//! shutdown ───┘              │
//!                            ▼
//!                      frame limiter ─▶ draw(state)
//! ```
//!
//! Inputs go before engine events and are drawn at once. Engine events are taken in bounded
//! batches, so that an engine that never stops sending cannot keep a key waiting. Nor does a
//! terminal that is slow: it gets no new frame until it has shown the last one, and meanwhile the
//! loop goes on.

use std::future::pending;
use std::time::Duration;

use ratatui::layout::Size;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use super::autosaver::{self, Autosaver};
use super::input::{EventSource, Input};
use super::limiter::{FrameLimiter, Urgency};
use super::saver::{Saver, Wait};
use super::screen::Screen;
use super::signals::Signals;
use super::tour_seen;
use super::tty::is_hang_up;
use super::{Error, Exit, Mouse};
use crate::app::{self, AutosaveEvent, Effect, Message, Save, SaveOutcome, State};
use crate::engine::{self, Handle};
use crate::log_file;

/// How soon a slow terminal is looked at again.
const OFFER: Duration = Duration::from_millis(10);
/// How long a frame waits for a run that was told to stop: over a slow line, one frame that says
/// that it has stopped comes sooner than two.
const STOPS: Duration = Duration::from_millis(100);
/// The most messages that are taken before others get their turn.
const BATCH: usize = 64;
/// The longest time that messages are taken before others get their turn.
const BATCH_TIME: Duration = Duration::from_millis(4);

/// The ends of the channels that the loop listens and speaks to.
pub struct Channels {
    /// The way to the engine.
    pub engine: Handle,
    /// What the engine says.
    pub events: mpsc::Receiver<engine::Event>,
    /// What the system tells the process.
    pub signals: Signals,
}

/// Run the program with `state` on `screen` until it ends. `effects` are what it starts with.
///
/// Has to run on a current-thread runtime. When it returns, the engine has been told to give up
/// everything. Nothing is kept but what the user saves.
///
/// # Errors
///
/// When the screen breaks in another way than by being gone, which is [`Exit::HangUp`].
pub async fn drive<S: Screen, I: EventSource>(
    state: &mut State,
    effects: Vec<Effect>,
    screen: &mut S,
    source: &mut I,
    channels: Channels,
) -> Result<Exit, Error> {
    let autosaver = Autosaver::default();
    drive_and_autosave(state, effects, screen, source, channels, &autosaver).await
}

/// [`drive`], and however it ends, have `autosaver` keep the trace that is not saved.
///
/// # Errors
///
/// As those of [`drive`].
pub async fn drive_and_autosave<S: Screen, I: EventSource>(
    state: &mut State,
    effects: Vec<Effect>,
    screen: &mut S,
    source: &mut I,
    channels: Channels,
    autosaver: &Autosaver,
) -> Result<Exit, Error> {
    let Channels {
        engine,
        mut events,
        signals,
    } = channels;
    let _kept = autosaver.at_panic();
    let (news, mut told) = mpsc::unbounded_channel();
    let mut program = Program {
        state,
        screen,
        engine: &engine,
        saver: Saver::new(news.clone(), autosaver.clone()),
        autosaver,
        news,
        limiter: FrameLimiter::default(),
        behind_since: None,
        stops_until: None,
    };
    let ended = program
        .run(effects, source, &mut events, &mut told, signals)
        .await;
    let wait = match ended {
        Ok(Exit::Quit) => Wait::ToTheEnd,
        _ => Wait::AMoment,
    };
    for path in program.saver.finish(wait) {
        autosaver.could_not_save(format!(
            "{} was not saved: it took too long",
            path.display()
        ));
    }
    while let Ok(message) = told.try_recv() {
        if let Message::Saved(SaveOutcome::Failed(why)) = message {
            autosaver.could_not_save(why);
        }
    }
    autosaver.autosave();
    engine.abandon();
    // An engine that waits for room in the channel is set free.
    events.close();
    match ended {
        Err(Error::Draw(error)) if is_hang_up(&error) => Ok(Exit::HangUp),
        other => other,
    }
}

struct Program<'a, S> {
    state: &'a mut State,
    screen: &'a mut S,
    engine: &'a Handle,
    saver: Saver,
    autosaver: &'a Autosaver,
    /// For those who work beside the loop.
    news: mpsc::UnboundedSender<Message>,
    limiter: FrameLimiter,
    /// Since when the next frame has to wait for what the terminal has not taken or shown yet.
    behind_since: Option<Instant>,
    /// Until when frames wait for a run to stop.
    stops_until: Option<Instant>,
}

/// Whether the loop goes on.
enum Flow {
    Continue,
    End(Exit),
}

/// Whether the engine's thread can still say something.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Engine {
    There,
    Gone,
}

/// What the loop woke up for.
enum Wakeup {
    Shutdown(Exit),
    Input(Option<Input>),
    Engine(engine::Event),
    EngineGone,
    Continued,
    Message(Message),
    FrameDue,
}

impl<S: Screen> Program<'_, S> {
    async fn run<I: EventSource>(
        &mut self,
        effects: Vec<Effect>,
        source: &mut I,
        events: &mut mpsc::Receiver<engine::Event>,
        told: &mut mpsc::UnboundedReceiver<Message>,
        mut signals: Signals,
    ) -> Result<Exit, Error> {
        let size = self.screen.size().map_err(Error::Draw)?;
        let mut flow = self.start(effects, size)?;
        let mut engine = Engine::There;
        loop {
            if let Flow::End(exit) = flow {
                return Ok(exit);
            }
            // Looked at here and not only below, where a busy engine would always be first.
            self.draw_if_due()?;
            let woken = tokio::select! {
                biased;
                exit = told_to_end(&mut signals.exit) => Wakeup::Shutdown(exit),
                input = source.next() => Wakeup::Input(input),
                Ok(()) = signals.continued.changed() => Wakeup::Continued,
                Some(message) = told.recv() => Wakeup::Message(message),
                event = events.recv(), if engine == Engine::There => match event {
                    Some(event) => Wakeup::Engine(event),
                    None => Wakeup::EngineGone,
                },
                () = until(self.next_look()) => Wakeup::FrameDue,
            };
            flow = match woken {
                Wakeup::Shutdown(exit) => Flow::End(exit),
                Wakeup::Input(Some(input)) => self.take_inputs(input, source)?,
                Wakeup::Input(None) => Flow::End(Exit::HangUp),
                Wakeup::Engine(event) => self.take_events(event, events)?,
                Wakeup::EngineGone => {
                    engine = Engine::Gone;
                    self.request(Urgency::NextFrame);
                    self.update(Message::EngineGone)?
                }
                Wakeup::Continued => {
                    self.screen.resume().map_err(Error::Draw)?;
                    self.request(Urgency::SingleAnswer);
                    Flow::Continue
                }
                Wakeup::Message(message) => {
                    self.request(Urgency::NextFrame);
                    self.update(message)?
                }
                Wakeup::FrameDue => Flow::Continue,
            };
        }
    }

    fn start(&mut self, effects: Vec<Effect>, size: Size) -> Result<Flow, Error> {
        let flow = self.update(resized(size))?;
        self.request(Urgency::SingleAnswer);
        // The first screen stands before anything else is begun.
        self.draw_if_due()?;
        match flow {
            Flow::Continue => self.perform(effects),
            end => Ok(end),
        }
    }

    fn take_inputs<I: EventSource>(&mut self, first: Input, source: &mut I) -> Result<Flow, Error> {
        self.request(Urgency::SingleAnswer);
        let mut size = None;
        let mut batch = Batch::new();
        let mut next = Some(first);
        while let Some(input) = next {
            // Of sizes in a row only the last one counts.
            let flow = match input {
                Input::Resize(new) => {
                    size = Some(new);
                    Flow::Continue
                }
                other => match self.resize(size.take())? {
                    Flow::Continue => self.update(message(other))?,
                    end => end,
                },
            };
            if let Flow::End(_) = flow {
                return Ok(flow);
            }
            next = batch.has_room().then(|| source.try_next()).flatten();
        }
        self.resize(size)
    }

    fn take_events(
        &mut self,
        first: engine::Event,
        events: &mut mpsc::Receiver<engine::Event>,
    ) -> Result<Flow, Error> {
        let mut batch = Batch::new();
        let mut next = Some(first);
        while let Some(event) = next {
            if matches!(event, engine::Event::Finished { .. }) {
                self.stops_until = None;
            }
            self.request(urgency(&event));
            if let Flow::End(exit) = self.update(Message::Engine(event))? {
                return Ok(Flow::End(exit));
            }
            next = batch.has_room().then(|| events.try_recv().ok()).flatten();
        }
        Ok(Flow::Continue)
    }

    fn resize(&mut self, size: Option<Size>) -> Result<Flow, Error> {
        let Some(size) = size else {
            return Ok(Flow::Continue);
        };
        // Some terminals keep stale cells when they become narrower.
        self.screen.repaint();
        self.update(resized(size))
    }

    fn update(&mut self, message: Message) -> Result<Flow, Error> {
        self.state.now = Instant::now().into_std();
        let effects = app::update(self.state, message);
        self.autosaver.follow(self.state);
        self.perform(effects)
    }

    fn perform(&mut self, effects: Vec<Effect>) -> Result<Flow, Error> {
        for effect in effects {
            match effect {
                Effect::Engine(command) => self.engine.send(command),
                Effect::StopRun(run) => {
                    self.engine.stop(run);
                    self.stops_until = Some(Instant::now() + STOPS);
                }
                Effect::CancelLoad => self.engine.cancel_load(),
                Effect::CaptureMouse(capture) => self
                    .screen
                    .set_mouse(Mouse::from(capture))
                    .map_err(Error::Draw)?,
                Effect::Record(recording) => {
                    self.screen.record(recording);
                    self.tell_of_recordings()?;
                }
                Effect::Mark(label) => self.screen.mark(&label),
                Effect::Copy(text) => {
                    self.screen.copy(&text).map_err(Error::Draw)?;
                }
                Effect::Save(save) => match self.screen.place(&save.path) {
                    Ok(path) => self.saver.begin(Save { path, ..save }, self.state),
                    Err(why) => {
                        // The other end is the loop itself.
                        let _ = self.news.send(Message::Saved(SaveOutcome::Failed(why)));
                    }
                },
                Effect::KeepTrace => self.keep_trace(),
                Effect::FindAutosave => self.autosaver.find(self.news.clone()),
                Effect::DiscardAutosave(path) => {
                    if let Err(why) = autosaver::discard(&path) {
                        self.tell(AutosaveEvent::Failed(why));
                    }
                }
                Effect::TourSeen => tour_seen::remember(),
                Effect::Redraw => {
                    self.screen.repaint();
                    self.request(Urgency::SingleAnswer);
                }
                Effect::Suspend => {
                    self.screen.suspend().map_err(Error::Draw)?;
                    self.request(Urgency::SingleAnswer);
                }
                Effect::Quit => return Ok(Flow::End(Exit::Quit)),
            }
        }
        Ok(Flow::Continue)
    }

    fn keep_trace(&self) {
        let news = self.news.clone();
        self.autosaver.autosave_in_background(move |kept| {
            if let Some(Err(why)) = kept {
                // Nobody listens any more only when the program ends.
                let _ = news.send(Message::Autosave(AutosaveEvent::Failed(why)));
            }
        });
    }

    fn tell(&self, news: AutosaveEvent) {
        // The other end is the loop itself.
        let _ = self.news.send(Message::Autosave(news));
    }

    fn request(&mut self, urgency: Urgency) {
        self.limiter.request(urgency, Instant::now().into_std());
    }

    /// When the loop has to look at the screen though nothing comes.
    fn next_look(&self) -> Option<std::time::Instant> {
        match self.behind_since {
            Some(_) => Some((Instant::now() + OFFER).into_std()),
            None => self
                .limiter
                .due()
                .map(|due| self.stops_until.map_or(due, |end| due.max(end.into_std()))),
        }
    }

    /// See whether the terminal has kept up with what was sent at `sent` at the latest, and offer
    /// it again what it had no room for.
    fn catch_up(&mut self, sent: Instant) -> Result<(), Error> {
        let left = self.screen.catch_up().map_err(Error::Draw)?;
        if left > 0 {
            self.behind_since.get_or_insert(sent);
        } else if let Some(since) = self.behind_since.take() {
            self.limiter.caught_up(since.into_std(), since.elapsed());
        }
        Ok(())
    }

    fn draw_if_due(&mut self) -> Result<(), Error> {
        self.catch_up(Instant::now())?;
        if self.behind_since.is_some() {
            return Ok(());
        }
        let start = Instant::now();
        if self.stops_until.is_some_and(|end| start < end) {
            return Ok(());
        }
        self.stops_until = None;
        let now = start.into_std();
        if self.limiter.is_due(now) {
            if let Some(error) = log_file::untold_failure() {
                self.update(Message::LogFailed(error.to_string()))?;
            }
            let sent = self.screen.draw(self.state).map_err(Error::Draw)?;
            self.limiter.drawn(now, sent.took);
            self.catch_up(start)?;
            self.tell_of_recordings()?;
        }
        Ok(())
    }

    fn tell_of_recordings(&mut self) -> Result<(), Error> {
        while let Some(news) = self.screen.recording_news() {
            self.request(Urgency::NextFrame);
            self.update(Message::Recording(news))?;
        }
        Ok(())
    }
}

fn message(input: Input) -> Message {
    match input {
        Input::Key(key) => Message::Key(key),
        Input::Paste(text) => Message::Paste(text),
        Input::Mouse(mouse) => Message::Mouse(mouse),
        Input::Resize(size) => resized(size),
    }
}

/// That a run has ended is what somebody who pressed a key waits for.
fn urgency(event: &engine::Event) -> Urgency {
    match event {
        engine::Event::Finished { .. } => Urgency::SingleAnswer,
        _ => Urgency::NextFrame,
    }
}

fn resized(size: Size) -> Message {
    Message::Resize {
        columns: size.width,
        rows: size.height,
    }
}

/// Bounds how much is taken in one go.
struct Batch {
    left: usize,
    end: Instant,
}

impl Batch {
    /// A batch whose first message is there.
    fn new() -> Self {
        Self {
            left: BATCH - 1,
            end: Instant::now() + BATCH_TIME,
        }
    }

    /// Whether one more may be taken; counts it.
    fn has_room(&mut self) -> bool {
        let room = self.left > 0 && Instant::now() < self.end;
        self.left = self.left.saturating_sub(1);
        room
    }
}

async fn until(due: Option<std::time::Instant>) {
    match due {
        Some(due) => sleep_until(due.into()).await,
        None => pending().await,
    }
}

async fn told_to_end(shutdown: &mut watch::Receiver<Option<Exit>>) -> Exit {
    match shutdown.wait_for(Option::is_some).await.map(|exit| *exit) {
        Ok(Some(exit)) => exit,
        // Nobody is left who could tell.
        _ => pending().await,
    }
}
