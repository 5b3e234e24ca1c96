//! Draws frames: ratatui's terminal on one side, one write a frame on the other.

use std::io;

use ratatui::layout::{Position, Rect, Size};
use ratatui::{Frame, Terminal};

use super::backend::FrameBackend;
use super::frame_writer::{FrameWriter, Sent};
use super::tty::Output;

/// Draws frames to an [`Output`].
pub struct Painter<O> {
    terminal: Terminal<FrameBackend>,
    writer: FrameWriter<O>,
    content: Content,
}

/// What is known of the cells that the terminal shows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Content {
    /// Those of the last frame.
    LastFrame,
    /// Anything: the next frame erases the screen first.
    Unknown,
}

impl<O: Output> Painter<O> {
    /// A painter whose first frame draws everything.
    ///
    /// # Errors
    ///
    /// When the size of `output` cannot be found out.
    pub fn new(output: O) -> io::Result<Self> {
        let size = output.size()?;
        let writer = FrameWriter::new(output);
        let backend = FrameBackend::new(writer.buffer(), size);
        Ok(Self {
            terminal: Terminal::new(backend)?,
            writer,
            content: Content::Unknown,
        })
    }

    /// Where the frames go.
    pub fn writer(&mut self) -> &mut FrameWriter<O> {
        &mut self.writer
    }

    /// How many cells there are.
    ///
    /// # Errors
    ///
    /// When that cannot be found out.
    pub fn size(&self) -> io::Result<Size> {
        self.writer.output().size()
    }

    /// Draw the cells that changed since the last frame, in one write.
    ///
    /// # Errors
    ///
    /// When the output fails.
    pub fn draw(&mut self, render: impl FnOnce(&mut Frame<'_>)) -> io::Result<Sent> {
        let size = self.size()?;
        let terminal = &mut self.terminal;
        let content = self.content;
        let sent = self.writer.frame(|| {
            terminal.backend_mut().set_size(size);
            if content == Content::Unknown {
                terminal.backend_mut().forget_cursor();
                // Unlike `Terminal::clear` this erases without asking where the cursor is.
                terminal.resize(Rect::from((Position::ORIGIN, size)))?;
            }
            terminal.draw(render)?;
            Ok(())
        });
        self.content = if sent.is_ok() {
            Content::LastFrame
        } else {
            Content::Unknown
        };
        sent
    }

    /// The terminal may show anything now: the next frame erases it and draws everything, in the
    /// same write.
    pub fn repaint(&mut self) {
        self.content = Content::Unknown;
    }
}
