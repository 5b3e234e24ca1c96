//! Cuts what a terminal sends into units: characters, escape sequences, pastes.
//!
//! ```text
//! bytes + time ──▶ Splitter ──▶ Unit ──▶ decoder ──▶ Event
//! ```
//!
//! The states are those of Paul Williams' parser (<https://vt100.net/emu/dec_ansi_parser>), but
//! its tables, as the crates `vte` and `vtparse` have them, are for what a terminal *receives*.
//! From a keyboard other things come: `ESC O A` is one key, `ESC x` is Alt-x, and whether an `ESC`
//! is a key of its own only silence tells, which those parsers cannot be asked about. So the
//! machine is our own.
//!
//! Whatever comes, no sequence stays open for ever: it ends at its last byte, at a control
//! character, at a new `ESC` or when nothing more comes. What then is no unit that a keyboard
//! sends (an answer that nobody waits for any more, the half of a mouse report) is dropped as a
//! whole. Ctrl-C and Ctrl-Q are keys in every state.

use std::mem;
use std::time::{Duration, Instant};

/// How long an Esc waits for its rest when the terminal is on this machine.
pub const HOLD_LOCAL: Duration = Duration::from_millis(30);
/// How long an Esc waits for its rest when the terminal is at the other end of a line.
pub const HOLD_REMOTE: Duration = Duration::from_millis(100);

/// How long the rest of a sequence, or of a character, may take.
const SILENCE: Duration = Duration::from_millis(100);
/// How long the rest of a paste may take.
const PASTE_SILENCE: Duration = Duration::from_secs(2);
/// How long the rest of a sequence may take that is longer than any that we know. It is passed
/// over, but keys that somebody holds down in it get through.
const OVERLONG_SILENCE: Duration = Duration::from_millis(20);
/// No sequence that we know has more bytes.
const LONGEST: usize = 64;

const ETX: u8 = 0x03;
const BEL: u8 = 0x07;
const DC1: u8 = 0x11;
const CAN: u8 = 0x18;
const SUB: u8 = 0x1a;
const ESC: u8 = 0x1b;
const DEL: u8 = 0x7f;

/// What a terminal puts before and after pasted text, behind `ESC [`.
const PASTE_BEGINS: (&[u8], u8) = (b"200", b'~');
const PASTE_ENDS: &[u8] = b"\x1b[201~";

/// One thing that a terminal sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A character; a key that sends a control character, Esc among them, is one too.
    Key(char),
    /// A character with an `ESC` right before it, which is how Alt is sent.
    AltKey(char),
    /// `ESC [`, parameters and intermediates, and the last byte.
    Csi(Vec<u8>, u8),
    /// `ESC O`, parameters, and the last byte.
    Ss3(Vec<u8>, u8),
    /// `ESC [ [` and a last byte: a function key of the Linux console.
    Console(u8),
    /// `ESC [ M` and three bytes: the mouse, as the first terminals with one told it.
    OldMouse([u8; 3]),
    /// Pasted text, as it was sent.
    Paste(String),
}

/// Whether a byte came with the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Arrival {
    /// In one read.
    Together,
    /// In a later read: perhaps typed by hand.
    Later,
}

/// What an `ESC` may end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ends {
    /// Nothing was open before it.
    Nothing,
    /// A string, if a `\` follows.
    AString,
}

/// What is open.
#[derive(Debug)]
enum State {
    Ground,
    /// The first bytes of a character in UTF-8.
    Character(Vec<u8>, fn(char) -> Unit),
    Escape(Arrival, Ends),
    /// `ESC` and the byte that opens a longer sequence, and nothing else yet.
    Introduced(u8, Arrival),
    Csi(Vec<u8>),
    Ss3(Vec<u8>),
    Console,
    OldMouse(Vec<u8>),
    /// OSC, DCS, APC, PM or SOS, of so many bytes; no key is sent as one.
    AString(usize),
    Paste(Vec<u8>),
}

/// A pure state machine: bytes in, units out, time as an argument.
#[derive(Debug)]
pub struct Splitter {
    hold: Duration,
    state: State,
    /// When the last byte came.
    heard: Option<Instant>,
}

impl Splitter {
    /// A splitter that holds an Esc for `hold`, to see whether a sequence follows.
    #[must_use]
    pub fn new(hold: Duration) -> Self {
        Self {
            hold,
            state: State::Ground,
            heard: None,
        }
    }

