//! The terminal itself, as the two file descriptors that we were given.

use std::io::{self, Write};

use ratatui::layout::Size;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::stdio::{stdin, stdout};
use rustix::termios::{isatty, tcgetwinsize};

use super::Error;

/// What a terminal that does not tell its size is taken for.
const UNKNOWN_SIZE: Size = Size {
    width: 80,
    height: 24,
};

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
            ("standard output", isatty(stdout())),
        ] {
            if !is_terminal {
                return Err(Error::NoTerminal { stream });
            }
        }
        Ok(Self(()))
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

/// How many cells the terminal at standard output has.
///
/// # Errors
///
/// When standard output is no terminal, or is gone.
pub fn size() -> io::Result<Size> {
    let size = tcgetwinsize(stdout())?;
    Ok(if size.ws_col == 0 || size.ws_row == 0 {
        UNKNOWN_SIZE
    } else {
        Size::new(size.ws_col, size.ws_row)
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
            match rustix::io::write(stdout(), bytes) {
                // Another program that shares the terminal may have made it non-blocking.
                Err(Errno::AGAIN) => {
                    let output = stdout();
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
