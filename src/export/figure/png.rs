//! A figure as pixels: the same SVG, drawn with a font that is in the program, so that it looks
//! the same on a server that has none.

use std::sync::{Arc, OnceLock};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{self, Options, Tree, fontdb};

use super::page::Page;

/// Pixels a unit: a figure of usual width has more than 300 dots an inch on a page.
const SCALE: f32 = 3.0;
/// The most pixels; a larger figure is drawn with fewer a unit.
const MOST_PIXELS: f32 = 80e6;
/// The least pixels a unit at which letters can be read.
const LEAST_SCALE: f32 = 0.75;

/// A figure cannot be drawn as pixels.
#[derive(Debug, thiserror::Error)]
pub enum PngError {
    /// It is too large.
    #[error("the figure has too many cells for a PNG; save it as .svg or .html")]
    TooLarge,
    /// The library does not take it.
    #[error("the figure cannot be drawn as a PNG: {0}")]
    Drawing(String),
}

/// The page as a PNG file.
pub fn pixels(page: &Page) -> Result<Vec<u8>, PngError> {
    // Looked at first: a page of that size would take long to be read.
    let (width, height) = page.size();
    let scale = SCALE.min((MOST_PIXELS / (width * height)).sqrt());
    if scale < LEAST_SCALE {
        return Err(PngError::TooLarge);
    }
    let failed = |error: String| PngError::Drawing(error);
    let options = Options {
        font_family: "DejaVu Sans".into(),
        fontdb: fonts(),
        ..Options::default()
    };
    let tree = Tree::from_str(&page.svg(), &options).map_err(|error| failed(error.to_string()))?;
    let pixels = |length: f32| (length * scale).ceil() as u32;
    let mut pixmap = Pixmap::new(pixels(width), pixels(height)).ok_or(PngError::TooLarge)?;
    let transform = Transform::from_scale(scale, scale);
    resvg::render(&tree, transform, &mut pixmap.as_mut());
    pixmap
        .encode_png()
        .map_err(|error| failed(error.to_string()))
}

/// DejaVu Sans out of the program, and the system's fonts for the scripts that it lacks.
fn fonts() -> Arc<fontdb::Database> {
    static FONTS: OnceLock<Arc<usvg::fontdb::Database>> = OnceLock::new();
    Arc::clone(FONTS.get_or_init(|| {
        let mut fonts = fontdb::Database::new();
        fonts.load_font_data(dejavu::sans::regular().to_vec());
        fonts.load_font_data(dejavu::sans::bold().to_vec());
        fonts.load_system_fonts();
        Arc::new(fonts)
    }))
}
