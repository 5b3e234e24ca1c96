//! The terminal while it is ours: taken once, given back once, from whatever exit.

use std::env;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Instant;

use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use ratatui::Frame;
use ratatui::layout::Size;
use rustix::process::{Signal, getpgrp, getpid, getppid, getsid, kill_process};
use signal_hook::consts::SIGTSTP;

use super::Error;
use super::backlog::{self, Backlog};
use super::clipboard::DesktopClipboard;
use super::faults;
use super::frame_writer::FrameCost;
use super::noise;
use super::osc52::Route;
use super::painter::Painter;
use super::recordings::Recordings;
use super::tty::Tty;
use crate::app::Capture;

/// Alternate screen, bracketed paste, no cursor.
pub const ENTER: &[u8] = b"\x1b[?1049h\x1b[?2004h\x1b[?25l";

/// Undoes all that [`ENTER`], `MOUSE_ON` or a frame that broke off may have switched on.
pub const LEAVE: &[u8] = b"\x1b[?2026l\x1b[?1006l\x1b[?1000l\x1b[?2004l\x1b[0m\x1b[?1049l\x1b[?25h";

/// Pasted text comes marked as such.
const PASTE_ON: &[u8] = b"\x1b[?2004h";

/// Clicks and the wheel are reported, moves are not: over a slow line they would flood it.
pub const MOUSE_ON: &[u8] = b"\x1b[?1000h\x1b[?1006h";
/// Undoes `MOUSE_ON`: the terminal selects text again.
pub const MOUSE_OFF: &[u8] = b"\x1b[?1006l\x1b[?1000l";

/// Whether the terminal is ours, so that it is given back exactly once.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Who draws, and so who may give the terminal back when it panics.
static UI_THREAD: Mutex<Option<ThreadId>> = Mutex::new(None);

/// Who gets what the mouse does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mouse {
    /// The terminal: it selects and copies text.
    #[default]
    Terminal,
    /// The program: clicks and wheel.
    Program,
}

impl From<Capture> for Mouse {
    fn from(capture: Capture) -> Self {
        match capture {
            Capture::On => Self::Program,
            Capture::Off => Self::Terminal,
        }
    }
}

/// The terminal while it is ours. It is given back when the session is dropped.
pub struct TerminalSession {
    painter: Painter<Tty>,
    mouse: Mouse,
    clipboard: DesktopClipboard,
    route: Route,
    backlog: Backlog,
}

impl TerminalSession {
    /// Take the terminal.
    ///
    /// # Errors
    ///
    /// When standard input or output is no terminal, or when it does not accept its modes.
    pub fn enter() -> Result<Self, Error> {
        let tty = Tty::open()?;
        // crossterm drops colours where NO_COLOR is set, and resets bold and reverse with them.
        // What may be coloured is decided by the colour depth, in one place.
        crossterm::style::force_color_output(true);
        let mut session = Self {
            painter: Painter::new(tty).map_err(Error::SetUp)?,
            mouse: Mouse::Terminal,
            clipboard: DesktopClipboard::of_environment(),
            route: Route::of(|name| env::var(name).ok()),
            backlog: Backlog::default(),
        };
        session.take().map_err(Error::SetUp)?;
        Ok(session)
    }

    /// How many cells the terminal has.
    ///
    /// # Errors
    ///
    /// When it does not say.
    pub fn size(&self) -> io::Result<Size> {
        self.painter.size()
    }

