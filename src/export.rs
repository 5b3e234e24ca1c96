//! What leaves the program other than through the terminal.

pub mod svg;
