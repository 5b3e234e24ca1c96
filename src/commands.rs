//! The parts of the program that need no screen.

pub mod download_bar;
pub mod models;
