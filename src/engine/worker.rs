//! The engine's thread: obeys commands, goes on with the run between them, tells what happens.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread::{Builder, JoinHandle};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{
    Command, Compare, Event, Handle, Opener, Progress, Run, RunId, Session, StopReason, Unwanted,
};
use crate::catalog::{FetchEvent, FetchProgress};
use crate::model::ModelError;
use crate::trace::LensKind;

/// Events that wait for the program's side; then the engine waits too, so that a terminal that
/// does not keep up costs no memory.
const WAITING_EVENTS: usize = 256;

type Order = (Command, CancellationToken);

/// Starts the engine's thread. It ends when the last [`Handle`] or the receiver is dropped.
pub fn spawn(opener: Opener) -> io::Result<(Handle, mpsc::Receiver<Event>, JoinHandle<()>)> {
    let (orders, inbox) = channel();
    let (outbox, events) = mpsc::channel(WAITING_EVENTS);
    let unwanted = Unwanted::default();
    let worker = Worker {
        opener,
        inbox,
        outbox,
        unwanted: unwanted.clone(),
        session: None,
    };
    let thread = Builder::new()
        .name("engine".into())
        .spawn(move || worker.work())?;
    Ok((Handle::new(orders, unwanted), events, thread))
}

struct Worker {
    opener: Opener,
    inbox: Receiver<Order>,
    outbox: mpsc::Sender<Event>,
    unwanted: Unwanted,
    session: Option<Session>,
}

/// The program's side has gone.
struct Gone;

impl Worker {
    fn work(mut self) {
        while let Some(orders) = self.orders() {
            for (command, cancel) in newest_questions(orders) {
                if self
                    .guarded(|worker| worker.obey(command, &cancel))
                    .is_err()
                {
                    return;
                }
            }
            if self.is_running() && self.guarded(Self::advance).is_err() {
                return;
            }
        }
    }

    fn is_running(&self) -> bool {
        self.session.as_ref().is_some_and(Session::is_running)
    }

    /// What is asked for: all that waits, at least one when nothing is under way. `None` when
    /// nobody can ask any more.
    fn orders(&self) -> Option<Vec<Order>> {
        let mut orders = Vec::new();
        if !self.is_running() {
            orders.push(self.inbox.recv().ok()?);
        }
        orders.extend(self.inbox.try_iter());
        Some(orders)
    }

    /// Does something that may panic. A panic inside a tensor operation can leave candle's
    /// thread pools unusable, so the model is given up then.
    fn guarded(&mut self, work: impl FnOnce(&mut Self) -> Result<(), Gone>) -> Result<(), Gone> {
        catch_unwind(AssertUnwindSafe(|| work(self))).unwrap_or_else(|_| {
            let run = self.session.take().and_then(|session| session.run());
            self.tell(Event::Failed {
                run,
                message: "the engine failed inside; the model was given up, load it again".into(),
            })
        })
    }

    fn tell(&self, event: Event) -> Result<(), Gone> {
        self.outbox.blocking_send(event).map_err(|_| Gone)
    }

    fn obey(&mut self, command: Command, cancel: &CancellationToken) -> Result<(), Gone> {
        match command {
            Command::Load(model) => self.load(&model, cancel),
            Command::Run(run) => self.begin(run),
            Command::Compare(question) => self.compare(&question),
            Command::Recast { run, lens } => self.recast(run, lens),
        }
    }

    fn load(&mut self, model: &str, cancel: &CancellationToken) -> Result<(), Gone> {
        // The receiver may be gone meanwhile; the last event of the load finds that out.
        let tell = |event| drop(self.outbox.blocking_send(event));
        let session = self.opener.open(
            model,
            &|event| tell(fetching(event)),
            &|done, total| tell(Event::Loading { done, total }),
            cancel,
        );
        match session {
            Ok(session) => {
                let info = Arc::clone(session.info());
                self.session = Some(session);
                self.tell(Event::Ready(info))
            }
            Err(error) => self.tell(Event::LoadFailed(error.to_string())),
        }
    }

    fn begin(&mut self, run: Run) -> Result<(), Gone> {
        let id = run.id;
        let Some(session) = &mut self.session else {
            return self.fail(id, "no model is loaded yet; wait for it, or load another");
        };
        if self.unwanted.contains(id) {
            return self.tell(Event::Finished {
                run: id,
                reason: StopReason::Stopped,
                text: String::new(),
            });
        }
        match session.begin(run) {
            Ok(prompt) => self.tell(Event::Started { run: id, prompt }),
            Err(error) => self.fail(id, &error.to_string()),
        }
    }

    fn advance(&mut self) -> Result<(), Gone> {
        let Some(session) = &mut self.session else {
            return Ok(());
        };
        let Some(run) = session.run() else {
            return Ok(());
        };
        let unwanted = self.unwanted.clone();
        let progress = session.advance(&|| !unwanted.contains(run));
        self.tell_progress(run, progress)
    }

    fn tell_progress(
        &self,
        run: RunId,
        progress: Result<Progress, ModelError>,
    ) -> Result<(), Gone> {
        self.tell(match progress {
            Ok(Progress::Prompt { done, total }) => Event::Prompt { run, done, total },
            Ok(Progress::Step { step, column, text }) => Event::Step {
                run,
                step,
                column: Arc::new(column),
                text,
            },
            Ok(Progress::Finished { reason, text }) => Event::Finished { run, reason, text },
            Err(error) => return self.fail(run, &error.to_string()),
        })
    }

    fn compare(&self, question: &Compare) -> Result<(), Gone> {
        let Some(session) = &self.session else {
            return self.fail(question.run, "no model is loaded yet");
        };
        match session.compare(question) {
            Ok(comparison) => self.tell(Event::Compared(Arc::new(comparison))),
            Err(error) => self.fail(question.run, &error.to_string()),
        }
    }

    fn recast(&mut self, run: RunId, lens: LensKind) -> Result<(), Gone> {
        let Some(session) = &mut self.session else {
            return Ok(());
        };
        if session.run() != Some(run) {
            return Ok(());
        }
        match session.recast(lens) {
            Ok(columns) => self.tell(Event::Recast {
                run,
                lens,
                columns: columns.into_iter().map(Arc::new).collect(),
            }),
            Err(error) => self.fail(run, &error.to_string()),
        }
    }

    fn fail(&self, run: RunId, message: &str) -> Result<(), Gone> {
        self.tell(Event::Failed {
            run: Some(run),
            message: message.to_owned(),
        })
    }
}

/// Of several comparisons that wait, only the newest one is worth an answer.
fn newest_questions(orders: Vec<Order>) -> impl Iterator<Item = Order> {
    let newest = orders
        .iter()
        .rposition(|(command, _)| matches!(command, Command::Compare(_)));
    orders
        .into_iter()
        .enumerate()
        .filter(move |(i, (command, _))| {
            !matches!(command, Command::Compare(_)) || Some(*i) == newest
        })
        .map(|(_, order)| order)
}

fn fetching(event: FetchEvent) -> Event {
    match event {
        FetchEvent::Progress(progress) => Event::Fetching(progress),
        FetchEvent::Waiting { source, file } => Event::Fetching(FetchProgress {
            source: format!("{source} (another process is at it)"),
            file,
            bytes: 0,
            total: None,
        }),
        FetchEvent::SourceFailed { source, why } => Event::SourceFailed { source, why },
    }
}
