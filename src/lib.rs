//! lenscape runs a language model and shows, while each token is generated, how every layer
//! ranks it: the *logit lens*, live in a terminal.
//!
//! Data flows one way:
//!
//! ```text
//! catalog ─▶ model (weights ─▶ decoder) ─▶ lens ─▶ trace ─▶ app ─▶ ui ─▶ terminal
//! a name     states of every layer         cells   a run    state  frame  bytes
//! ```
//!
//! - [`catalog`] turns a model's name into files on this machine.
//! - [`model`] turns those files into a decoder that yields every layer's state.
//! - [`lens`] turns states into ranks, probabilities and the other figures of a cell.
//! - [`trace`] and [`vocabulary`] are the plain data that all the rest reads.
//! - [`engine`] owns the model on a thread of its own: commands in, events out.
//! - [`app`] is what the program knows, and the one place where that changes.
//! - [`ui`] draws that state and changes nothing; it knows nothing of candle.
//! - [`terminal`] owns the real terminal: set-up, restore, input, frames.
//! - [`export`] writes runs and screens to files, and reads runs back.
//! - [`verify`] holds a model to what another program computed of it.
//! - [`play`] drives the program by a script instead of a user, and takes its pictures.
//! - [`caught`] handles the panics of libraries that give up on a crafted file.
//! - [`autosave`] keeps the traces that nobody saved.
//! - [`allocator`] remembers which memory was refused.
//! - [`regular_file`] opens and reads files without waiting for what is none.
//! - [`log_file`] is where all of them say what happened.
//! - [`report`] makes errors safe to be told on a terminal.
//! - [`commands`] are the parts of the program that need no screen.

pub mod allocator;
pub mod app;
pub mod autosave;
pub mod catalog;
pub mod caught;
pub mod commands;
pub mod display;
pub mod engine;
pub mod export;
pub mod lens;
pub mod log_file;
pub mod model;
pub mod play;
pub mod regular_file;
pub mod report;
pub mod run;
pub mod settings;
pub mod terminal;
pub mod trace;
pub mod ui;
pub mod verify;
pub mod vocabulary;
