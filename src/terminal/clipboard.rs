//! Text for the clipboard: by OSC 52 to the terminal of whoever sits there, and to the clipboard
//! of the desktop where the program runs on one. Over SSH only the first reaches the user.

use std::env;
use std::sync::mpsc::{Sender, channel};
use std::thread::Builder;

/// The clipboard of the desktop that the program runs on; one that does nothing elsewhere.
#[derive(Debug, Default)]
pub struct DesktopClipboard(Option<Sender<String>>);

/// Where the program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Desktop {
    /// The user sits at this machine.
    Here,
    /// The user came by SSH, or there is no desktop.
    Elsewhere,
}

impl Desktop {
    /// Where the program runs, as the environment tells; `variable` says whether one is set.
    #[must_use]
    pub fn of(variable: impl Fn(&str) -> bool) -> Self {
        let remote = ["SSH_CONNECTION", "SSH_TTY"].into_iter().any(&variable);
        let has_display = cfg!(any(target_os = "macos", windows))
            || ["DISPLAY", "WAYLAND_DISPLAY"].into_iter().any(&variable);
        if has_display && !remote {
            Self::Here
        } else {
            Self::Elsewhere
        }
    }
}

impl DesktopClipboard {
    /// The clipboard of this machine's desktop, where the user sits at it. It is spoken to on a
    /// thread of its own, which also holds what was copied until the program ends.
    #[must_use]
    pub fn of_environment() -> Self {
        match Desktop::of(|name| env::var_os(name).is_some_and(|value| !value.is_empty())) {
            Desktop::Here => Self::start(),
            Desktop::Elsewhere => Self::default(),
        }
    }

    fn start() -> Self {
        let (texts, waiting) = channel::<String>();
        let thread = Builder::new().name("clipboard".into()).spawn(move || {
            let mut clipboard = None;
            for text in waiting {
                if clipboard.is_none() {
                    clipboard = arboard::Clipboard::new()
                        .inspect_err(|error| tracing::info!(%error, "no desktop clipboard"))
                        .ok();
                }
                if let Some(clipboard) = &mut clipboard
                    && let Err(error) = clipboard.set_text(text)
                {
                    tracing::warn!(%error, "the desktop's clipboard took nothing");
                }
            }
        });
        match thread {
            Ok(_) => Self(Some(texts)),
            Err(error) => {
                tracing::warn!(%error, "no thread for the desktop's clipboard");
                Self::default()
            }
        }
    }

    /// Puts `text` there; returns at once.
    pub fn set(&self, text: &str) {
        if let Some(texts) = &self.0 {
            // The thread ends only with this sender.
            let _ = texts.send(text.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(not(any(target_os = "macos", windows)))]
    #[test]
    fn only_a_local_desktop_has_a_clipboard_worth_writing_to() {
        let with = |set: &[&str]| Desktop::of(|name| set.contains(&name));
        assert_eq!(with(&["DISPLAY"]), Desktop::Here);
        assert_eq!(with(&["WAYLAND_DISPLAY"]), Desktop::Here);
        assert_eq!(with(&[]), Desktop::Elsewhere);
        assert_eq!(with(&["DISPLAY", "SSH_CONNECTION"]), Desktop::Elsewhere);
        assert_eq!(with(&["WAYLAND_DISPLAY", "SSH_TTY"]), Desktop::Elsewhere);
    }
}
