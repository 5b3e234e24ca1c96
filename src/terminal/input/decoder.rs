//! What the units that a terminal sends mean: keys, clicks, pastes. What means nothing is left out.
//!
//! Keys come as xterm sends them, with what rxvt, the Linux console, xterm's `modifyOtherKeys` and
//! kitty's keyboard protocol add to it. We ask for none of these, but a program before us may have
//! left them switched on.

mod keys;
mod mouse;
mod parameters;

use crossterm::event::{Event, KeyEvent, KeyModifiers};

use super::splitter::Unit;
use parameters::Parameters;

/// What `unit` means; `None` for what no keyboard and no mouse sends, such as an answer to a
/// question.
#[must_use]
pub fn decode(unit: Unit) -> Option<Event> {
    match unit {
        Unit::Key(character) => keys::typed(character).map(Event::Key),
        Unit::AltKey(character) => keys::typed(character).map(with_alt).map(Event::Key),
        Unit::Csi(parameters, last) => csi(&parameters, last),
        Unit::Ss3(parameters, last) => {
            let parameters = Parameters::read(&parameters)?;
            keys::ss3(&parameters, last).map(Event::Key)
        }
        Unit::Console(last) => keys::console(last).map(Event::Key),
        Unit::OldMouse(report) => mouse::old(report).map(Event::Mouse),
        Unit::Paste(text) => Some(Event::Paste(text)),
    }
}

/// Whether `unit` answers the question how the terminal is: well, or not.
#[must_use]
pub fn is_status(unit: &Unit) -> bool {
    match unit {
        Unit::Csi(parameters, b'n') => matches!(parameters.as_slice(), b"0" | b"3"),
        _ => false,
    }
}

fn with_alt(mut key: KeyEvent) -> KeyEvent {
    key.modifiers |= KeyModifiers::ALT;
    key
}

/// `ESC [ parameters last`.
fn csi(parameters: &[u8], last: u8) -> Option<Event> {
    if let [b'<', report @ ..] = parameters {
        return mouse::sgr(&Parameters::read(report)?, last).map(Event::Mouse);
    }
    // With any other mark before or behind them they are answers.
    let parameters = Parameters::read(parameters)?;
    match last {
        b'I' => Some(Event::FocusGained),
        b'O' => Some(Event::FocusLost),
        b'M' => mouse::rxvt(&parameters).map(Event::Mouse),
        _ => keys::csi(&parameters, last).map(Event::Key),
    }
}

#[cfg(test)]
mod tests;
