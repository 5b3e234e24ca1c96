//! The engine's thread: obeys commands, goes on with the run between them, tells what happens.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio_util::sync::CancellationToken;

use super::loader::{Loader, News, Outcome, Wanted};
use super::questions::{AnswerPart, OpenQuestion};
use super::{
    CancelledRuns, Command, Event, Handle, Opener, Progress, Question, Rest, RunRequest, Session,
};
use crate::catalog::{FetchEvent, FetchProgress};
use crate::caught;
use crate::model::{Dtype, ModelError};
use crate::run::{RunId, StopReason};

/// Events that wait for the program's side; then the engine waits too, so that a terminal that
/// does not keep up costs no memory.
const WAITING_EVENTS: usize = 256;

/// How long a load waits for the program's side to take an event.
const UNTIL_NEXT_TRY: Duration = Duration::from_millis(5);

/// How often an idle engine looks whether a load has ended.
const UNTIL_NEXT_LOOK: Duration = Duration::from_millis(10);

/// Why nothing is answered while there is no model.
const NO_MODEL: &str = "no model is loaded yet";

/// What is told of a panic; its own words are in the log.
const PANIC: &str = "the engine failed inside; the model was given up, load it again";

type Order = (Command, CancellationToken);

/// Starts the engine's thread. It ends when the last [`Handle`] or the receiver is dropped.
pub fn spawn(opener: Opener) -> io::Result<(Handle, mpsc::Receiver<Event>, JoinHandle<()>)> {
    let (orders, inbox) = channel();
    let (outbox, events) = mpsc::channel(WAITING_EVENTS);
    let cancelled_runs = CancelledRuns::default();
    let worker = Worker {
        dtype: opener.dtype(),
        opener: Arc::new(opener),
        inbox,
        outbox,
        cancelled_runs: cancelled_runs.clone(),
        session: None,
        loaded: String::new(),
        loader: None,
        open_questions: VecDeque::new(),
        answers: None,
    };
    let thread = Builder::new()
        .name("engine".into())
        .spawn(move || worker.work())?;
    Ok((Handle::new(orders, cancelled_runs), events, thread))
}

struct Worker {
    opener: Arc<Opener>,
    inbox: Receiver<Order>,
    outbox: mpsc::Sender<Event>,
    cancelled_runs: CancelledRuns,
    session: Option<Session>,
    /// What the session's model was asked for by.
    loaded: String,
    loader: Option<Loader>,
    /// How models are computed with: as was asked for last.
    dtype: Dtype,
    /// Questions that are being answered, oldest first.
    open_questions: VecDeque<OpenQuestion>,
    /// The question that is being worked on.
    answers: Option<Arc<Question>>,
}

/// The program's side has gone.
struct Disconnected;

impl Worker {
    fn work(mut self) {
        while let Some(orders) = self.orders() {
            for (command, cancel) in orders {
                if self
                    .guarded(|worker| worker.obey(command, &cancel))
                    .is_err()
                {
                    return;
                }
            }
            if self.take_loaded().is_err() {
                return;
            }
            if self.is_running() && self.guarded(Self::advance).is_err() {
                return;
            }
            if self.guarded(Self::go_on_answering).is_err() {
                return;
            }
        }
    }

    fn is_running(&self) -> bool {
        self.session.as_ref().is_some_and(Session::is_running)
    }

    /// What is asked for: all that waits, at least one when nothing at all is under way. `None`
    /// when nobody can ask any more.
    fn orders(&self) -> Option<Vec<Order>> {
        let mut orders = Vec::new();
        if !self.is_running() && self.open_questions.is_empty() {
            match &self.loader {
                None => orders.push(self.inbox.recv().ok()?),
                Some(_) => match self.inbox.recv_timeout(UNTIL_NEXT_LOOK) {
                    Ok(order) => orders.push(order),
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => return None,
                },
            }
        }
        orders.extend(self.inbox.try_iter());
        Some(orders)
    }

    /// Does something that may panic. A panic inside a tensor operation can leave candle's thread
    /// pools unusable, so the model is given up then.
    fn guarded(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<(), Disconnected>,
    ) -> Result<(), Disconnected> {
        let run = self.session.as_ref().and_then(Session::run);
        caught::catch(|| work(self)).unwrap_or_else(|_| {
            self.session = None;
            if let Some(to) = self.answers.take() {
                self.leave_unanswered(to, PANIC)?;
            }
            self.tell(Event::Failed {
                run,
                message: PANIC.into(),
            })
        })
    }

