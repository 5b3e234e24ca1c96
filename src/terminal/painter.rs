//! Draws frames: ratatui's terminal on one side, one write a frame on the other.

use std::io;

use ratatui::layout::{Position, Rect, Size};
use ratatui::{Frame, Terminal};

use super::backend::FrameBackend;
use super::clusters;
use super::frame_writer::{FrameCost, FrameWriter};
use super::recordings::Recordings;
use super::tty::FrameOutput;
use crate::app::{Recording, RecordingNews};

/// Draws frames to an [`FrameOutput`].
pub struct Painter<O> {
    terminal: Terminal<FrameBackend>,
    writer: FrameWriter<O>,
    content: Content,
    recordings: Recordings,
}

/// What is known of the cells that the terminal shows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Content {
    /// Those of the last frame.
    LastFrame,
    /// Anything: the next frame erases the screen first.
    Unknown,
}

impl<O: FrameOutput> Painter<O> {
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
            recordings: Recordings::default(),
        })
    }

    /// Where the frames go.
    pub fn writer(&mut self) -> &mut FrameWriter<O> {
        &mut self.writer
    }

    /// `recordings` take what is sent from now on; the first one begins at once if it should.
    pub fn record_to(&mut self, recordings: Recordings) {
        let observer = recordings.clone();
        self.writer.on_commit(move |bytes| observer.output(bytes));
        self.recordings = recordings;
        if self.recordings.begins_at_once() {
            self.record(Recording::Start);
        }
    }

    /// Begin or end a recording; [`Self::recording_news`] says what became of it.
    pub fn record(&mut self, recording: Recording) {
        match recording {
            Recording::Start => {
                if let Ok(size) = self.size() {
                    self.recordings.start(size);
                    // A cast has to begin with a whole screen.
                    self.repaint();
                }
            }
            Recording::Stop => self.recordings.stop(),
        }
    }

    /// A chapter of the recording under way begins.
    pub fn mark(&self, label: &str) {
        self.recordings.mark(label);
    }

    /// What the user should know of recordings; each is told once.
    #[must_use]
    pub fn recording_news(&self) -> Option<RecordingNews> {
        self.recordings.news()
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
    pub fn draw(&mut self, render: impl FnOnce(&mut Frame<'_>)) -> io::Result<FrameCost> {
        let size = self.size()?;
        self.recordings.resize(size);
        let terminal = &mut self.terminal;
        let content = self.content;
        let sent = self.writer.frame(|| {
            terminal.backend_mut().set_size(size);
            if content == Content::Unknown {
                terminal.backend_mut().forget_cursor();
                // Unlike `Terminal::clear` this erases without asking where the cursor is.
                terminal.resize(Rect::from((Position::ORIGIN, size)))?;
            }
            terminal.draw(|frame| {
                render(frame);
                clusters::mark(frame.buffer_mut());
            })?;
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
