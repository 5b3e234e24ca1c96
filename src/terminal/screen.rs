//! What the event loop needs of a screen, so that a script or a test can stand for a terminal.

use std::io;
use std::path::{Path, PathBuf};

use ratatui::layout::Size;

use super::frame_writer::FrameCost;
use super::osc52::Route;
use super::painter::Painter;
use super::session::{MOUSE_OFF, MOUSE_ON, Mouse, TerminalSession};
use super::tty::FrameOutput;
use crate::app::{Recording, RecordingNews, State};
use crate::ui;

/// Something that shows the program.
pub trait Screen {
    /// How many cells there are.
    ///
    /// # Errors
    ///
    /// When that cannot be found out.
    fn size(&self) -> io::Result<Size>;

    /// Show `state`.
    ///
    /// # Errors
    ///
    /// When the screen is gone.
    fn draw(&mut self, state: &State) -> io::Result<FrameCost>;

    /// Send more of what there was no room for; the number of bytes that the next frame still has
    /// to wait for.
    ///
    /// # Errors
    ///
    /// When the screen is gone.
    fn catch_up(&mut self) -> io::Result<usize> {
        Ok(0)
    }

    /// The screen may show anything now: the next frame is a whole one.
    fn repaint(&mut self);

    /// Say who gets what the mouse does.
    ///
    /// # Errors
    ///
    /// When the screen is gone.
    fn set_mouse(&mut self, mouse: Mouse) -> io::Result<()>;

    /// Begin or end a recording. A screen that gets no bytes has nothing to record.
    fn record(&mut self, _: Recording) {}

    /// A chapter of the recording under way begins.
    fn mark(&mut self, _: &str) {}

    /// What became of recordings; each is told once.
    fn recording_news(&mut self) -> Option<RecordingNews> {
        None
    }

    /// Give `text` to the clipboard of whoever sits there.
    ///
    /// # Errors
    ///
    /// When the screen is gone.
    fn copy(&mut self, _: &str) -> io::Result<()> {
        Ok(())
    }

    /// Where a file goes that whoever sits there gives this name to.
    ///
    /// # Errors
    ///
    /// One line that says why it may not go there.
    fn place(&self, name: &Path) -> Result<PathBuf, String> {
        Ok(at_home(name))
    }

    /// Give way to the shell, and come back.
    ///
    /// # Errors
    ///
    /// When the screen is gone.
    fn suspend(&mut self) -> io::Result<()>;

    /// The process was stopped from outside and goes on: somebody else may have had the screen.
    ///
    /// # Errors
    ///
    /// When the screen is gone.
    fn resume(&mut self) -> io::Result<()> {
        self.repaint();
        Ok(())
    }
}

/// The path with the user's folder in the place of a leading `~`, as a shell has it.
fn at_home(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), etcetera::home_dir()) {
        (Ok(rest), Ok(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}

impl Screen for TerminalSession {
    fn size(&self) -> io::Result<Size> {
        Self::size(self)
    }

    fn draw(&mut self, state: &State) -> io::Result<FrameCost> {
        Self::draw(self, |frame| ui::draw(frame, state))
    }

    fn catch_up(&mut self) -> io::Result<usize> {
        Self::catch_up(self)
    }

    fn repaint(&mut self) {
        Self::repaint(self);
    }

    fn set_mouse(&mut self, mouse: Mouse) -> io::Result<()> {
        Self::set_mouse(self, mouse)
    }

    fn record(&mut self, recording: Recording) {
        self.painter().record(recording);
    }

    fn mark(&mut self, label: &str) {
        self.painter().mark(label);
    }

    fn recording_news(&mut self) -> Option<RecordingNews> {
        self.painter().recording_news()
    }

    fn copy(&mut self, text: &str) -> io::Result<()> {
        Self::copy(self, text)
    }

    fn suspend(&mut self) -> io::Result<()> {
        Self::suspend(self)
    }

    fn resume(&mut self) -> io::Result<()> {
        Self::resume(self)
    }
}

/// A painter is a screen that nobody suspends.
impl<O: FrameOutput> Screen for Painter<O> {
    fn size(&self) -> io::Result<Size> {
        Self::size(self)
    }

    fn draw(&mut self, state: &State) -> io::Result<FrameCost> {
        Self::draw(self, |frame| ui::draw(frame, state))
    }

    fn catch_up(&mut self) -> io::Result<usize> {
        self.writer().catch_up()
    }

    fn repaint(&mut self) {
        Self::repaint(self);
    }

    fn set_mouse(&mut self, mouse: Mouse) -> io::Result<()> {
        self.writer().commit(match mouse {
            Mouse::Program => MOUSE_ON,
            Mouse::Terminal => MOUSE_OFF,
        })?;
        Ok(())
    }

    fn record(&mut self, recording: Recording) {
        Self::record(self, recording);
    }

    fn mark(&mut self, label: &str) {
        Self::mark(self, label);
    }

    fn recording_news(&mut self) -> Option<RecordingNews> {
        Self::recording_news(self)
    }

    fn copy(&mut self, text: &str) -> io::Result<()> {
        self.writer().commit(&Route::Direct.sequence(text))?;
        Ok(())
    }

    fn suspend(&mut self) -> io::Result<()> {
        Self::repaint(self);
        Ok(())
    }
}
