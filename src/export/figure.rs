//! Figures for papers and pages, in the looks of J. Alammar, *Finding the Words to Say* (2021):
//! white paper, tokens above, layers below each other, and a number in every cell.
//!
//! ```text
//! Record ─▶ grid or chart ─▶ SVG ─┬─▶ .svg
//!                                 ├─▶ PNG
//!                                 └─▶ HTML, with the numbers in a table
//! ```

mod chart;
mod grid;
mod html;
mod legend;
mod page;
mod png;
mod predictions;

use super::pixels::PngError;
use crate::display::{GridView, Sheet};
use crate::run::Record;
use crate::settings::theme::{Theme, Themes};
use crate::trace::Step;
use page::Page;

/// The article's colours, which a figure has where nothing else is asked for.
pub const USUAL_THEME: &str = "article-pink";

/// The theme whose lines can be told apart on white paper.
const THEME_ON_PAPER: &str = "light";

/// What is shown.
#[derive(Clone, Debug, PartialEq)]
pub enum FigureKind {
    /// The grid, as this view has it.
    Grid(GridView),
    /// The ranks of what was followed, layer by layer.
    Compare,
    /// The best tokens of every layer at this step.
    Predictions(Step),
}

/// A figure, drawn: what it is written from, in whatever format.
#[derive(Debug)]
pub struct DrawnFigure<'f> {
    kind: &'f FigureKind,
    record: &'f Record,
    page: Page,
}

/// The scale of the theme called `name`, or of the usual one where none is named, with lines for
/// white paper; `None` where there is no such theme.
#[must_use]
pub fn colours(themes: &Themes, name: Option<&str>) -> Option<Theme> {
    let named = |name: &str| themes.position(name).and_then(|at| themes.get(at));
    let scale = named(name.unwrap_or(USUAL_THEME))?;
    let lines = named(THEME_ON_PAPER).unwrap_or(scale);
    Some(Theme {
        lines: lines.lines.clone(),
        ..scale.clone()
    })
}

/// Draws a figure of a run.
#[must_use]
pub fn draw<'f>(kind: &'f FigureKind, record: &'f Record, theme: &Theme) -> DrawnFigure<'f> {
    let page = match kind {
        FigureKind::Grid(view) => grid::page(record, &Sheet::of(record, view), theme),
        FigureKind::Compare => chart::page(record, theme),
        FigureKind::Predictions(step) => predictions::page(record, *step, theme),
    };
    DrawnFigure { kind, record, page }
}

impl DrawnFigure<'_> {
    /// Vectors, with letters that stay letters.
    #[must_use]
    pub fn svg(&self) -> String {
        self.page.svg()
    }

    /// Pixels, for print.
    ///
    /// # Errors
    ///
    /// When there would be too many.
    pub fn png(&self) -> Result<Vec<u8>, PngError> {
        png::pixels(&self.page)
    }

    /// A page that needs nothing else, with the numbers in a table.
    #[must_use]
    pub fn html(&self) -> String {
        let table = match self.kind {
            FigureKind::Grid(view) => html::grid_table(&Sheet::of(self.record, view)),
            FigureKind::Compare => html::compare_table(self.record),
            FigureKind::Predictions(step) => html::predictions_table(self.record, *step),
        };
        html::document(&self.page, &table)
    }
}

#[cfg(test)]
mod tests;
