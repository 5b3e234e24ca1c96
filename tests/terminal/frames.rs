//! Frames as bytes.

use crossterm::event::KeyCode;
use lenscape::app::{Message, State, update};
use lenscape::export::cast::CastOptions;
use lenscape::terminal::{BEGIN_UPDATE, END_UPDATE, Painter, Recordings};
use lenscape::ui;
use proptest::prelude::*;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::fake_run::{begun, step};
use super::sink::Sink;
use crate::replay;

const TOKENS: u32 = 200;

/// Draws a frame a token; the bytes of each.
fn follow_a_run(painter: &mut Painter<Sink>, state: &mut State, columns: u16) -> Vec<usize> {
    let run = state.run.as_ref().unwrap().id;
    assert_eq!(state.columns, columns);
    let mut draw = |state: &State| painter.draw(|frame| ui::draw(frame, state)).unwrap().bytes;
    draw(state);
    (0..TOKENS)
        .map(|token| {
            update(state, Message::Engine(step(run, token)));
            draw(state)
        })
        .collect()
}

#[test]
fn a_token_costs_less_than_four_kibibytes() {
    for (columns, rows) in [(120, 40), (80, 24), (200, 60)] {
        let sink = Sink::new(columns, rows);
        let mut painter = Painter::new(sink).unwrap();
        let (mut state, _) = begun(columns, rows);
        let bytes = follow_a_run(&mut painter, &mut state, columns);
        let mean = bytes.iter().sum::<usize>() / bytes.len();
        println!("{columns}x{rows}: {mean} bytes a token");
        assert!(mean < 4096, "{columns}×{rows}: {mean} bytes a token");
    }
}

#[test]
fn no_frame_is_above_48_kibibytes() {
    let mut painter = Painter::new(Sink::new(120, 40)).unwrap();
    let (mut state, _) = begun(120, 40);
    let first = painter.draw(|frame| ui::draw(frame, &state)).unwrap().bytes;
    let largest = follow_a_run(&mut painter, &mut state, 120)
        .into_iter()
        .max()
        .unwrap();
    assert!(
        first.max(largest) <= 48 << 10,
        "{first} at first, then {largest} at most"
    );
}

#[test]
fn a_move_of_the_cursor_costs_at_most_a_kibibyte() {
    let mut painter = Painter::new(Sink::new(120, 40)).unwrap();
    let (mut state, _) = begun(120, 40);
    follow_a_run(&mut painter, &mut state, 120);
    update(&mut state, Message::Key(KeyCode::Tab.into()));
    painter.draw(|frame| ui::draw(frame, &state)).unwrap();
    for key in [KeyCode::Up, KeyCode::Left, KeyCode::Down, KeyCode::Right] {
        let moves: Vec<usize> = (0..4)
            .map(|_| {
                update(&mut state, Message::Key(key.into()));
                painter.draw(|frame| ui::draw(frame, &state)).unwrap().bytes
            })
            .collect();
        println!("{key:?}: {moves:?} bytes");
        assert!(
            moves.iter().all(|bytes| *bytes <= 1024),
            "{key:?}: {moves:?}"
        );
    }
}

#[test]
fn every_frame_is_one_write_in_its_own_brackets() {
    let sink = Sink::new(120, 40);
    let mut painter = Painter::new(sink.clone()).unwrap();
    let (mut state, _) = begun(120, 40);
    follow_a_run(&mut painter, &mut state, 120);
    let writes = sink.writes();
    assert_eq!(writes.len(), TOKENS as usize + 1);
    for write in writes {
        let inner = write
            .strip_prefix(BEGIN_UPDATE)
            .and_then(|rest| rest.strip_suffix(END_UPDATE))
            .expect("a frame in brackets");
        assert!(!inner.windows(5).any(|part| part == b"?2026"));
    }
}

#[test]
fn the_terminal_shows_what_was_drawn() {
    let (columns, rows) = (120, 40);
    let sink = Sink::new(columns, rows);
    let mut painter = Painter::new(sink.clone()).unwrap();
    let (mut state, _) = begun(columns, rows);
    follow_a_run(&mut painter, &mut state, columns);

    let mut expected = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    expected.draw(|frame| ui::draw(frame, &state)).unwrap();
    let buffer = expected.backend().buffer();
    let screen = sink.screen();
    for row in 0..rows {
        for column in 0..columns {
            let cell = screen.cell(row, column).unwrap();
            let shown = if cell.has_contents() {
                cell.contents()
            } else {
                " "
            };
            assert_eq!(
                shown,
                buffer[(column, row)].symbol(),
                "row {row}, column {column}"
            );
        }
    }
}