    /// When [`Self::expire`] is to be called if no byte comes; `None` while nothing is open.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        Some(self.heard? + self.patience()?)
    }

    /// What one read gave, at `now`; the units that it makes certain, in order.
    ///
    /// What is open is gone on with, however long ago it began: the bytes may have been there
    /// while nobody read. Whether there was silence is for the caller to say.
    pub fn push(&mut self, bytes: &[u8], now: Instant) -> Vec<Unit> {
        let mut out = Vec::new();
        self.heard = Some(now);
        for (at, byte) in bytes.iter().enumerate() {
            let rest = &bytes[at + 1..];
            self.take(*byte, rest, &mut out);
        }
        if let State::Escape(arrival, _) = &mut self.state {
            *arrival = Arrival::Later;
        }
        out
    }

    /// What is open ends once its time is over.
    pub fn expire(&mut self, now: Instant) -> Vec<Unit> {
        let mut out = Vec::new();
        if self.deadline().is_some_and(|deadline| deadline <= now) {
            match mem::replace(&mut self.state, State::Ground) {
                State::Escape(_, Ends::Nothing) => out.push(Unit::Key('\x1b')),
                State::Introduced(by, arrival) => give_introduced(by, arrival, &mut out),
                State::Paste(text) => give_cut_paste(text, &mut out),
                _ => {}
            }
        }
        out
    }

    /// How long what is open may take to go on.
    fn patience(&self) -> Option<Duration> {
        match &self.state {
            State::Ground => None,
            State::Escape(_, Ends::Nothing) => Some(self.hold),
            State::Paste(_) => Some(PASTE_SILENCE),
            State::Csi(passed) | State::Ss3(passed) if passed.len() >= LONGEST => {
                Some(OVERLONG_SILENCE)
            }
            State::AString(passed) if *passed >= LONGEST => Some(OVERLONG_SILENCE),
            _ => Some(SILENCE),
        }
    }

    /// One byte; `rest` is what came with it.
    fn take(&mut self, byte: u8, rest: &[u8], out: &mut Vec<Unit>) {
        match mem::replace(&mut self.state, State::Ground) {
            State::Ground => self.begin(byte, Unit::Key, out),
            State::Character(bytes, unit) => self.in_character(bytes, unit, byte, out),
            State::Escape(arrival, ends) => self.after_escape(arrival, ends, byte, out),
            State::Introduced(by, arrival) => self.after_introducer(by, arrival, byte, rest, out),
            State::Paste(text) => self.in_paste(text, byte, rest, out),
            open => self.in_sequence(open, byte, out),
        }
    }

    /// A byte with nothing before it, or with an `ESC` that `unit` stands for.
    fn begin(&mut self, byte: u8, unit: fn(char) -> Unit, out: &mut Vec<Unit>) {
        match byte {
            ESC => self.state = State::Escape(Arrival::Together, Ends::Nothing),
            0..=DEL => out.push(unit(char::from(byte))),
            0xc2..=0xf4 => self.state = State::Character(vec![byte], unit),
            // No character of UTF-8 begins so.
            _ => {}
        }
    }

    fn in_character(
        &mut self,
        mut bytes: Vec<u8>,
        unit: fn(char) -> Unit,
        byte: u8,
        out: &mut Vec<Unit>,
    ) {
        bytes.push(byte);
        match str::from_utf8(&bytes) {
            Ok(text) => out.extend(text.chars().map(unit)),
            Err(error) if error.error_len().is_none() => {
                self.state = State::Character(bytes, unit);
            }
            // It was cut; the byte begins something else.
            Err(_) => self.begin(byte, Unit::Key, out),
        }
    }

    fn after_escape(&mut self, arrival: Arrival, ends: Ends, byte: u8, out: &mut Vec<Unit>) {
        match (byte, arrival) {
            (b'\\', _) if ends == Ends::AString => {}
            (b'[' | b'O' | b'P' | b'X' | b']' | b'^' | b'_', _) => {
                self.state = State::Introduced(byte, arrival);
            }
            (ESC | ETX | DC1, _) | (_, Arrival::Later) => {
                // Behind a string it was meant as the string's end.
                if ends == Ends::Nothing {
                    out.push(Unit::Key('\x1b'));
                }
                self.begin(byte, Unit::Key, out);
            }
            (_, Arrival::Together) => self.begin(byte, Unit::AltKey, out),
        }
    }

    fn after_introducer(
        &mut self,
        by: u8,
        arrival: Arrival,
        byte: u8,
        rest: &[u8],
        out: &mut Vec<Unit>,
    ) {
        if arrival == Arrival::Later && is_key_in_a_sequence(byte) {
            // Typed by hand, one after the other.
            give_introduced(by, arrival, out);
        } else {
            self.state = match by {
                b'[' => State::Csi(Vec::new()),
                b'O' => State::Ss3(Vec::new()),
                _ => State::AString(0),
            };
        }
        self.take(byte, rest, out);
    }

    /// A byte in a sequence that has begun.
    fn in_sequence(&mut self, open: State, byte: u8, out: &mut Vec<Unit>) {
        match (open, byte) {
            (State::AString(_), ESC) => {
                self.state = State::Escape(Arrival::Together, Ends::AString);
            }
            (_, CAN | SUB) | (State::AString(_), BEL) => {}
            // Coordinates: any byte that is no control character.
            (State::OldMouse(mut bytes), b' '..) => {
                bytes.push(byte);
                match <[u8; 3]>::try_from(bytes) {
                    Ok(report) => out.push(Unit::OldMouse(report)),
                    Err(bytes) => self.state = State::OldMouse(bytes),
                }
            }
            (State::AString(passed), 0x80..) => self.state = State::AString(passed + 1),
            (_, byte) if is_key_in_a_sequence(byte) => self.begin(byte, Unit::Key, out),
            (State::AString(passed), _) => self.state = State::AString(passed + 1),
            (State::Csi(parameters), b' '..=b'?') => {
                self.state = State::Csi(longer(parameters, byte));
            }
            (State::Ss3(parameters), b'0'..=b';') => {
                self.state = State::Ss3(longer(parameters, byte));
            }
            (State::Csi(parameters), b'[') if parameters.is_empty() => self.state = State::Console,
            (State::Csi(parameters), b'M') if parameters.is_empty() => {
                self.state = State::OldMouse(Vec::new());
            }
            (State::Csi(parameters), last) if (parameters.as_slice(), last) == PASTE_BEGINS => {
                self.state = State::Paste(Vec::new());
            }
            (State::Csi(parameters), last) if parameters.len() < LONGEST => {
                out.push(Unit::Csi(parameters, last));
            }
            (State::Ss3(parameters), last) if parameters.len() < LONGEST => {
                out.push(Unit::Ss3(parameters, last));
            }
            (State::Console, last) => out.push(Unit::Console(last)),
            // Longer than anything that we know.
            _ => {}
        }
    }

    fn in_paste(&mut self, mut text: Vec<u8>, byte: u8, rest: &[u8], out: &mut Vec<Unit>) {
        if matches!(byte, ETX | DC1) {
            give_cut_paste(text, out);
            out.push(Unit::Key(char::from(byte)));
            // One that more came with was not typed: what follows is still pasted, and no keys.
            if !rest.is_empty() {
                self.state = State::Paste(Vec::new());
            }
            return;
        }
        text.push(byte);
        match text.strip_suffix(PASTE_ENDS) {
            Some(text) => out.push(Unit::Paste(String::from_utf8_lossy(text).into_owned())),
            None => self.state = State::Paste(text),
        }
    }
}

