//! Puts escape sequences together again that the way here has cut after the Esc.
//!
//! An arrow key is sent as `ESC [ A`. A slow line may deliver the `ESC` alone, and crossterm then
//! reports three keys: Esc, `[` and `A`. Taken literally they would close a pane and type `[A`
//! into the prompt. So a bare Esc is held for a moment, to see whether the rest follows.

mod sequence;

use std::time::{Duration, Instant};

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};

use sequence::Sequence;

/// How long an Esc waits for its rest when the terminal is on this machine.
pub const HOLD_LOCAL: Duration = Duration::from_millis(30);
/// How long an Esc waits for its rest when the terminal is at the other end of a line.
pub const HOLD_REMOTE: Duration = Duration::from_millis(100);

/// A pure state machine: events in, events out, time as an argument.
#[derive(Debug)]
pub struct EscJoiner {
    hold: Duration,
    /// The keys of a sequence that has begun, an Esc first; given out as they are when the rest
    /// does not come.
    held: Vec<KeyEvent>,
    /// The text of a paste whose opening sequence was cut.
    paste: Option<String>,
    deadline: Option<Instant>,
}

impl EscJoiner {
    /// A joiner that holds an Esc for `hold`.
    #[must_use]
    pub fn new(hold: Duration) -> Self {
        Self {
            hold,
            held: Vec::new(),
            paste: None,
            deadline: None,
        }
    }

    /// When [`Self::expire`] is to be called; `None` while nothing is held.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// An event came at `now`; the events that it makes certain, in order.
    pub fn push(&mut self, event: Event, now: Instant) -> Vec<Event> {
        let mut out = self.expire(now);
        match event {
            Event::Key(key) if self.paste.is_some() => self.push_paste(key, now, &mut out),
            Event::Key(key) => self.push_key(key, now, &mut out),
            other => {
                self.release(&mut out);
                out.push(other);
            }
        }
        out
    }

    /// What is held comes out once its time is over.
    pub fn expire(&mut self, now: Instant) -> Vec<Event> {
        let mut out = Vec::new();
        if self.deadline.is_some_and(|deadline| deadline <= now) {
            self.release(&mut out);
        }
        out
    }

    fn push_key(&mut self, key: KeyEvent, now: Instant, out: &mut Vec<Event>) {
        if is_bare_esc(&key) {
            self.release(out);
            self.hold_key(key, now);
            return;
        }
        if self.held.is_empty() {
            out.push(Event::Key(key));
            return;
        }
        match self.sequence_with(&key) {
            Sequence::Open => self.hold_key(key, now),
            Sequence::Key(code, modifiers) => {
                self.forget();
                out.push(Event::Key(KeyEvent::new(code, modifiers)));
            }
            Sequence::PasteBegins => {
                self.forget();
                self.paste = Some(String::new());
                self.deadline = Some(now + self.hold);
            }
            // A report of something else, such as a mouse event: better lost than typed.
            Sequence::Unknown => self.forget(),
            Sequence::None => {
                self.release(out);
                out.push(Event::Key(key));
            }
        }
    }

    /// What the held keys and `key` make up together.
    fn sequence_with(&self, key: &KeyEvent) -> Sequence {
        let modifiers = key.modifiers.difference(KeyModifiers::SHIFT);
        let (KeyCode::Char(last), true) = (key.code, modifiers.is_empty()) else {
            return Sequence::None;
        };
        let begun: String = self
            .held
            .iter()
            .filter_map(|key| key.code.as_char())
            .collect();
        Sequence::of(&begun, last)
    }

    fn push_paste(&mut self, key: KeyEvent, now: Instant, out: &mut Vec<Event>) {
        let c = match key.code {
            KeyCode::Char('j') if key.modifiers == KeyModifiers::CONTROL => Some('\n'),
            KeyCode::Char(c) if key.modifiers.difference(KeyModifiers::SHIFT).is_empty() => Some(c),
            KeyCode::Enter => Some('\n'),
            KeyCode::Tab => Some('\t'),
            _ => None,
        };
        match (&mut self.paste, c) {
            (Some(text), Some(c)) => {
                text.push(c);
                self.deadline = Some(now + self.hold);
            }
            _ => {
                self.release(out);
                self.push_key(key, now, out);
            }
        }
    }

    fn hold_key(&mut self, key: KeyEvent, now: Instant) {
        self.held.push(key);
        self.deadline = Some(now + self.hold);
    }

    fn forget(&mut self) {
        self.held.clear();
        self.deadline = None;
    }

    fn release(&mut self, out: &mut Vec<Event>) {
        if let Some(text) = self.paste.take() {
            out.push(Event::Paste(text));
        }
        out.extend(self.held.drain(..).map(Event::Key));
        self.deadline = None;
    }
}

