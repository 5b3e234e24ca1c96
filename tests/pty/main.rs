//! The program in a pseudo-terminal: what a user's terminal goes through, to the byte.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod faults;
#[cfg(target_os = "linux")]
mod fetching;
mod keeping;
mod leaving;
mod limits;
mod living;
mod monkey;
mod program;
mod pseudo_terminal;
mod stand_in;
#[path = "../../src/testing/mod.rs"]
mod testing;
mod typing;

/// As in the program itself, whose place the stand-in takes.
#[global_allocator]
static ALLOCATOR: lenscape::allocator::NoticingAllocator = lenscape::allocator::NoticingAllocator;
