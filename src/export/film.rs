//! A cast as a moving picture: what a terminal would show at each moment, drawn.
//!
//! A terminal emulator takes what the cast says; of moments that follow each other faster than
//! anybody sees, the last one is drawn.

#![expect(
    clippy::disallowed_types,
    reason = "the colours of an emulated terminal are drawn as they are"
)]

use std::io::BufRead;
use std::num::NonZero;
use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect, Size};
use ratatui::style::{Color, Modifier};

use super::cast::{CastError, CastEvent, CastEventKind, CastReader};
use super::svg::Film;
use crate::caught;
use crate::settings::theme::Ground;

/// A film does not have more frames: ten minutes of constant change.
const MOST_FRAMES: usize = 6000;

/// And no more text: no viewer shows it.
const MOST_BYTES: usize = 1 << 26;

/// How a cast becomes a film.
#[derive(Clone, Debug, PartialEq)]
pub struct FilmOptions {
    /// Stands in the title bar, where the cast has no title.
    pub title: String,
    /// What stands behind cells without a colour.
    pub ground: Ground,
    /// Frames follow each other no faster.
    pub shortest: Duration,
    /// Longer pauses become so long.
    pub idle_limit: Duration,
    /// How long the last frame stays before the film begins anew.
    pub hold: Duration,
}

impl Default for FilmOptions {
    fn default() -> Self {
        Self {
            title: "lenscape".into(),
            ground: Ground::default(),
            shortest: Duration::from_millis(80),
            idle_limit: Duration::from_secs(2),
            hold: Duration::from_secs(3),
        }
    }
}

/// A cast does not become a film.
#[derive(Debug, thiserror::Error)]
pub enum FilmError {
    /// It is no cast.
    #[error(transparent)]
    Cast(#[from] CastError),
    /// Nothing is shown.
    #[error("it shows nothing")]
    Nothing,
    /// Too much is shown.
    #[error(
        "it shows more than {MOST_FRAMES} frames or {} MB; record a shorter part, or take fewer frames \
         a second",
        MOST_BYTES >> 20
    )]
    TooLong,
    /// The emulator gave up.
    #[error("line by line it says what no terminal understands: {0}")]
    Emulator(String),
}

/// The moving picture of `cast` as an SVG document.
///
/// # Errors
///
/// When it is no cast, shows nothing, or too much.
pub fn film(cast: impl BufRead, options: &FilmOptions) -> Result<String, FilmError> {
    let reader = CastReader::new(cast)?;
    let idle_limit = reader
        .idle_limit
        .map_or(options.idle_limit, |limit| limit.min(options.idle_limit));
    let mut shooting = Shooting {
        terminal: vt100::Parser::new(rows(reader.size), columns(reader.size), 0),
        film: Film::new(
            reader.title.as_deref().unwrap_or(&options.title),
            options.ground,
        ),
        shortest: options.shortest,
        changed: None,
    };
    let (mut before, mut clock) = (Duration::ZERO, Duration::ZERO);
    for event in reader {
        let CastEvent { at, kind } = event?;
        clock += at.saturating_sub(before).min(idle_limit);
        before = at;
        let panicked = caught::catch(|| shooting.event(clock, &kind));
        panicked
            .map_err(|_| FilmError::Emulator(format!("{kind:?}").chars().take(80).collect()))?;
        if shooting.film.frames() > MOST_FRAMES || shooting.film.bytes() > MOST_BYTES {
            return Err(FilmError::TooLong);
        }
    }
    shooting.draw();
    match shooting.film.frames() {
        0 => Err(FilmError::Nothing),
        _ => Ok(shooting.film.finish(options.hold)),
    }
}

/// A terminal and the film of it.
struct Shooting {
    terminal: vt100::Parser,
    film: Film,
    shortest: Duration,
    /// Since when the terminal shows something that is not drawn yet.
    changed: Option<Duration>,
}

impl Shooting {
    fn event(&mut self, at: Duration, kind: &CastEventKind) {
        if self
            .changed
            .is_some_and(|since| at.saturating_sub(since) >= self.shortest)
        {
            self.draw();
        }
        match kind {
            CastEventKind::Output(text) => {
                let was_program = self.terminal.screen().alternate_screen();
                // A piece may end the program; what it shows until then is drawn before.
                let before = self.terminal.screen().clone();
                self.terminal.process(text.as_bytes());
                if was_program && !self.terminal.screen().alternate_screen() {
                    self.draw_screen(&before);
                    return;
                }
            }
            CastEventKind::Resize(size) => {
                self.terminal
                    .screen_mut()
                    .set_size(rows(*size), columns(*size));
            }
            CastEventKind::Mark(name) => {
                // The chapter before ends with what was shown.
                self.draw();
                self.film.chapter(at, name);
            }
        }
        self.changed.get_or_insert(at);
    }

    fn draw(&mut self) {
        let screen = self.terminal.screen().clone();
        self.draw_screen(&screen);
    }

    fn draw_screen(&mut self, screen: &vt100::Screen) {
        if let Some(since) = self.changed.take() {
            let cursor = (!screen.hide_cursor()).then(|| {
                let (row, column) = screen.cursor_position();
                Position::new(column, row)
            });
            self.film.frame(since, &drawn(screen), cursor);
        }
    }
}

fn rows(size: Size) -> NonZero<u16> {
    NonZero::new(size.height).unwrap_or(NonZero::<u16>::MIN)
}

fn columns(size: Size) -> NonZero<u16> {
    NonZero::new(size.width).unwrap_or(NonZero::<u16>::MIN)
}

