//! What a cell says and how it looks, for the screen, for files and for commands alike: figures as
//! text, scales, colours, labels.

mod before;
mod label;
mod lead;
pub mod meanings;
pub mod palette;
mod rows;
pub mod scale;
mod sheet;
pub mod text;
mod token_rows;
pub mod value;

pub use before::BaselineColumns;
pub use label::{letter, of_wanted, prompt_letter, series_label, shown};
pub use lead::lead_changes;
pub use rows::grid_rows;
pub use sheet::{GridView, Sheet, SheetColumn, SubtractedRun};
pub use token_rows::token_rows;