    /// Draw the cells that changed, and ask the terminal to say when it has come so far.
    ///
    /// # Errors
    ///
    /// When the terminal cannot be written to.
    pub fn draw(&mut self, render: impl FnOnce(&mut Frame<'_>)) -> io::Result<FrameCost> {
        let now = Instant::now();
        let sent = self.painter.draw(render)?;
        if sent.bytes == 0 {
            return Ok(sent);
        }
        if self.backlog.asks() {
            self.painter.writer().commit_unobserved(backlog::QUESTION)?;
            self.backlog.asked(sent.bytes, now);
        } else {
            self.backlog.sent(sent.bytes);
        }
        Ok(sent)
    }

    /// Send more of what there was no room for. How many bytes the terminal has still to take or to
    /// show before it should get the next frame.
    ///
    /// # Errors
    ///
    /// When the terminal cannot be written to.
    pub fn catch_up(&mut self) -> io::Result<usize> {
        let unsent = self.painter.writer().catch_up()?;
        let now = Instant::now();
        self.backlog.hear(now);
        Ok(unsent + self.backlog.excess(now))
    }

    /// Recordings take what the terminal gets from now on.
    pub fn record_to(&mut self, recordings: Recordings) {
        self.painter.record_to(recordings);
    }

    /// What draws to the terminal.
    pub(super) fn painter(&mut self) -> &mut Painter<Tty> {
        &mut self.painter
    }

    /// The next frame erases the screen and draws everything.
    pub fn repaint(&mut self) {
        self.painter.repaint();
    }

    /// Say who gets what the mouse does.
    ///
    /// # Errors
    ///
    /// When the terminal cannot be written to.
    pub fn set_mouse(&mut self, mouse: Mouse) -> io::Result<()> {
        self.mouse = mouse;
        self.painter.writer().commit(match mouse {
            Mouse::Program => MOUSE_ON,
            Mouse::Terminal => MOUSE_OFF,
        })?;
        Ok(())
    }

    /// Give the terminal to the shell until the user brings us to the foreground again.
    ///
    /// Where no shell could ever wake us, the terminal stays ours: the system would not stop us.
    ///
    /// # Errors
    ///
    /// When the terminal cannot be taken again.
    pub fn suspend(&mut self) -> io::Result<()> {
        if nobody_could_wake_us() {
            self.repaint();
            return Ok(());
        }
        give_back()?;
        self.forget_what_is_under_way();
        stop()?;
        self.take()?;
        self.repaint();
        Ok(())
    }

    /// Take the terminal's modes again after the process was stopped from outside, as by
    /// `kill -STOP`: the shell had the terminal meanwhile, and nobody gave it back for it.
    ///
    /// # Errors
    ///
    /// When the terminal does not accept its modes.
    pub fn resume(&mut self) -> io::Result<()> {
        // crossterm remembers that it set raw mode, whatever the terminal is in by now.
        disable_raw_mode()?;
        enable_raw_mode()?;
        self.forget_what_is_under_way();
        self.painter.writer().commit(PASTE_ON)?;
        self.set_mouse(self.mouse)?;
        self.repaint();
        Ok(())
    }

    /// Give `text` to the clipboard of whoever sits at the terminal.
    ///
    /// # Errors
    ///
    /// When the terminal cannot be written to.
    pub fn copy(&mut self, text: &str) -> io::Result<()> {
        self.clipboard.set(text);
        self.painter.writer().commit(&self.route.sequence(text))?;
        Ok(())
    }

    fn forget_what_is_under_way(&mut self) {
        self.painter.writer().forget();
        self.backlog.forget();
    }

    fn take(&mut self) -> io::Result<()> {
        *UI_THREAD.lock().unwrap_or_else(PoisonError::into_inner) = Some(thread::current().id());
        faults::about_to_take_the_terminal();
        TAKEN.store(true, Ordering::SeqCst);
        if let Err(error) = noise::divert() {
            tracing::warn!(%error, "what others write may be on the screen");
        }
        let taken = enable_raw_mode().and_then(|()| {
            self.painter.writer().commit(ENTER)?;
            if self.mouse == Mouse::Program {
                self.set_mouse(Mouse::Program)?;
            }
            Ok(())
        });
        if taken.is_err() {
            // The first error is the one to report.
            let _ = give_back();
        }
        taken
    }
}

/// Whether our parent is no shell with us as one of its jobs, which is certain only where we lead
/// our process group. A terminal program that started us as its only one is none.
fn nobody_could_wake_us() -> bool {
    let session = |process| getsid(process).ok();
    let wakes_us = |parent| session(Some(parent)) == session(None) && session(None).is_some();
    getpgrp() == getpid() && !getppid().is_some_and(wakes_us)
}

/// Stop this process, as the terminal's own Ctrl-Z would.
fn stop() -> io::Result<()> {
    // A program that started us and waits, such as `cargo run`, has to stop as well: it is the
    // one that the shell looks at.
    let leader = getpgrp();
    if leader != getpid() {
        kill_process(leader, Signal::TSTP)?;
    }
    // Sent to this thread and not to the process, the signal has done its work when the call
    // returns; else we might take the terminal again before we are stopped.
    signal_hook::low_level::raise(SIGTSTP)
}

impl Drop for TerminalSession {
    fn drop(&mut self) {
        if let Err(error) = give_back() {
            tracing::warn!(%error, "the terminal may not be as it was");
        }
    }
}

/// Whether the terminal is ours now.
#[must_use]
pub fn is_taken() -> bool {
    TAKEN.load(Ordering::SeqCst)
}

/// Marks the terminal as given back, for whoever does that in another way; whether it was ours.
pub fn no_longer_taken() -> bool {
    TAKEN.swap(false, Ordering::SeqCst)
}

/// Whether this is the thread that draws.
#[must_use]
pub fn is_ui_thread() -> bool {
    *UI_THREAD.lock().unwrap_or_else(PoisonError::into_inner) == Some(thread::current().id())
}

/// Give the terminal back, unless that was done already. Every step is tried.
///
/// # Errors
///
/// The first step that failed.
pub fn give_back() -> io::Result<()> {
    if !no_longer_taken() {
        return Ok(());
    }
    let modes = Tty::to_leave().map_or(Ok(()), |tty| tty.write_last(LEAVE));
    // In this line discipline nobody sees them.
    backlog::wait_for_answers();
    let line_discipline = disable_raw_mode();
    // Only now: on the screen that we have left, nobody's words do any harm.
    let streams = noise::let_through();
    modes.and(line_discipline).and(streams)
}

/// Give back what can be given back without writing, which may block for ever.
pub fn give_back_without_writing() {
    // There is nobody left to be told.
    let _ = disable_raw_mode();
}

#[cfg(test)]
mod tests {
    use std::num::NonZero;

    use super::*;
    use crate::terminal::BEGIN_UPDATE;

    #[test]
    fn leaving_undoes_all_that_may_have_been_switched_on() {
        let mut parser = vt100::Parser::new(NonZero::<u16>::MIN, NonZero::<u16>::MIN, 0);
        let at_first = parser.screen().state_formatted();
        parser.process(ENTER);
        parser.process(MOUSE_ON);
        parser.process(BEGIN_UPDATE);
        parser.process(b"\x1b[1;31m");
        let screen = parser.screen();
        assert!(screen.alternate_screen() && screen.bracketed_paste() && screen.hide_cursor());
        assert_ne!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
        parser.process(LEAVE);
        assert!(!parser.screen().alternate_screen());
        assert_eq!(parser.screen().state_formatted(), at_first);
    }

    #[test]
    fn giving_back_what_was_not_taken_does_nothing() {
        assert!(!is_taken());
        give_back().unwrap();
    }
}
