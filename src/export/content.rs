//! What is saved, whole and by itself, so that it can be written on a thread that knows nothing
//! of the program's state.

use std::io;
use std::sync::Arc;

use ratatui::buffer::Buffer;
use safetensors::SafeTensorError;

use super::figure::{self, FigureKind};
use super::format::{Format, Writer};
use super::pixels::PngError;
use super::svg::Window;
use crate::run::{Record, StateRows};
use crate::settings::theme::{Ground, Theme};

/// What is saved.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// A run, and its states where they are wanted and a model gave them.
    Trace(Arc<Record>, Option<Arc<StateRows>>),
    /// A figure of a run in the colours of a theme.
    Figure(Arc<Record>, FigureKind, Box<Theme>),
    /// A screen, and what stands behind its cells in a picture.
    Screen(Buffer, Ground),
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
    /// The format is of something else.
    #[error("this cannot be saved as .{0}")]
    Other(&'static str),
}

impl Content {
    /// The whole file in `format`.
    ///
    /// # Errors
    ///
    /// When the content does not go into it.
    pub fn bytes(&self, format: &Format) -> Result<Vec<u8>, ExportError> {
        match (&format.writer, self) {
            (Writer::Trace(write), Self::Trace(record, _)) => write(record),
            (Writer::States(write), Self::Trace(record, states)) => {
                write(record, states.as_deref())
            }
            (Writer::Figure(write), Self::Figure(record, kind, theme)) => {
                write(&figure::draw(kind, record, theme))
            }
            (Writer::Screen(_, write), Self::Screen(buffer, ground)) => {
                let window = Window {
                    title: "lenscape",
                    cursor: None,
                    ground: *ground,
                };
                Ok(write(buffer, &window).into_bytes())
            }
            _ => Err(ExportError::Other(format.extension)),
        }
    }
}
