//! A record as a readable grid: layers down, steps across, what the grid on the screen says in
//! each cell. Good to paste as it is, and in colour on a terminal.

use std::io::{self, Write};

use crossterm::style::{ContentStyle, StyledContent};
use ratatui::backend::IntoCrossterm;
use ratatui::style::Modifier;

use crate::display::palette::Palette;
use crate::display::scale::{self, Tone};
use crate::display::{GridView, Sheet, SheetColumn, text, value};
use crate::run::Record;
use crate::settings::Cells;
use crate::trace::{Row, Trajectory};
use crate::vocabulary::{visible_line, visible_text};

/// The widest a token's label gets.
const WIDEST_LABEL: usize = 12;

/// The least space for a row's name, as `L29`.
const ROW_NAME: usize = 4;

/// One column of the table: a label and a cell a row.
pub(super) struct Strip {
    label: String,
    width: usize,
    cells: Vec<Option<TableCell>>,
}

/// A cell as it is written.
struct TableCell {
    text: String,
    tone: Tone,
    /// On rank 1.
    is_first: bool,
}

/// Writes the grid as `view` has it, then one of the watched candidates' ranks, in blocks that fit
/// into `width` columns. Without a palette there is no colour.
pub fn write(
    record: &Record,
    view: &GridView,
    width: usize,
    palette: Option<&Palette<'_>>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let vocabulary = record.vocabulary();
    let sheet = Sheet::of(record, view);
    writeln!(
        out,
        "{} · {} layers · lens {} · {}",
        visible_line(&record.model.name),
        record.model.n_layers,
        record.lens.in_words(),
        sheet.title()
    )?;
    writeln!(out, "{}", visible_text(&record.prompt))?;
    let strips: Vec<Strip> = sheet
        .columns()
        .map(|column| of_sheet(&sheet, &column))
        .collect();
    blocks(&strips, &sheet.rows, width, palette, out)?;
    if let Some(note) = sheet.note() {
        writeln!(out, "\n{note}")?;
    }
    if !record.watch.trajectories.is_empty() {
        writeln!(
            out,
            "\nrank of each watched text at the position after the prompt"
        )?;
        let rows = record.layer_rows();
        let watched = record.watch.trajectories.iter().map(|trajectory| {
            let label = trajectory
                .candidate
                .followed()
                .map(|token| vocabulary.label(token))
                .unwrap_or_default();
            strip(label, trajectory, &rows)
        });
        blocks(&watched.collect::<Vec<_>>(), &rows, width, palette, out)?;
    }
    Ok(())
}

fn of_sheet(sheet: &Sheet<'_>, column: &SheetColumn<'_>) -> Strip {
    let cells = sheet.rows.iter().map(|row| {
        let shown = sheet.shown(column, *row)?;
        let text = sheet.text(&shown);
        Some(TableCell {
            text: text::cut(&text, WIDEST_LABEL).into_owned(),
            tone: shown.tone,
            is_first: column.column.cell(*row)?.score.rank == 1,
        })
    });
    fitted(sheet.label(column), cells.collect())
}

/// A column of ranks; `=` before one marks a tie.
pub(super) fn strip(label: String, trajectory: &Trajectory, rows: &[Row]) -> Strip {
    let cells = rows.iter().map(|row| {
        let score = trajectory.score(*row)?;
        Some(TableCell {
            text: value::rank(score, Cells::Exact),
            tone: Tone::Sequential(scale::step(score.rank)),
            is_first: score.rank == 1,
        })
    });
    fitted(label, cells.collect())
}

/// As wide as the widest of its texts.
fn fitted(label: String, cells: Vec<Option<TableCell>>) -> Strip {
    let label = text::cut(&label, WIDEST_LABEL).into_owned();
    let widest = cells.iter().flatten().map(|cell| text::width(&cell.text));
    Strip {
        width: widest.fold(text::width(&label), usize::max),
        label,
        cells,
    }
}

/// The strips side by side, as many as fit, then the next ones below.
pub(super) fn blocks(
    mut strips: &[Strip],
    rows: &[Row],
    width: usize,
    palette: Option<&Palette<'_>>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let name_width = rows.iter().map(|row| row.to_string().len());
    let name_width = name_width.fold(ROW_NAME, usize::max);
    while !strips.is_empty() {
        let mut used = name_width;
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
        write!(out, "{:name_width$}", "")?;
        for strip in block {
            write!(out, "  {}", text::right(&strip.label, strip.width))?;
        }
        writeln!(out)?;
        for (at, row) in rows.iter().enumerate() {
            write!(out, "{:>name_width$}", row.to_string())?;
            for strip in block {
                match strip.cells.get(at) {
                    Some(Some(cell)) => {
                        let text = format!(" {}", text::right(&cell.text, strip.width));
                        write!(out, " {}", painted(text, cell, palette))?;
                    }
                    Some(None) => write!(out, "  {}", text::right("·", strip.width))?,
                    None => {}
                }
            }
            writeln!(out)?;
        }
    }
    Ok(())
}

/// A cell's text in its colours.
fn painted(text: String, cell: &TableCell, palette: Option<&Palette<'_>>) -> StyledContent<String> {
    let style = palette.map_or_else(ContentStyle::new, |palette| {
        let style = palette.tone(cell.tone);
        match cell.is_first {
            true => style.add_modifier(Modifier::BOLD),
            false => style,
        }
        .into_crossterm()
    });
    StyledContent::new(style, text)
}
