//! Keys: what they send alone, and with Shift, Alt, Control and others held.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyEventState, KeyModifiers};

use super::parameters::Parameters;

/// A key that sends one character. `None` for control characters that no key sends.
pub fn typed(character: char) -> Option<KeyEvent> {
    Some(match character {
        '\0' => control(' '),
        '\t' => KeyCode::Tab.into(),
        '\r' => KeyCode::Enter.into(),
        '\x1b' => KeyCode::Esc.into(),
        '\x7f' => KeyCode::Backspace.into(),
        '\x01'..='\x1a' => control(char::from(character as u8 - 0x01 + b'a')),
        // One byte, several keys. The key map takes the digit for all of them.
        '\x1c'..='\x1f' => control(char::from(character as u8 - 0x1c + b'4')),
        control if control.is_control() => return None,
        capital if capital.is_uppercase() => {
            KeyEvent::new(KeyCode::Char(capital), KeyModifiers::SHIFT)
        }
        other => KeyCode::Char(other).into(),
    })
}

fn control(character: char) -> KeyEvent {
    KeyEvent::new(KeyCode::Char(character), KeyModifiers::CONTROL)
}

/// `ESC O parameters last`: function keys, and arrows and the keypad in their application modes.
pub fn ss3(parameters: &Parameters, last: u8) -> Option<KeyEvent> {
    let code = match last {
        b'a'..=b'd' => {
            let arrow = letter_key(last.to_ascii_uppercase())?;
            return (parameters.len() == 0).then(|| KeyEvent::new(arrow, KeyModifiers::CONTROL));
        }
        b'I' => KeyCode::Tab,
        b'M' => KeyCode::Enter,
        b'X' => KeyCode::Char('='),
        b' ' => KeyCode::Char(' '),
        // `*` to `9`, each as far behind its letter.
        b'j'..=b'y' => KeyCode::Char(char::from(last - b'j' + b'*')),
        _ => letter_key(last)?,
    };
    with_modifiers(code, parameters, last_of(parameters))
}

/// `ESC [ [ last`: F1 to F5 of the Linux console.
pub fn console(last: u8) -> Option<KeyEvent> {
    matches!(last, b'A'..=b'E').then(|| KeyCode::F(last - b'A' + 1).into())
}

/// `ESC [ parameters last`.
pub fn csi(parameters: &Parameters, last: u8) -> Option<KeyEvent> {
    match last {
        b'~' if parameters.get(0) == Some(27) => other_key(parameters),
        b'~' => numbered(parameters, KeyModifiers::NONE),
        // rxvt tells Control, and Control with Shift, by the last byte.
        b'^' => numbered(parameters, KeyModifiers::CONTROL),
        b'@' => numbered(parameters, KeyModifiers::CONTROL | KeyModifiers::SHIFT),
        b'u' => unicode(parameters),
        b'Z' => {
            let key = with_modifiers(KeyCode::BackTab, parameters, last_of(parameters))?;
            Some(and(key, KeyModifiers::SHIFT))
        }
        // rxvt again.
        b'a'..=b'd' if parameters.len() == 0 => {
            let arrow = letter_key(last.to_ascii_uppercase())?;
            Some(KeyEvent::new(arrow, KeyModifiers::SHIFT))
        }
        // With numbers it is where the cursor is.
        b'R' if parameters.len() > 0 => None,
        // `ESC [ 1 ; modifiers A`, of old terminals also `ESC [ modifiers A`.
        _ => match (parameters.len(), parameters.get(0)) {
            (0 | 1, _) | (2, None | Some(1)) => {
                with_modifiers(letter_key(last)?, parameters, last_of(parameters))
            }
            _ => None,
        },
    }
}

/// Where modifiers stand when they stand last: after the key's number, or instead of it.
fn last_of(parameters: &Parameters) -> usize {
    parameters.len().saturating_sub(1)
}

/// Keys that a letter tells.
fn letter_key(last: u8) -> Option<KeyCode> {
    Some(match last {
        b'A' => KeyCode::Up,
        b'B' => KeyCode::Down,
        b'C' => KeyCode::Right,
        b'D' => KeyCode::Left,
        b'F' => KeyCode::End,
        b'H' => KeyCode::Home,
        b'P'..=b'S' => KeyCode::F(last - b'P' + 1),
        _ => return None,
    })
}

/// `ESC [ number ; modifiers ~`.
fn numbered(parameters: &Parameters, held: KeyModifiers) -> Option<KeyEvent> {
    let code = match u8::try_from(parameters.get(0)?).ok()? {
        1 | 7 => KeyCode::Home,
        2 => KeyCode::Insert,
        3 => KeyCode::Delete,
        4 | 8 => KeyCode::End,
        5 => KeyCode::PageUp,
        6 => KeyCode::PageDown,
        // VT220 keyboards had gaps between their blocks of function keys.
        number @ 11..=15 => KeyCode::F(number - 10),
        number @ 17..=21 => KeyCode::F(number - 11),
        number @ 23..=26 => KeyCode::F(number - 12),
        number @ 28..=29 => KeyCode::F(number - 15),
        number @ 31..=34 => KeyCode::F(number - 17),
        _ => return None,
    };
    Some(and(with_modifiers(code, parameters, 1)?, held))
}

