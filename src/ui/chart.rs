//! Compare mode's chart: rank on a log axis, 1 on top, probability or logit, against layer; one
//! line a candidate and prompt.
//!
//! ```text
//! ╭ Rank against layer ──────────────╮
//! │    1 ┤               ⢀⠤⠒⠉⠉⠉⠉ b   │
//! │   10 ┤      ⢀⣀⡠⠤⠒⠊⠁       ⠢⠤ a   │
//! │  100 ┤⠤⠤⠒⠉⠉                      │
//! │      └─────────────────────────  │
//! │       0        10        20  29  │
//! ╰──────────────────────────────────╯
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::symbols::Marker;
use ratatui::text::Span;
use ratatui::widgets::Widget;
use ratatui::widgets::canvas::{Canvas, Context, Points};

use super::comparison::{self, ComparePane};
use super::frame::Titles;
use crate::app::{Compare, Series, State};
use crate::display::palette::Palette;
use crate::display::prompt_letter;
use crate::settings::theme::Depth;
use crate::trace::{Crossing, Layer, Row};
use axis::Axis;

mod axis;
mod dashes;

/// Width of the marks' labels and of the axis.
const LABELS: u16 = 6;
/// A space and two letters at the end of each line.
const LETTERS: u16 = 4;
/// The axis, the layers' numbers, the crossings.
const BELOW: u16 = 3;

/// The chart's pane.
pub fn render(state: &State, palette: &Palette<'_>, area: Rect, buffer: &mut Buffer) {
    let titles =
        |compare: &Compare| Titles::named(format!("{} against layer", compare.measure.name()));
    let Some(opened) = comparison::open(state, titles, palette, area, buffer) else {
        return;
    };
    let ComparePane {
        compare,
        series,
        inner,
    } = opened;
    let layers = series
        .iter()
        .map(|series| series.trajectory.layers.len())
        .max()
        .unwrap_or(0);
    if layers < 2 || inner.width < LABELS + LETTERS + 8 || inner.height < BELOW + 3 {
        return;
    }
    let crossings = comparison::leads(state, compare)
        .iter()
        .filter(|lead| lead.crossing == Crossing::Here)
        .filter_map(|lead| layer_of(lead.row))
        .collect();
    let plot = Rect {
        x: inner.x + LABELS,
        y: inner.y,
        width: inner.width - LABELS - LETTERS,
        height: inner.height - BELOW,
    };
    let points = series.iter().flat_map(|it| it.trajectory.along_layers());
    let first = points.fold(0.0, |first: f64, (layer, _)| first.min(layer));
    let chart = Chart {
        first,
        axis: Axis::of(compare.measure, &series),
        layers,
        selected: layer_of(state.cursor.row),
        crossings,
        prompt: state.current_prompt(),
        series,
        depth: state.depth(),
        palette,
        plot,
    };
    chart.render(buffer);
}

fn layer_of(row: Row) -> Option<usize> {
    match row {
        Row::Embedding => None,
        Row::Layer(Layer(layer)) | Row::Inside(Layer(layer), _) => Some(layer),
    }
}

struct Chart<'c> {
    series: Vec<Series<'c>>,
    layers: usize,
    /// Where the axis of layers begins: at 0, or at the first sum inside block 0.
    first: f64,
    axis: Axis,
    selected: Option<usize>,
    crossings: Vec<usize>,
    /// The prompt whose crossings they are, where there are several.
    prompt: Option<usize>,
    depth: Depth,
    palette: &'c Palette<'c>,
    plot: Rect,
}

