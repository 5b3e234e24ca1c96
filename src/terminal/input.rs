//! Input events, from a terminal or a script.

mod decoder;
mod reader;
mod splitter;

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::ops::ControlFlow;
use std::thread;
use std::time::Duration;

use crossterm::event::{Event, KeyEvent, KeyEventKind, MouseEvent};
use ratatui::layout::Size;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::tty::drawn_of;
use reader::Reader;
use splitter::{HOLD_LOCAL, HOLD_REMOTE, Splitter};

/// Something that the user did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A key was pressed, or repeats.
    Key(KeyEvent),
    /// Text was pasted in one piece; its lines end with `\n`.
    Paste(String),
    /// The mouse, where it is captured.
    Mouse(MouseEvent),
    /// The terminal has another size now.
    Resize(Size),
}

/// How far away the user's terminal is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Link {
    /// On this machine.
    #[default]
    Local,
    /// At the other end of a line.
    Remote,
}

impl Link {
    /// Whether the environment is that of a login over SSH. `variable` looks a variable up.
    #[must_use]
    pub fn detect(variable: impl Fn(&str) -> Option<String>) -> Self {
        if ["SSH_CONNECTION", "SSH_TTY"]
            .into_iter()
            .any(|name| variable(name).is_some())
        {
            Self::Remote
        } else {
            Self::Local
        }
    }

    /// How long the rest of an escape sequence may take.
    fn hold_esc(self) -> Duration {
        match self {
            Self::Local => HOLD_LOCAL,
            Self::Remote => HOLD_REMOTE,
        }
    }
}

/// Where the event loop gets its input from: a terminal, a script or a test.
pub trait EventSource {
    /// The next input, or `None` when there will be none any more. Giving the wait up loses
    /// nothing.
    fn next(&mut self) -> impl Future<Output = Option<Input>>;

    /// An input that is there already.
    fn try_next(&mut self) -> Option<Input>;
}

/// A list of inputs that are all there at once, and then no more.
impl EventSource for VecDeque<Input> {
    async fn next(&mut self) -> Option<Input> {
        self.pop_front()
    }

    fn try_next(&mut self) -> Option<Input> {
        self.pop_front()
    }
}

impl EventSource for UnboundedReceiver<Input> {
    async fn next(&mut self) -> Option<Input> {
        self.recv().await
    }

    fn try_next(&mut self) -> Option<Input> {
        self.try_recv().ok()
    }
}

/// Start the thread that reads the terminal; it ends with the process, or when the terminal is
/// gone.
///
/// # Errors
///
/// When no thread can be started, or changes of the terminal's size cannot be listened for.
pub fn read_terminal(link: Link) -> io::Result<UnboundedReceiver<Input>> {
    let (sender, receiver) = unbounded_channel();
    let mut reader = Reader::new(Splitter::new(link.hold_esc()))?;
    thread::Builder::new().name("input".into()).spawn(move || {
        let taken = reader.run(
            |event| match understand(event).map(|input| sender.send(input)) {
                Some(Err(_)) => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            },
        );
        if let Err(error) = taken {
            tracing::warn!(%error, "the terminal can no longer be read");
        }
    })?;
    Ok(receiver)
}

/// What an event means to us; `None` where it means nothing.
fn understand(event: Event) -> Option<Input> {
    match event {
        // Some terminals report that a key was let go.
        Event::Key(key) if key.kind == KeyEventKind::Release => None,
        Event::Key(key) => Some(Input::Key(key)),
        Event::Paste(text) => Some(Input::Paste(with_plain_newlines(&text))),
        Event::Mouse(mouse) => Some(Input::Mouse(mouse)),
        Event::Resize(width, height) => Some(Input::Resize(drawn_of(Size { width, height }))),
        Event::FocusGained | Event::FocusLost => None,
    }
}

/// Terminals send the line ends of a paste as `\r`, `\n` or both.
fn with_plain_newlines(text: &str) -> String {
    text.replace("\r\n", "\n").replace('\r', "\n")
}

#[cfg(test)]
mod tests {
    use crossterm::event::{KeyCode, KeyModifiers};

    use super::*;

    #[test]
    fn a_paste_has_plain_newlines() {
        for (sent, kept) in [
            ("a\rb", "a\nb"),
            ("a\r\nb", "a\nb"),
            ("a\nb", "a\nb"),
            ("a\r\r\nb\r", "a\n\nb\n"),
            ("", ""),
        ] {
            assert_eq!(
                understand(Event::Paste(sent.into())),
                Some(Input::Paste(kept.into())),
                "{sent:?}"
            );
        }
    }

    #[test]
    fn a_key_counts_when_it_goes_down_and_when_it_repeats() {
        let key = |kind| KeyEvent::new_with_kind(KeyCode::Char('a'), KeyModifiers::NONE, kind);
        for kind in [KeyEventKind::Press, KeyEventKind::Repeat] {
            assert_eq!(
                understand(Event::Key(key(kind))),
                Some(Input::Key(key(kind)))
            );
        }
        assert_eq!(understand(Event::Key(key(KeyEventKind::Release))), None);
    }

    #[test]
    fn a_login_over_ssh_is_far_away() {
        let with =
            |set: &'static str| Link::detect(move |name| (name == set).then(|| "1".to_owned()));
        assert_eq!(with("SSH_CONNECTION"), Link::Remote);
        assert_eq!(with("SSH_TTY"), Link::Remote);
        assert_eq!(with("TERM"), Link::Local);
    }

    #[test]
    fn of_a_huge_window_a_part_is_drawn_to() {
        let resized = |width, height| {
            understand(Event::Resize(width, height)).map(|input| match input {
                Input::Resize(size) => (size.width, size.height),
                other => unreachable!("{other:?}"),
            })
        };
        assert_eq!(resized(200, 60), Some((200, 60)));
        assert_eq!(resized(65535, 1), Some((1000, 1)));
        assert_eq!(resized(65535, 65535), Some((1000, 500)));
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        assert_eq!(understand(Event::FocusGained), None);
        assert_eq!(understand(Event::FocusLost), None);
    }
}