/// `ESC [ 27 ; modifiers ; character ~`, of xterm's `modifyOtherKeys`.
fn other_key(parameters: &Parameters) -> Option<KeyEvent> {
    let key = with_modifiers(character_key(parameters.get(2)?)?, parameters, 1)?;
    Some(shifted(key, None))
}

/// `ESC [ character : shifted ; modifiers : kind u`, of kitty's keyboard protocol and others.
fn unicode(parameters: &Parameters) -> Option<KeyEvent> {
    let number = parameters.get(0)?;
    let (code, state) = match number {
        57399..=57427 => (keypad_key(number)?, KeyEventState::KEYPAD),
        // F13 and on; other keys of this private area have no use here.
        57376..=57398 => {
            let number = u8::try_from(number - 57376).ok()?;
            (KeyCode::F(number + 13), KeyEventState::NONE)
        }
        0xe000..=0xf8ff => return None,
        _ => (character_key(number)?, KeyEventState::NONE),
    };
    let mut key = with_modifiers(code, parameters, 1)?;
    key.state |= state;
    let upper = parameters.below(0, 1).and_then(char::from_u32);
    Some(shifted(key, upper))
}

fn keypad_key(number: u32) -> Option<KeyCode> {
    const KEYS: [KeyCode; 29] = [
        KeyCode::Char('0'),
        KeyCode::Char('1'),
        KeyCode::Char('2'),
        KeyCode::Char('3'),
        KeyCode::Char('4'),
        KeyCode::Char('5'),
        KeyCode::Char('6'),
        KeyCode::Char('7'),
        KeyCode::Char('8'),
        KeyCode::Char('9'),
        KeyCode::Char('.'),
        KeyCode::Char('/'),
        KeyCode::Char('*'),
        KeyCode::Char('-'),
        KeyCode::Char('+'),
        KeyCode::Enter,
        KeyCode::Char('='),
        KeyCode::Char(','),
        KeyCode::Left,
        KeyCode::Right,
        KeyCode::Up,
        KeyCode::Down,
        KeyCode::PageUp,
        KeyCode::PageDown,
        KeyCode::Home,
        KeyCode::End,
        KeyCode::Insert,
        KeyCode::Delete,
        KeyCode::KeypadBegin,
    ];
    KEYS.get(number.checked_sub(57399)? as usize).copied()
}

/// The key that a character's number stands for.
fn character_key(number: u32) -> Option<KeyCode> {
    Some(match char::from_u32(number)? {
        '\t' => KeyCode::Tab,
        '\r' => KeyCode::Enter,
        '\x1b' => KeyCode::Esc,
        '\x08' | '\x7f' => KeyCode::Backspace,
        control if control.is_control() => return None,
        character => KeyCode::Char(character),
    })
}

/// `key` as it is without such a protocol, where Shift is held: a capital, or another sign, which
/// is `upper` where the terminal says so.
fn shifted(mut key: KeyEvent, upper: Option<char>) -> KeyEvent {
    if !key.modifiers.contains(KeyModifiers::SHIFT) {
        return key;
    }
    match key.code {
        KeyCode::Tab => key.code = KeyCode::BackTab,
        KeyCode::Char(character) => {
            let mut capitals = character.to_uppercase();
            let capital = match (capitals.next(), capitals.next()) {
                (Some(capital), None) => capital,
                _ => character,
            };
            let shown = upper.unwrap_or(capital);
            key.code = KeyCode::Char(shown);
            key.modifiers.set(KeyModifiers::SHIFT, shown.is_uppercase());
        }
        _ => {}
    }
    key
}

/// `code` with the modifiers, and what was done with the key, that the parameter at `at` tells:
/// one more than a bit for each, and below it 1 for down, 2 for a repeat, 3 for up.
fn with_modifiers(code: KeyCode, parameters: &Parameters, at: usize) -> Option<KeyEvent> {
    let bits = parameters.get(at).unwrap_or(1).saturating_sub(1);
    let bits = u8::try_from(bits).ok()?;
    let kind = match parameters.below(at, 1) {
        None | Some(1) => KeyEventKind::Press,
        Some(2) => KeyEventKind::Repeat,
        Some(3) => KeyEventKind::Release,
        Some(_) => return None,
    };
    let mut key = KeyEvent::new_with_kind(code, KeyModifiers::NONE, kind);
    for (bit, modifier) in [
        (1, KeyModifiers::SHIFT),
        (2, KeyModifiers::ALT),
        (4, KeyModifiers::CONTROL),
        (8, KeyModifiers::SUPER),
        (16, KeyModifiers::HYPER),
        (32, KeyModifiers::META),
    ] {
        if bits & bit != 0 {
            key.modifiers |= modifier;
        }
    }
    for (bit, lock) in [
        (64, KeyEventState::CAPS_LOCK),
        (128, KeyEventState::NUM_LOCK),
    ] {
        if bits & bit != 0 {
            key.state |= lock;
        }
    }
    Some(key)
}

fn and(mut key: KeyEvent, held: KeyModifiers) -> KeyEvent {
    key.modifiers |= held;
    key
}
