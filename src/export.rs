//! What leaves the program other than through the terminal.

pub mod cast;
pub mod comparison;
pub mod csv;
pub mod json;
mod record;
pub mod svg;
pub mod table;

pub use record::{Document, Record};
