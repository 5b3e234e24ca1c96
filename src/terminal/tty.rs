//! The terminal itself, as the two file descriptors that we were given.
//!
//! It is written to by a descriptor of our own, since standard output leads elsewhere while the
//! screen is up.

use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::OnceLock;

use ratatui::layout::Size;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, fcntl_dupfd_cloexec};
use rustix::stdio::{stdin, stdout};
use rustix::termios::{isatty, tcgetwinsize};

use super::Error;

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

/// The terminal that standard output was when the program started.
static OUTPUT: OnceLock<OwnedFd> = OnceLock::new();

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

/// Something that frames can be sent to.
pub trait Output: Write {
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
            let own = fcntl_dupfd_cloexec(stdout(), FIRST_FREE);
            // Somebody else may have been faster, with the same terminal.
            let _ = OUTPUT.set(own.map_err(|error| Error::SetUp(error.into()))?);
        }
        Ok(Self(()))
    }

    /// The terminal that was drawn to, if it is there; its input may be gone.
    #[must_use]
    pub fn to_leave() -> Option<Self> {
        isatty(output()).then_some(Self(()))
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

impl Output for Tty {
    fn size(&self) -> io::Result<Size> {
        size()
    }
}

impl Write for Tty {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match rustix::io::write(output(), bytes) {
                // Another program that shares the terminal may have made it non-blocking.
                Err(Errno::AGAIN) => {
                    let output = output();
                    poll(&mut [PollFd::new(&output, PollFlags::OUT)], None)?;
                }
                done => return Ok(done?),
            }
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