fn is_bare_esc(key: &KeyEvent) -> bool {
    key.code == KeyCode::Esc && key.modifiers.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOLD: Duration = Duration::from_millis(30);

    fn esc() -> Event {
        Event::Key(KeyCode::Esc.into())
    }

    /// A typed character, as crossterm reports it.
    fn typed(c: char) -> Event {
        let modifiers = if c.is_uppercase() {
            KeyModifiers::SHIFT
        } else {
            KeyModifiers::NONE
        };
        Event::Key(KeyEvent::new(KeyCode::Char(c), modifiers))
    }

    /// What comes out when an Esc and then the characters of `rest` come `gap` apart.
    fn after_esc(rest: &str, gap: Duration) -> Vec<Event> {
        let mut joiner = EscJoiner::new(HOLD);
        let mut now = Instant::now();
        let mut out = joiner.push(esc(), now);
        for c in rest.chars() {
            now += gap;
            out.extend(joiner.push(typed(c), now));
        }
        out.extend(joiner.expire(now + HOLD));
        out
    }

    fn key(code: KeyCode) -> Vec<Event> {
        vec![Event::Key(code.into())]
    }

    #[test]
    fn a_sequence_cut_after_its_esc_is_one_key() {
        let gap = Duration::from_millis(20);
        for (rest, code) in [
            ("[A", KeyCode::Up),
            ("[B", KeyCode::Down),
            ("[C", KeyCode::Right),
            ("[D", KeyCode::Left),
            ("OA", KeyCode::Up),
            ("[H", KeyCode::Home),
            ("[F", KeyCode::End),
            ("OF", KeyCode::End),
            ("[1~", KeyCode::Home),
            ("[3~", KeyCode::Delete),
            ("[4~", KeyCode::End),
            ("[5~", KeyCode::PageUp),
            ("[6~", KeyCode::PageDown),
            ("OP", KeyCode::F(1)),
        ] {
            assert_eq!(after_esc(rest, gap), key(code), "ESC {rest}");
        }
    }

    #[test]
    fn modifiers_come_with_the_key() {
        let gap = Duration::from_millis(1);
        let back_tab = KeyEvent::new(KeyCode::BackTab, KeyModifiers::SHIFT);
        assert_eq!(after_esc("[Z", gap), [Event::Key(back_tab)]);
        let ctrl_left = KeyEvent::new(KeyCode::Left, KeyModifiers::CONTROL);
        assert_eq!(after_esc("[1;5D", gap), [Event::Key(ctrl_left)]);
    }

    #[test]
    fn a_lone_esc_comes_out_after_its_hold() {
        let mut joiner = EscJoiner::new(HOLD);
        let now = Instant::now();
        assert_eq!(joiner.push(esc(), now), []);
        assert_eq!(joiner.deadline(), Some(now + HOLD));
        assert_eq!(joiner.expire(now + HOLD / 2), []);
        assert_eq!(joiner.expire(now + HOLD), [esc()]);
        assert_eq!(joiner.deadline(), None);
    }

    #[test]
    fn keys_typed_after_the_hold_are_keys() {
        assert_eq!(after_esc("[A", HOLD), [esc(), typed('['), typed('A')]);
    }

    #[test]
    fn what_does_not_go_on_as_a_sequence_comes_out_at_once_and_in_order() {
        let mut joiner = EscJoiner::new(HOLD);
        let now = Instant::now();
        assert_eq!(joiner.push(esc(), now), []);
        assert_eq!(joiner.push(typed('q'), now), [esc(), typed('q')]);
        assert_eq!(joiner.push(typed('x'), now), [typed('x')]);

        assert_eq!(joiner.push(esc(), now), []);
        assert_eq!(joiner.push(typed('['), now), []);
        let enter = Event::Key(KeyCode::Enter.into());
        assert_eq!(joiner.push(enter.clone(), now), [esc(), typed('['), enter]);
    }

    #[test]
    fn two_escs_are_two_keys() {
        let mut joiner = EscJoiner::new(HOLD);
        let now = Instant::now();
        assert_eq!(joiner.push(esc(), now), []);
        assert_eq!(joiner.push(esc(), now), [esc()]);
        assert_eq!(joiner.expire(now + HOLD), [esc()]);
    }

    #[test]
    fn a_cut_mouse_report_is_not_typed() {
        assert_eq!(after_esc("[<64;10;12M", Duration::from_millis(1)), []);
    }

    #[test]
    fn a_paste_whose_bracket_was_cut_is_still_a_paste() {
        let mut joiner = EscJoiner::new(HOLD);
        let mut now = Instant::now();
        let mut out = joiner.push(esc(), now);
        for c in "[200~two".chars() {
            out.extend(joiner.push(typed(c), now));
        }
        out.extend(joiner.push(Event::Key(KeyCode::Enter.into()), now));
        for c in "lines".chars() {
            now += Duration::from_millis(1);
            out.extend(joiner.push(typed(c), now));
        }
        assert_eq!(out, []);
        assert_eq!(
            joiner.expire(now + HOLD),
            [Event::Paste("two\nlines".into())]
        );
    }

    #[test]
    fn other_events_pass() {
        let mut joiner = EscJoiner::new(HOLD);
        let now = Instant::now();
        assert_eq!(
            joiner.push(Event::Resize(80, 24), now),
            [Event::Resize(80, 24)]
        );
        assert_eq!(joiner.push(esc(), now), []);
        assert_eq!(
            joiner.push(Event::Resize(80, 25), now),
            [esc(), Event::Resize(80, 25)]
        );
    }
}
