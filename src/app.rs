//! What the program knows, and the one place where it changes.
