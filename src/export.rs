//! What leaves the program other than through the terminal.

pub mod cast;
pub mod comparison;
mod content;
pub mod figure;
pub mod file;
pub mod film;
pub mod format;
pub mod json;
mod pixels;
pub mod recorded;
pub mod svg;
pub mod table;
pub mod tensors;
pub mod trace_file;

pub use content::{Content, ExportError};
pub use format::Format;
pub use pixels::PngError;
