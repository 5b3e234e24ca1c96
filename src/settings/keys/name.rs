//! Keys as they are shown: short enough for the key line.

use crokey::{KeyCombination, KeyCombinationFormat, OneToThree};
use crossterm::event::{KeyCode, KeyModifiers};

/// A key as the key line and the help page show it: `^R`, `⏎`, `⇧⇥`, `G`.
#[must_use]
pub fn key_name(key: KeyCombination) -> String {
    let OneToThree::One(code) = key.codes else {
        return key.to_string();
    };
    let sign = match code {
        KeyCode::Enter => "⏎",
        KeyCode::Esc => "esc",
        KeyCode::Tab => "tab",
        KeyCode::BackTab => return "⇧tab".into(),
        KeyCode::Left => "←",
        KeyCode::Right => "→",
        KeyCode::Up => "↑",
        KeyCode::Down => "↓",
        KeyCode::PageUp => "pgup",
        KeyCode::PageDown => "pgdn",
        KeyCode::Home => "home",
        KeyCode::End => "end",
        KeyCode::Backspace => "⌫",
        KeyCode::Delete => "del",
        KeyCode::Char(' ') => "space",
        KeyCode::Char('-') => "-",
        KeyCode::Char(letter) if key.modifiers == KeyModifiers::CONTROL => {
            return format!("^{}", letter.to_uppercase());
        }
        _ => "",
    };
    if sign.is_empty() {
        return KeyCombinationFormat::default()
            .with_implicit_shift()
            .with_control("^")
            .to_string(key);
    }
    let mut name = String::new();
    for (modifier, prefix) in [
        (KeyModifiers::CONTROL, "^"),
        (KeyModifiers::ALT, "alt-"),
        (KeyModifiers::SHIFT, "⇧"),
    ] {
        if key.modifiers.contains(modifier) {
            name.push_str(prefix);
        }
    }
    name + sign
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn keys_are_shown_short() {
        for (key, shown) in [
            ("ctrl-r", "^R"),
            ("enter", "⏎"),
            ("alt-enter", "alt-⏎"),
            ("backtab", "⇧tab"),
            ("shift-g", "G"),
            ("g", "g"),
            ("?", "?"),
            ("ctrl-left", "^←"),
            ("ctrl-_", "^_"),
            ("f1", "F1"),
            ("alt-b", "Alt-b"),
        ] {
            assert_eq!(key_name(crokey::parse(key).unwrap()), shown, "{key}");
        }
    }
}
