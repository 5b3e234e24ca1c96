//! Reports of the mouse, in the three ways in which terminals write them.

use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use super::parameters::Parameters;

/// What is added to each number of a report that is made of bytes.
const OFFSET: u8 = 32;

/// `ESC [ < button ; column ; row M`, or with `m` when a button is let go.
pub fn sgr(report: &Parameters, last: u8) -> Option<MouseEvent> {
    let event = of_numbers(report, report.get(0)?)?;
    match (last, event.kind) {
        (b'M', _) => Some(event),
        (b'm', MouseEventKind::Down(button)) => Some(MouseEvent {
            kind: MouseEventKind::Up(button),
            ..event
        }),
        (b'm', _) => Some(event),
        _ => None,
    }
}

/// `ESC [ button + 32 ; column ; row M`, as rxvt writes it.
pub fn rxvt(report: &Parameters) -> Option<MouseEvent> {
    of_numbers(report, report.get(0)?.checked_sub(OFFSET.into())?)
}

/// `ESC [ M` and three bytes, each with 32 added.
pub fn old(report: [u8; 3]) -> Option<MouseEvent> {
    let [button, column, row] = report.map(|byte| byte.checked_sub(OFFSET));
    event(button?, column?.into(), row?.into())
}

fn of_numbers(report: &Parameters, button: u32) -> Option<MouseEvent> {
    if report.len() != 3 {
        return None;
    }
    let place = |at| u16::try_from(report.get(at)?).ok();
    event(u8::try_from(button).ok()?, place(1)?, place(2)?)
}

/// `column` and `row` count from 1. Of `button`, bits 0, 1, 6 and 7 are the button, 2 to 4 the
/// modifiers; bit 5 says that the mouse moves.
fn event(button: u8, column: u16, row: u16) -> Option<MouseEvent> {
    let moves = button & 0x20 != 0;
    let kind = match ((button & 0b11) | ((button & 0b1100_0000) >> 4), moves) {
        (0, false) => MouseEventKind::Down(MouseButton::Left),
        (1, false) => MouseEventKind::Down(MouseButton::Middle),
        (2, false) => MouseEventKind::Down(MouseButton::Right),
        (3, false) => MouseEventKind::Up(MouseButton::Left),
        (4, false) => MouseEventKind::ScrollUp,
        (5, false) => MouseEventKind::ScrollDown,
        (6, false) => MouseEventKind::ScrollLeft,
        (7, false) => MouseEventKind::ScrollRight,
        (0, true) => MouseEventKind::Drag(MouseButton::Left),
        (1, true) => MouseEventKind::Drag(MouseButton::Middle),
        (2, true) => MouseEventKind::Drag(MouseButton::Right),
        (3, true) => MouseEventKind::Moved,
        _ => return None,
    };
    let mut modifiers = KeyModifiers::NONE;
    for (bit, modifier) in [
        (0b0_0100, KeyModifiers::SHIFT),
        (0b0_1000, KeyModifiers::ALT),
        (0b1_0000, KeyModifiers::CONTROL),
    ] {
        if button & bit != 0 {
            modifiers |= modifier;
        }
    }
    Some(MouseEvent {
        kind,
        column: column.checked_sub(1)?,
        row: row.checked_sub(1)?,
        modifiers,
    })
}
