//! The terminal itself, as the two file descriptors that we were given.
//!
//! It is written to by a descriptor of our own, since standard output leads elsewhere while the
//! screen is up. Where the system lets us open the terminal anew, a write to it never waits.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::fs::OpenOptionsExt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use ratatui::layout::Size;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, fcntl_dupfd_cloexec};
use rustix::stdio::{stdin, stdout};
use rustix::termios::{QueueSelector, isatty, tcflush, tcgetwinsize};

use super::{Error, backlog};

/// The first descriptor that may be taken: those before are the standard streams.
pub(super) const FIRST_FREE: i32 = 3;

/// What a terminal that does not tell its size is taken for.
const UNKNOWN_SIZE: Size = Size {
    width: 80,
    height: 24,
};

/// The largest part of a window that is drawn to, from its upper left corner. Some terminals can
/// be told to be of any size, and each cell takes some hundred bytes.
pub const LARGEST: Size = Size {
    width: 1000,
    height: 500,
};

/// How long a write waits for room. A terminal nearby makes some in less.
const MOMENT: Duration = Duration::from_millis(5);
/// How long the very last write waits for room.
const LAST_MOMENT: Duration = Duration::from_secs(1);

/// The terminal that standard output was when the program started.
static OUTPUT: OnceLock<OwnedFd> = OnceLock::new();

/// Whether the terminal was once found to have no room.
static SLOW: AtomicBool = AtomicBool::new(false);

fn output() -> BorrowedFd<'static> {
    OUTPUT.get().map_or_else(stdout, AsFd::as_fd)
}

/// [`output`], for a signal that is being answered.
pub(super) fn output_descriptor() -> RawFd {
    output().as_raw_fd()
}

/// What is drawn to of a window of `size`.
#[must_use]
pub fn drawn_of(size: Size) -> Size {
    Size {
        width: size.width.min(LARGEST.width),
        height: size.height.min(LARGEST.height),
    }
}

/// A descriptor of our own for the terminal at standard output.
///
/// If it can be it is one that never waits. That is a property of what is opened, not of the
/// descriptor, so the terminal is opened anew: the shell has the other one.
fn own_output() -> io::Result<OwnedFd> {
    let opened = OpenOptions::new()
        .write(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY)
        .open(format!("/proc/self/fd/{}", stdout().as_raw_fd()));
    match opened {
        Ok(file) if isatty(&file) => Ok(file.into()),
        // No such folder, or a terminal that belongs to another user.
        _ => Ok(fcntl_dupfd_cloexec(stdout(), FIRST_FREE)?),
    }
}

/// Whether the terminal has room within `time`.
fn wait_for_room(time: Duration) -> io::Result<bool> {
    let output = output();
    let time = Timespec::try_from(time).map_err(io::Error::other)?;
    let room = poll(&mut [PollFd::new(&output, PollFlags::OUT)], Some(&time))?;
    Ok(room > 0)
}

/// Something that frames can be sent to.
pub trait FrameOutput: Write {
    /// How many cells it shows.
    ///
    /// # Errors
    ///
    /// When that cannot be found out.
    fn size(&self) -> io::Result<Size>;
}

/// The terminal at standard input and output. Writes at once; nothing is held back.
#[derive(Clone, Copy, Debug)]
pub struct Tty(());

impl Tty {
    /// The terminal that this program was started in.
    ///
    /// # Errors
    ///
    /// When standard input or output is no terminal.
    pub fn open() -> Result<Self, Error> {
        for (stream, is_terminal) in [
            ("standard input", isatty(stdin())),
            ("standard output", isatty(output())),
        ] {
            if !is_terminal {
                return Err(Error::NoTerminal { stream });
            }
        }
        if OUTPUT.get().is_none() {
            // Somebody else may have been faster, with the same terminal.
            let _ = OUTPUT.set(own_output().map_err(Error::SetUp)?);
        }
        Ok(Self(()))
    }

    /// The terminal that was drawn to, if it is there; its input may be gone.
    #[must_use]
    pub fn to_leave() -> Option<Self> {
        isatty(output()).then_some(Self(()))
    }

    /// Send the last that the terminal gets from us. A slow one would come to it only after all
    /// that it has not shown yet, so that is dropped.
    ///
    /// # Errors
    ///
    /// When the terminal is gone, or takes nothing for a second.
    pub fn write_last(self, bytes: &[u8]) -> io::Result<()> {
        if SLOW.load(Ordering::Relaxed) || backlog::is_under_way() {
            // Then it comes later, and that is all.
            let _ = tcflush(output(), QueueSelector::OFlush);
        }
        let end = Instant::now() + LAST_MOMENT;
        let mut rest = bytes;
        while !rest.is_empty() {
            match rustix::io::write(output(), rest) {
                Ok(count) => rest = &rest[count..],
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) if Instant::now() < end => {
                    // If that cannot be found out, the next write tells.
                    let _ = wait_for_room(MOMENT);
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Whether nobody is at the other end any more.
    #[must_use]
    pub fn is_hung_up() -> bool {
        let input = stdin();
        let mut descriptors = [PollFd::new(&input, PollFlags::empty())];
        match poll(&mut descriptors, Some(&Timespec::default())) {
            Ok(_) => descriptors[0]
                .revents()
                .intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL),
            Err(_) => false,
        }
    }
}

/// How many cells of the terminal at standard output are drawn to: all, or [`LARGEST`].
///
/// # Errors
///
/// When standard output is no terminal, or is gone.
pub fn size() -> io::Result<Size> {
    let size = tcgetwinsize(output())?;
    Ok(if size.ws_col == 0 || size.ws_row == 0 {
        UNKNOWN_SIZE
    } else {
        drawn_of(Size::new(size.ws_col, size.ws_row))
    })
}

impl FrameOutput for Tty {
    fn size(&self) -> io::Result<Size> {
        size()
    }
}

impl Write for Tty {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match rustix::io::write(output(), bytes) {
            Err(Errno::AGAIN) if wait_for_room(MOMENT)? => Err(io::ErrorKind::Interrupted.into()),
            Err(Errno::AGAIN) => {
                SLOW.store(true, Ordering::Relaxed);
                Err(io::ErrorKind::WouldBlock.into())
            }
            done => Ok(done?),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether `error` means that the terminal is gone.
#[must_use]
pub fn is_hang_up(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(Errno::IO | Errno::PIPE | Errno::NXIO | Errno::BADF)
    )
}
