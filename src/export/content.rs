//! What is saved, whole and by itself, so that it can be written on a thread that knows nothing
//! of the program's state.

use std::io;
use std::sync::Arc;

use ratatui::buffer::Buffer;
use safetensors::SafeTensorError;

use super::figure::{self, Figure};
use super::pixels::PngError;
use super::svg::{self, Window};
use super::{ScreenFormat, csv, screen, tensors, trace_file};
use crate::run::Record;
use crate::run::StateRows;
use crate::settings::theme::{Ground, Theme};

/// What is saved.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// A trace file.
    Json(Arc<Record>),
    /// A line a cell.
    Csv(Arc<Record>),
    /// A trace file with arrays, and with states where a model gave them.
    Tensors(Arc<Record>, Option<Arc<StateRows>>),
    /// A figure in the colours of a theme.
    Figure(Arc<Record>, Figure, Box<Theme>),
    /// A screen, and what stands behind its cells in a picture.
    Screen(Buffer, ScreenFormat, Ground),
}

/// Something cannot be brought into its format.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// Text cannot be written, of which only memory could be the reason.
    #[error("cannot write it: {0}")]
    Text(#[from] io::Error),
    /// Arrays do not fit into the format.
    #[error("cannot write the arrays: {0}; save it as .json")]
    Tensors(#[from] SafeTensorError),
    /// A figure does not become pixels.
    #[error(transparent)]
    Png(#[from] PngError),
}

impl Content {
    /// The whole file.
    ///
    /// # Errors
    ///
    /// When the content does not go into its format.
    pub fn bytes(&self) -> Result<Vec<u8>, ExportError> {
        let mut bytes = Vec::new();
        match self {
            Self::Json(record) => trace_file::write(record, &mut bytes)?,
            Self::Csv(record) => csv::write(record, &mut bytes)?,
            Self::Tensors(record, states) => {
                bytes = tensors::write(record, states.as_deref())?;
            }
            Self::Figure(record, figure, theme) => {
                bytes = figure::draw(figure, record, theme)?;
            }
            Self::Screen(buffer, format, ground) => {
                let window = Window {
                    title: "lenscape",
                    cursor: None,
                    ground: *ground,
                };
                bytes = match format {
                    ScreenFormat::Ansi => screen::ansi(buffer),
                    ScreenFormat::Plain => screen::plain(buffer),
                    ScreenFormat::Svg => svg::render(buffer, &window),
                }
                .into_bytes();
            }
        }
        Ok(bytes)
    }
}
