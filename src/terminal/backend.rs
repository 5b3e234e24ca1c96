//! The backend that turns ratatui's cells into bytes, and never asks the terminal anything.

use std::io;

use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};

use super::cells;
use super::frame_writer::FrameBuffer;

/// crossterm's backend, writing to a [`FrameBuffer`].
///
/// Unlike it, this backend remembers the cursor, so that a frame in which nothing changed has no
/// bytes at all; it is told its size, so that nothing waits for an answer; and it writes cells in
/// fewer bytes.
#[derive(Debug)]
pub struct FrameBackend {
    inner: CrosstermBackend<FrameBuffer>,
    /// The same that `inner` writes to.
    buffer: FrameBuffer,
    size: Size,
    /// `None` until it was shown or hidden once.
    cursor_shown: Option<bool>,
    /// `None` where it is not known.
    cursor: Option<Position>,
}

impl FrameBackend {
    /// A backend that draws `size` cells into `buffer`.
    #[must_use]
    pub fn new(buffer: FrameBuffer, size: Size) -> Self {
        Self {
            inner: CrosstermBackend::new(buffer.clone()),
            buffer,
            size,
            cursor_shown: None,
            cursor: None,
        }
    }

    /// The terminal has another size now.
    pub fn set_size(&mut self, size: Size) {
        self.size = size;
    }

    /// Somebody else has written to the terminal.
    pub fn forget_cursor(&mut self) {
        self.cursor_shown = None;
        self.cursor = None;
    }
}

impl Backend for FrameBackend {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let mut content = content.peekable();
        if content.peek().is_none() {
            return Ok(());
        }
        self.cursor = None;
        cells::write(&mut self.buffer, content)
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        if self.cursor_shown != Some(false) {
            self.inner.hide_cursor()?;
            self.cursor_shown = Some(false);
        }
        Ok(())
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        if self.cursor_shown != Some(true) {
            self.inner.show_cursor()?;
            self.cursor_shown = Some(true);
        }
        Ok(())
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(self.cursor.unwrap_or(Position::ORIGIN))
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let position = position.into();
        if self.cursor != Some(position) {
            self.inner.set_cursor_position(position)?;
            self.cursor = Some(position);
        }
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        self.clear_region(ClearType::All)
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        self.inner.clear_region(clear_type)
    }

    fn size(&self) -> io::Result<Size> {
        Ok(self.size)
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize {
            columns_rows: self.size,
            pixels: Size::ZERO,
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
