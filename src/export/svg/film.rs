//! Screens one after the other, as a picture that moves: an SVG whose rules (CSS) show each part
//! at its time, again and again. It runs no script, so that pages which show pictures of others, as
//! code hosts do, play it too.
//!
//! A screen mostly repeats the one before. So what is written down once is not the screen but each
//! of its elements (a run of letters, a ground, a line), and the spans of time in which it is there.
//! Elements with the same spans make a group with one rule.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Size};

use super::colour::SvgPalette;
use super::{GROUNDS, MARGIN, backgrounds, glyph, open, origin, styled_cells, text};
use crate::settings::theme::Ground;

/// Above the lower edge.
const PROGRESS_BAR: u16 = 8;

/// The frames in which an element is there, as runs that do not touch.
type Spans = Vec<Span>;

/// Frames one after the other, counted from 0, up to `end`, which is not one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Span {
    start: usize,
    end: usize,
}

/// A moving picture, made frame by frame.
pub struct Film {
    title: String,
    palette: SvgPalette,
    /// The largest screen so far.
    screen: Size,
    /// When each frame begins.
    starts: Vec<Duration>,
    /// When each chapter begins, and its name.
    chapters: Vec<(Duration, String)>,
    titles: Layer,
    grounds: Layer,
    shapes: Layer,
    letters: Layer,
}

/// Elements that do not cover each other.
#[derive(Default)]
struct Layer {
    /// Each element's text, once.
    places: HashMap<String, usize>,
    elements: Vec<(String, Spans)>,
    bytes: usize,
}

impl Layer {
    /// The lines of `drawn` are there in this frame.
    fn show(&mut self, frame: usize, drawn: &str) {
        for element in drawn.lines() {
            let at = match self.places.get(element) {
                Some(at) => *at,
                None => {
                    self.bytes += element.len();
                    self.places.insert(element.to_owned(), self.elements.len());
                    self.elements.push((element.to_owned(), Spans::new()));
                    self.elements.len() - 1
                }
            };
            let Some((_, spans)) = self.elements.get_mut(at) else {
                continue;
            };
            match spans.last_mut() {
                Some(last) if last.end >= frame => last.end = frame + 1,
                _ => spans.push(Span {
                    start: frame,
                    end: frame + 1,
                }),
            }
        }
    }
}

impl Film {
    /// A film without frames in a window with this title and ground.
    #[must_use]
    pub fn new(title: &str, ground: Ground) -> Self {
        Self {
            title: title.to_owned(),
            palette: SvgPalette::on(ground),
            screen: Size::new(1, 1),
            starts: Vec::new(),
            chapters: Vec::new(),
            titles: Layer::default(),
            grounds: Layer::default(),
            shapes: Layer::default(),
            letters: Layer::default(),
        }
    }

    /// How many frames there are.
    #[must_use]
    pub fn frames(&self) -> usize {
        self.starts.len()
    }

    /// How many bytes its elements take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let layers = [&self.titles, &self.grounds, &self.shapes, &self.letters];
        layers.iter().map(|layer| layer.bytes).sum()
    }

    /// A chapter begins `at` this time: its name stands in the title bar from the next frame on.
    pub fn chapter(&mut self, at: Duration, name: &str) {
        // Of several at once the last one is seen.
        self.chapters.retain(|(start, _)| *start != at);
        self.chapters.push((at, name.to_owned()));
    }

    /// From this time on, `buffer` is shown. Frames come in the order of their times.
    pub fn frame(&mut self, at: Duration, buffer: &Buffer, cursor: Option<Position>) {
        let frame = self.starts.len();
        self.starts.push(at);
        let size = buffer.area().as_size();
        self.screen = Size::new(
            self.screen.width.max(size.width),
            self.screen.height.max(size.height),
        );
        let title = match self.chapters.last() {
            Some((_, chapter)) => format!("{} — {chapter}", self.title),
            None => self.title.clone(),
        };
        // Where the middle is, is only known at the end.
        self.titles.show(frame, &text::escaped(&title));

        let cells = styled_cells(buffer, &self.palette);
        let mut drawn = String::new();
        backgrounds(&mut drawn, &cells, self.palette.background);
        self.grounds.show(frame, &drawn);
        drawn.clear();
        // Row by row, so that what changes in one row is written down without the others.
        for row in cells.chunk_by(|a, b| a.row == b.row) {
            glyph::draw(&mut drawn, row);
        }
        self.shapes.show(frame, &drawn);
        drawn.clear();
        text::draw(&mut drawn, &cells);
        if let Some(cursor) = cursor {
            super::draw_cursor(&mut drawn, cursor, self.palette.foreground);
        }
        self.letters.show(frame, &drawn);
    }

    /// The whole document; the last frame stays `hold` before it all begins again. Where nothing
    /// moves (a viewer without animations, a reader who asked for less motion), the last frame stands.
    #[must_use]
    pub fn finish(self, hold: Duration) -> String {
        let length = self.starts.last().map_or(hold, |last| *last + hold);
        let (width, height) = super::window_of(self.screen);
        let mut rules = Rules::new(&self.starts, length);
        let mut titles = String::new();
        for (title, spans) in &self.titles.elements {
            // They are escaped already.
            let title = format!(
                r#"<text class="title" x="{}" y="19.5" fill="{}">{title}</text>"#,
                width / 2,
                self.palette.foreground
            );
            rules.write(&mut titles, &[(title, spans.clone())]);
        }
        let mut body = String::from(GROUNDS);
        rules.write(&mut body, &self.grounds.elements);
        body.push_str("</g>\n");
        rules.write(&mut body, &self.shapes.elements);
        rules.write(&mut body, &self.letters.elements);

        let mut svg = String::new();
        let style = rules.style();
        open(
            &mut svg,
            (width, height),
            &self.title,
            &style,
            &self.palette,
        );
        self.describe(&mut svg);
        svg.push_str(&titles);
        self.progress(&mut svg, (width, height), length);
        origin(&mut svg);
        svg.push_str(&body);
        svg.push_str("</g>\n</svg>\n");
        svg
    }

    /// The chapters, for who hears the picture read.
    fn describe(&self, svg: &mut String) {
        if self.chapters.is_empty() {
            return;
        }
        let chapters: Vec<String> = self
            .chapters
            .iter()
            .map(|(at, name)| {
                let seconds = at.as_secs();
                format!(
                    "{}:{:02} {}",
                    seconds / 60,
                    seconds % 60,
                    text::escaped(name)
                )
            })
            .collect();
        let _ = writeln!(svg, "<desc>{}</desc>", chapters.join("; "));
    }

    /// A line that says how far the film is, with a gap where a chapter begins.
    fn progress(&self, svg: &mut String, (width, height): (u16, u16), length: Duration) {
        let (x, y) = (MARGIN, height - PROGRESS_BAR);
        let room = width - 2 * MARGIN;
        let _ = writeln!(
            svg,
            r#"<rect class="progress" x="{x}" y="{y}" width="{room}" height="3" fill="{}"/>"#,
            self.palette.edge
        );
        for (at, _) in &self.chapters {
            let share = at.as_secs_f32() / length.as_secs_f32().max(f32::EPSILON);
            let tick = f32::from(x) + f32::from(room) * share.min(1.0);
            let _ = writeln!(
                svg,
                r#"<rect x="{tick:.1}" y="{y}" width="3" height="3" fill="{}"/>"#,
                self.palette.background
            );
        }
    }
}