impl Chart<'_> {
    fn render(&self, buffer: &mut Buffer) {
        self.axes(buffer);
        self.lines(buffer);
        self.letters(buffer);
    }

    fn lines(&self, buffer: &mut Buffer) {
        Canvas::default()
            .marker(Marker::Braille)
            .x_bounds([self.first, (self.layers - 1) as f64])
            .y_bounds([self.axis.low, self.axis.high])
            .paint(|canvas| {
                if let Some(selected) = self.selected {
                    canvas.draw(&Points {
                        coords: &self.guide(selected),
                        color: self.palette.muted_colour(),
                    });
                    canvas.layer();
                }
                for series in &self.series {
                    canvas.draw(&Points {
                        coords: &self.dots(series),
                        color: self.palette.line_colour(series.candidate),
                    });
                    canvas.layer();
                }
                if self.depth == Depth::None {
                    self.letters_on_lines(canvas);
                }
            })
            .render(self.plot, buffer);
    }

    /// One dot a row of the screen, so that it is not taken for a line.
    fn guide(&self, layer: usize) -> Vec<(f64, f64)> {
        let rows = f64::from(self.plot.height);
        (0..self.plot.height)
            .map(|row| {
                let part = f64::from(row) / rows;
                let height = self.axis.high - (self.axis.high - self.axis.low) * part;
                (layer as f64, height)
            })
            .collect()
    }

    /// The line of one candidate at one prompt.
    fn dots(&self, series: &Series<'_>) -> Vec<(f64, f64)> {
        let points: Vec<(f64, f64)> = self.points(series).collect();
        let width = (self.layers - 1) as f64 - self.first;
        let size = (width, self.axis.high - self.axis.low);
        let stroke = dashes::stroke(series.candidate, series.prompt);
        dashes::dots(&points, stroke, self.plot, size)
    }

    fn points(&self, series: &Series<'_>) -> impl Iterator<Item = (f64, f64)> {
        let points = series.trajectory.along_layers().into_iter();
        points.map(|(layer, score)| (layer, self.axis.height(score)))
    }

    /// Without colour, letters along the lines tell them apart.
    fn letters_on_lines(&self, canvas: &mut Context<'_>) {
        for (at, series) in self.series.iter().enumerate() {
            for (layer, height) in self.points(series).skip(at * 2 % 6).step_by(6) {
                canvas.print(layer, height, series.label());
            }
        }
    }

    /// The row of the screen of a height.
    fn row_of(&self, height: f64) -> u16 {
        let rows = f64::from(self.plot.height - 1);
        self.plot.y + (self.axis.part(height) * rows).round() as u16
    }

    /// The column of the screen of a layer.
    fn column_of(&self, layer: usize) -> u16 {
        let part = (layer as f64 - self.first) / ((self.layers - 1) as f64 - self.first);
        self.plot.x + (part.clamp(0.0, 1.0) * f64::from(self.plot.width - 1)).round() as u16
    }

    fn axes(&self, buffer: &mut Buffer) {
        let muted = self.palette.muted();
        let axis_x = self.plot.x - 1;
        for y in self.plot.y..self.plot.bottom() {
            buffer.set_string(axis_x, y, "│", muted);
        }
        for (height, label) in self.axis.marks(self.plot.height) {
            let label = format!("{label:>4} ┤");
            buffer.set_string(axis_x - 5, self.row_of(height), label, muted);
        }
        let below = self.plot.bottom();
        let line = "─".repeat(self.plot.width.into());
        buffer.set_string(axis_x, below, format!("└{line}"), muted);
        self.layer_numbers(below + 1, buffer);
        self.crossing_marks(below, buffer);
    }

    /// As many layer numbers as stand apart from each other; the last and the selected are always
    /// among them.
    fn layer_numbers(&self, y: u16, buffer: &mut Buffer) {
        let mut taken: Vec<(u16, u16)> = Vec::new();
        let wanted = self
            .selected
            .into_iter()
            .map(|layer| (layer, self.palette.accent()))
            .chain([(self.layers - 1, self.palette.muted())])
            .chain(
                (0..self.layers)
                    .step_by(5)
                    .map(|layer| (layer, self.palette.muted())),
            );
        for (layer, style) in wanted.filter(|(layer, _)| *layer < self.layers) {
            let label = layer.to_string();
            let width = label.len() as u16;
            let from = self.column_of(layer).saturating_sub(width / 2);
            let clear = taken
                .iter()
                .all(|(other, end)| from > end + 1 || from + width + 1 < *other);
            if clear {
                taken.push((from, from + width - 1));
                put(buffer, from, y, &label, style);
            }
        }
    }

    fn crossing_marks(&self, axis: u16, buffer: &mut Buffer) {
        let style = self.palette.accent().patch(self.palette.strong());
        for layer in &self.crossings {
            put(buffer, self.column_of(*layer), axis, "╳", style);
        }
        if self.crossings.is_empty() {
            return;
        }
        let prompt = self
            .prompt
            .map(prompt_letter)
            .map(|letter| format!("{letter} "));
        let layers: Vec<String> = self
            .crossings
            .iter()
            .map(|layer| Layer(*layer).to_string())
            .collect();
        let words = format!(
            "╳ {}crossing at {}",
            prompt.unwrap_or_default(),
            layers.join(" ")
        );
        let words = crate::display::text::cut(&words, self.plot.width.into()).into_owned();
        put(buffer, self.plot.x, axis + 2, &words, self.palette.muted());
    }

    /// A letter at each line's end, one row down where the place is taken.
    fn letters(&self, buffer: &mut Buffer) {
        let mut taken: Vec<u16> = Vec::new();
        for series in &self.series {
            let Some(last) = series.trajectory.layers.last() else {
                continue;
            };
            let wanted = self.row_of(self.axis.height(*last));
            let free = (wanted..self.plot.bottom())
                .chain((self.plot.y..wanted).rev())
                .find(|row| !taken.contains(row));
            if let Some(row) = free {
                taken.push(row);
                let colour = self.palette.line(series.candidate);
                put(
                    buffer,
                    self.plot.right() + 1,
                    row,
                    &series.label(),
                    colour.patch(self.palette.strong()),
                );
            }
        }
    }
}

fn put(buffer: &mut Buffer, x: u16, y: u16, text: &str, style: Style) {
    if buffer.area.contains(ratatui::layout::Position::new(x, y)) {
        buffer.set_span(x, y, &Span::styled(text, style), buffer.area.right() - x);
    }
}
