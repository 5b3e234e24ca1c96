//! Signals that end a command while it fetches or has made a large file: what is under way is given up and cleaned up, then
//! the process ends as it would have without us.

use std::io;
use std::process;
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::catalog::OngoingFetches;

/// How long the work may take to clean up.
const GRACE: Duration = Duration::from_millis(500);

/// Whoever listens for signals, once somebody does.
static LISTENER: Mutex<Option<Listener>> = Mutex::new(None);

/// Does `work`, whose token is cancelled when a signal ends the process. Then the process ends
/// once the work has ended, or after half a second, and this does not return.
///
/// # Errors
/// When signals cannot be listened to; the work is not begun then.
pub(super) fn cancels<T>(work: impl FnOnce(&CancellationToken) -> T) -> io::Result<T> {
    let listener = Listener::get()?;
    let under_way = listener.works.begin();
    let result = work(&listener.cancel);
    drop(under_way);
    while listener.cancel.is_cancelled() {
        // What came of it is no news any more: the listener ends the process.
        thread::park();
    }
    Ok(result)
}

/// A thread that ends the process at a signal. It stays: the system's own answer to these signals
/// is gone for the life of the process, so somebody has to answer them.
#[derive(Clone)]
struct Listener {
    /// Cancelled at the first signal.
    cancel: CancellationToken,
    /// What is to be waited for then.
    works: OngoingFetches,
}

impl Listener {
    fn get() -> io::Result<Self> {
        let mut listener = LISTENER.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(listener) = &*listener {
            return Ok(listener.clone());
        }
        let new = Self {
            cancel: CancellationToken::new(),
            works: OngoingFetches::default(),
        };
        new.clone().listen()?;
        *listener = Some(new.clone());
        Ok(new)
    }

    #[cfg(unix)]
    fn listen(self) -> io::Result<()> {
        let (ready, is_ready) = mpsc::sync_channel(1);
        thread::Builder::new()
            .name("signals".into())
            .spawn(move || match SignalSet::all() {
                Ok((runtime, awaited)) => {
                    // The other end waits for it.
                    let _ = ready.send(Ok(()));
                    let signal = runtime.block_on(awaited.first());
                    self.cancel.cancel();
                    self.works.wait(GRACE);
                    let _ = signal_hook::low_level::emulate_default_handler(signal);
                    // Where that did not end us.
                    process::exit(128 + signal);
                }
                Err(error) => {
                    let _ = ready.send(Err(error));
                }
            })?;
        is_ready.recv().map_err(io::Error::other)?
    }

    #[cfg(not(unix))]
    fn listen(self) -> io::Result<()> {
        let (ready, is_ready) = mpsc::sync_channel(1);
        thread::Builder::new()
            .name("signals".into())
            .spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build();
                match runtime {
                    Ok(runtime) => {
                        let _ = ready.send(Ok(()));
                        if runtime.block_on(tokio::signal::ctrl_c()).is_ok() {
                            self.cancel.cancel();
                            self.works.wait(GRACE);
                            process::exit(1);
                        }
                    }
                    Err(error) => {
                        let _ = ready.send(Err(error));
                    }
                }
            })?;
        is_ready.recv().map_err(io::Error::other)?
    }
}

/// The signals that are listened for, each with its number.
#[cfg(unix)]
struct SignalSet(Vec<(i32, tokio::signal::unix::Signal)>);

#[cfg(unix)]
impl SignalSet {
    fn all() -> io::Result<(tokio::runtime::Runtime, Self)> {
        use tokio::signal::unix::{SignalKind, signal};
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let inside = runtime.enter();
        let kinds = [
            SignalKind::interrupt(),
            SignalKind::terminate(),
            SignalKind::hangup(),
            SignalKind::quit(),
        ];
        let kinds = kinds
            .into_iter()
            .filter(|kind| !is_ignored(kind.as_raw_value()));
        let awaited = kinds
            .map(|kind| Ok((kind.as_raw_value(), signal(kind)?)))
            .collect::<io::Result<_>>()?;
        drop(inside);
        Ok((runtime, Self(awaited)))
    }

    /// The number of the first one that comes.
    async fn first(mut self) -> i32 {
        let ones = self.0.iter_mut().map(|(number, signal)| {
            Box::pin(async {
                if signal.recv().await.is_none() {
                    // Can be received no more.
                    std::future::pending::<()>().await;
                }
                *number
            })
        });
        let ones: Vec<_> = ones.collect();
        if ones.is_empty() {
            return std::future::pending().await;
        }
        futures::future::select_all(ones).await.0
    }
}

/// Whether whoever started us wants a signal to do nothing, as `nohup` does.
#[cfg(unix)]
fn is_ignored(signal: i32) -> bool {
    let mut action = std::mem::MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: only reads how the signal is answered, into room of the right type; where that fails
    // the room is not read.
    unsafe {
        libc::sigaction(signal, std::ptr::null(), action.as_mut_ptr()) == 0
            && action.assume_init().sa_sigaction == libc::SIG_IGN
    }
}
