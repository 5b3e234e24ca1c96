//! Standard output, whose reader may go before everything is said, as `head` does.

use std::io::{self, IsTerminal, Stdout, Write};

use crate::vocabulary::visible_text;

/// Standard output. When its reader has gone, what is written is dropped: that is no error.
#[derive(Debug)]
pub struct StandardOutput {
    out: Stdout,
    reader: Reader,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reader {
    There,
    Gone,
}

impl Default for StandardOutput {
    fn default() -> Self {
        Self {
            out: io::stdout(),
            reader: Reader::There,
        }
    }
}

impl StandardOutput {
    fn unless_gone<T>(
        &mut self,
        instead: T,
        write: impl FnOnce(&mut Stdout) -> io::Result<T>,
    ) -> io::Result<T> {
        if self.reader == Reader::Gone {
            return Ok(instead);
        }
        match write(&mut self.out) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.reader = Reader::Gone;
                Ok(instead)
            }
            written => written,
        }
    }
}

impl Write for StandardOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.unless_gone(bytes.len(), |out| out.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.unless_gone((), Stdout::flush)
    }
}

/// Writes to standard output; a reader that has gone is no error.
///
/// # Errors
///
/// What `write` returns, and what standard output does.
pub fn to_stdout(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// [`to_stdout`] for text in which tokens stand as they are: on a terminal, what that could take as
/// a command is spelled out.
///
/// # Errors
///
/// What `write` returns, and what standard output does.
pub fn tokens_to_stdout(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    if !io::stdout().is_terminal() {
        return to_stdout(write);
    }
    let mut text = Vec::new();
    write(&mut text)?;
    let text = visible_text(&String::from_utf8_lossy(&text));
    to_stdout(|out| out.write_all(text.as_bytes()))
}
