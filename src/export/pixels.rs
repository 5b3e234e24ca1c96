//! SVG as pixels: drawn with fonts that are in the program, so that it looks the same on a server
//! that has none.

use std::sync::{Arc, OnceLock};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{FontResolver, Options, Tree, fontdb};

/// The family of figures.
const PROPORTIONAL: &str = "DejaVu Sans";
/// The family of screens, which has their arrows, bars and dots too.
const MONOSPACED: &str = "DejaVu Sans Mono";

/// An SVG cannot be drawn as pixels.
#[derive(Debug, thiserror::Error)]
pub enum PngError {
    /// It is too large.
    #[error("the figure has too many cells for a PNG; save it as .svg or .html")]
    TooLarge,
    /// The library does not take it.
    #[error("the figure cannot be drawn as a PNG: {0}")]
    Drawing(String),
}

/// Whose letters a picture has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Letters {
    /// Those of the family that it asks for, where there is one.
    AsAsked,
    /// Those of a terminal, whatever families it asks for.
    Monospaced,
}

/// The picture `svg` of `width` and `height` user units as a PNG file with `scale` pixels a unit.
///
/// # Errors
///
/// When there are too many pixels, or `svg` is not valid.
pub fn png(
    svg: &str,
    (width, height): (f32, f32),
    scale: f32,
    letters: Letters,
) -> Result<Vec<u8>, PngError> {
    let failed = |error: String| PngError::Drawing(error);
    let mut options = Options {
        font_family: PROPORTIONAL.into(),
        fontdb: fonts(),
        ..Options::default()
    };
    if letters == Letters::Monospaced {
        options.font_resolver = monospaced();
    }
    let tree = Tree::from_str(svg, &options).map_err(|error| failed(error.to_string()))?;
    let pixels = |length: f32| (length * scale).ceil() as u32;
    let mut pixmap = Pixmap::new(pixels(width), pixels(height)).ok_or(PngError::TooLarge)?;
    let transform = Transform::from_scale(scale, scale);
    resvg::render(&tree, transform, &mut pixmap.as_mut());
    pixmap
        .encode_png()
        .map_err(|error| failed(error.to_string()))
}

/// Takes the terminal's family first, and another one only for the signs that it lacks.
fn monospaced() -> FontResolver<'static> {
    FontResolver {
        select_font: Box::new(|font, fonts| {
            fonts.query(&fontdb::Query {
                families: &[fontdb::Family::Name(MONOSPACED)],
                weight: fontdb::Weight(font.weight()),
                stretch: font.stretch().into(),
                style: font.style().into(),
            })
        }),
        select_fallback: FontResolver::default_fallback_selector(),
    }
}

/// The families out of the program, and the system's fonts for the scripts that they lack.
fn fonts() -> Arc<fontdb::Database> {
    static FONTS: OnceLock<Arc<fontdb::Database>> = OnceLock::new();
    Arc::clone(FONTS.get_or_init(|| {
        let mut fonts = fontdb::Database::new();
        for font in [
            dejavu::sans::regular(),
            dejavu::sans::bold(),
            dejavu::sans_mono::regular(),
            dejavu::sans_mono::bold(),
            dejavu::sans_mono::oblique(),
            dejavu::sans_mono::bold_oblique(),
        ] {
            fonts.load_font_data(font.to_vec());
        }
        fonts.load_system_fonts();
        Arc::new(fonts)
    }))
}
