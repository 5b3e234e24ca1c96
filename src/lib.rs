//! lenscape runs a language model and shows, while each token is generated, how every layer
//! ranks it: the *logit lens*, live in a terminal.
//!
//! Data flows one way:
//!
//! ```text
//! catalog ─▶ model (weights ─▶ decoder) ─▶ lens ─▶ engine ─▶ app ─▶ ui ─▶ terminal
//! a name     states of every layer         cells   a run     state  frame  bytes
//! ```
//!
//! Each folder imports only from those that stand below it here:
//!
//! - [`commands`] are the command line: one file a command.
//! - [`play`] drives the program by a script instead of a user, and takes its pictures.
//! - [`terminal`] owns the real terminal: set-up, restore, input, frames.
//! - [`ui`] draws the state and changes nothing; it knows nothing of candle.
//! - [`app`] is what the program knows, and the one place where that changes; [`autosave`] keeps the
//!   traces that nobody saved.
//! - [`export`] writes runs and screens to files, and reads runs back; [`verify`] holds a model to
//!   what another program computed of it.
//! - [`engine`] owns the model on a thread of its own: commands in, events out. [`display`] is what a
//!   cell says and how it looks, for screens, files and tables alike.
//! - [`lens`] turns states into ranks, probabilities and the other figures of a cell. [`chat`] puts
//!   a conversation into the words that a model was trained on. [`settings`] are options, keys and
//!   themes.
//! - [`model`] turns files into a decoder that yields every layer's state.
//! - [`catalog`] turns a model's name into files on this machine. [`run`] is one run as plain data.
//! - [`trace`] and [`vocabulary`] are the plain data that all the rest reads.
//!
//! And below all: [`report`] makes errors safe to be told on a terminal, [`log_file`] is where all of
//! them say what happened, [`regular_file`] opens and reads files without waiting for what is none,
//! [`caught`] handles the panics of libraries that give up on a crafted file, and [`allocator`]
//! remembers which memory was refused. The [`manual`] is for users: what can be done, key by key and
//! file by file.

#[cfg(test)]
extern crate self as lenscape;

pub mod allocator;
pub mod app;
pub mod autosave;
pub mod catalog;
pub mod caught;
pub mod chat;
pub mod commands;
pub mod display;
pub mod engine;
pub mod export;
pub mod lens;
pub mod log_file;
pub mod manual;
pub mod model;
pub mod play;
pub mod regular_file;
pub mod report;
pub mod run;
pub mod settings;
pub mod terminal;
#[cfg(test)]
pub(crate) mod testing;
pub mod trace;
pub mod ui;
pub mod verify;
pub mod vocabulary;
