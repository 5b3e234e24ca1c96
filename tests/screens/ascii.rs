//! A screen in ASCII beside the same one in all characters.

use lenscape::app::{Page, PaneAreas, State};
use lenscape::settings::theme::Depth;
use ratatui::buffer::{Buffer, CellWidth};

use super::scene::Scene;
use super::{keep, keep_one, styled};

/// Every cell is one printable ASCII character. In the panes, what was one stands where it was; the
/// key line and the pages of keys name keys in words.
pub fn assert_same_layout(screen: &Buffer, ascii: &Buffer, state: &State) {
    assert_eq!(screen.area, ascii.area);
    for at in screen.area.positions() {
        let symbol = ascii[at].symbol();
        let is_printable = |c: &u8| (b' '..=b'~').contains(c);
        assert!(
            symbol.len() == 1 && symbol.as_bytes().iter().all(is_printable),
            "{at}: {symbol:?}"
        );
    }
    let panes = match (&state.page, PaneAreas::of(state)) {
        (Some(Page::Help { .. } | Page::Actions(_)), _) | (_, None) => return,
        (_, Some(places)) => places.body,
    };
    for y in panes.top()..panes.bottom() {
        let mut x = screen.area.left();
        while x < screen.area.right() {
            let (before, after) = (screen[(x, y)].symbol(), ascii[(x, y)].symbol());
            if matches!(before, "≤" | "≥") && ascii[(x + 1, y)].symbol() == "=" {
                // A bound of a legend takes the blank behind it for the second half of its sign.
                let is_blank = |x: &u16| screen[(*x, y)].symbol() == " ";
                let end = (x..screen.area.right()).find(is_blank).unwrap();
                for x in x + 1..end {
                    let after = ascii[(x + 1, y)].symbol();
                    assert_eq!(screen[(x, y)].symbol(), after, "{x},{y}");
                }
                x = end + 1;
                continue;
            }
            if before.is_ascii() {
                // A character that lost its mark of width has a blank in its own cell.
                let cells = x..x + before.cell_width().max(1);
                let after: String = cells.map(|x| ascii[(x, y)].symbol()).collect();
                assert_eq!(before, after, "{x},{y}");
            } else if before == "│" {
                assert_eq!(after, "|", "{x},{y}");
            }
            x += before.cell_width().max(1);
        }
    }
}

#[test]
fn the_screen_in_ascii() {
    keep("ascii_finished", |columns, rows| {
        Scene::finished(columns, rows)
            .presses(&["tab", "home", "up", "up"])
            .in_ascii()
    });
    keep("ascii_compare", |columns, rows| {
        Scene::finished(columns, rows)
            .presses(&["tab", "home", "c"])
            .types("is are ")
            .in_ascii()
    });
    keep("ascii_attribution", |columns, rows| {
        Scene::finished(columns, rows)
            .presses(&["tab", "home", "up", "shift-a"])
            .in_ascii()
    });
    let without_colour = Scene::finished(80, 24)
        .presses(&["tab", "home", "s", "s"])
        .at_depth(Depth::None)
        .in_ascii();
    keep_one("ascii_without_colour", &without_colour);
    let wide = Scene::start(80, 24)
        .of_tokens([lenscape::vocabulary::Piece::Bytes(" 日本é".into())])
        .types("日本")
        .press("enter")
        .steps(3)
        .in_ascii();
    keep_one("ascii_wide_tokens", &wide);
}

#[test]
fn characters_are_set_by_name() {
    let scene = Scene::finished(80, 24).press("tab");
    let scene = scene.press(":").types("set charset ascii").press("enter");
    assert!(styled::text(&scene.screen()).is_ascii());
    let scene = scene.press(":").types("set charset auto").press("enter");
    assert!(styled::text(&scene.screen()).contains('╭'));
}
