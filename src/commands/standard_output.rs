//! Standard output, whose reader may go before everything is said, as `head` does.

use std::io::{self, Stdout, Write};

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
