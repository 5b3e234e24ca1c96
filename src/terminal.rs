//! The real terminal: set-up and restore, input, frames.
