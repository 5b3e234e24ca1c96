//! Signals and lost terminals, on a thread of their own.
//!
//! The thread that draws may be stuck: in a write to a terminal that nobody reads, or in a read
//! from one that is gone. So it is not the one to listen for signals. This thread does, tells it
//! to end, and after a grace ends the process itself, without writing anything to the terminal.

use std::future::poll_fn;
use std::io;
use std::process;
use std::sync::mpsc;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use libc::{
    SIGALRM, SIGCONT, SIGINT, SIGIO, SIGPROF, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGVTALRM,
    SIGXCPU, c_int,
};
use tokio::runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};

use super::tty::Tty;
use super::{Exit, faults, session};

/// How long the program may take to end by itself.
const GRACE: Duration = Duration::from_secs(2);
/// How often we look whether the terminal is still there.
const LOOK: Duration = Duration::from_secs(1);

/// The signals that would end a process that answers none, but for those of a terminal that is
/// gone, and of faults.
const ENDING: [c_int; 10] = [
    SIGTERM, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGXCPU, SIGIO,
];

/// [`ENDING`], with those that only this system has.
fn ending() -> Vec<c_int> {
    ENDING.into_iter().chain(of_this_system()).collect()
}

#[cfg(target_os = "linux")]
fn of_this_system() -> impl Iterator<Item = c_int> {
    let named = [libc::SIGSTKFLT, libc::SIGPWR];
    named.into_iter().chain(libc::SIGRTMIN()..=libc::SIGRTMAX())
}

#[cfg(not(target_os = "linux"))]
fn of_this_system() -> impl Iterator<Item = c_int> {
    std::iter::empty()
}

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

/// Listen for all signals that ask the program to end, such as SIGTERM, SIGHUP, SIGINT and SIGQUIT,
/// and for a terminal that hangs up. At the first of them call `give_up`, which must not block,
/// then show the reason in the channel that is returned. SIGCONT is told as well.
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
    ending: Vec<(c_int, Signal)>,
    hang_up: Signal,
    go_on: Signal,
}

impl Listener {
    fn start() -> io::Result<(runtime::Runtime, Self)> {
        let runtime = runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let inside = runtime.enter();
        let ending = ending().into_iter();
        let ending = ending.map(|number| Ok((number, signal(SignalKind::from_raw(number))?)));
        let listener = Self {
            ending: ending.collect::<io::Result<_>>()?,
            hang_up: signal(SignalKind::hangup())?,
            go_on: signal(SignalKind::from_raw(SIGCONT))?,
        };
        drop(inside);
        Ok((runtime, listener))
    }

    async fn wait(mut self, goes_on: &watch::Sender<()>) -> Exit {
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let number = tokio::select! {
                number = first_of(&mut self.ending) => number,
                _ = self.hang_up.recv() => return Exit::HangUp,
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
            // A thread that had a fault asks for the end by a signal.
            return Exit::Signal(faults::fault().unwrap_or(number));
        }
    }
}

/// The number of the first of `signals` that comes.
async fn first_of(signals: &mut [(c_int, Signal)]) -> c_int {
    poll_fn(|context| {
        let mut signals = signals.iter_mut();
        let come = signals.find_map(|(number, signal)| {
            let come = signal.poll_recv(context).is_ready();
            come.then_some(*number)
        });
        come.map_or(Poll::Pending, Poll::Ready)
    })
    .await
}