/// When each group of elements is there.
struct Rules {
    /// When each frame begins, and the film ends, in percent of its length.
    percent: Vec<String>,
    length: Duration,
    /// The number of the rule for elements with these spans.
    numbers: BTreeMap<Spans, usize>,
}

impl Rules {
    fn new(starts: &[Duration], length: Duration) -> Self {
        let whole = length.as_secs_f64().max(f64::EPSILON);
        let percent = |at: &Duration| {
            let text = format!("{:.3}", at.as_secs_f64() / whole * 100.0);
            format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
        };
        Self {
            // Before the first frame, it is there already.
            percent: std::iter::once("0%".to_owned())
                .chain(starts.iter().skip(1).map(percent))
                .collect(),
            length,
            numbers: BTreeMap::new(),
        }
    }

    fn frames(&self) -> usize {
        self.percent.len()
    }

    /// Writes elements in groups, one for all that are there at the same times.
    fn write(&mut self, svg: &mut String, elements: &[(String, Spans)]) {
        let mut groups: BTreeMap<&Spans, Vec<&str>> = BTreeMap::new();
        for (element, spans) in elements {
            groups.entry(spans).or_default().push(element);
        }
        for (spans, elements) in groups {
            let frames = self.frames();
            let whole = Span {
                start: 0,
                end: frames,
            };
            let always = spans.as_slice() == [whole];
            if !always {
                let next = self.numbers.len();
                let number = *self.numbers.entry(spans.clone()).or_insert(next);
                let stands = spans.last().is_some_and(|last| last.end == frames);
                let class = if stands { "f e" } else { "f" };
                let _ = writeln!(svg, r#"<g class="{class} f{number}">"#);
            }
            for element in elements {
                svg.push_str(element);
                svg.push('\n');
            }
            if !always {
                svg.push_str("</g>\n");
            }
        }
    }

    /// The rules, once everything is written.
    fn style(&self) -> String {
        let seconds = self.length.as_secs_f64();
        let mut style = format!(
            ".f {{ visibility: hidden; animation: {seconds:.3}s step-end infinite }}\n\
             .e {{ visibility: visible }}\n\
             .progress {{ transform-box: fill-box; transform-origin: 0 0; animation: progress {seconds:.3}s linear infinite }}\n\
             @keyframes progress {{ 0% {{ transform: scaleX(0) }} }}\n"
        );
        for (spans, number) in &self.numbers {
            let at = |frame: &usize| self.percent.get(*frame).map(String::as_str);
            let shown: Vec<&str> = spans.iter().filter_map(|span| at(&span.start)).collect();
            let mut hidden: Vec<&str> = spans.iter().filter_map(|span| at(&span.end)).collect();
            if spans.first().is_some_and(|first| first.start > 0) {
                hidden.insert(0, "0%");
            }
            let _ = write!(
                style,
                ".f{number}{{animation-name:f{number}}}@keyframes f{number}{{{}{{visibility:visible}}",
                shown.join(",")
            );
            if !hidden.is_empty() {
                let _ = write!(style, "{}{{visibility:hidden}}", hidden.join(","));
            }
            style.push_str("}\n");
        }
        style.push_str(
            "@media (prefers-reduced-motion: reduce) { .f, .progress { animation: none } }\n",
        );
        style
    }
}

#[cfg(test)]
mod tests;
