//! The screen of a script: a buffer in memory, which the script sees as a user would.

use std::cell::{Ref, RefCell};
use std::convert::Infallible;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::{Buffer, CellWidth};
use ratatui::layout::{Position, Rect, Size};

use super::place;
use super::script::Milestone;
use crate::app::{Recording, RecordingNews, State};
use crate::settings::theme::Ground;
use crate::terminal::{FrameCost, FrameOutput, Mouse, Painter, Recordings, Screen};
use crate::ui;

/// What the last frame shows, and how far the program was then. Clones see the same.
#[derive(Clone)]
pub struct View(Rc<RefCell<LastFrame>>);

struct LastFrame {
    terminal: Terminal<TestBackend>,
    milestones: Milestones,
    ground: Ground,
}

/// Which points the program has come to.
#[derive(Clone, Copy, Default)]
struct Milestones {
    ready: bool,
    finished: bool,
    /// Behind the prompt of the run that is shown.
    tokens: usize,
}

/// A screen in memory, and beside it the bytes that a terminal would get.
pub struct Stage {
    view: View,
    painter: Painter<NullTerminal>,
    /// For what the script saves.
    folder: PathBuf,
}

/// A terminal of the view's size that nobody sees.
struct NullTerminal(View);

impl Write for NullTerminal {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl FrameOutput for NullTerminal {
    fn size(&self) -> io::Result<Size> {
        Ok(self.0.buffer().area().as_size())
    }
}

impl Stage {
    /// A stage of `size`, and the view of it. `recordings` take the bytes; what is saved goes to
    /// `folder`.
    ///
    /// # Errors
    ///
    /// None that a screen in memory could have.
    pub fn new(size: Size, folder: &Path, recordings: Recordings) -> io::Result<(Self, View)> {
        let Ok(terminal) = Terminal::new(TestBackend::new(size.width, size.height));
        let view = View(Rc::new(RefCell::new(LastFrame {
            terminal,
            milestones: Milestones::default(),
            ground: Ground::default(),
        })));
        let mut painter = Painter::new(NullTerminal(view.clone()))?;
        painter.record_to(recordings);
        let stage = Self {
            view: view.clone(),
            painter,
            folder: folder.to_owned(),
        };
        Ok((stage, view))
    }
}

impl Screen for Stage {
    fn size(&self) -> io::Result<Size> {
        self.painter.size()
    }

    fn draw(&mut self, state: &State) -> io::Result<FrameCost> {
        let sent = self.painter.draw(|frame| ui::draw(frame, state))?;
        let mut shown = self.view.0.borrow_mut();
        sure(
            shown
                .terminal
                .draw(|frame| ui::draw(frame, state))
                .map(|_| ()),
        );
        shown.milestones = Milestones::of(state);
        shown.ground = state.theme().map_or(Ground::Dark, |theme| theme.ground);
        Ok(sent)
    }

    fn repaint(&mut self) {
        self.painter.repaint();
        let area = Rect::from((Position::ORIGIN, self.view.buffer().area().as_size()));
        sure(self.view.0.borrow_mut().terminal.resize(area));
    }

    fn set_mouse(&mut self, mouse: Mouse) -> io::Result<()> {
        self.painter.set_mouse(mouse)
    }

    fn record(&mut self, recording: Recording) {
        self.painter.record(recording);
    }

    fn mark(&mut self, label: &str) {
        self.painter.mark(label);
    }

    fn recording_news(&mut self) -> Option<RecordingNews> {
        self.painter.recording_news()
    }

    fn copy(&mut self, text: &str) -> io::Result<()> {
        self.painter.copy(text)
    }

    /// Where the script may write.
    fn place(&self, name: &Path) -> Result<PathBuf, String> {
        place::within(&self.folder, name).map_err(|error| error.to_string())
    }

    fn suspend(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl View {
    /// The cells of the last frame.
    pub fn buffer(&self) -> Ref<'_, Buffer> {
        Ref::map(self.0.borrow(), |shown| shown.terminal.backend().buffer())
    }

    /// Where the cursor is, if it is shown.
    pub fn cursor(&self) -> Option<Position> {
        let shown = self.0.borrow();
        let backend = shown.terminal.backend();
        backend.cursor_visible().then(|| backend.cursor_position())
    }

    /// What terminals the theme of the last frame is for.
    pub fn ground(&self) -> Ground {
        self.0.borrow().ground
    }

    /// The text of the last frame, row by row.
    pub fn text(&self) -> String {
        let buffer = self.buffer();
        let area = buffer.area();
        let mut text = String::new();
        for y in 0..area.height {
            let mut x = 0;
            while x < area.width {
                let cell = &buffer[(x, y)];
                text.push_str(cell.symbol());
                x += cell.cell_width().max(1);
            }
            text.truncate(text.trim_end_matches(' ').len());
            text.push('\n');
        }
        text
    }

    /// Whether the program had come to `milestone` when the last frame was drawn.
    pub fn has_come_to(&self, milestone: Milestone) -> bool {
        let milestones = self.0.borrow().milestones;
        match milestone {
            Milestone::Ready => milestones.ready,
            Milestone::Finished => milestones.finished,
        }
    }

    /// How many tokens the run had behind its prompt when the last frame was drawn.
    pub fn tokens(&self) -> usize {
        self.0.borrow().milestones.tokens
    }

    /// The screen gets another size; what it shows follows with the next frame.
    pub fn resize(&self, size: Size) {
        let mut shown = self.0.borrow_mut();
        shown.terminal.backend_mut().resize(size.width, size.height);
    }
}

impl Milestones {
    fn of(state: &State) -> Self {
        Self {
            ready: state.model.ready.is_some(),
            finished: state.run.as_ref().is_some_and(|run| !run.is_active()),
            tokens: state.run.as_ref().map_or(0, |run| run.columns.len()),
        }
    }
}

/// What a screen in memory returns is never an error.
fn sure<T>(result: Result<T, Infallible>) -> T {
    let Ok(value) = result;
    value
}
