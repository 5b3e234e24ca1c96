//! What the pages look like: one file and one line each.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::{Page, State};
use crate::display::palette::Palette;

mod actions;
mod attribution;
mod entry;
mod followed;
mod help;
mod models;
mod predictions;
mod prompt_tokens;
mod runs;
mod step;
mod summary;

pub use runs::interventions;

/// A page that can be drawn.
pub trait Draw {
    /// Draws the page in `area`, which is all of the screen but the status line and the key line.
    fn draw(&self, state: &State, palette: &Palette<'_>, area: Rect, buffer: &mut Buffer);
}

/// The drawing of a page.
pub fn drawing(page: &Page) -> &dyn Draw {
    match page {
        Page::Help(page) => page.as_ref(),
        Page::Models(page) => page.as_ref(),
        Page::Runs(page) => page.as_ref(),
        Page::Entry(page) => page.as_ref(),
        Page::Actions(page) => page.as_ref(),
        Page::Predictions(page) => page.as_ref(),
        Page::Attribution(page) => page.as_ref(),
        Page::Summary(page) => page.as_ref(),
        Page::PromptTokens(page) => page.as_ref(),
        Page::Followed(page) => page.as_ref(),
    }
}
