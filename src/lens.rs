//! States → cells.
