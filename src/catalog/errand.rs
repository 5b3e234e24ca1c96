//! What a source is given when it is to bring files.

use std::io;

use tokio::runtime::{Builder, Runtime};
use tokio_util::sync::CancellationToken;

use super::{ModelSources, Report, Sha256Sum, Shards};

/// What every source needs to do its work.
#[derive(Clone, Copy)]
pub(super) struct Errand<'a> {
    pub(super) places: &'a ModelSources,
    pub(super) report: &'a Report<'a>,
    pub(super) cancel: &'a CancellationToken,
    pub(super) runtime: &'a Runtime,
    pub(super) shards: Shards,
}

impl Errand<'_> {
    /// Does an errand for these shards on an event loop of its own: from a thread that runs none.
    ///
    /// # Errors
    /// When there can be no event loop.
    pub(super) fn run<T>(
        shards: Shards,
        places: &ModelSources,
        report: &Report<'_>,
        cancel: &CancellationToken,
        does: impl FnOnce(&Errand<'_>) -> T,
    ) -> io::Result<T> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let done = does(&Errand {
            places,
            report,
            cancel,
            runtime: &runtime,
            shards,
        });
        // Does not wait for a name lookup that the network never answers.
        runtime.shutdown_background();
        Ok(done)
    }
}

/// The one file that an entry stands for.
#[derive(Clone, Copy)]
pub(super) struct EntryFile<'a> {
    /// The entry's name.
    pub(super) model: &'a str,
    /// The file's name in the store.
    pub(super) file: &'a str,
    pub(super) size: u64,
    pub(super) sha256: Sha256Sum,
}
