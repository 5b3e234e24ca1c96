//! The bytes that a terminal gets, and the loop that decides when it gets them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod event_loop;
mod fake_run;
mod frames;
mod playing;
#[path = "../replay/mod.rs"]
mod replay;
mod sink;
