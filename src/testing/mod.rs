//! The one small world that all tests are set in: models, columns, runs and an engine's part, made
//! up from as little as a test cares about. What it does not care about is filled in here, so that
//! a new field is a line of this folder and not of every test.
//!
//! ```text
//! words ─▶ model        ranks ─▶ score ─▶ cell ─▶ column ─▶ step of a run ─▶ record
//! ```
//!
//! A test that needs another figure says so: `Cell { entropy: 2.5, ..testing::cell(1) }`.
//!
//! Nothing of this is in the library, nor behind a feature of it, with which `cargo test` would
//! build all of the program a second time. Unit tests have it as `crate::testing`; `tests/all.rs`
//! and `benches/` take the same files in by their path, which is why they speak of `lenscape::` and
//! why this file is called `mod.rs`.

#![allow(dead_code, unused_imports, reason = "each place takes its part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod events;
mod figures;
mod model;
mod record;

pub use events::{finished, ready, started, step};
pub use figures::{cell, cell_of, column, scattered_column, score, trajectory};
pub use model::{WORDS, model, vocabulary};
pub use record::{record, states};
