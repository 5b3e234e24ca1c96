//! Compare mode's chart: rank on a log axis, 1 on top, against layer; one line a candidate.
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
use ratatui::style::{Color, Style};
use ratatui::symbols::Marker;
use ratatui::text::Span;
use ratatui::widgets::Widget;
use ratatui::widgets::canvas::{Canvas, Line as Stroke, Points};

use super::frame::{self, Titles};
use super::palette::Palette;
use super::{scale, table};
use crate::app::{Crossing, Pane, State, letter};
use crate::settings::theme::Depth;
use crate::trace::{Layer, Row, Trajectory};

/// Width of the rank labels and of the axis.
const LABELS: u16 = 6;
/// A space and a letter at the end of each line.
const LETTERS: u16 = 3;
/// The axis, the layers' numbers, the crossings.
const BELOW: u16 = 3;

/// The chart's pane.
pub fn render(state: &State, palette: &Palette<'_>, area: Rect, buffer: &mut Buffer) {
    let Some(compare) = &state.compare else {
        return;
    };
    if area.is_empty() {
        return;
    }
    let focus = frame::focus_of(state, Pane::Comparison);
    let titles = Titles::named("Rank against layer");
    let inner = frame::render(palette, focus, titles, area, buffer).intersection(buffer.area);
    let trajectories: Vec<(usize, &Trajectory)> = compare.trajectories().collect();
    let layers = trajectories
        .iter()
        .map(|(_, trajectory)| trajectory.layers.len())
        .max()
        .unwrap_or(0);
    if layers < 2 || inner.width < LABELS + LETTERS + 8 || inner.height < BELOW + 3 {
        return;
    }
    let crossings = table::leads(state, compare)
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
    let chart = Chart {
        worst: worst(&trajectories),
        layers,
        selected: layer_of(state.cursor.row),
        crossings,
        trajectories,
        depth: state.depth,
        palette,
        plot,
    };
    chart.render(buffer);
}

fn layer_of(row: Row) -> Option<usize> {
    match row {
        Row::Embedding => None,
        Row::Layer(Layer(layer)) => Some(layer),
    }
}

/// log10 of the worst rank: the axis ends there, though never above rank 10.
fn worst(trajectories: &[(usize, &Trajectory)]) -> f64 {
    let worst = trajectories
        .iter()
        .flat_map(|(_, trajectory)| &trajectory.layers)
        .map(|score| score.rank)
        .max()
        .unwrap_or(1);
    f64::from(worst).log10().max(1.0)
}

struct Chart<'c> {
    trajectories: Vec<(usize, &'c Trajectory)>,
    layers: usize,
    /// log10 of the rank at the lower end of the axis.
    worst: f64,
    selected: Option<usize>,
    crossings: Vec<usize>,
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
        let last = (self.layers - 1) as f64;
        Canvas::default()
            .marker(Marker::Braille)
            .x_bounds([0.0, last])
            .y_bounds([-self.worst, 0.0])
            .paint(|canvas| {
                if let Some(selected) = self.selected {
                    canvas.draw(&Points {
                        coords: &self.guide(selected),
                        color: self.palette.muted_colour(),
                    });
                    canvas.layer();
                }
                for (candidate, trajectory) in &self.trajectories {
                    self.line(canvas, trajectory, self.palette.line_colour(*candidate));
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
            .map(|row| (layer as f64, -self.worst * f64::from(row) / rows))
            .collect()
    }

    fn line(
        &self,
        canvas: &mut ratatui::widgets::canvas::Context<'_>,
        trajectory: &Trajectory,
        colour: Color,
    ) {
        for (layer, pair) in trajectory.layers.windows(2).enumerate() {
            if let [from, to] = pair {
                canvas.draw(&Stroke::new(
                    layer as f64,
                    -f64::from(from.rank).log10(),
                    (layer + 1) as f64,
                    -f64::from(to.rank).log10(),
                    colour,
                ));
            }
        }
    }

    /// Without colour, letters along the lines tell them apart.
    fn letters_on_lines(&self, canvas: &mut ratatui::widgets::canvas::Context<'_>) {
        for (candidate, trajectory) in &self.trajectories {
            for (layer, score) in trajectory
                .layers
                .iter()
                .enumerate()
                .skip(candidate * 2 % 6)
                .step_by(6)
            {
                let y = -f64::from(score.rank).log10();
                canvas.print(layer as f64, y, letter(*candidate).to_string());
            }
        }
    }

    /// The row of the screen of a rank.
    fn row_of(&self, rank: u32) -> u16 {
        let part = f64::from(rank).log10() / self.worst;
        let rows = f64::from(self.plot.height - 1);
        self.plot.y + (part.clamp(0.0, 1.0) * rows).round() as u16
    }

    /// The column of the screen of a layer.
    fn column_of(&self, layer: usize) -> u16 {
        let part = layer as f64 / (self.layers - 1) as f64;
        self.plot.x + (part.clamp(0.0, 1.0) * f64::from(self.plot.width - 1)).round() as u16
    }

    fn axes(&self, buffer: &mut Buffer) {
        let muted = self.palette.muted();
        let axis_x = self.plot.x - 1;
        for y in self.plot.y..self.plot.bottom() {
            buffer.set_string(axis_x, y, "│", muted);
        }
        for decade in 0..=self.worst as u32 {
            let y = self.row_of(10u32.saturating_pow(decade));
            let label = scale::short(u64::from(10u32.saturating_pow(decade)));
            buffer.set_string(axis_x - 5, y, format!("{label:>4} ┤"), muted);
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
        let words = match self.crossings.as_slice() {
            [] => return,
            crossings => {
                let layers: Vec<String> = crossings
                    .iter()
                    .map(|layer| Layer(*layer).to_string())
                    .collect();
                format!("╳ crossing at {}", layers.join(" "))
            }
        };
        let words = super::text::cut(&words, self.plot.width.into()).into_owned();
        put(buffer, self.plot.x, axis + 2, &words, self.palette.muted());
    }

    /// A letter at each line's end, one row down where the place is taken.
    fn letters(&self, buffer: &mut Buffer) {
        let mut taken: Vec<u16> = Vec::new();
        for (candidate, trajectory) in &self.trajectories {
            let Some(last) = trajectory.layers.last() else {
                continue;
            };
            let wanted = self.row_of(last.rank);
            let free = (wanted..self.plot.bottom())
                .chain((self.plot.y..wanted).rev())
                .find(|row| !taken.contains(row));
            if let Some(row) = free {
                taken.push(row);
                let style = self.palette.line(*candidate).patch(self.palette.strong());
                put(
                    buffer,
                    self.plot.right() + 1,
                    row,
                    &letter(*candidate).to_string(),
                    style,
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
