//! The escape sequences of keys, character by character.

use crossterm::event::{KeyCode, KeyModifiers};

/// Longer sequences than this are none.
const LONGEST: usize = 32;

/// What keys that follow an Esc make up.
#[derive(Debug)]
pub enum Sequence {
    /// No sequence: the keys were typed.
    None,
    /// It may still become one.
    Open,
    /// A key.
    Key(KeyCode, KeyModifiers),
    /// The opening bracket of a paste.
    PasteBegins,
    /// A whole sequence that is no key we know.
    Unknown,
}

impl Sequence {
    /// What an Esc, then `begun`, then `last` make up.
    pub fn of(begun: &str, last: char) -> Self {
        if begun.len() > LONGEST {
            return Self::None;
        }
        match (begun, last) {
            ("", '[' | 'O') => Self::Open,
            ("", _) => Self::None,
            ("O", 'A'..='Z') => plain_key(last).map_or(Self::Unknown, Self::key),
            ("O", _) => Self::None,
            (_, ' '..='?') => Self::Open,
            (csi, '@'..='~') => csi_key(&csi[1..], last),
            _ => Self::None,
        }
    }

    fn key(code: KeyCode) -> Self {
        Self::Key(code, KeyModifiers::NONE)
    }
}

/// `ESC [ parameters last`.
fn csi_key(parameters: &str, last: char) -> Sequence {
    if (parameters, last) == ("200", '~') {
        return Sequence::PasteBegins;
    }
    let (number, modifiers) = match parameters.split_once(';') {
        Some((number, bits)) => (number, csi_modifiers(bits)),
        None => (parameters, Some(KeyModifiers::NONE)),
    };
    let code = match (number, last) {
        ("", 'Z') => return Sequence::Key(KeyCode::BackTab, KeyModifiers::SHIFT),
        ("" | "1", _) if last != '~' => plain_key(last),
        ("1" | "7", '~') => Some(KeyCode::Home),
        ("2", '~') => Some(KeyCode::Insert),
        ("3", '~') => Some(KeyCode::Delete),
        ("4" | "8", '~') => Some(KeyCode::End),
        ("5", '~') => Some(KeyCode::PageUp),
        ("6", '~') => Some(KeyCode::PageDown),
        _ => None,
    };
    match (code, modifiers) {
        (Some(code), Some(modifiers)) => Sequence::Key(code, modifiers),
        _ => Sequence::Unknown,
    }
}

/// The modifiers of `ESC [ 1 ; bits A`: one more than 1 for Shift, 2 for Alt, 4 for Control.
fn csi_modifiers(bits: &str) -> Option<KeyModifiers> {
    let bits = bits.parse::<u8>().ok()?.checked_sub(1)?;
    let mut modifiers = KeyModifiers::NONE;
    for (bit, modifier) in [
        (1, KeyModifiers::SHIFT),
        (2, KeyModifiers::ALT),
        (4, KeyModifiers::CONTROL),
    ] {
        if bits & bit != 0 {
            modifiers |= modifier;
        }
    }
    Some(modifiers)
}

fn plain_key(last: char) -> Option<KeyCode> {
    Some(match last {
        'A' => KeyCode::Up,
        'B' => KeyCode::Down,
        'C' => KeyCode::Right,
        'D' => KeyCode::Left,
        'F' => KeyCode::End,
        'H' => KeyCode::Home,
        'P' => KeyCode::F(1),
        'Q' => KeyCode::F(2),
        'R' => KeyCode::F(3),
        'S' => KeyCode::F(4),
        _ => return None,
    })
}
