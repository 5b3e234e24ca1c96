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

use super::Picture;
use super::pixels::PngError;
use crate::display::{GridView, Sheet};
use crate::run::Record;
use crate::settings::theme::{Theme, Themes};
use crate::trace::Step;

/// The article's colours, which a figure has where nothing else is asked for.
pub const USUAL_THEME: &str = "article-pink";

/// The theme whose lines can be told apart on white paper.
const THEME_ON_PAPER: &str = "light";

/// What is shown.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// The grid, as this view has it.
    Grid(GridView),
    /// The ranks of what was followed, layer by layer.
    Compare,
    /// The best tokens of every layer at this step.
    Predictions(Step),
}

/// A figure to be drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// What is shown.
    pub kind: Kind,
    /// How it is written.
    pub picture: Picture,
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

/// The figure's bytes.
///
/// # Errors
///
/// When pixels are asked for and there would be too many.
pub fn draw(figure: &Figure, record: &Record, theme: &Theme) -> Result<Vec<u8>, PngError> {
    let page = match &figure.kind {
        Kind::Grid(view) => grid::page(record, &Sheet::of(record, view), theme),
        Kind::Compare => chart::page(record, theme),
        Kind::Predictions(step) => predictions::page(record, *step, theme),
    };
    Ok(match figure.picture {
        Picture::Svg => page.svg().into_bytes(),
        Picture::Png => png::pixels(&page)?,
        Picture::Html => {
            let table = match &figure.kind {
                Kind::Grid(view) => html::grid_table(&Sheet::of(record, view)),
                Kind::Compare => html::compare_table(record),
                Kind::Predictions(step) => html::predictions_table(record, *step),
            };
            html::document(&page, &table).into_bytes()
        }
    })
}

#[cfg(test)]
mod tests;
