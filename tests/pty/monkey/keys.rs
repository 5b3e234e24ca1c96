//! The keys of the key map, as a terminal sends them.

use crokey::KeyCombination;
use crossterm::event::{KeyCode, KeyModifiers};
use lenscape::settings::Settings;
use lenscape::settings::keys::Scope;

/// Every key that does something somewhere, as often as it does.
pub fn all() -> Vec<Vec<u8>> {
    let settings = Settings::embedded().unwrap();
    let keymap = &settings.keymap;
    let bindings = Scope::ALL.iter().flat_map(|scope| keymap.bindings(*scope));
    let keys = bindings.flat_map(|binding| &binding.keys);
    keys.map(|key| sent(*key)).collect()
}

/// What a terminal sends for `key`.
fn sent(key: KeyCombination) -> Vec<u8> {
    let modifiers = key.modifiers;
    let plain = match *key.codes.first() {
        KeyCode::Char(letter) if modifiers.contains(KeyModifiers::CONTROL) => {
            assert!(letter.is_ascii(), "{key} is no key of a terminal");
            vec![letter as u8 & 0x1f]
        }
        KeyCode::Char(letter) if modifiers.contains(KeyModifiers::SHIFT) => {
            letter.to_uppercase().to_string().into_bytes()
        }
        KeyCode::Char(letter) => letter.to_string().into_bytes(),
        KeyCode::Enter => b"\r".to_vec(),
        KeyCode::Tab => b"\t".to_vec(),
        KeyCode::BackTab => b"\x1b[Z".to_vec(),
        KeyCode::Backspace => b"\x7f".to_vec(),
        KeyCode::Esc => b"\x1b".to_vec(),
        KeyCode::F(1) => b"\x1bOP".to_vec(),
        KeyCode::PageUp => b"\x1b[5~".to_vec(),
        KeyCode::PageDown => b"\x1b[6~".to_vec(),
        KeyCode::Delete => b"\x1b[3~".to_vec(),
        KeyCode::Up => cursor_key('A', modifiers),
        KeyCode::Down => cursor_key('B', modifiers),
        KeyCode::Right => cursor_key('C', modifiers),
        KeyCode::Left => cursor_key('D', modifiers),
        KeyCode::End => cursor_key('F', modifiers),
        KeyCode::Home => cursor_key('H', modifiers),
        other => panic!("what a terminal sends for {other:?} has to be written down here"),
    };
    match modifiers.contains(KeyModifiers::ALT) {
        true => [b"\x1b", plain.as_slice()].concat(),
        false => plain,
    }
}

fn cursor_key(last: char, modifiers: KeyModifiers) -> Vec<u8> {
    let sequence = match modifiers.contains(KeyModifiers::CONTROL) {
        true => format!("\x1b[1;5{last}"),
        false => format!("\x1b[{last}"),
    };
    sequence.into_bytes()
}
