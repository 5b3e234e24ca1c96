//! Pure drawing of the program's state.
