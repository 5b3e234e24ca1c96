//! The parts of the program that need no screen.
