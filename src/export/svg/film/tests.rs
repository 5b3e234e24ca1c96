//! A film at any moment is the picture of the screen that was shown then, pixel by pixel.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![expect(clippy::disallowed_types, reason = "cells of a given colour are drawn")]

use std::sync::Arc;

use ratatui::style::{Color, Style};
use ratatui::widgets::{Block, Widget};
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree};

use super::*;
use crate::export::svg::{Window, render};

fn screen(lines: &[&str], ground: Color) -> Buffer {
    let mut buffer = Buffer::empty(ratatui::layout::Rect::new(0, 0, 16, 5));
    Block::bordered().render(*buffer.area(), &mut buffer);
    for (line, y) in lines.iter().zip(1..) {
        buffer.set_string(2, y, line, Style::new());
    }
    buffer[(3, 1)].set_bg(ground);
    buffer
}

/// Four screens: letters, grounds and lines come, go and come back.
fn screens() -> Vec<Buffer> {
    let mut dotted = screen(&["one two", "⣿⠁ ▃"], Color::Rgb(9, 90, 9));
    dotted[(8, 3)].set_symbol("日");
    vec![
        screen(&["one", "<&>"], Color::Rgb(90, 9, 9)),
        screen(&["one two", "<&>", "three"], Color::Rgb(9, 9, 90)),
        dotted,
        screen(&["one", "", "three"], Color::Rgb(90, 9, 9)),
    ]
}

fn film() -> String {
    let mut film = Film::new("a film", Ground::Dark);
    for (screen, second) in screens().iter().zip(0..) {
        let cursor = Some(Position::new(second as u16, 3));
        film.frame(Duration::from_secs(second), screen, cursor);
    }
    film.finish(Duration::from_secs(1))
}

/// What follows `start` up to `end`.
fn between<'t>(text: &'t str, start: &str, end: &str) -> &'t str {
    let from = text.find(start).expect(start) + start.len();
    &text[from..from + text[from..].find(end).expect(end)]
}

/// The picture that a browser shows at this share of the time, by the film's own rules.
fn at(film: &str, percent: f32) -> String {
    let mut still = String::new();
    for line in film.lines() {
        let Some(class) = line.strip_prefix("<g class=\"f ") else {
            // The other picture has no such line.
            if !line.contains("class=\"progress\"") {
                still.push_str(line);
                still.push('\n');
            }
            continue;
        };
        let class = class.trim_end_matches("\">").rsplit(' ').next().unwrap();
        let keys = between(film, &format!("@keyframes {class}{{"), "}\n");
        let mut moments: Vec<(f32, &str)> = Vec::new();
        for rule in keys.split_terminator('}') {
            let (times, value) = rule.split_once('{').unwrap();
            let times = times.split(',').map(|time| time.trim_end_matches('%'));
            moments.extend(times.map(|time| (time.parse().unwrap(), value)));
        }
        moments.sort_by(|a, b| a.0.total_cmp(&b.0));
        assert_eq!(moments[0].0, 0.0, "the start is said: {keys}");
        let value = moments
            .iter()
            .rev()
            .find(|(time, _)| *time <= percent)
            .unwrap()
            .1;
        still.push_str(&format!("<g style=\"{value}\">\n"));
    }
    still
}

fn pixels(svg: &str) -> Pixmap {
    let mut options = Options {
        font_family: "DejaVu Sans Mono".into(),
        ..Options::default()
    };
    let mut fonts = resvg::usvg::fontdb::Database::new();
    fonts.load_font_data(dejavu::sans_mono::regular().to_vec());
    options.fontdb = Arc::new(fonts);
    let tree = Tree::from_str(svg, &options).unwrap();
    let size = tree.size().to_int_size();
    let mut pixels = Pixmap::new(size.width(), size.height()).unwrap();
    resvg::render(&tree, Transform::default(), &mut pixels.as_mut());
    pixels
}

fn picture(buffer: &Buffer, second: u16) -> Pixmap {
    let window = Window {
        title: "a film",
        cursor: Some(Position::new(second, 3)),
        ground: Ground::Dark,
    };
    pixels(&render(buffer, &window))
}

#[test]
fn at_each_moment_it_is_the_picture_of_that_screen() {
    let film = film();
    for (screen, second) in screens().iter().zip(0_u16..) {
        for within in [0.0, 0.5, 0.99] {
            let percent = (f32::from(second) + within) * 25.0;
            assert!(
                pixels(&at(&film, percent)) == picture(screen, second),
                "at {percent} %"
            );
        }
    }
}

#[test]
fn without_animations_the_last_screen_stands() {
    let film: String = film()
        .lines()
        .filter(|line| !line.contains("class=\"progress\""))
        .map(|line| format!("{line}\n"))
        .collect();
    assert!(pixels(&film) == picture(&screens()[3], 3));
}

#[test]
fn what_stays_is_written_once() {
    let film = film();
    assert_eq!(film.matches(">one<").count(), 1);
    assert_eq!(
        film.matches(">three<").count(),
        1,
        "though it goes and comes back"
    );
    let longer = {
        let mut film = Film::new("a film", Ground::Dark);
        for second in 0..1000 {
            film.frame(Duration::from_secs(second), &screens()[0], None);
        }
        film.finish(Duration::from_secs(1))
    };
    assert!(longer.len() < film.len(), "{}", longer.len());
}

#[test]
fn chapters_stand_in_the_title_and_are_told() {
    let mut film = Film::new("a < b", Ground::Light);
    film.frame(Duration::ZERO, &screens()[0], None);
    film.chapter(Duration::from_secs(61), "first & second");
    film.frame(Duration::from_secs(61), &screens()[0], None);
    let film = film.finish(Duration::from_secs(2));
    assert!(film.contains(">a &lt; b<"), "{film}");
    assert!(film.contains(">a &lt; b — first &amp; second<"), "{film}");
    assert!(
        film.contains("<desc>1:01 first &amp; second</desc>"),
        "{film}"
    );
}

#[test]
fn it_runs_nothing_and_loads_nothing() {
    let film = film();
    for word in ["<script", "href", "url(", "@import", "foreignObject"] {
        assert!(!film.contains(word), "{word}");
    }
    resvg::usvg::roxmltree::Document::parse(&film).unwrap();
}
