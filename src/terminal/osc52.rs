//! Text for the clipboard of whoever sits at the terminal, by OSC 52: through SSH as well,
//! through tmux where its option `set-clipboard` is on, and through GNU screen.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

/// What stands between the program and the terminal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Route {
    /// Nothing, or what knows the sequence itself, as tmux does.
    #[default]
    Direct,
    /// GNU screen: it does not know the sequence, and hands on only what stands in short device
    /// control strings.
    Screen,
}

/// The most of a control string that any release of screen takes.
const SCREEN_TAKES: usize = 76;

impl Route {
    /// The way, as the environment tells: `variable` gives one's value where it is set. Of a tmux
    /// inside of screen `TERM` tells.
    #[must_use]
    pub fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        let is_tmux = variable("TERM").is_some_and(|term| term.starts_with("tmux"));
        match variable("STY") {
            Some(session) if !session.is_empty() && !is_tmux => Self::Screen,
            _ => Self::Direct,
        }
    }

    /// The sequence that asks the terminal to put `text` into its clipboard. No terminal answers.
    #[must_use]
    pub fn sequence(self, text: &str) -> Vec<u8> {
        let sequence = format!("\x1b]52;c;{}\x07", BASE64_STANDARD.encode(text));
        match self {
            Self::Direct => sequence.into_bytes(),
            Self::Screen => sequence
                .as_bytes()
                .chunks(SCREEN_TAKES)
                .flat_map(|piece| [b"\x1bP", piece, b"\x1b\\"].concat())
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(variables: &[(&str, &str)]) -> Route {
        Route::of(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn text_is_told_in_base64() {
        assert_eq!(Route::Direct.sequence("foo"), b"\x1b]52;c;Zm9v\x07");
        assert_eq!(Route::Direct.sequence("·"), b"\x1b]52;c;wrc=\x07");
    }

    #[test]
    fn screen_hands_short_pieces_on() {
        let sequence = Route::Screen.sequence(&"x".repeat(200));
        let text = String::from_utf8_lossy(&sequence).into_owned();
        let pieces: Vec<&str> = text
            .split_terminator("\x1b\\")
            .filter_map(|piece| piece.strip_prefix("\x1bP"))
            .collect();
        assert!(pieces.len() > 1);
        assert!(pieces.iter().all(|piece| piece.len() <= SCREEN_TAKES));
        let direct = Route::Direct.sequence(&"x".repeat(200));
        assert_eq!(pieces.concat().as_bytes(), direct);
    }

    #[test]
    fn screen_is_known_by_its_session() {
        assert_eq!(route(&[("TERM", "xterm-256color")]), Route::Direct);
        assert_eq!(
            route(&[("TERM", "screen.xterm-256color"), ("STY", "1.pts-0.host")]),
            Route::Screen
        );
        // A tmux calls itself `screen` too, but has no such session.
        assert_eq!(route(&[("TERM", "screen-256color")]), Route::Direct);
        assert_eq!(
            route(&[("TERM", "tmux-256color"), ("STY", "1.pts-0.host")]),
            Route::Direct
        );
    }
}