    fn tell(&self, event: Event) -> Result<(), Disconnected> {
        self.outbox.blocking_send(event).map_err(|_| Disconnected)
    }

    fn obey(&mut self, command: Command, cancel: &CancellationToken) -> Result<(), Disconnected> {
        match command {
            Command::Load {
                model,
                dtype,
                devices,
            } => self.load(
                Wanted {
                    model,
                    dtype,
                    devices,
                },
                cancel,
            ),
            Command::List => self.list(),
            Command::Run(run) => self.begin(run),
            Command::Ask(question) => {
                self.open_questions
                    .retain(|old| !old.is_replaced_by(&question));
                self.open_questions.push_back(OpenQuestion::new(question));
                Ok(())
            }
            Command::States(run) => self.states(run),
            Command::Forget(run) => {
                if let Some(session) = &mut self.session {
                    session.forget(run);
                }
                Ok(())
            }
        }
    }

    /// Begins a load on a thread of its own.
    fn load(&mut self, wanted: Wanted, cancel: &CancellationToken) -> Result<(), Disconnected> {
        self.dtype = wanted.dtype;
        let outbox = self.outbox.clone();
        let loader = Loader::begin(
            Arc::clone(&self.opener),
            wanted,
            self.loader.take(),
            cancel.clone(),
            move |news| tell_while_loading(&outbox, event_of(news)),
        );
        match loader {
            Ok(loader) => self.loader = Some(loader),
            Err(error) => self.tell(Event::LoadFailed(format!("no thread to load on: {error}")))?,
        }
        Ok(())
    }

    /// Takes the place of the old model's session once a load has ended well.
    fn take_loaded(&mut self) -> Result<(), Disconnected> {
        let Some(loader) = &self.loader else {
            return Ok(());
        };
        let Some(outcome) = loader.outcome() else {
            return Ok(());
        };
        let model = self.loader.take().map(|loader| loader.model);
        match outcome {
            Outcome::Loaded(session) => {
                let info = Arc::clone(session.info());
                self.session = Some(*session);
                self.open_questions.clear();
                if let Some(model) = model {
                    self.opener.remember(&model);
                    self.loaded = model;
                }
                self.tell(Event::Ready(info))
            }
            Outcome::Failed(error) => self.tell(Event::LoadFailed(error.to_string())),
            Outcome::Panicked => self.tell(Event::LoadFailed(PANIC.into())),
        }
    }

    /// Answers from a thread of its own: the disk may be slow.
    fn list(&self) -> Result<(), Disconnected> {
        let (opener, outbox) = (Arc::clone(&self.opener), self.outbox.clone());
        let dtype = self.dtype;
        let loaded = self.session.as_ref().map(|_| self.loaded.clone());
        let thread = Builder::new().name("models".into()).spawn(move || {
            let models = opener.models(loaded.as_deref(), dtype);
            // Nobody listens any more only when the program ends.
            let _ = outbox.blocking_send(Event::Models(models));
        });
        match thread {
            Ok(_) => Ok(()),
            Err(error) => self.tell(Event::Failed {
                run: None,
                message: format!("the models cannot be listed: {error}"),
            }),
        }
    }

    fn begin(&mut self, run: RunRequest) -> Result<(), Disconnected> {
        let id = run.id;
        let Some(session) = &mut self.session else {
            return self.fail(id, "no model is loaded yet; wait for it, or load another");
        };
        if self.cancelled_runs.contains(id) {
            return self.tell(Event::Finished {
                run: id,
                reason: StopReason::Stopped,
                text: String::new(),
            });
        }
        let before = session.run().filter(|_| session.is_running());
        let begun = session.begin(run);
        let tokens = session.given_tokens();
        let framed = session.framed().map(str::to_owned);
        if let Some(run) = before.filter(|_| begun.is_ok()) {
            self.tell(Event::Finished {
                run,
                reason: StopReason::Stopped,
                text: String::new(),
            })?;
        }
        match begun {
            Ok(prompt) => {
                self.tell(Event::Started { run: id, prompt })?;
                if let Some(text) = framed {
                    self.tell(Event::Framed { run: id, text })?;
                }
                match tokens {
                    0 => Ok(()),
                    tokens => self.tell(Event::Given { run: id, tokens }),
                }
            }
            Err(error) => self.fail(id, &error.to_string()),
        }
    }

