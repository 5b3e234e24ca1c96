//! The parts of the program that need no screen.

pub mod bench;
pub mod compare;
pub mod config;
pub mod download_bar;
mod error;
pub mod follow;
pub mod inspect;
pub mod models;
pub mod output;
pub mod play;
pub mod shell;
pub mod trace;
pub mod verify;

pub use error::CommandError;

use tokio_util::sync::CancellationToken;

use crate::engine::{OpenError, Opener, Session};
use download_bar::DownloadBar;

/// Opens a model for a command; a download is shown on stderr.
fn open(opener: &Opener, model: &str) -> Result<Session, OpenError> {
    let bar = DownloadBar::on_stderr();
    let session = opener.open(
        model,
        &|event| bar.show(&event),
        &|_, _| {},
        &CancellationToken::new(),
    );
    bar.clear();
    session
}
