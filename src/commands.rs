//! The command line: one file a command, with its arguments and what it does.

pub mod bench;
pub mod chat;
pub mod cli;
pub mod compare;
pub mod config;
pub mod context;
pub mod devices;
pub mod download_bar;
mod error;
pub mod film;
pub mod follow;
pub mod inspect;
mod interruption;
pub mod models;
pub mod open;
pub mod options;
pub mod output;
pub mod play;
mod prompt;
pub mod read;
pub mod record_examples;
pub mod shell;
pub mod standard_output;
pub mod trace;
pub mod usage;
pub mod verify;

pub use error::CommandError;

use std::io::{self, Write};

use crate::catalog::FetchError;
use crate::engine::{OpenError, Opener, Session};
use crate::vocabulary::visible_line;
use download_bar::DownloadBar;

/// Opens a model for a command; a download is shown on stderr, and so is what a reader of the
/// model's figures should know.
fn open(opener: &Opener, model: &str) -> Result<Session, OpenError> {
    let bar = DownloadBar::on_stderr();
    let session = interruption::cancels(|cancel| {
        let session = opener.open(model, &|event| bar.show(&event), &|_, _| {}, cancel);
        bar.clear();
        session
    })
    .map_err(FetchError::from)??;
    for note in &session.info().notes {
        // Nobody who reads figures should miss it, and nothing depends on its being written.
        let _ = writeln!(io::stderr(), "lenscape: note: {}", visible_line(note));
    }
    Ok(session)
}
