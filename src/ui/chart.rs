//! Compare mode's chart: rank on a log axis, 1 on top, probability or logit, against layer; one
//! line a candidate and prompt.
//!
//! ```text
//! ╭ Rank against layer ──────────────╮
//! │    1 ┤⠠⠠⠠⠠⠠⠠⠠⠠⠠⠠⠠⠠⠠⠠⠠⢀⠤⠒⠉⠉ b ·are│
//! │   10 ┤⠠⠠⠠⠠⠠⠠⢀⣀⡠⠤⠒⠊⠁⠠⠠⠠⠠⠢⠤⠤ a ·is │
//! │  100 ┤⠤⠤⠒⠉⠉⠠⠠⠠⠠⠠⠠⠠⠠⠠⠠⠠⠠⠠⠠⠠        │
//! │      └───────────────╳───        │
//! │       0        10    17  20      │
//! │ ╳ lead changes at L17 (a → b)    │
//! ╰──────────────────────────────────╯
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::symbols::Marker;
use ratatui::text::Span;
use ratatui::widgets::Widget;
use ratatui::widgets::canvas::{Canvas, Context, Points};

use super::comparison::{self, ComparePane};
use super::frame::Titles;
use crate::app::{Compare, Series, State};
use crate::display::lead_changes;
use crate::display::palette::Palette;
use crate::settings::theme::Depth;
use crate::trace::{Layer, Row};
use axis::Axis;
use dots::Dots;
use names::Names;

mod axis;
mod dots;
mod names;
mod surroundings;

/// Width of the marks' labels and of the axis.
const LABELS: u16 = 6;
/// The narrowest plot.
const NARROWEST: u16 = 8;
/// The axis, the layers' numbers, the changes of the lead.
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
    if layers < 2 || inner.height < BELOW + 3 {
        return;
    }
    let Some(room) = inner.width.checked_sub(LABELS) else {
        return;
    };
    let names = Names::of(&series, room);
    let Some(width @ NARROWEST..) = room.checked_sub(names.width()) else {
        return;
    };
    let leads = comparison::leads(state, compare);
    let changes = leads
        .iter()
        .filter(|lead| lead.from.is_some())
        .filter_map(|lead| layer_of(lead.row))
        .collect();
    let plot = Rect {
        x: inner.x + LABELS,
        y: inner.y,
        width,
        height: inner.height - BELOW,
    };
    let points = series.iter().flat_map(|it| it.trajectory.along_layers());
    let first = points.fold(0.0, |first: f64, (layer, _)| first.min(layer));
    let chart = Chart {
        first,
        axis: Axis::of(compare.measure, &series),
        layers,
        selected: layer_of(state.cursor.row),
        changes,
        words: lead_changes(&leads, state.current_prompt()),
        series,
        depth: state.depth(),
        palette,
        inner,
        plot,
    };
    chart.render(buffer);
    names.render(&chart, buffer);
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
    /// The layers at which the lead changes.
    changes: Vec<usize>,
    /// The same in words.
    words: String,
    depth: Depth,
    palette: &'c Palette<'c>,
    /// All inside the frame.
    inner: Rect,
    plot: Rect,
}

impl Chart<'_> {
    fn render(&self, buffer: &mut Buffer) {
        self.guides(buffer);
        self.surroundings(buffer);
        self.lines(buffer);
    }

    fn lines(&self, buffer: &mut Buffer) {
        let dots = Dots::of(self);
        Canvas::default()
            .marker(Marker::Braille)
            .x_bounds([self.first, (self.layers - 1) as f64])
            .y_bounds([self.axis.low, self.axis.high])
            .paint(|canvas| {
                for series in &self.series {
                    let points: Vec<(f64, f64)> = self.points(series).collect();
                    let coords = match self.depth {
                        Depth::None => dots.dashed(&points, series.candidate, series.prompt),
                        _ => dots.solid(&points),
                    };
                    canvas.draw(&Points {
                        coords: &coords,
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
}

fn put(buffer: &mut Buffer, x: u16, y: u16, text: &str, style: Style) {
    if buffer.area.contains(Position::new(x, y)) {
        buffer.set_span(x, y, &Span::styled(text, style), buffer.area.right() - x);
    }
}