/// The cells of an emulated terminal.
fn drawn(screen: &vt100::Screen) -> Buffer {
    let (rows, columns) = screen.size();
    let mut buffer = Buffer::empty(Rect::new(0, 0, columns.get(), rows.get()));
    for row in 0..rows.get() {
        for column in 0..columns.get() {
            let (Some(shown), Some(cell)) =
                (screen.cell(row, column), buffer.cell_mut((column, row)))
            else {
                continue;
            };
            if shown.has_contents() {
                cell.set_symbol(shown.contents());
            }
            cell.fg = colour(shown.fgcolor());
            cell.bg = colour(shown.bgcolor());
            cell.modifier = modifiers(shown);
        }
    }
    buffer
}

fn colour(colour: vt100::Color) -> Color {
    match colour {
        vt100::Color::Default => Color::Reset,
        vt100::Color::Idx(index) => Color::Indexed(index),
        vt100::Color::Rgb(red, green, blue) => Color::Rgb(red, green, blue),
    }
}

fn modifiers(cell: &vt100::Cell) -> Modifier {
    [
        (cell.bold(), Modifier::BOLD),
        (cell.dim(), Modifier::DIM),
        (cell.italic(), Modifier::ITALIC),
        (cell.underline(), Modifier::UNDERLINED),
        (cell.inverse(), Modifier::REVERSED),
    ]
    .into_iter()
    .filter_map(|(is_set, modifier)| is_set.then_some(modifier))
    .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const HEADER: &str = "{\"version\": 2, \"width\": 20, \"height\": 4, \"title\": \"a cast\"}\n";
    const ENTER: &str = "[0, \"o\", \"\\u001b[?1049h\\u001b[?25l\"]\n";
    const LEAVE: &str = "[9, \"o\", \"\\u001b[?1049l\\u001b[?25h\"]\n";

    fn made(events: &str) -> Result<String, FilmError> {
        film(
            format!("{HEADER}{events}").as_bytes(),
            &FilmOptions::default(),
        )
    }

    fn at(film: &str) -> Vec<f32> {
        let style = film.split("<style>").nth(1).unwrap();
        let keys = style.split("animation-name").skip(1);
        let mut times: Vec<f32> = keys
            .flat_map(|rule| {
                rule.split(['{', ',', '}'])
                    .filter_map(|part| part.strip_suffix('%')?.parse().ok())
            })
            .collect();
        times.sort_by(f32::total_cmp);
        times.dedup();
        times
    }

    #[test]
    fn a_cast_is_shown_as_a_terminal_shows_it() {
        let film = made(&format!(
            "{ENTER}[0, \"o\", \"\\u001b[2;3H\\u001b[1;38;2;1;2;3mhi\"]\n\
             [1, \"o\", \"\\u001b[2;3H\\u001b[0mho\"]\n{LEAVE}"
        ))
        .unwrap();
        assert!(
            film.contains(
                r##"<text class="bold" x="18" y="32" fill="#010203" textLength="18">hi</text>"##
            ),
            "{film}"
        );
        assert!(film.contains(">ho</text>"), "{film}");
        assert!(film.contains("<title>a cast</title>"), "{film}");
        assert!(
            film.contains("animation: 4.000s"),
            "one second, and the last screen for three"
        );
    }

    #[test]
    fn what_follows_at_once_is_one_frame_and_pauses_are_cut() {
        let film = made(
            "[0, \"o\", \"a\"]\n[0.01, \"o\", \"b\"]\n[0.5, \"o\", \"c\"]\n[100, \"o\", \"d\"]\n",
        )
        .unwrap();
        assert!(film.contains(">ab<") && film.contains(">abc<") && film.contains(">abcd<"));
        assert!(!film.contains(">a<"));
        let length = 0.5 + 2.0 + 3.0;
        assert!(film.contains(&format!("animation: {length:.3}s")), "{film}");
        assert_eq!(at(&film).len(), 3, "{:?}", at(&film));
    }

    #[test]
    fn a_chapter_begins_with_its_mark() {
        let film =
            made("[0, \"o\", \"a\"]\n[1, \"m\", \"second\"]\n[1.01, \"o\", \"b\"]\n").unwrap();
        assert!(
            film.contains(">a cast<") && film.contains(">a cast — second<"),
            "{film}"
        );
        assert!(film.contains("<desc>0:01 second</desc>"), "{film}");
    }

    #[test]
    fn nothing_makes_no_film() {
        assert!(matches!(made(""), Err(FilmError::Nothing)));
        assert!(matches!(made("[0, \"o\"]"), Err(FilmError::Cast(_))));
    }

    #[test]
    fn whatever_is_said_to_the_terminal_ends_in_a_film_or_an_error() {
        for bytes in [
            "\\u001b[65535;65535H\\u001b[99999999999999999999A",
            "\\u001b[3;2r\\u001b[10000L\\u001b[10000M\\u001bM\\u001bD",
            "\\u001b[?1049h\\u001b[?1049h\\u001b[?1049l\\u001b[?1049l",
            "\\u0301\\u200d日\\ufe0f\\u001b[1G\\u0301",
            "\\u001b]0;title\\u0007\\u001bP+q\\u001b\\\\",
        ] {
            let made = made(&format!(
                "[0, \"o\", \"{bytes}\"]\n[1, \"r\", \"1x1\"]\n[2, \"o\", \"{bytes}\"]\n[3, \"r\", \"30x9\"]\n[4, \"o\", \"日a\"]\n"
            ));
            assert!(
                matches!(made, Ok(_) | Err(FilmError::Emulator(_))),
                "{bytes}"
            );
        }
    }
}
