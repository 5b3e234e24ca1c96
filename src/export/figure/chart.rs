//! What was followed: rank against layer on a logarithmic axis, and the ranks below it, layer by
//! layer.
//!
//! ```text
//!      1 ┤            ╭─── b ·are
//!     10 ┤   ╭────────╯─── a ·is
//!    100 ┤───╯
//!         0  1  2  3  …
//!  ·is   91 80 12 …
//!  ·are  99 91 30 …
//! ```

use std::fmt::Write as _;

use super::legend::Legend;
use super::page::{
    Anchor, Area, CellText, Drawing, Face, Page, candidate_label, face_of, line_colour, width_of,
};
use crate::display::letter;
use crate::display::scale::{self, Tone};
use crate::display::value;
use crate::run::Record;
use crate::settings::Cells;
use crate::settings::theme::Theme;
use crate::trace::{Score, Trajectory};

/// Height of the chart.
const HEIGHT: f32 = 300.0;
/// Room above the chart's first line, for its letters.
const TOP: f32 = 10.0;
/// Height of the layers' numbers, and of each row of ranks.
const ROW: f32 = 21.0;
/// The least distance between two names at the right.
const BETWEEN_NAMES: f32 = 15.0;

/// Where things stand.
struct Axes {
    /// Where layer 0 begins.
    left: f32,
    /// Width of a layer.
    layer: f32,
    layers: usize,
    /// The worst rank that the axis reaches, a power of ten.
    worst: f32,
}

impl Axes {
    fn of(record: &Record) -> Self {
        let trajectories = &record.watch.trajectories;
        let ranks = || {
            trajectories
                .iter()
                .flat_map(Trajectory::along_layers)
                .map(|(_, score)| score.rank)
        };
        let widest = ranks().map(|rank| width_of(&rank.to_string()));
        let names = trajectories.iter().enumerate();
        let names = names.map(|(at, trajectory)| width_of(&name(at, trajectory)));
        let worst = ranks().max().unwrap_or(1).max(10) as f32;
        Self {
            left: names.fold(60.0, f32::max) + 10.0,
            layer: widest.fold(24.0, f32::max) + 8.0,
            layers: record.model.n_layers,
            worst: 10_f32.powf(worst.log10().ceil()),
        }
    }

    fn right(&self) -> f32 {
        self.left + self.layers as f32 * self.layer
    }

    /// The middle of a layer, and where the sums inside it are the way there.
    fn x(&self, layer: f32) -> f32 {
        self.left + (layer + 0.5) * self.layer
    }

    fn y(&self, rank: f32) -> f32 {
        TOP + HEIGHT * rank.max(1.0).log10() / self.worst.log10()
    }
}

/// The chart on its page.
pub fn page(record: &Record, theme: &Theme) -> Page {
    let axes = Axes::of(record);
    let mut drawing = Drawing::default();
    guides(&mut drawing, &axes);
    let trajectories = &record.watch.trajectories;
    for (at, trajectory) in trajectories.iter().enumerate() {
        line(&mut drawing, &axes, at, trajectory, theme);
    }
    let widest_name = names(&mut drawing, &axes, trajectories, theme);
    let bottom = layer_numbers(&mut drawing, &axes);
    for (at, trajectory) in trajectories.iter().enumerate() {
        let top = bottom + at as f32 * ROW;
        ranks(&mut drawing, &axes, at, trajectory, top, theme);
    }
    drawing.width = axes.right() + widest_name + 14.0;
    drawing.height = bottom + trajectories.len() as f32 * ROW;
    let title = match record.watch.step.0 {
        0 => "Rank of each candidate after the prompt".to_owned(),
        step => format!("Rank of each candidate at step {}", step + 1),
    };
    Page::new(title, record, drawing).with_legend(&Legend::of_ranks(record), theme)
}

fn name(at: usize, trajectory: &Trajectory) -> String {
    format!(
        "{} {}",
        letter(at),
        candidate_label(&trajectory.candidate.text)
    )
}

