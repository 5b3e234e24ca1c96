//! Config files, keys and themes.
