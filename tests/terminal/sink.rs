//! A terminal that remembers what it was sent.

use std::cell::RefCell;
use std::io::{self, Write};
use std::num::NonZero;
use std::rc::Rc;

use lenscape::terminal::FrameOutput;
use ratatui::layout::Size;

/// A terminal that remembers each write. Clones are the same terminal.
#[derive(Clone)]
pub struct Sink {
    writes: Rc<RefCell<Vec<Vec<u8>>>>,
    size: Size,
}

impl Sink {
    pub fn new(columns: u16, rows: u16) -> Self {
        Self {
            writes: Rc::default(),
            size: Size::new(columns, rows),
        }
    }

    /// Each write apart.
    pub fn writes(&self) -> Vec<Vec<u8>> {
        self.writes.borrow().clone()
    }

    /// What a terminal shows after all of it.
    pub fn screen(&self) -> vt100::Screen {
        let cells = |count| NonZero::new(count).unwrap();
        let mut parser = vt100::Parser::new(cells(self.size.height), cells(self.size.width), 0);
        let bytes = String::from_utf8(self.writes().concat()).unwrap();
        // The emulator passes over what terminals show as one character.
        parser.process(bytes.replace('\u{fffd}', "?").as_bytes());
        parser.screen().clone()
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writes.borrow_mut().push(bytes.to_vec());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl FrameOutput for Sink {
    fn size(&self) -> io::Result<Size> {
        Ok(self.size)
    }
}