/// Whether a byte that stands where a sequence should go on is a key, and ends the sequence.
fn is_key_in_a_sequence(byte: u8) -> bool {
    !matches!(byte, CAN | SUB | b' '..=b'~')
}

/// Parameters with one more byte, up to a length that says that they are too long.
fn longer(mut parameters: Vec<u8>, byte: u8) -> Vec<u8> {
    if parameters.len() < LONGEST {
        parameters.push(byte);
    }
    parameters
}

/// `ESC` and `by`, after which no sequence came.
fn give_introduced(by: u8, arrival: Arrival, out: &mut Vec<Unit>) {
    let by = char::from(by);
    match arrival {
        Arrival::Together => out.push(Unit::AltKey(by)),
        Arrival::Later => out.extend([Unit::Key('\x1b'), Unit::Key(by)]),
    }
}

/// What there is of a paste whose end did not come.
fn give_cut_paste(mut text: Vec<u8>, out: &mut Vec<Unit>) {
    let cut = (1..PASTE_ENDS.len())
        .rev()
        .find(|length| text.ends_with(&PASTE_ENDS[..*length]));
    text.truncate(text.len() - cut.unwrap_or(0));
    if !text.is_empty() {
        out.push(Unit::Paste(String::from_utf8_lossy(&text).into_owned()));
    }
}

#[cfg(test)]
mod tests;
