//! Reads the terminal, on a thread of its own: bytes and changes of its size in, events out.
//!
//! Not crossterm's event stream, whose parser waits without limit for the end of a sequence and
//! takes every later key into it.

use std::io::{self, Read};
use std::ops::ControlFlow;
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

use crossterm::event::Event;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::stdio::stdin;
use signal_hook::consts::SIGWINCH;
use signal_hook::low_level::pipe;

use super::decoder::{decode, is_status};
use super::splitter::{Splitter, Unit};
use crate::terminal::backlog;
use crate::terminal::tty::{self, Tty};

/// How many bytes are read at once.
const READ: usize = 4096;
/// How long to leave a terminal alone that cannot be read now, such as one that is another
/// program's while we are in the background.
const ALONE: Duration = Duration::from_millis(100);

/// The terminal at standard input.
pub struct Reader {
    splitter: Splitter,
    /// A byte comes here each time that the terminal's size changes.
    resized: UnixStream,
}

/// What there is to be taken in.
enum Ready {
    Bytes,
    Size,
    HungUp,
    /// Nothing came in time.
    Silence,
}

impl Reader {
    /// A reader whose bytes `splitter` cuts.
    ///
    /// # Errors
    ///
    /// When changes of the size cannot be listened for.
    pub fn new(splitter: Splitter) -> io::Result<Self> {
        let (resized, tell) = UnixStream::pair()?;
        resized.set_nonblocking(true)?;
        pipe::register(SIGWINCH, tell)?;
        Ok(Self { splitter, resized })
    }

    /// Give every event to `take` until it has enough of them or the terminal is gone.
    ///
    /// # Errors
    ///
    /// When the terminal cannot be waited for.
    pub fn run(&mut self, mut take: impl FnMut(Event) -> ControlFlow<()>) -> io::Result<()> {
        let mut bytes = [0; READ];
        loop {
            let units = match self.wait()? {
                Ready::HungUp => return Ok(()),
                Ready::Silence => self.splitter.expire(Instant::now()),
                Ready::Bytes => match rustix::io::read(stdin(), &mut bytes) {
                    Ok(0) | Err(Errno::IO) if Tty::is_hung_up() => return Ok(()),
                    Ok(0) | Err(Errno::IO) => {
                        thread::sleep(ALONE);
                        Vec::new()
                    }
                    Ok(count) => self.splitter.push(&bytes[..count], Instant::now()),
                    // Somebody else may have been faster.
                    Err(Errno::INTR | Errno::AGAIN) => Vec::new(),
                    Err(error) => return Err(error.into()),
                },
                Ready::Size => {
                    if self.take_size(&mut take).is_break() {
                        return Ok(());
                    }
                    Vec::new()
                }
            };
            if give(units, &mut take).is_break() {
                return Ok(());
            }
        }
    }

    /// Wait until something comes, or nothing has come for as long as what is open may wait.
    fn wait(&self) -> io::Result<Ready> {
        let stdin = stdin();
        let mut sources = [
            PollFd::new(&stdin, PollFlags::IN),
            PollFd::new(&self.resized, PollFlags::IN),
        ];
        loop {
            let left = self
                .splitter
                .deadline()
                .map(|deadline| deadline.saturating_duration_since(Instant::now()))
                // It is some seconds at most, which fit.
                .and_then(|left| Timespec::try_from(left).ok());
            match poll(&mut sources, left.as_ref()) {
                Ok(0) => return Ok(Ready::Silence),
                Ok(_) => break,
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let [terminal, size] = sources.map(|source| source.revents());
        Ok(if !size.is_empty() {
            Ready::Size
        } else if terminal.contains(PollFlags::IN) {
            Ready::Bytes
        } else {
            Ready::HungUp
        })
    }

    fn take_size(&mut self, take: &mut impl FnMut(Event) -> ControlFlow<()>) -> ControlFlow<()> {
        // First the bytes, then the size: a change in between is told once more.
        while matches!(self.resized.read(&mut [0; 64]), Ok(1..)) {}
        match tty::size() {
            Ok(size) => take(Event::Resize(size.width, size.height)),
            // Whoever draws finds out that it is gone.
            Err(_) => ControlFlow::Continue(()),
        }
    }
}

fn give(units: Vec<Unit>, take: &mut impl FnMut(Event) -> ControlFlow<()>) -> ControlFlow<()> {
    for _ in units.iter().filter(|unit| is_status(unit)) {
        backlog::count_answer();
    }
    units.into_iter().filter_map(decode).try_for_each(take)
}
