//! A figure as pixels.

use super::page::Page;
use crate::export::pixels::{Letters, PngError, png};

/// Pixels a unit: a figure of usual width has more than 300 dots an inch on a page.
const SCALE: f32 = 3.0;
/// The most pixels; a larger figure is drawn with fewer a unit.
const MOST_PIXELS: f32 = 80e6;
/// The least pixels a unit at which letters can be read.
const LEAST_SCALE: f32 = 0.75;

/// The page as a PNG file.
pub fn pixels(page: &Page) -> Result<Vec<u8>, PngError> {
    // Looked at first: a page of that size would take long to be read.
    let (width, height) = page.size();
    let scale = SCALE.min((MOST_PIXELS / (width * height)).sqrt());
    if scale < LEAST_SCALE {
        return Err(PngError::TooLarge);
    }
    png(&page.svg(), page.size(), scale, Letters::AsAsked)
}
