//! The program in a pseudo-terminal: what a user's terminal goes through, to the byte.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[cfg(target_os = "linux")]
mod fetching;
mod keeping;
mod leaving;
mod living;
mod program;
mod pseudo_terminal;
mod stand_in;
mod typing;