/// The rows that a terminal shows after these texts, one after the other.
fn shown_after(texts: &[&str]) -> Vec<String> {
    let sink = Sink::new(30, 2);
    let mut painter = Painter::new(sink.clone()).unwrap();
    for text in texts {
        let drawn = painter.draw(|frame| frame.render_widget(*text, frame.area()));
        drawn.unwrap();
    }
    let screen = sink.screen();
    let rows = screen.rows(0, 30);
    rows.map(|row| row.trim_end().to_owned()).collect()
}

/// Text of any kind, and of what takes several characters for one, or several columns.
fn text() -> impl Strategy<Value = String> {
    let clusters = [
        "e\u{301}",
        " \u{bc8}",
        "\u{915}\u{94d}\u{937}\u{93f}",
        "漢",
        "각",
        "\u{1112}\u{1161}\u{11ab}",
        "لا",
        "👍",
        "👍🏽",
        "👨\u{200d}👩\u{200d}👧",
        "☁\u{fe0f}",
        "☁\u{fe0e}",
        "🇩🇪",
        "a\u{200d}b",
    ];
    let part = prop_oneof![
        "[a-c ]{1,2}",
        "\\PC{1,2}",
        prop::sample::select(clusters.map(str::to_owned).to_vec()),
    ];
    prop::collection::vec(part, 0..8).prop_map(|parts| parts.concat())
}

#[test]
fn nothing_stays_beside_a_character_of_three_columns() {
    let wide = "   \u{17d8}";
    assert_eq!(shown_after(&["abcdefgh", wide]), shown_after(&[wide]));
}

#[test]
fn nothing_stays_of_a_character_that_joins_the_one_before() {
    let joined = "aa \u{11941}a";
    for next in ["", "aa b", "aa \u{11941}b", "漢\u{11941}b"] {
        assert_eq!(
            shown_after(&[joined, next]),
            shown_after(&[next]),
            "{next:?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn nothing_stays_of_what_was_drawn_before(texts in prop::array::uniform3(text())) {
        let texts = texts.each_ref().map(String::as_str);
        let anew = shown_after(&texts[2..]);
        prop_assert_eq!(shown_after(&texts), anew);
    }
}

#[test]
fn nothing_is_sent_when_nothing_changed() {
    let sink = Sink::new(80, 24);
    let mut painter = Painter::new(sink.clone()).unwrap();
    let (state, _) = begun(80, 24);
    painter.draw(|frame| ui::draw(frame, &state)).unwrap();
    let again = painter.draw(|frame| ui::draw(frame, &state)).unwrap();
    assert_eq!(again.bytes, 0);
    assert_eq!(sink.writes().len(), 1);
}

#[test]
fn a_repaint_erases_and_draws_in_one_write() {
    let sink = Sink::new(80, 24);
    let mut painter = Painter::new(sink.clone()).unwrap();
    let (state, _) = begun(80, 24);
    let whole = painter.draw(|frame| ui::draw(frame, &state)).unwrap();
    painter.repaint();
    let repainted = painter.draw(|frame| ui::draw(frame, &state)).unwrap();
    assert_eq!(repainted.bytes, whole.bytes);
    let last = sink.writes().pop().unwrap();
    assert!(last.windows(4).any(|part| part == b"\x1b[2J"));
    assert!(!last.windows(4).any(|part| part == b"\x1b[6n"));
}

/// As the key for it does: the terminal has shown frames before.
#[test]
fn a_recording_that_begins_late_begins_with_a_whole_screen() {
    let (columns, rows) = (120, 40);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("late.cast");
    let mut painter = Painter::new(Sink::new(columns, rows)).unwrap();
    let (mut state, _) = begun(columns, rows);
    follow_a_run(&mut painter, &mut state, columns);

    let recordings = Recordings::to_file(&path, CastOptions::default()).unwrap();
    painter.record_to(recordings.clone());
    for key in [KeyCode::Tab, KeyCode::Up, KeyCode::Left] {
        update(&mut state, Message::Key(key.into()));
        painter.draw(|frame| ui::draw(frame, &state)).unwrap();
    }
    recordings.stop();
    let mut expected = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    expected.draw(|frame| ui::draw(frame, &state)).unwrap();
    replay::read(&path).ends_with(expected.backend().buffer());
}