/// A line a power of ten.
fn guides(drawing: &mut Drawing, axes: &Axes) {
    let mut rank = 1.0;
    while rank <= axes.worst {
        let y = axes.y(rank);
        drawing.mark(format_args!(
            r#"<path class="guide" d="M{} {y}H{}"/>"#,
            axes.left,
            axes.right()
        ));
        let at = (axes.left - 8.0, y + 4.0);
        drawing.text(at, Anchor::End, Face::Muted, &format!("{rank}"));
        rank *= 10.0;
    }
}

fn line(drawing: &mut Drawing, axes: &Axes, at: usize, trajectory: &Trajectory, theme: &Theme) {
    let colour = line_colour(at, theme);
    let mut path = String::new();
    let points: Vec<(f32, f32, f32)> = trajectory
        .along_layers()
        .into_iter()
        .map(|(layer, score)| {
            let radius = if layer.fract() == 0.0 { 2.6 } else { 1.6 };
            (axes.x(layer as f32), axes.y(score.rank as f32), radius)
        })
        .collect();
    for (x, y, _) in &points {
        let command = if path.is_empty() { 'M' } else { 'L' };
        // Writing to a string does not fail.
        let _ = write!(path, "{command}{x:.1} {y:.1}");
    }
    drawing.mark(format_args!(
        r#"<path class="line" d="{path}" fill="none" stroke="{colour}" stroke-width="2" stroke-linejoin="round"/>"#
    ));
    for (x, y, radius) in points {
        drawing.mark(format_args!(
            r#"<circle cx="{x:.1}" cy="{y:.1}" r="{radius}" fill="{colour}"/>"#
        ));
    }
}

/// The names at the lines' ends, moved apart where lines end close together. Returns the width
/// of the widest.
fn names(drawing: &mut Drawing, axes: &Axes, trajectories: &[Trajectory], theme: &Theme) -> f32 {
    let mut ends: Vec<(f32, usize)> = trajectories
        .iter()
        .enumerate()
        .filter_map(|(at, t)| Some((axes.y(t.layers.last()?.rank as f32), at)))
        .collect();
    ends.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut widest: f32 = 0.0;
    let mut free = f32::NEG_INFINITY;
    for (y, at) in ends {
        let y = y.max(free);
        free = y + BETWEEN_NAMES;
        let Some(trajectory) = trajectories.get(at) else {
            continue;
        };
        let name = name(at, trajectory);
        widest = widest.max(width_of(&name));
        drawing.mark(format_args!(
            r#"<circle cx="{}" cy="{y}" r="4" fill="{}"/>"#,
            axes.right() + 4.0,
            line_colour(at, theme)
        ));
        let place = (axes.right() + 12.0, y + 4.0);
        drawing.text(place, Anchor::Start, Face::Strong, &name);
    }
    widest
}

/// The numbers of the layers; returns where they end.
fn layer_numbers(drawing: &mut Drawing, axes: &Axes) -> f32 {
    let y = TOP + HEIGHT + 24.0;
    drawing.text((axes.left - 8.0, y), Anchor::End, Face::Muted, "layer");
    for l in 0..axes.layers {
        let number = l.to_string();
        drawing.text((axes.x(l as f32), y), Anchor::Middle, Face::Muted, &number);
    }
    y + 8.0
}

/// A candidate's ranks.
fn ranks(
    drawing: &mut Drawing,
    axes: &Axes,
    at: usize,
    trajectory: &Trajectory,
    top: f32,
    theme: &Theme,
) {
    let name = name(at, trajectory);
    let base = top + ROW / 2.0 + 4.0;
    drawing.text((axes.left - 8.0, base), Anchor::End, Face::Strong, &name);
    for (l, score) in trajectory.layers.iter().enumerate() {
        let Some(score) = score else {
            continue;
        };
        let place = Area {
            x: axes.left + l as f32 * axes.layer,
            y: top,
            width: axes.layer,
            height: ROW,
        };
        let Score { rank, prob, .. } = *score;
        let words = format!("L{l}: {name} has rank {rank}, p {prob:.4}");
        let cell_text = CellText {
            text: &value::rank(*score, Cells::Exact),
            tone: Tone::Sequential(scale::step(rank)),
            face: face_of(rank),
        };
        drawing.cell(place, &cell_text, &words, theme);
    }
}
