//! Signals and lost terminals, on a thread of their own.
//!
//! The thread that draws may be stuck: in a write to a terminal that nobody reads, or in a read
//! from one that is gone. So it is not the one to listen for signals. This thread does, tells it
//! to end, and after a grace ends the process itself, without writing anything to the terminal.

use std::io;
use std::process;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use signal_hook::consts::SIGCONT;
use tokio::runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use super::Exit;
use super::session;
use super::tty::Tty;

/// How long the program may take to end by itself.
const GRACE: Duration = Duration::from_secs(2);
/// How often we look whether the terminal is still there.
const LOOK: Duration = Duration::from_secs(1);

/// What the thread that draws is told.
#[derive(Clone, Debug)]
pub struct Signals {
    /// Why the program has to end, once it has to.
    pub exit: watch::Receiver<Option<Exit>>,
    /// Changes each time that the process goes on after it was stopped.
    pub continued: watch::Receiver<()>,
}

impl Signals {
    /// No signal ever comes.
    #[must_use]
    pub fn none() -> Self {
        Self {
            exit: watch::channel(None).1,
            continued: watch::channel(()).1,
        }
    }
}

/// Listen for SIGTERM, SIGHUP, SIGINT and for a terminal that hangs up. At the first of them call
/// `give_up`, which must not block, then show the reason in the channel that is returned. SIGCONT
/// is told as well.
///
/// The thread never ends: the system's own answer to these signals is gone for the life of the
/// process, so somebody has to answer them.
///
/// # Errors
///
/// When the thread or its runtime cannot be started.
pub fn listen(give_up: impl FnOnce() + Send + 'static) -> io::Result<Signals> {
    let (exit, told_to_end) = watch::channel(None);
    let (goes_on, continued) = watch::channel(());
    let (ready, is_ready) = mpsc::sync_channel(1);
    thread::Builder::new()
        .name("signals".into())
        .spawn(move || {
            match Listener::start() {
                Ok((runtime, listener)) => {
                    // The other end waits for it.
                    let _ = ready.send(Ok(()));
                    let reason = runtime.block_on(listener.wait(&goes_on));
                    give_up();
                    exit.send_replace(Some(reason));
                    thread::sleep(GRACE);
                    session::give_back_without_writing();
                    process::exit(reason.code());
                }
                Err(error) => {
                    let _ = ready.send(Err(error));
                }
            }
        })?;
    is_ready.recv().map_err(io::Error::other)??;
    Ok(Signals {
        exit: told_to_end,
        continued,
    })
}

struct Listener {
    terminate: Signal,
    hang_up: Signal,
    interrupt: Signal,
    go_on: Signal,
}

impl Listener {
    fn start() -> io::Result<(runtime::Runtime, Self)> {
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let inside = runtime.enter();
        let listener = Self {
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
            go_on: signal(SignalKind::from_raw(SIGCONT))?,
        };
        drop(inside);
        Ok((runtime, listener))
    }

    async fn wait(mut self, goes_on: &watch::Sender<()>) -> Exit {
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let kind = tokio::select! {
                _ = self.terminate.recv() => SignalKind::terminate(),
                _ = self.hang_up.recv() => return Exit::HangUp,
                _ = self.interrupt.recv() => SignalKind::interrupt(),
                _ = self.go_on.recv() => {
                    goes_on.send_replace(());
                    continue;
                }
                _ = look.tick() => {
                    if Tty::is_hung_up() {
                        return Exit::HangUp;
                    }
                    continue;
                }
            };
            return Exit::Signal(kind.as_raw_value());
        }
    }
}
