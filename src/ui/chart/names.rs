//! The candidates' names at the ends of their lines.

use ratatui::buffer::Buffer;

use super::{Chart, put};
use crate::app::Series;
use crate::display::{shown, text};

/// Columns of a candidate's text; a longer one is cut.
const LONGEST: usize = 12;
/// The plot that has to be left where texts stand beside the letters.
const PLOT: u16 = 24;

/// A name for each line: its letters and, where there is room, the candidate's text.
pub struct Names {
    names: Vec<String>,
    /// A space, and the widest name.
    width: u16,
}

impl Names {
    /// The names that leave room for the plot, of the `room` that both have.
    pub fn of(series: &[Series<'_>], room: u16) -> Self {
        let full = |series: &Series<'_>| {
            let text = shown(&series.trajectory.candidate.text);
            format!("{} {}", series.label(), text::cut(&text, LONGEST))
        };
        let full = Self::new(series.iter().map(full).collect());
        match full.width + PLOT <= room {
            true => full,
            false => Self::new(series.iter().map(Series::label).collect()),
        }
    }

    fn new(names: Vec<String>) -> Self {
        let widest = names.iter().map(|name| text::width(name)).max();
        let width = u16::try_from(widest.unwrap_or(0) + 1).unwrap_or(u16::MAX);
        Self { names, width }
    }

    /// Columns of the screen that they take.
    pub fn width(&self) -> u16 {
        self.width
    }

    /// Draws each at its line's end; where lines end close together, in the same order below each
    /// other.
    pub fn render(&self, chart: &Chart<'_>, buffer: &mut Buffer) {
        let mut ends: Vec<(u16, usize)> = chart
            .series
            .iter()
            .enumerate()
            .filter_map(|(at, series)| {
                let last = series.trajectory.layers.last()?;
                Some((chart.row_of(chart.axis.height(*last)), at))
            })
            .collect();
        ends.sort_unstable();
        let rows: Vec<u16> = ends.iter().map(|(row, _)| *row).collect();
        let apart = apart(&rows, chart.plot.y, chart.plot.bottom());
        for ((_, at), row) in ends.into_iter().zip(apart) {
            let (Some(series), Some(name)) = (chart.series.get(at), self.names.get(at)) else {
                continue;
            };
            let style = chart.palette.line(series.candidate);
            let style = style.patch(chart.palette.strong());
            put(buffer, chart.plot.right() + 1, row, name, style);
        }
    }
}

/// A row for each of the wanted ones, which rise, no two the same, as near as there is room from
/// `top` to before `bottom`; the last ones get none where there are too many.
fn apart(wanted: &[u16], top: u16, bottom: u16) -> Vec<u16> {
    let mut free = top;
    let mut rows: Vec<u16> = wanted
        .iter()
        .take(usize::from(bottom.saturating_sub(top)))
        .map(|row| {
            let row = free.max(*row);
            free = row + 1;
            row
        })
        .collect();
    let mut end = bottom;
    for row in rows.iter_mut().rev() {
        *row = (*row).min(end.saturating_sub(1));
        end = *row;
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_apart_in_the_order_of_their_lines() {
        assert_eq!(apart(&[2, 5, 9], 0, 10), [2, 5, 9]);
        assert_eq!(apart(&[2, 2, 3], 0, 10), [2, 3, 4]);
        assert_eq!(apart(&[8, 9, 9], 0, 10), [7, 8, 9]);
        assert_eq!(apart(&[3, 3, 3, 3], 2, 5), [2, 3, 4]);
    }
}
