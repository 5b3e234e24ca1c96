//! A record as a readable grid: layers down, steps across, the rank in each cell. Good to paste
//! as it is, and in colour on a terminal.

use std::io::{self, Write};

use crossterm::style::{ContentStyle, StyledContent};
use ratatui::backend::IntoCrossterm;

use super::Record;
use crate::trace::{Column, Layer, Row, Score, Trajectory};
use crate::ui::palette::Palette;
use crate::ui::text;
use crate::vocabulary::visible_text;

/// The widest a token's label gets.
const WIDEST_LABEL: usize = 12;

/// Space for the row's name, as `L29`.
const ROW_NAME: usize = 4;

/// One column of the table: a label and a score a row.
struct Strip {
    label: String,
    width: usize,
    scores: Vec<Score>,
}

/// Writes the grid of ranks, then one of the watched candidates, in blocks that fit into `width`
/// columns. Without a palette there is no colour.
pub fn write(
    record: &Record,
    width: usize,
    palette: Option<&Palette<'_>>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let vocabulary = record.vocabulary();
    writeln!(
        out,
        "{} · {} layers · lens {} · rank of the chosen token at each layer",
        record.model.name, record.model.n_layers, record.lens
    )?;
    writeln!(out, "{}", visible_text(&record.prompt))?;
    let steps = record
        .columns
        .iter()
        .map(|column| strip(vocabulary.label(column.token), scores(column)));
    blocks(
        &steps.collect::<Vec<_>>(),
        record.model.n_layers,
        width,
        palette,
        out,
    )?;
    if !record.watch.trajectories.is_empty() {
        writeln!(
            out,
            "\nrank of each watched text at the position after the prompt"
        )?;
        let watched = record.watch.trajectories.iter().map(|trajectory| {
            let label = trajectory
                .candidate
                .followed()
                .map(|token| vocabulary.label(token))
                .unwrap_or_default();
            strip(label, watched_scores(trajectory))
        });
        blocks(
            &watched.collect::<Vec<_>>(),
            record.model.n_layers,
            width,
            palette,
            out,
        )?;
    }
    Ok(())
}

fn scores(column: &Column) -> Vec<Score> {
    column.layers.iter().map(|cell| cell.score).collect()
}

fn watched_scores(trajectory: &Trajectory) -> Vec<Score> {
    trajectory.layers.clone()
}

fn strip(label: String, scores: Vec<Score>) -> Strip {
    let label = text::cut(&label, WIDEST_LABEL).into_owned();
    let widest_rank = scores
        .iter()
        .map(|score| shown(score).len())
        .max()
        .unwrap_or(0);
    Strip {
        width: text::width(&label).max(widest_rank),
        label,
        scores,
    }
}

/// The rank; `=` behind it marks a tie.
fn shown(score: &Score) -> String {
    match score.ties {
        0 => score.rank.to_string(),
        _ => format!("{}=", score.rank),
    }
}

/// The strips side by side, as many as fit, then the next ones below.
fn blocks(
    mut strips: &[Strip],
    n_layers: usize,
    width: usize,
    palette: Option<&Palette<'_>>,
    out: &mut dyn Write,
) -> io::Result<()> {
    while !strips.is_empty() {
        let mut used = ROW_NAME;
        let fitting = strips
            .iter()
            .take_while(|strip| {
                used += 2 + strip.width;
                used <= width
            })
            .count()
            .max(1);
        let (block, rest) = strips.split_at(fitting);
        strips = rest;
        writeln!(out)?;
        write!(out, "{:ROW_NAME$}", "")?;
        for strip in block {
            write!(out, "  {}", text::right(&strip.label, strip.width))?;
        }
        writeln!(out)?;
        for l in 0..n_layers {
            write!(out, "{:>ROW_NAME$}", Row::Layer(Layer(l)).to_string())?;
            for strip in block {
                if let Some(score) = strip.scores.get(l) {
                    let number = format!(" {:>width$}", shown(score), width = strip.width);
                    write!(out, " {}", painted(number, score.rank, palette))?;
                }
            }
            writeln!(out)?;
        }
    }
    Ok(())
}

/// A cell's text in its colours.
fn painted(number: String, rank: u32, palette: Option<&Palette<'_>>) -> StyledContent<String> {
    let style = palette.map_or_else(ContentStyle::new, |palette| {
        palette.rank(rank).into_crossterm()
    });
    StyledContent::new(style, number)
}