    fn advance(&mut self) -> Result<(), Disconnected> {
        let Some(session) = &mut self.session else {
            return Ok(());
        };
        let Some(run) = session.run() else {
            return Ok(());
        };
        let cancelled_runs = self.cancelled_runs.clone();
        let progress = session.advance(&|| !cancelled_runs.contains(run));
        self.tell_progress(run, progress)
    }

    fn tell_progress(
        &self,
        run: RunId,
        progress: Result<Progress, ModelError>,
    ) -> Result<(), Disconnected> {
        self.tell(match progress {
            Ok(Progress::Prompt { done, total }) => Event::Prompt { run, done, total },
            Ok(Progress::Step { step, column, text }) => Event::Step {
                run,
                step,
                column: Arc::new(column),
                text,
                made: Instant::now(),
            },
            Ok(Progress::Finished { reason, text }) => Event::Finished { run, reason, text },
            Err(error) => return self.fail(run, &error.to_string()),
        })
    }

    /// Works out the next piece of the oldest answer.
    fn go_on_answering(&mut self) -> Result<(), Disconnected> {
        let Some(mut open) = self.open_questions.pop_front() else {
            return Ok(());
        };
        let to = Arc::clone(&open.question);
        let Some(session) = &mut self.session else {
            return self.leave_unanswered(to, NO_MODEL);
        };
        self.answers = Some(Arc::clone(&to));
        let piece = open.next(session);
        self.answers = None;
        let (answer, rest) = match piece {
            Ok(AnswerPart::More(answer)) => {
                self.open_questions.push_front(open);
                (answer, Rest::ToCome)
            }
            Ok(AnswerPart::Last(answer)) => (Some(answer), Rest::Nothing),
            Err(error) => return self.leave_unanswered(to, &error.to_string()),
        };
        answer.map_or(Ok(()), |answer| {
            self.tell(Event::Answered { to, answer, rest })
        })
    }

    fn states(&self, run: RunId) -> Result<(), Disconnected> {
        let Some(session) = &self.session else {
            return self.fail(run, NO_MODEL);
        };
        match session.state_rows(run) {
            Ok(states) => self.tell(Event::States {
                run,
                states: Arc::new(states),
            }),
            Err(error) => self.fail(run, &error.to_string()),
        }
    }

    fn leave_unanswered(&self, to: Arc<Question>, why: &str) -> Result<(), Disconnected> {
        self.tell(Event::Unanswered {
            to,
            why: why.to_owned(),
        })
    }

    fn fail(&self, run: RunId, message: &str) -> Result<(), Disconnected> {
        self.tell(Event::Failed {
            run: Some(run),
            message: message.to_owned(),
        })
    }
}

/// Tells an event from wherever a load calls back: from the event loop of a download, where
/// tokio forbids a blocking send, or from one of the threads that read weights.
///
/// That the receiver has gone is found out by the last event of the load.
fn tell_while_loading(outbox: &mpsc::Sender<Event>, mut event: Event) {
    while let Err(TrySendError::Full(back)) = outbox.try_send(event) {
        event = back;
        std::thread::sleep(UNTIL_NEXT_TRY);
    }
}

fn event_of(news: News) -> Event {
    match news {
        News::Fetch(event) => fetching(event),
        News::Tensors { done, total } => Event::Loading { done, total },
    }
}

fn fetching(event: FetchEvent) -> Event {
    match event {
        FetchEvent::Progress(progress) => Event::Fetching(progress),
        FetchEvent::Waiting { source, file } => Event::Fetching(FetchProgress {
            source: format!("{source} (another process is at it)"),
            file,
            bytes: 0,
            total: None,
            speed: None,
        }),
        FetchEvent::SourceFailed { source, why } => Event::SourceFailed { source, why },
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_download_can_tell_from_inside_its_event_loop() {
        let (outbox, mut events) = mpsc::channel(1);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(async {
            tell_while_loading(&outbox, Event::Loading { done: 1, total: 2 });
        });
        assert_eq!(events.try_recv(), Ok(Event::Loading { done: 1, total: 2 }));
    }
}
